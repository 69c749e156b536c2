import assert from "node:assert/strict";
import { test } from "node:test";
import { getDraft, saveDraft } from "../../../static/src/store/drafts.js";
import {
  Locked,
  NotSetUp,
  PinSpent,
  WeakPin,
  WrongPassphrase,
  WrongPin,
} from "../../../static/src/store/errors.js";
import { changePassphrase, setPin, startAgain, unlock } from "../../../static/src/store/vault.js";
import { account, diskText, draftFor, FEW_ITERATIONS, newVault, PASSPHRASE } from "../helpers/tablet.js";

const PIN = "830517";

/** @param {import("../../../static/src/store/vault.js").Vault} vault */
function pauseOf(vault) {
  const pause = vault.lock();
  assert.ok(pause);
  return pause;
}

async function vaultWithPin() {
  const vault = await newVault();
  await setPin(vault, PIN, PASSPHRASE);
  return vault;
}

test("locking drops the keys; the PIN opens the same vault again, as often as it is locked", async () => {
  let vault = await vaultWithPin();
  const draft = draftFor();
  await saveDraft(vault, draft);
  for (let round = 0; round < 3; round += 1) {
    assert.equal(vault.hasPin, true);
    const pause = pauseOf(vault);
    assert.equal(vault.locked, true);
    await assert.rejects(vault.seal("drafts", "d", {}), Locked);
    vault = await pause.resume(PIN);
    assert.equal((await getDraft(vault, draft.id))?.id, draft.id);
    await vault.open("caseload", "c", await vault.seal("caseload", "c", {}));
  }
});

test("five wrong PINs and only the passphrase helps; a right one in between begins anew", async () => {
  const vault = await vaultWithPin();
  const pause = pauseOf(vault);
  await assert.rejects(pause.resume("111222"), (error) => {
    assert.ok(error instanceof WrongPin);
    assert.equal(error.left, 4);
    assert.match(error.message, /4 more tries/);
    return true;
  });
  const again = pauseOf(await pause.resume(PIN));
  for (let left = 4; left > 0; left -= 1) {
    await assert.rejects(again.resume("111222"), (error) => error instanceof WrongPin && error.left === left);
  }
  await assert.rejects(again.resume("111222"), PinSpent);
  await assert.rejects(again.resume(PIN), PinSpent, "the right one comes too late");
  const open = await unlock("a-priya", PASSPHRASE, { db: vault.db });
  await pauseOf(open).resume(PIN);
});

test("guesses made at the same moment are as many guesses", async () => {
  const pause = pauseOf(await vaultWithPin());
  const guesses = Array.from({ length: 20 }, (_, n) => pause.resume(`99${1000 + n}`));
  const results = await Promise.allSettled(guesses);
  const wrong = results.filter((one) => one.status === "rejected" && one.reason instanceof WrongPin);
  assert.ok(wrong.length <= 5, `${wrong.length} were tried`);
  await assert.rejects(pause.resume(PIN), PinSpent);
});

test("the PIN is there after the passphrase has opened the vault, and after the passphrase changed", async () => {
  const vault = await vaultWithPin();
  const { db } = vault;
  await changePassphrase(vault, PASSPHRASE, "another four plain words", { iterations: FEW_ITERATIONS });
  vault.lock();
  await assert.rejects(unlock("a-priya", PASSPHRASE, { db }), WrongPassphrase);
  const open = await unlock("a-priya", "another four plain words", { db });
  await pauseOf(open).resume(PIN);
});

test("setting a PIN needs the passphrase, and a PIN that is not the first guess", async () => {
  const vault = await newVault();
  await assert.rejects(setPin(vault, PIN), WrongPassphrase);
  await assert.rejects(setPin(vault, PIN, "wrong"), WrongPassphrase);
  for (const weak of ["", "123", "111111", "abcdef", "12345a"]) {
    await assert.rejects(setPin(vault, weak, PASSPHRASE), WeakPin, weak);
  }
  assert.equal(vault.hasPin, false);
  assert.equal(vault.lock(), null);
});

test("without a PIN again: nothing to resume, now or after the next unlock", async () => {
  const vault = await vaultWithPin();
  await setPin(vault, null);
  assert.equal(vault.hasPin, false);
  assert.equal(vault.lock(), null);
  assert.equal((await unlock("a-priya", PASSPHRASE, { db: vault.db })).lock(), null);
});

test("nothing of the PIN lies on the disk, where it could be guessed", async () => {
  const vault = await newVault();
  const before = (await vault.db.vaults.get(vault.id))?.profile.data.byteLength ?? 0;
  await setPin(vault, PIN, PASSPHRASE);
  const row = await vault.db.vaults.get(vault.id);
  assert.ok(row && row.profile.data.byteLength > before, "it is in the profile's box");
  const { profile, wraps, ...rest } = row;
  assert.equal(wraps.length, 1);
  assert.ok(!JSON.stringify(rest).includes("iterations"));
  assert.ok(!(await diskText(vault.db)).includes(PIN));
});

test("a vault that was given up while it was paused does not come back", async () => {
  const vault = await vaultWithPin();
  const pause = pauseOf(vault);
  await startAgain({
    account: account(),
    passphrase: "a new plain passphrase",
    deviceName: "T",
    db: vault.db,
    iterations: FEW_ITERATIONS,
  });
  await assert.rejects(pause.resume(PIN), NotSetUp);
  await assert.rejects(pause.resume(PIN), PinSpent);
});

test("a pause can be ended", async () => {
  const pause = pauseOf(await vaultWithPin());
  pause.end();
  assert.equal(pause.left, 0);
  await assert.rejects(pause.resume(PIN), PinSpent);
});
