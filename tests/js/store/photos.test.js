import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { prune } from "../../../static/src/store/delivery.js";
import {
  discardDraft,
  getDraft,
  importDraft,
  refreshRescue,
  saveDraft,
} from "../../../static/src/store/drafts.js";
import { listItems, sealDraft } from "../../../static/src/store/outbox.js";
import { keepPhoto, NoRoomForPhotos, openPhoto } from "../../../static/src/store/photo-box.js";
import { noteHeld, photosDue, photosLeft } from "../../../static/src/store/photos.js";
import { startAgain } from "../../../static/src/store/vault.js";
import { put, update } from "../helpers/disk.js";
import { diskText, draftFor, FEW_ITERATIONS, newVault, revisionOf } from "../helpers/tablet.js";

/** @typedef {import("../../../static/src/store/vault.js").Vault} Vault */

/** @param {string} text */
function jpeg(text, size = 1000) {
  return new TextEncoder().encode(`\xff\xd8\xff${text}`.padEnd(size, ".")).buffer;
}

/**
 * A draft with photos, saved.
 * @param {Vault} vault
 * @param {string[]} pictures
 */
async function draftWith(vault, ...pictures) {
  const draft = draftFor();
  await saveDraft(vault, draft);
  const photos = [];
  for (const one of pictures) photos.push(await keepPhoto(vault, draft.id, jpeg(one)));
  draft.answers.skin_photos = photos;
  await saveDraft(vault, draft);
  return { draft, photos };
}

/** @param {Vault} vault */
async function kept({ db }) {
  const [photos, boxes] = await Promise.all([db.photos.all(), db.boxes.all()]);
  assert.deepEqual(photos.map(({ id }) => id).sort(), boxes.map(({ id }) => id).sort(), "a box for each");
  return photos.map(({ id }) => id).sort();
}

test("a photo is on the disk in no readable form, opens again, and is named by what it is", async () => {
  const vault = await newVault();
  const { draft, photos } = await draftWith(vault, "wqphotocanary");
  const [photo] = photos;
  const box = Buffer.from((await vault.db.boxes.get(photo.id))?.box ?? new ArrayBuffer(0));
  assert.equal(createHash("sha256").update(box).digest("hex"), photo.sha256);
  assert.equal(box.length, photo.bytes);
  const text = await diskText(vault.db);
  assert.ok(!text.includes("wqphotocanary") && !text.includes(photo.key), "neither the photo nor its key");
  const again = await getDraft(vault, draft.id);
  assert.deepEqual(again?.answers.skin_photos, photos);
  assert.ok(
    Buffer.from(/** @type {ArrayBuffer} */ (await openPhoto(vault, photo))).includes("wqphotocanary"),
  );
  assert.equal(await openPhoto(vault, { ...photo, id: "another" }), null);
  await put(vault.db, "boxes", {
    id: "another",
    box: /** @type {any} */ (await vault.db.boxes.get(photo.id)).box,
  });
  await assert.rejects(openPhoto(vault, { ...photo, id: "another" }), "a box opens only as its own photo");
});

test("completing keeps what the visit names, throws the rest away, and writes no photo again", async () => {
  const vault = await newVault();
  const { draft, photos } = await draftWith(vault, "one", "two");
  draft.answers.skin_photos = [photos[1]];
  await saveDraft(vault, draft);
  assert.deepEqual(await photosDue(vault.db, vault.id), [], "nothing goes up before its visit");
  const { rev } = await sealDraft(vault, draft, revisionOf(draft));
  assert.deepEqual(await kept(vault), [photos[1].id]);
  assert.deepEqual(/** @type {any} */ (rev?.payload.answers.skin_photos), [photos[1]]);
  assert.deepEqual(await photosDue(vault.db, vault.id), [], "nor before it has been received");
  const [item] = await listItems(vault);
  assert.deepEqual(item.photos, { number: 1, percent: 0 });
  await update(vault.db, "outbox", draft.id, { state: "acked" });
  assert.deepEqual(
    (await photosDue(vault.db, vault.id)).map(({ id }) => id),
    [photos[1].id],
  );
});

test("a visit thrown away takes its photos with it, and no other's", async () => {
  const vault = await newVault();
  const [one, two] = [await draftWith(vault, "one"), await draftWith(vault, "two")];
  await discardDraft(vault, one.draft.id);
  assert.deepEqual(await kept(vault), [two.photos[0].id]);
});

test("on a full tablet a photo is refused in words, and the visit is completed", async () => {
  const vault = await newVault();
  const { draft } = await draftWith(vault, "one");
  const had = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", {
    configurable: true,
    value: { storage: { estimate: async () => ({ usage: 95_000_000, quota: 100_000_000 }) } },
  });
  try {
    await assert.rejects(keepPhoto(vault, draft.id, jpeg("two")), NoRoomForPhotos);
    assert.equal((await sealDraft(vault, draft, revisionOf(draft))).state, "sealed");
  } finally {
    if (had) Object.defineProperty(globalThis, "navigator", had);
    else Reflect.deleteProperty(globalThis, "navigator");
  }
  assert.equal((await kept(vault)).length, 1);
});

test("a month after it was confirmed a visit goes with its photos, but never before they are there", async () => {
  const vault = await newVault();
  const { draft, photos } = await draftWith(vault, "one");
  await sealDraft(vault, draft, revisionOf(draft));
  const day = 24 * 60 * 60_000;
  await update(vault.db, "outbox", draft.id, { state: "confirmed", confirmedAt: day });
  assert.equal(await prune(vault.db, vault.id, 100 * day), 0);
  assert.equal((await kept(vault)).length, 1);
  await noteHeld(vault.db, (await photosLeft(vault.db, vault.id))[0], { held: photos[0].bytes, done: true });
  assert.equal(await prune(vault.db, vault.id, 30 * day), 0);
  assert.equal(await prune(vault.db, vault.id, 31 * day), 1);
  assert.deepEqual([await kept(vault), await listItems(vault)], [[], []]);
});

test("after a forgotten passphrase an unfinished visit comes back with its photos", async () => {
  const old = await newVault();
  const { draft, photos } = await draftWith(old, "wqphotocanary");
  await refreshRescue(old, draft.id);
  const options = { account: old.account, deviceName: "T", db: old.db, iterations: FEW_ITERATIONS };
  const vault = await startAgain({ ...options, passphrase: "quite another passphrase" });
  assert.ok(await importDraft(vault, draft));
  assert.deepEqual(
    (await photosLeft(vault.db, vault.id)).map(({ id }) => id),
    [photos[0].id],
  );
  assert.ok(
    Buffer.from(/** @type {ArrayBuffer} */ (await openPhoto(vault, photos[0]))).includes("wqphotocanary"),
  );
});
