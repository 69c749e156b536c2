/**
 * Taking a photo into the tablet and opening it again. Each has a key of its own, which stands in the answer that names
 * the photo and nowhere else. `hvapp/domain/photos.py` opens what is sealed here.
 */

import { fromBase64, toBase64 } from "../lib/bytes.js";
import { toHex, uuid7 } from "../lib/uuid7.js";
import { write } from "./db.js";
import { StorageFull } from "./errors.js";
import { storageState } from "./reserve.js";
import { requireVault } from "./standing.js";

/** @typedef {import("./open-vault.js").Vault} Vault */
/** @typedef {{id: string, sha256: string, bytes: number, type: string, key: string, caption: string}} Photo */

const NONCE_BYTES = 12;

export class NoRoomForPhotos extends Error {
  constructor() {
    super(
      "This tablet is nearly full, so the photo was not added. Your answers are safe, and you can complete the visit " +
        "without it. Remove photos or apps from the tablet to free space, then try again.",
    );
    this.name = "NoRoomForPhotos";
  }
}

/**
 * Resolved once the photo is on the disk. The space kept for answers is not for photos: throws NoRoomForPhotos.
 * @param {Vault} vault
 * @param {string} draftId
 * @param {ArrayBuffer} jpeg
 * @returns {Promise<Photo>} how the answer names it
 */
export async function keepPhoto(vault, draftId, jpeg) {
  const { db, id: vaultId } = vault;
  if ((await storageState(db)).nearFull) throw new NoRoomForPhotos();
  const id = uuid7();
  const raw = crypto.getRandomValues(new Uint8Array(32));
  const box = await seal(id, raw, jpeg);
  const sha256 = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", box)));
  const bytes = box.byteLength;
  /** @param {import("./db.js").Transaction} tx */
  const put = async (tx) => {
    await requireVault(tx, vaultId, { open: true });
    await tx.photos.put({ id, vault: vaultId, rev: draftId, sha256, bytes, held: 0, done: false });
    await tx.boxes.put({ id, box });
  };
  try {
    await write(db, ["photos", "boxes", "vaults"], put, { pressing: false });
  } catch (error) {
    throw error instanceof StorageFull ? new NoRoomForPhotos() : error;
  }
  return { id, sha256, bytes, type: "image/jpeg", key: toBase64(raw), caption: "" };
}

/**
 * The JPEG; null when it is not on this tablet.
 * @param {Pick<Vault, "db">} vault
 * @param {Pick<Photo, "id" | "key">} photo
 * @returns {Promise<ArrayBuffer | null>}
 */
export async function openPhoto({ db }, { id, key }) {
  const row = await db.boxes.get(id);
  if (!row) return null;
  const iv = row.box.slice(0, NONCE_BYTES);
  return crypto.subtle.decrypt(cipher(iv, id), await toKey(fromBase64(key)), row.box.slice(NONCE_BYTES));
}

/**
 * @param {string} id
 * @param {Uint8Array<ArrayBuffer>} raw
 * @param {ArrayBuffer} jpeg
 */
async function seal(id, raw, jpeg) {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const data = await crypto.subtle.encrypt(cipher(iv, id), await toKey(raw), jpeg);
  return new Blob([iv, data]).arrayBuffer();
}

/**
 * @param {BufferSource} iv
 * @param {string} id
 */
function cipher(iv, id) {
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(`hvapp photo|${id}`) };
}

/** @param {Uint8Array<ArrayBuffer>} raw */
function toKey(raw) {
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}
