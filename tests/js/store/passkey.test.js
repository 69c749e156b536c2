import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { test } from "node:test";
import {
  NotSetUp,
  PasskeyNotUsed,
  PasskeyUnsupported,
  WrongPassphrase,
} from "../../../static/src/store/errors.js";
import {
  addPasskey,
  changePassphrase,
  listVaults,
  passkeysSupported,
  removePasskey,
  setPin,
  unlock,
  unlockWithPasskey,
} from "../../../static/src/store/vault.js";
import { put, update } from "../helpers/disk.js";
import { FEW_ITERATIONS, newVault, PASSPHRASE } from "../helpers/tablet.js";

/** A platform authenticator: a secret per passkey, and the PRF of it. */
class FakeAuthenticator {
  /** @type {Map<string, Buffer>} */
  passkeys = new Map();
  /** @type {any[]} */
  asked = [];
  enabled = true;
  /** Some give the secret only when the passkey is used. */
  atOnce = false;

  /** @param {Buffer} secret @param {any} salt */
  answer(secret, salt) {
    return Uint8Array.from(createHmac("sha256", secret).update(salt).digest()).buffer;
  }

  /** @param {any} options @returns {Promise<any>} */
  create = async (options) => {
    const { publicKey } = options;
    this.asked.push(publicKey);
    const id = randomBytes(16);
    const secret = randomBytes(32);
    this.passkeys.set(id.toString("hex"), secret);
    const first = this.answer(secret, publicKey.extensions.prf.eval.first);
    return {
      rawId: Uint8Array.from(id).buffer,
      getClientExtensionResults: () => ({
        prf: { enabled: this.enabled, ...(this.atOnce ? { results: { first } } : {}) },
      }),
    };
  };

  /** @param {any} options @returns {Promise<any>} */
  get = async (options) => {
    const { publicKey } = options;
    this.asked.push(publicKey);
    const [{ id }] = publicKey.allowCredentials;
    const secret = this.passkeys.get(Buffer.from(id).toString("hex"));
    if (!secret) throw new DOMException("no such passkey", "NotAllowedError");
    const first = this.answer(secret, publicKey.extensions.prf.eval.first);
    return { rawId: id, getClientExtensionResults: () => ({ prf: { results: { first } } }) };
  };
}

for (const atOnce of [true, false]) {
  test(`a passkey opens the vault beside the passphrase, its secret given ${atOnce ? "at once" : "when used"}`, async () => {
    const credentials = new FakeAuthenticator();
    credentials.atOnce = atOnce;
    const vault = await newVault();
    const { db } = vault;
    const box = await vault.seal("drafts", "d", { a: 1 });
    await addPasskey(vault, PASSPHRASE, { credentials });
    assert.equal((await listVaults(db))[0].passkey, true);
    const open = await unlockWithPasskey("a-priya", { db, credentials });
    assert.deepEqual(await open.open("drafts", "d", box), { a: 1 });
    assert.deepEqual(open.account, vault.account);
    await unlock("a-priya", PASSPHRASE, { db });
    for (const asked of credentials.asked) {
      const how = asked.userVerification ?? asked.authenticatorSelection.userVerification;
      assert.equal(how, "required", "whoever holds the tablet must be recognised");
    }
  });
}

test("a passkey outlives a new passphrase, prepares the PIN's pause, and is replaced by the next one", async () => {
  const credentials = new FakeAuthenticator();
  const vault = await newVault();
  const { db } = vault;
  await setPin(vault, "830517", PASSPHRASE);
  await addPasskey(vault, PASSPHRASE, { credentials });
  await changePassphrase(vault, PASSPHRASE, "another four plain words", { iterations: FEW_ITERATIONS });
  const open = await unlockWithPasskey("a-priya", { db, credentials });
  await open.lock()?.resume("830517");
  await addPasskey(vault, "another four plain words", { credentials });
  assert.equal((await db.vaults.get(vault.id))?.wraps.length, 2);
});

test("a vault closed for good while the passkey was being made gets no key", async () => {
  const credentials = new FakeAuthenticator();
  const vault = await newVault();
  const create = credentials.create.bind(credentials);
  credentials.create = async (options) => {
    await update(vault.db, "vaults", vault.id, { retired: "forgotten", wraps: [] });
    return create(options);
  };
  await assert.rejects(addPasskey(vault, PASSPHRASE, { credentials }), NotSetUp);
  assert.deepEqual((await vault.db.vaults.get(vault.id))?.wraps, []);
});

test("removed, it opens nothing; another's passkey opens nothing either", async () => {
  const credentials = new FakeAuthenticator();
  const vault = await newVault();
  const { db } = vault;
  await addPasskey(vault, PASSPHRASE, { credentials });
  const row = await db.vaults.get(vault.id);
  const other = await newVault({ db, id: "a-tom" });
  await addPasskey(other, PASSPHRASE, { credentials });
  const theirs = (await db.vaults.get(other.id))?.wraps[1];
  assert.ok(row && theirs?.by === "passkey");
  await put(db, "vaults", { ...row, wraps: [row.wraps[0], { ...row.wraps[1], ...idOf(theirs) }] });
  await assert.rejects(unlockWithPasskey("a-priya", { db, credentials }), PasskeyNotUsed);
  await removePasskey(vault);
  await assert.rejects(unlockWithPasskey("a-priya", { db, credentials }), NotSetUp);
  await unlock("a-priya", PASSPHRASE, { db });

  /** @param {import("../../../static/src/store/db.js").PasskeyWrap} wrap */
  function idOf({ credentialId }) {
    return { credentialId };
  }
});

test("no PRF, a refusal and a wrong passphrase change nothing and say what to do", async () => {
  const vault = await newVault();
  const credentials = new FakeAuthenticator();
  await assert.rejects(addPasskey(vault, "wrong passphrase", { credentials }), WrongPassphrase);
  assert.equal(credentials.asked.length, 0);
  credentials.enabled = false;
  await assert.rejects(addPasskey(vault, PASSPHRASE, { credentials }), PasskeyUnsupported);
  const refuses = /** @type {any} */ ({
    create: () => Promise.reject(new DOMException("no", "NotAllowedError")),
  });
  await assert.rejects(addPasskey(vault, PASSPHRASE, { credentials: refuses }), (error) => {
    assert.ok(error instanceof PasskeyNotUsed);
    assert.match(error.message, /Nothing has changed\. Try again, or use your passphrase/);
    return true;
  });
  assert.equal((await vault.db.vaults.get(vault.id))?.wraps.length, 1);
});

test("whether the tablet can do it is asked of the browser", async () => {
  const globals = /** @type {any} */ (globalThis);
  const had = globals.PublicKeyCredential;
  try {
    globals.PublicKeyCredential = undefined;
    assert.equal(await passkeysSupported(), false);
    globals.PublicKeyCredential = { isUserVerifyingPlatformAuthenticatorAvailable: async () => true };
    assert.equal(await passkeysSupported(), true);
    globals.PublicKeyCredential.getClientCapabilities = async () => ({ "extension:prf": false });
    assert.equal(await passkeysSupported(), false);
  } finally {
    globals.PublicKeyCredential = had;
  }
});
