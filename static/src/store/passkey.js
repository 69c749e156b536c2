/**
 * Unlocking with a passkey of this tablet: face, fingerprint or the screen's own lock. The passkey's PRF gives
 * 32 secret bytes for a salt of ours; a key from them wraps the work key beside the passphrase's. It works with
 * no network. The passphrase stays: a passkey is lost with the tablet's settings.
 */

import { openDatabase } from "./db.js";
import { NotSetUp, PasskeyNotUsed, PasskeyUnsupported, WrongPassphrase } from "./errors.js";
import { expandKey, randomBytes, unwrapKey, wrapKey } from "./keys.js";
import { changeKeys, openVault } from "./open-vault.js";
import { restorePin } from "./pin.js";
import { liveRow, openWorkKey } from "./unlocking.js";

/** @typedef {import("./open-vault.js").Vault} Vault */
/** @typedef {import("./db.js").PasskeyWrap} PasskeyWrap */
/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */
/** @typedef {Pick<CredentialsContainer, "create" | "get">} Credentials the browser's, but in tests */

const PURPOSE = "hvapp passkey";
const TIMEOUT = 60_000;
/** ES256 and RS256: what platforms make. */
const ALGORITHMS = [-7, -257];

/**
 * Whether this tablet can do it at all. Only making one shows whether the PRF is there as well.
 * @returns {Promise<boolean>}
 */
export async function passkeysSupported() {
  const kind = /** @type {any} */ (globalThis).PublicKeyCredential;
  if (!kind?.isUserVerifyingPlatformAuthenticatorAvailable) return false;
  const can = await kind.getClientCapabilities?.();
  if (can?.["extension:prf"] === false) return false;
  return kind.isUserVerifyingPlatformAuthenticatorAvailable();
}

/**
 * Makes a passkey for this vault in the place of an earlier one. Throws WrongPassphrase, PasskeyUnsupported or
 * PasskeyNotUsed.
 * @param {Vault} vault
 * @param {string} passphrase
 * @param {{credentials?: Credentials}} [options]
 */
export async function addPasskey(
  { db, id, account },
  passphrase,
  { credentials = navigator.credentials } = {},
) {
  const row = await db.vaults.get(id);
  if (!row) throw new NotSetUp();
  const { open } = await openWorkKey(row, passphrase);
  const salt = randomBytes(32);
  const made = await confirmed(() =>
    credentials.create({
      publicKey: {
        challenge: randomBytes(32),
        rp: { name: "Home visits" },
        user: { id: new TextEncoder().encode(id), name: account.name, displayName: account.name },
        pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: { authenticatorAttachment: "platform", userVerification: "required" },
        timeout: TIMEOUT,
        extensions: { prf: { eval: { first: salt } } },
      },
    }),
  );
  const { prf } = made.getClientExtensionResults();
  if (!prf?.enabled && !prf?.results) throw new PasskeyUnsupported();
  // Some platforms give the secret only when the passkey is used.
  const secret = prf.results?.first ?? (await useOf(credentials, made.rawId, salt));
  /** @type {PasskeyWrap} */
  const wrap = {
    by: "passkey",
    salt,
    credentialId: made.rawId,
    key: await wrapKey(await expandKey(secret, salt, PURPOSE), open, id, "work"),
  };
  await replaceWrap(db, id, wrap);
}

/**
 * The browser may go on offering the passkey; it opens nothing any more.
 * @param {Vault} vault
 */
export async function removePasskey({ db, id }) {
  await replaceWrap(db, id, null);
}

/**
 * Throws PasskeyNotUsed, or NotSetUp when the account has no vault with a passkey here.
 * @param {string} accountId
 * @param {{db?: TabletDatabase, credentials?: Credentials, now?: number}} [options]
 * @returns {Promise<Vault>}
 */
export async function unlockWithPasskey(
  accountId,
  { db = openDatabase(), credentials = navigator.credentials, now } = {},
) {
  const row = await liveRow(db, accountId);
  /** @type {PasskeyWrap | undefined} */
  const wrap = row?.wraps.find((one) => one.by === "passkey");
  if (!row || !wrap) throw new NotSetUp();
  const secret = await useOf(credentials, wrap.credentialId, wrap.salt);
  const wrapper = await expandKey(secret, wrap.salt, PURPOSE);
  try {
    const open = await unwrapKey(wrapper, wrap.key, row.id, "work", { open: true });
    const work = await unwrapKey(wrapper, wrap.key, row.id, "work");
    const { vault, profile } = await openVault(db, row, work, { now });
    await restorePin(vault, profile.pin, open);
    return vault;
  } catch (error) {
    // Another passkey than the one this vault knows.
    throw error instanceof WrongPassphrase ? new PasskeyNotUsed(error) : error;
  }
}

/**
 * Asks for the passkey and answers its secret for the salt.
 * @param {Credentials} credentials
 * @param {ArrayBuffer} id
 * @param {Uint8Array<ArrayBuffer>} salt
 * @returns {Promise<BufferSource>}
 */
async function useOf(credentials, id, salt) {
  const used = await confirmed(() =>
    credentials.get({
      publicKey: {
        challenge: randomBytes(32),
        allowCredentials: [{ type: "public-key", id, transports: ["internal"] }],
        userVerification: "required",
        timeout: TIMEOUT,
        extensions: { prf: { eval: { first: salt } } },
      },
    }),
  );
  const secret = used.getClientExtensionResults().prf?.results?.first;
  if (!secret) throw new PasskeyUnsupported();
  return secret;
}

/**
 * @param {() => Promise<Credential | null>} ask
 * @returns {Promise<PublicKeyCredential>}
 */
async function confirmed(ask) {
  try {
    const credential = await ask();
    if (credential) return /** @type {PublicKeyCredential} */ (credential);
  } catch (error) {
    const unsupported = error instanceof DOMException && error.name === "NotSupportedError";
    throw unsupported ? new PasskeyUnsupported() : new PasskeyNotUsed(error);
  }
  throw new PasskeyNotUsed();
}

/**
 * @param {TabletDatabase} db
 * @param {string} id
 * @param {PasskeyWrap | null} wrap
 */
async function replaceWrap(db, id, wrap) {
  await changeKeys(db, id, ({ wraps }) => {
    const others = wraps.filter(({ by }) => by !== "passkey");
    return { wraps: wrap ? [...others, wrap] : others };
  });
}
