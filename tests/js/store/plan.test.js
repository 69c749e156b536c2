import assert from "node:assert/strict";
import { test } from "node:test";

import { loadPlan, savePlan } from "../../../static/src/store/plan.js";
import {
  addStop,
  changeStop,
  dropIndex,
  moveStop,
  mustReadRisk,
  placeStop,
  removeStop,
  timeThere,
} from "../../../static/src/views/plan-model.js";
import { everything } from "../helpers/disk.js";
import { newVault } from "../helpers/tablet.js";

const HOUR = { at: "14:30", minutes: 60 };
const ids = (/** @type {any} */ plan) => plan.stops.map((/** @type {any} */ { id }) => id).join("");
const empty = { day: "2026-11-22", stops: [] };
const three = ["a", "b", "c"].reduce((plan, id) => addStop(plan, id, HOUR), /** @type {any} */ (empty));

test("a plan is there again on its day, nowhere in clear, and gone on the next", async () => {
  const vault = await newVault();
  assert.deepEqual(await loadPlan(vault, empty.day), empty);
  const plan = addStop(empty, "child-who-is-visited", HOUR);
  await savePlan(vault, plan);
  assert.deepEqual(await loadPlan(vault, empty.day), plan);
  assert.deepEqual(await loadPlan(vault, "2026-11-23"), { day: "2026-11-23", stops: [] });
  assert.doesNotMatch(JSON.stringify(await everything(vault.db)), /child-who-is-visited|14:30/);
});

test("stops are added once, moved, removed, and the plan before stays as it was", () => {
  assert.equal(ids(moveStop(three, "c", -1)), "acb");
  assert.equal(ids(moveStop(three, "a", -1)), "abc");
  assert.equal(ids(moveStop(three, "c", 1)), "abc");
  assert.equal(ids(removeStop(three, "b")), "ac");
  const later = addStop(three, "b", { at: "16:00", minutes: 30 });
  assert.equal(ids(later), "abc");
  assert.equal(later.stops[1].at, "16:00");
  assert.equal(three.stops[1].at, "14:30");
});

test("a stop put at a place is where the buttons would have moved it", () => {
  assert.equal(ids(placeStop(three, "a", 2)), ids(moveStop(moveStop(three, "a", 1), "a", 1)));
  assert.equal(ids(placeStop(three, "c", 0)), "cab");
  assert.equal(ids(placeStop(three, "b", 1)), "abc");
  for (const to of [-1, 3]) assert.equal(placeStop(three, "b", to), three);
  assert.equal(placeStop(three, "gone", 0), three);
  assert.equal(ids(three), "abc");
});

test("a dragged row passes another once its edge is beyond the other's middle, whatever their heights", () => {
  const heights = [100, 300, 60];
  const boxes = heights.map((height, index) => ({
    top: 500 + heights.slice(0, index).reduce((sum, one) => sum + one, 0),
    height,
  }));
  const drops = (/** @type {number} */ from, /** @type {number[]} */ ...shifts) =>
    shifts.map((shift) => dropIndex(boxes, from, shift));
  assert.deepEqual(drops(0, -1, 0, 149, 151, 329, 331), [0, 0, 0, 1, 1, 2]);
  assert.deepEqual(drops(1, -49, -51, 29, 31), [1, 0, 1, 2]);
  assert.deepEqual(drops(2, 0, -149, -151, -349, -351), [2, 2, 1, 1, 0]);
  // As far as a row can go within its list, it is first or last
  assert.deepEqual([drops(0, 360)[0], drops(1, 60)[0], drops(1, -100)[0], drops(2, -400)[0]], [2, 2, 0, 0]);
});

test("a visit runs over once it has taken longer than planned, and not after leaving", () => {
  const arrived = "2026-11-22T14:30:00.000Z";
  const [stop] = changeStop(three, "a", { arrived }).stops;
  const at = (/** @type {string} */ time) => Date.parse(`2026-11-22T${time}:00.000Z`);
  assert.deepEqual(timeThere(stop, at("15:30")), { minutes: 60, over: false });
  assert.deepEqual(timeThere(stop, at("15:31")), { minutes: 61, over: true });
  assert.equal(timeThere({ ...stop, left: arrived }, at("16:00")), null);
  assert.equal(timeThere(three.stops[0], at("16:00")), null);
});

test("a staff risk is to be read before going in, and again when it has changed", () => {
  const [stop] = three.stops;
  assert.equal(mustReadRisk(stop, null), false);
  assert.equal(mustReadRisk(stop, "Large dog"), true);
  assert.equal(mustReadRisk({ ...stop, riskSeen: "Large dog" }, "Large dog"), false);
  assert.equal(mustReadRisk({ ...stop, riskSeen: "Large dog" }, "Two large dogs"), true);
});
