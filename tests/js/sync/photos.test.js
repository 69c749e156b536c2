import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { saveDraft } from "../../../static/src/store/drafts.js";
import { listItems, sealDraft } from "../../../static/src/store/outbox.js";
import { keepPhoto } from "../../../static/src/store/photo-box.js";
import { photosLeft } from "../../../static/src/store/photos.js";
import { refreshRescue } from "../../../static/src/store/rescue.js";
import { readStanding } from "../../../static/src/store/standing.js";
import { startAgain, unlock } from "../../../static/src/store/vault.js";
import { createApi, Offline } from "../../../static/src/sync/api.js";
import { deliver, obey } from "../../../static/src/sync/courier.js";
import { sendPhotos } from "../../../static/src/sync/photos.js";
import { remove, update } from "../helpers/disk.js";
import { wipeOrder } from "../helpers/sealing.js";
import { FakeServer, fail } from "../helpers/server.js";
import {
  draftFor,
  FEW_ITERATIONS,
  newDatabase,
  newVault,
  PASSPHRASE,
  revisionOf,
} from "../helpers/tablet.js";

/** @typedef {import("../../../static/src/store/vault.js").Vault} Vault */

const PIECE = 64 * 1024;
const BLOB = /^\/sync\/v1\/blob\//;

function service() {
  const server = new FakeServer();
  const api = createApi({ fetch: server.fetch });
  /** Visits, then photos. @param {import("../../../static/src/store/db.js").TabletDatabase} db */
  const run = async (db, signal = new AbortController().signal) => {
    await deliver(db, api);
    return sendPhotos(db, api, signal);
  };
  return { server, api, run };
}

/**
 * A completed visit with photos of so many bytes.
 * @param {Vault} vault
 * @param {number[]} sizes
 */
async function visitWith(vault, ...sizes) {
  const draft = draftFor();
  await saveDraft(vault, draft);
  const photos = [];
  for (const size of sizes) photos.push(await keepPhoto(vault, draft.id, new ArrayBuffer(size)));
  draft.answers.skin_photos = photos;
  await saveDraft(vault, draft);
  return { draft, photos, seal: () => sealDraft(vault, draft, revisionOf(draft)) };
}

/** @param {FakeServer} server @param {{sha256: string, bytes: number}} photo */
function isThere(server, { sha256, bytes }) {
  return server.blobs.get(`a-priya|${sha256}`)?.length === bytes;
}

test("photos go up after their visit, locked, piece by piece", async () => {
  const { server, run } = service();
  const vault = await newVault();
  const { photos, seal } = await visitWith(vault, 2 * PIECE + 5, 10);
  await seal();
  vault.lock();
  assert.deepEqual(await run(vault.db), { sent: 2, problem: null });
  assert.ok(photos.every((photo) => isThere(server, photo)));
  const paths = server.calls.map(({ path }) => path);
  assert.ok(paths.findIndex((path) => BLOB.test(path)) > paths.indexOf("/sync/v1/push"));
  assert.ok(server.calls.filter(({ path }) => BLOB.test(path)).every(({ bytes }) => bytes <= PIECE));
  assert.deepEqual(await run(vault.db), { sent: 0, problem: null });
  assert.equal((await listItems(await unlock("a-priya", PASSPHRASE, { db: vault.db })))[0].photos, null);
});

test("how far they have come is told for the visit and in all", async () => {
  const { server, run } = service();
  const vault = await newVault();
  const { seal } = await visitWith(vault, 4 * PIECE, 4 * PIECE);
  await visitWith(vault, 4 * PIECE);
  await seal();
  let pieces = 0;
  server.before = ({ path }) => (BLOB.test(path) && ++pieces > 2 ? fail(500, "x", "x") : null);
  const { problem } = await run(vault.db);
  assert.ok(problem);
  const [{ photos }] = await listItems(vault);
  assert.deepEqual(photos, { number: 2, percent: 12 });
  assert.deepEqual(
    (await readStanding(vault.db, vault.id)).photos,
    photos,
    "the unfinished visit's is not counted",
  );
});

test("one photo's trouble holds up no other, and one that comes to nothing is not tried in a circle", async () => {
  const { server, run } = service();
  const vault = await newVault();
  const { photos, seal } = await visitWith(vault, 10, 10, 10);
  await seal();
  await update(vault.db, "boxes", photos[0].id, { box: new ArrayBuffer(photos[0].bytes) });
  await remove(vault.db, "boxes", photos[1].id);
  const { sent, problem } = await run(vault.db);
  assert.deepEqual([sent, problem?.name], [1, "ServerFault"]);
  assert.deepEqual(
    photos.map((photo) => isThere(server, photo)),
    [false, false, true],
  );
  assert.ok(server.calls.length < 20);
});

