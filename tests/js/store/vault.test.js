import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCaseload } from "../../../static/src/store/caseload.js";
import { acknowledge } from "../../../static/src/store/delivery.js";
import { getDraft, listDrafts, saveDraft } from "../../../static/src/store/drafts.js";
import {
  AlreadySetUp,
  Locked,
  NotSetUp,
  Unreadable,
  WeakPassphrase,
  WrongPassphrase,
} from "../../../static/src/store/errors.js";
import { listItems } from "../../../static/src/store/outbox.js";
import {
  changePassphrase,
  createVault,
  listVaults,
  setPin,
  unlock,
} from "../../../static/src/store/vault.js";
import { put, update } from "../helpers/disk.js";
import {
  account,
  completeVisit,
  diskText,
  draftFor,
  FEW_ITERATIONS,
  newDatabase,
  newVault,
  PASSPHRASE,
} from "../helpers/tablet.js";

test("opens again with its passphrase, after the browser was killed", async () => {
  const db = newDatabase("killed");
  const vault = await newVault({ db });
  const box = await vault.seal("drafts", "d1", { note: "Amélie 👶" });
  db.close();
  const again = await unlock("a-priya", PASSPHRASE, { db: newDatabase("killed") });
  assert.deepEqual(again.account, account());
  assert.equal(again.deviceId, vault.deviceId);
  assert.deepEqual(await again.open("drafts", "d1", box), { note: "Amélie 👶" });
});

test("a wrong passphrase is said plainly and changes nothing", async () => {
  const { db } = await newVault();
  await assert.rejects(unlock("a-priya", `${PASSPHRASE}!`, { db }), (error) => {
    assert.ok(error instanceof WrongPassphrase);
    assert.match(error.message, /not right\. Nothing on this tablet has changed\. Check it and try again/);
    return true;
  });
  await unlock("a-priya", PASSPHRASE, { db });
});

test("the same words typed on another keyboard are the same passphrase", async () => {
  const db = newDatabase();
  await createVault({
    account: account(),
    passphrase: "caf\u00e9 au lait chaud",
    deviceName: "T",
    db,
    iterations: FEW_ITERATIONS,
  });
  await unlock("a-priya", "cafe\u0301 au lait chaud", { db });
});

test("a short passphrase is refused with how to mend it, counted as a person counts", async () => {
  const db = newDatabase();
  const make = (/** @type {string} */ passphrase) =>
    createVault({ account: account(), passphrase, deviceName: "T", db, iterations: FEW_ITERATIONS });
  for (const short of ["", "elevenchars", "👶👶👶👶👶👶"]) {
    await assert.rejects(make(short), (error) => {
      assert.ok(error instanceof WeakPassphrase);
      assert.match(error.message, /at least 12 characters/);
      return true;
    });
  }
  assert.deepEqual(await listVaults(db), []);
  await make("twelve chars");
});

test("iterations and salt are each vault's own, 600,000 unless a test says otherwise", async () => {
  const db = newDatabase();
  await createVault({ account: account("a-1"), passphrase: PASSPHRASE, deviceName: "T", db });
  await createVault({
    account: account("a-2"),
    passphrase: PASSPHRASE,
    deviceName: "T",
    db,
    iterations: FEW_ITERATIONS,
  });
  const [one, two] = (await db.vaults.all()).sort((a, b) => a.accountId.localeCompare(b.accountId));
  const stretched = [one, two].map(({ wraps: [wrap] }) => wrap.by === "passphrase" && wrap.iterations);
  assert.deepEqual(stretched, [600_000, FEW_ITERATIONS]);
  assert.notDeepEqual(one.wraps[0].salt, two.wraps[0].salt);
  await unlock("a-1", PASSPHRASE, { db });
});

test("the keys in use cannot be exported", async (t) => {
  /** @type {CryptoKey[]} */
  const used = [];
  const encrypt = crypto.subtle.encrypt.bind(crypto.subtle);
  t.mock.method(
    crypto.subtle,
    "encrypt",
    (/** @type {any} */ how, /** @type {CryptoKey} */ key, /** @type {any} */ data) => {
      used.push(key);
      return encrypt(how, key, data);
    },
  );
  const created = await newVault();
  const opened = await unlock("a-priya", PASSPHRASE, { db: created.db });
  for (const vault of [created, opened]) {
    await vault.seal("drafts", "d1", {});
    await vault.seal("caseload", "c1", {});
  }
  assert.equal(used.length, 5);
  assert.deepEqual([...new Set(used.map((key) => key.extractable))], [false]);
  assert.equal(used[0].algorithm.name, "AES-GCM");
  await assert.rejects(crypto.subtle.exportKey("raw", used[0]));
});

test("a vault closed for good meanwhile gets no key: no passphrase, no PIN", async () => {
  const vault = await newVault();
  await update(vault.db, "vaults", vault.id, { retired: "revoked" });
  const before = await vault.db.vaults.get(vault.id);
  const change = changePassphrase(vault, PASSPHRASE, "quite another passphrase", {
    iterations: FEW_ITERATIONS,
  });
  await assert.rejects(change, NotSetUp);
  await assert.rejects(setPin(vault, "2580", PASSPHRASE), NotSetUp);
  assert.equal(vault.hasPin, false);
  assert.deepEqual(await vault.db.vaults.get(vault.id), before);
});

test("a box opens only in its own store, under its own id and version, and undamaged", async () => {
  const vault = await newVault();
  const box = await vault.seal("drafts", "d1", { a: 1 });
  assert.deepEqual(await vault.open("drafts", "d1", box), { a: 1 });
  const bytes = new Uint8Array(box.data.slice(0));
  bytes[0] ^= 1;
  for (const [store, id, moved] of /** @type {const} */ ([
    ["outbox", "d1", box],
    ["caseload", "d1", box],
    ["drafts", "d2", box],
    ["drafts", "d1", { ...box, v: 2 }],
    ["drafts", "d1", { ...box, data: bytes.buffer }],
  ])) {
    await assert.rejects(vault.open(store, id, moved), Unreadable);
  }
});

