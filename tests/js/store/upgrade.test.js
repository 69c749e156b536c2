import assert from "node:assert/strict";
import { test } from "node:test";
import "fake-indexeddb/auto";
import { Dexie } from "dexie";
import { sha256Hex } from "../../../static/src/lib/canonical.js";
import { loadCaseload } from "../../../static/src/store/caseload.js";
import { listDrafts } from "../../../static/src/store/drafts.js";
import {
  deriveKey,
  newKey,
  randomBytes,
  sealBox,
  unwrapKey,
  wrapKey,
} from "../../../static/src/store/keys.js";
import { listItems, sealDraft } from "../../../static/src/store/outbox.js";
import { resealWaiting } from "../../../static/src/store/resealing.js";
import { listVaults, unlock } from "../../../static/src/store/vault.js";
import { createApi } from "../../../static/src/sync/api.js";
import { pushOutbox } from "../../../static/src/sync/push.js";
import { put } from "../helpers/disk.js";
import { FakeServer } from "../helpers/server.js";
import {
  account,
  draftFor,
  FEW_ITERATIONS,
  introduced,
  newDatabase,
  PASSPHRASE,
  revisionOf,
  sender,
} from "../helpers/tablet.js";

const RECEIPT = { seq: 1, received_at: "2026-05-03T10:00:00Z", mac: "m" };

const STORES_1 = {
  vaults: "id, accountId",
  drafts: "id, vault",
  outbox: "id, &[vault+seq], [vault+state]",
  counters: "[vault+name]",
  chunks: "[vault+gen+kind+bucket]",
  heads: "vault",
  notes: "[vault+name]",
};

/**
 * A tablet as version 1 left it, made by the wrapper it used: a visit acknowledged, one waiting, one unfinished, and a caseload.
 * @param {string} name
 */
async function versionOne(name) {
  const db = new Dexie(name);
  db.version(1).stores(STORES_1);
  const id = "0197a2b0-0000-7000-8000-000000000001";
  const salt = randomBytes(16);
  const wrapper = await deriveKey(PASSPHRASE, salt, FEW_ITERATIONS);
  const [workOpen, caseloadOpen] = [await newKey("work"), await newKey("caseload")];
  const keys = {
    work: await wrapKey(wrapper, workOpen, id, "work"),
    caseload: await wrapKey(wrapper, caseloadOpen, id, "caseload"),
  };
  const work = await unwrapKey(wrapper, keys.work, id, "work");
  const caseload = await unwrapKey(wrapper, keys.caseload, id, "caseload");
  await db.table("vaults").add({
    id,
    accountId: "a-priya",
    name: account().name,
    deviceName: "Old tablet",
    createdAt: "2026-05-01T09:00:00.000Z",
    wraps: [{ by: "passphrase", salt, iterations: FEW_ITERATIONS, keys }],
    profile: await sealBox(work, "profile", id, account()),
  });
  const draft = draftFor("child-9");
  await db
    .table("drafts")
    .add({ id: draft.id, vault: id, writer: "w", n: 3, box: await sealBox(work, "drafts", draft.id, draft) });
  for (const [seq, state] of /** @type {const} */ ([
    [1, "acked"],
    [2, "sealed"],
  ])) {
    const unsigned = { rev_id: `rev-${seq}`, device_id: id, device_seq: seq, sealed_at: "x", payload: {} };
    const rev = { ...unsigned, sha256: await sha256Hex(unsigned) };
    await db.table("outbox").add({
      id: rev.rev_id,
      vault: id,
      seq,
      state,
      bytes: 100,
      faults: 0,
      result: null,
      receipt: state === "acked" ? RECEIPT : null,
      box: await sealBox(work, "outbox", rev.rev_id, rev),
    });
  }
  await db.table("counters").add({ vault: id, name: "device_seq", value: 2 });
  const chunk = { vault: id, gen: 1, kind: "child", bucket: 4 };
  const box = await sealBox(caseload, "caseload", "1.child.4", [{ id: "child-9" }]);
  await db.table("chunks").add({ ...chunk, box });
  await db.table("heads").add({ vault: id, version: 1, gen: 1, cursor: "e1.4", complete: true, next: null });
  db.close();
  return { id, draft };
}

test("what version 1 wrote opens with its passphrase, caseload, drafts, visits and numbers", async () => {
  const { id, draft } = await versionOne("from-1");
  const db = newDatabase("from-1");
  const [listed] = await listVaults(db);
  assert.deepEqual([listed.id, listed.retired, listed.passkey], [id, null, false]);
  for (const round of ["converting", "converted"]) {
    const vault = await unlock("a-priya", PASSPHRASE, { db });
    assert.deepEqual(vault.account, account(), round);
    assert.deepEqual([...(await loadCaseload(vault)).children.keys()], ["child-9"], round);
    assert.deepEqual(await listDrafts(vault), [draft], round);
    const states = (await listItems(vault)).map(({ state, rev }) => [state, rev?.device_seq]);
    assert.deepEqual(states, [
      ["acked", 1],
      ["sealed", 2],
    ]);
    assert.equal(vault.caseloadLost, false);
  }
  const row = await db.vaults.get(id);
  assert.ok(row?.caseloadKey);
  const [wrap] = row.wraps;
  assert.equal(wrap.by === "passphrase" && wrap.caseload, undefined, "the caseload key has one place");
});

test("visits of version 1 go up under their old hash once they are sealed to the server", async () => {
  const { id } = await versionOne("from-1-up");
  const db = newDatabase("from-1-up");
  const vault = await unlock("a-priya", PASSPHRASE, { db });
  assert.deepEqual(await resealWaiting(vault), { sealed: 0 }, "no key of the server's yet");
  await introduced(vault);
  assert.deepEqual(await resealWaiting(vault), { sealed: 2 });
  const server = new FakeServer();
  const sent = await pushOutbox(db, sender(vault), createApi({ fetch: server.fetch }));
  assert.equal(sent.acked, 1);
  const rows = await db.outbox.all();
  assert.ok(rows.every(({ sha256, sealed, bytes }) => sha256?.length === 64 && sealed && bytes > 100));
  assert.equal(server.stored.get("rev-2")?.rev.sha256, rows[1].sha256);
  assert.ok((await db.drafts.all())[0].rescue, "and the unfinished one has its copy");
  const next = draftFor();
  const { rev } = await sealDraft(vault, next, revisionOf(next));
  assert.deepEqual([rev?.device_seq, rev?.device_id], [3, id]);
});

test("a wrong passphrase converts nothing", async () => {
  const { id } = await versionOne("from-1-wrong");
  const db = newDatabase("from-1-wrong");
  await assert.rejects(unlock("a-priya", "not the passphrase", { db }), /not right/);
  assert.equal((await db.vaults.get(id))?.caseloadKey, null);
  await unlock("a-priya", PASSPHRASE, { db });
});

test("what version 2 wrote is there as it was, with room for photos beside it", async () => {
  const { id } = await versionOne("from-2");
  const old = new Dexie("from-2");
  old.version(2).stores({ ...STORES_1, padding: "id" });
  await old.open();
  const before = await old.table("outbox").toArray();
  old.close();
  const db = newDatabase("from-2");
  assert.deepEqual(await db.outbox.all(), before);
  assert.equal((await db.vaults.get(id))?.id, id);
  await put(db, "photos", { id: "p", vault: id, rev: "r", sha256: "", bytes: 1, held: 0, done: false });
  assert.equal(await db.photos.count("rev", "r"), 1);
});