test("a server restored from a backup is given its photos again", async () => {
  const { server, run } = service();
  const vault = await newVault();
  const { photos, seal } = await visitWith(vault, 10);
  await seal();
  await run(vault.db);
  server.restore({ stored: new Map(), changes: [] });
  await remove(vault.db, "notes", [vault.id, "lastConfirmed"]);
  await remove(vault.db, "notes", [vault.id, "lastContact"]);
  await run(vault.db);
  assert.ok(isThere(server, photos[0]));
});

test("no network ends it for all at once", async () => {
  const { server, run } = service();
  const vault = await newVault();
  const { seal } = await visitWith(vault, 10, 10);
  await seal();
  server.before = ({ path }) => {
    if (BLOB.test(path)) throw new TypeError("Failed to fetch");
    return null;
  };
  await assert.rejects(run(vault.db), Offline);
  assert.equal(server.calls.filter(({ path }) => BLOB.test(path)).length, 1);
});

test("of an unfinished visit in a vault that nobody opens any more the photos go up after its copy", async () => {
  const { server, run } = service();
  const vault = await newVault();
  const { draft, photos } = await visitWith(vault, 10);
  await refreshRescue(vault, draft.id);
  await run(vault.db);
  assert.ok(!isThere(server, photos[0]), "not while it is being written");
  const options = { account: vault.account, deviceName: "T", db: vault.db, iterations: FEW_ITERATIONS };
  await startAgain({ ...options, passphrase: "quite another passphrase" });
  await run(vault.db);
  assert.ok(isThere(server, photos[0]));
});

test("a tablet that is taken out of use gives up its photos before it forgets them", async () => {
  const { server, api, run } = service();
  const vault = await newVault();
  const [{ seal, photos }, unfinished] = [await visitWith(vault, 10), await visitWith(vault, 10)];
  await refreshRescue(vault, unfinished.draft.id);
  await seal();
  const order = wipeOrder(vault.id, "a-priya");
  server.commands.set(vault.id, [order]);
  await obey(vault.db, api, vault.id, [order]);
  assert.equal(server.reports.at(-1)?.left, 2, "the photos are still here");
  await run(vault.db);
  await run(vault.db);
  for (const photo of [...photos, ...unfinished.photos]) assert.ok(isThere(server, photo));
  assert.equal(server.reports.at(-1)?.left, 0);
  assert.deepEqual([await vault.db.photos.count(), await vault.db.boxes.count()], [0, 0]);
});

/** Killed after so many turns of the loop, or while a request is on the line, before or after the server has it. */
const death = fc.record({
  line: fc.constantFrom("", "before", "after"),
  call: fc.nat(9),
  turns: fc.nat(40),
});

test("whenever it dies, a completed visit and its photos arrive, whole, once and named by it", async () => {
  let disks = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 3 * PIECE }), { minLength: 1, maxLength: 3 }),
      fc.array(death, { minLength: 1, maxLength: 4 }),
      async (sizes, deaths) => {
        const { server, run } = service();
        const name = `photos-die-${++disks}`;
        let vault = await newVault({ db: newDatabase(name) });
        const draft = draftFor();
        await saveDraft(vault, draft);
        let completed = false;

        /** One step at a time; killed in the middle of it, and begun again. */
        const live = async () => {
          const photos = /** @type {any[]} */ (draft.answers.skin_photos ?? []);
          while (photos.length < sizes.length) {
            photos.push(await keepPhoto(vault, draft.id, new ArrayBuffer(sizes[photos.length])));
            draft.answers.skin_photos = photos;
            await saveDraft(vault, draft);
          }
          if (!completed) await sealDraft(vault, draft, revisionOf(draft));
          completed = true;
          return run(vault.db);
        };

        for (const { line, call, turns } of deaths) {
          let calls = 0;
          /** @param {import("../helpers/server.js").Call} asked */
          const dead = ({ path }) => {
            if (line && BLOB.test(path) && calls++ === call) throw new TypeError("Failed to fetch");
            return null;
          };
          if (line === "after") server.after = dead;
          else server.before = dead;
          const living = live().catch(() => {});
          if (line) await living;
          for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
          vault.db.close();
          await living;
          server.before = () => null;
          server.after = () => null;
          await new Promise((resolve) => setTimeout(resolve, 2));
          vault = await unlock("a-priya", PASSPHRASE, { db: newDatabase(name) });
          const items = await listItems(vault);
          completed = items.length > 0;
        }

        await live();
        const { problem } = await run(vault.db);
        assert.equal(problem, null);
        assert.deepEqual(await photosLeft(vault.db, vault.id), []);
        const [{ rev }] = [...server.stored.values()];
        const named = rev.payload.answers.skin_photos;
        assert.equal(server.stored.size, 1);
        assert.equal(named.length, sizes.length);
        for (const photo of named) assert.ok(isThere(server, photo));
        assert.deepEqual(
          (await vault.db.photos.all()).map(({ id }) => id).sort(),
          named.map((/** @type {any} */ { id }) => id).sort(),
          "no photo is left behind that no visit names",
        );
        vault.db.close();
      },
    ),
    { numRuns: 25 },
  );
});