test("the same value sealed twice looks different", async () => {
  const vault = await newVault();
  const [one, two] = [await vault.seal("drafts", "d1", {}), await vault.seal("drafts", "d1", {})];
  assert.notDeepEqual(one.iv, two.iv);
  assert.notDeepEqual(Buffer.from(one.data), Buffer.from(two.data));
});

test("work and caseload have keys of their own, so that one can be lost without the other", async () => {
  const vault = await newVault();
  const { db, id } = vault;
  const box = await vault.seal("drafts", "d1", { a: 1 });
  const secret = await vault.seal("caseload", "c1", { b: 2 });
  await update(db, "vaults", id, { caseloadKey: null });
  const again = await unlock("a-priya", PASSPHRASE, { db });
  assert.deepEqual(await again.open("drafts", "d1", box), { a: 1 });
  await assert.rejects(again.open("caseload", "c1", secret), Unreadable);
  // What the passphrase wraps is not taken for what the work key wraps.
  const row = await db.vaults.get(id);
  assert.ok(row);
  await put(db, "vaults", { ...row, caseloadKey: row.wraps[0].key });
  await assert.rejects(unlock("a-priya", PASSPHRASE, { db }), WrongPassphrase);
});

test("locking drops the keys and needs no network; what is under way completes", async () => {
  const vault = await newVault();
  const draft = draftFor();
  const saving = saveDraft(vault, draft);
  vault.lock();
  await saving;
  assert.equal(vault.locked, true);
  await assert.rejects(vault.seal("drafts", "d", {}), Locked);
  await assert.rejects(getDraft(vault, draft.id), Locked);
  await assert.rejects(listItems(await lockedAfterVisit()), Locked);
  const again = await unlock("a-priya", PASSPHRASE, { db: vault.db });
  assert.equal((await getDraft(again, draft.id))?.id, draft.id);
});

async function lockedAfterVisit() {
  const vault = await newVault();
  await completeVisit(vault);
  vault.lock();
  return vault;
}

test("an open form goes on saving after lock and unlock", async () => {
  const vault = await newVault();
  const draft = draftFor();
  await saveDraft(vault, draft);
  vault.lock();
  draft.answers.weight_kg = "4.100";
  await assert.rejects(saveDraft(vault, draft), Locked);
  const again = await unlock("a-priya", PASSPHRASE, { db: vault.db });
  await saveDraft(again, draft);
  assert.equal((await getDraft(again, draft.id))?.answers.weight_kg, "4.100");
});

test("setting up twice is refused, also from two windows at once: the first vault's visits stay readable", async () => {
  const name = "twice";
  const results = await Promise.allSettled([
    newVault({ db: newDatabase(name) }),
    newVault({ db: newDatabase(name) }),
  ]);
  assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  const refusal = /** @type {PromiseRejectedResult} */ (results.find(({ status }) => status === "rejected"));
  assert.ok(refusal.reason instanceof AlreadySetUp);
  await assert.rejects(newVault({ db: newDatabase(name) }), AlreadySetUp);
  await unlock("a-priya", PASSPHRASE, { db: newDatabase(name) });
});

test("a tablet not set up for someone says so", async () => {
  await assert.rejects(unlock("a-nobody", PASSPHRASE, { db: newDatabase() }), NotSetUp);
});

test("visitors who share a tablet see nothing of each other's", async () => {
  const db = newDatabase();
  const priya = await newVault({ db, id: "a-priya" });
  const tom = await newVault({ db, id: "a-tom" });
  assert.notEqual(priya.deviceId, tom.deviceId);
  const draft = draftFor();
  await saveDraft(priya, draft);
  const item = await completeVisit(priya);

  assert.deepEqual(
    (await listVaults(db)).map(({ name }) => name),
    ["Visitor a-priya", "Visitor a-tom"],
  );
  assert.deepEqual(await listDrafts(tom), []);
  assert.equal(await getDraft(tom, draft.id), undefined);
  assert.deepEqual(await listItems(tom), []);
  assert.equal((await loadCaseload(tom)).children.size, 0);
  const stolen = /** @type {any} */ (await db.outbox.get(item.id)).box;
  await assert.rejects(tom.open("outbox", item.id, stolen), Unreadable);
  // Nor can an answer meant for one settle the other's.
  const receipt = { seq: 1, received_at: "2026-05-03T10:00:00Z", mac: "m" };
  await acknowledge(tom.db, tom.id, [{ rev_id: item.id, result: "stored", receipt }]);
  assert.equal((await listItems(priya))[0].state, "sealed");
  // Each counts their own visits from 1.
  assert.equal((await completeVisit(tom)).rev?.device_seq, 1);
});

test("nothing that was written about a family lies open on the disk", async () => {
  const vault = await newVault();
  const canary = "CANARY Amelia 9991234567";
  const draft = draftFor(canary);
  draft.answers.note = canary;
  draft.position = canary;
  await saveDraft(vault, draft);
  await completeVisit(vault, { note: canary });
  const { applyPage } = await import("../../../static/src/store/caseload.js");
  await applyPage(
    vault,
    [{ seq: 1, type: "child", id: canary, body: { id: canary, family_name: canary } }],
    "e.1",
  );
  const disk = await diskText(vault.db);
  assert.ok(disk.length > 2000);
  assert.ok(!disk.includes("CANARY") && !disk.includes("9991234567"), "a canary is in the clear");
  assert.ok(!disk.includes(PASSPHRASE));
});
