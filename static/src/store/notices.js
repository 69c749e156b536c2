/**
 * Tells the rest of the app, in this window and in others, that something stored has changed.
 *
 * @typedef {"drafts" | "outbox" | "caseload" | "plan"} Topic
 */

/** @type {Set<(topic: Topic, vaultId: string) => void>} */
const listeners = new Set();

/** @type {BroadcastChannel | undefined} */
let channel;

// Only in a page: elsewhere an open channel keeps the process alive.
if (typeof document !== "undefined" && typeof BroadcastChannel !== "undefined") {
  channel = new BroadcastChannel("hvapp");
  channel.onmessage = ({ data }) => tell(data.topic, data.vaultId);
}

/**
 * @param {Topic} topic
 * @param {string} vaultId
 */
export function announce(topic, vaultId) {
  tell(topic, vaultId);
  channel?.postMessage({ topic, vaultId });
}

/**
 * Calls `heard` after every change of this vault's. Returns what stops it.
 * @param {string} vaultId
 * @param {(topic: Topic) => void} heard
 */
export function listen(vaultId, heard) {
  /** @param {Topic} topic @param {string} id */
  const listener = (topic, id) => {
    if (id === vaultId) heard(topic);
  };
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * Calls `heard` after every change of any vault's on this tablet. Returns what stops it.
 * @param {(topic: Topic, vaultId: string) => void} heard
 */
export function listenToAll(heard) {
  listeners.add(heard);
  return () => void listeners.delete(heard);
}

/**
 * @param {Topic} topic
 * @param {string} vaultId
 */
function tell(topic, vaultId) {
  for (const listener of [...listeners]) listener(topic, vaultId);
}
