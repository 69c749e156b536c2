import assert from "node:assert/strict";
import { test } from "node:test";
import { Autosave } from "../../../static/src/forms/autosave.js";

/** A disk that answers when told to. */
function slowDisk() {
  /** @type {(() => void)[]} */
  const waiting = [];
  let saves = 0;
  return {
    save: () => {
      saves += 1;
      return new Promise((/** @type {(value?: undefined) => void} */ resolve) =>
        waiting.push(() => resolve()),
      );
    },
    answer: async () => {
      waiting.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
    count: () => saves,
  };
}

test("answers given during a save go together with the next one", async () => {
  const disk = slowDisk();
  /** @type {string[]} */
  const states = [];
  const autosave = new Autosave(disk.save, ({ phase }) => states.push(phase));
  autosave.changed();
  autosave.changed();
  autosave.changed();
  assert.equal(disk.count(), 1);
  await disk.answer();
  assert.equal(disk.count(), 2);
  await disk.answer();
  assert.equal(disk.count(), 2);
  assert.deepEqual(states, ["saving", "saved"]);
});

test("flush ends only when the last answer is saved", async () => {
  const disk = slowDisk();
  const autosave = new Autosave(disk.save, () => {});
  autosave.changed();
  autosave.changed();
  let flushed = false;
  const flushing = autosave.flush().then(() => {
    flushed = true;
  });
  await disk.answer();
  assert.equal(flushed, false);
  await disk.answer();
  await flushing;
  assert.equal(flushed, true);
});

test("a save that failed says so and is part of the next one", async () => {
  let broken = true;
  let saves = 0;
  /** @type {any[]} */
  const states = [];
  const autosave = new Autosave(
    async () => {
      saves += 1;
      if (broken) throw new Error("The tablet has no space left.");
    },
    (state) => states.push(state),
  );
  autosave.changed();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(states.at(-1), { phase: "failed", message: "The tablet has no space left." });
  broken = false;
  await autosave.flush();
  assert.equal(saves, 2);
  assert.equal(states.at(-1).phase, "saved");
});

test("a flush that cannot save rejects, so that nobody believes it did", async () => {
  const autosave = new Autosave(
    async () => {
      throw new Error("full");
    },
    () => {},
  );
  autosave.changed();
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(autosave.flush(), /full/);
  autosave.stop();
});

test("after the visit has ended nothing is saved any more", () => {
  const disk = slowDisk();
  const autosave = new Autosave(disk.save, () => {});
  autosave.stop();
  autosave.changed();
  assert.equal(disk.count(), 0);
});

test("what a lock could not save is tried again by itself", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let full = true;
  let saves = 0;
  const autosave = new Autosave(
    async () => {
      if (full) throw new Error("full");
      saves += 1;
    },
    () => {},
  );
  autosave.changed();
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(autosave.flush(), /full/);
  full = false;
  t.mock.timers.tick(5_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(saves, 1);
});
