/** The server's side of sealing, for tests: keys, opening, tablets' tokens and orders. */

import { createHash, createHmac } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

/** @typedef {{kid: string, key: string, pair: CryptoKeyPair}} ServerKey */

/** @returns {Promise<ServerKey>} */
export async function newServerKey() {
  const pair = await suite.kem.generateKeyPair();
  const raw = Buffer.from(await suite.kem.serializePublicKey(pair.publicKey));
  const kid = createHash("sha256").update(raw).digest("hex").slice(0, 16);
  return { kid, key: raw.toString("base64"), pair };
}

/** The key that every server of these tests begins with. */
export const SERVER_KEY = await newServerKey();

/** What everybody may know of it. @param {ServerKey} key */
export function publicPart({ kid, key }) {
  return { kid, key };
}

/**
 * @param {ServerKey} key
 * @param {string} box base64
 * @param {{kind: string, id: string, deviceId: string}} what
 * @returns {Promise<any>}
 */
export async function openServerBox(key, box, { kind, id, deviceId }) {
  const bytes = Uint8Array.from(Buffer.from(box, "base64"));
  const info = Uint8Array.from(Buffer.from(`hvapp HV-Sync 1|${kind}|${id}|${deviceId}`));
  const sealed = { recipientKey: key.pair.privateKey, enc: bytes.slice(0, 32).buffer, info: info.buffer };
  const packed = await suite.open(sealed, bytes.slice(32).buffer);
  return JSON.parse(inflateRawSync(new Uint8Array(packed)).toString());
}

/** @param {string} deviceId @param {string} accountId */
function macOf(deviceId, accountId) {
  return createHmac("sha256", "upload key").update(`tablet|${deviceId}|${accountId}`).digest("hex");
}

/** @param {string} deviceId @param {string} accountId */
export function tokenFor(deviceId, accountId) {
  return `${deviceId}.${accountId}.${macOf(deviceId, accountId)}`;
}

/**
 * @param {string} deviceId
 * @param {string} accountId
 * @param {string} [id]
 */
export function wipeOrder(deviceId, accountId, id = "order-1") {
  const at = "2026-05-03T09:00:00+00:00";
  const mac = createHmac("sha256", macOf(deviceId, accountId)).update(`wipe|${deviceId}|${id}|${at}`);
  return { type: "wipe", id, at, mac: mac.digest("hex") };
}
