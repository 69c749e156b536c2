import assert from "node:assert/strict";
import { test } from "node:test";
import { saveDraft } from "../../../static/src/store/drafts.js";
import { readStanding } from "../../../static/src/store/standing.js";
import { startAgain } from "../../../static/src/store/vault.js";
import { createApi } from "../../../static/src/sync/api.js";
import { deliver } from "../../../static/src/sync/courier.js";
import { update } from "../helpers/disk.js";
import { FakeServer } from "../helpers/server.js";
import { completeVisit, draftFor, FEW_ITERATIONS, newDatabase, newVault } from "../helpers/tablet.js";

test("what does not go by itself is told vault by vault, and does not count as waiting", async () => {
  const server = new FakeServer();
  const db = newDatabase();
  const [priya, tom] = [await newVault({ db }), await newVault({ db, id: "a-tom" })];
  const eve = await newVault({ db, id: "a-eve", fresh: true });
  await update(db, "vaults", eve.id, { sealingKey: (await db.vaults.get(tom.id))?.sealingKey });
  const [, bad] = [await completeVisit(priya), await completeVisit(tom), await completeVisit(eve)];
  await saveDraft(tom, draftFor());
  server.judge = ({ rev_id }) => (rev_id === bad.id ? { result: "rejected:malformed" } : null);
  const api = createApi({ fetch: server.fetch });
  await deliver(db, api);
  await completeVisit(tom);
  await server.rotateKey();
  server.keys.shift();
  await deliver(db, api);
  const rest = { mine: false, retired: null, keyKept: true };
  const { stuck, waiting, others } = await readStanding(db, priya.id);
  const byName = (/** @type {{name: string}} */ a, /** @type {{name: string}} */ b) =>
    a.name < b.name ? -1 : 1;
  assert.deepEqual(stuck.sort(byName), [
    { ...rest, name: "Visitor a-eve", refused: 0, unopened: 0, unsigned: 1 },
    { ...rest, name: "Visitor a-tom", refused: 1, unopened: 1, unsigned: 0 },
  ]);
  assert.deepEqual([waiting, others], [0, 1]);
  // Nobody is at the tablet: neither does it simply wait.
  assert.equal((await readStanding(db, null)).others, 1);

  const { account } = tom;
  const passphrase = "quite another passphrase";
  const next = await startAgain({ account, deviceName: "T", db, iterations: FEW_ITERATIONS, passphrase });
  const told = (await readStanding(db, next.id)).stuck.find(({ mine }) => mine);
  assert.deepEqual(told, {
    ...rest,
    name: "Visitor a-tom",
    mine: true,
    retired: "forgotten",
    refused: 1,
    unopened: 2,
    unsigned: 0,
  });
});
