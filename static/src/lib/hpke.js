/**
 * Sealing to the server: HPKE (RFC 9180), base mode, X25519, HKDF-SHA256, AES-256-GCM. What is sealed here only
 * the server opens; not even this tablet can. `hvapp/services/sealing.py` opens it.
 *
 * The cipher itself is a part of its own, loaded when first used: the opening screen does not wait for it.
 */

import { fromBase64 } from "./bytes.js";

/** @typedef {{kid: string, key: string}} SealingKey */

const PROTOCOL = "hvapp HV-Sync 1";

/**
 * Packs and seals a value. The box opens only as what it was sealed as: this kind, this id, this tablet's.
 * @param {SealingKey} sealingKey
 * @param {{kind: "revision" | "draft", id: string, deviceId: string}} what
 * @param {unknown} value
 * @returns {Promise<{kid: string, box: ArrayBuffer}>} the box is the key share and then the ciphertext
 */
export async function sealToServer({ kid, key }, { kind, id, deviceId }, value) {
  const [suite, packed] = await Promise.all([import("./hpke-suite.js"), pack(JSON.stringify(value))]);
  const info = new TextEncoder().encode(`${PROTOCOL}|${kind}|${id}|${deviceId}`);
  return { kid, box: await suite.seal(fromBase64(key), info, packed) };
}

/** @param {string} text */
function pack(text) {
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return new Response(packed).arrayBuffer();
}
