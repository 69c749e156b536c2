/**
 * Orders from a supervisor, carried by the server's answers. Only the service and this tablet can make the mac:
 * nobody between them can have a tablet wiped.
 */

/** @typedef {import("../types.js").Command} Command */

const HEX = /^(?:[0-9a-f]{2})+$/;

/**
 * The genuine order to wipe among the commands, if there is one. Kinds this version does not know are passed over.
 * @param {Command[]} commands
 * @param {{deviceId: string, token: string}} tablet
 * @returns {Promise<Command | null>}
 */
export async function findWipe(commands, tablet) {
  for (const command of commands) {
    if (command?.type === "wipe" && (await isGenuine(command, tablet))) return command;
  }
  return null;
}

/**
 * @param {Command} command
 * @param {{deviceId: string, token: string}} tablet
 */
async function isGenuine({ type, id, at, mac }, { deviceId, token }) {
  if (typeof mac !== "string" || !HEX.test(mac)) return false;
  const text = new TextEncoder();
  const secret = text.encode(token.slice(token.lastIndexOf(".") + 1));
  const how = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, how, false, ["verify"]);
  const bytes = Uint8Array.from(mac.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return crypto.subtle.verify("HMAC", key, bytes, text.encode(`${type}|${deviceId}|${id}|${at}`));
}
