/**
 * What the browser promises about the space we keep visits in.
 */

/**
 * Asks the browser not to clear our storage under pressure. True or false is its answer; null where it cannot
 * be asked, as on an iPad.
 * @returns {Promise<boolean | null>}
 */
export async function askToPersist() {
  const storage = globalThis.navigator?.storage;
  if (!storage?.persist) return null;
  return (await storage.persisted()) || (await storage.persist());
}

/** @returns {Promise<boolean | null>} */
export async function isPersisted() {
  const storage = globalThis.navigator?.storage;
  return storage?.persisted ? storage.persisted() : null;
}

/**
 * Bytes used and allowed, where the browser tells.
 * @returns {Promise<{used: number, allowed: number} | null>}
 */
export async function storageSpace() {
  const storage = globalThis.navigator?.storage;
  if (!storage?.estimate) return null;
  const { usage, quota } = await storage.estimate();
  return { used: usage ?? 0, allowed: quota ?? 0 };
}
