/** Bytes as text for JSON, and back. Standard base64, as Python writes it. */

/** Characters that one call can take as arguments. */
const AT_ONCE = 8192;

/** @param {ArrayBuffer | Uint8Array} bytes */
export function toBase64(bytes) {
  const view = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  let text = "";
  for (let at = 0; at < view.length; at += AT_ONCE) {
    text += String.fromCharCode(...view.subarray(at, at + AT_ONCE));
  }
  return btoa(text);
}

/**
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
