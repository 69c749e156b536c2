/**
 * A process of simulated tablets. Orders come as lines of JSON on standard input, `{"order", "id", ...}`; each is
 * answered with `{"answer", "id"}`, and what happens meanwhile is told as `{"event", "tablet", ...}`.
 */

import { createInterface } from "node:readline";
import { loadCode } from "./code.mjs";
import { Tablet } from "./tablet.mjs";

/** @type {Map<string, Tablet>} */
const tablets = new Map();

/** @param {object} line */
function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** @type {Record<string, (order: any) => Promise<any>>} */
const orders = {
  async open({ config }) {
    await loadCode();
    tablets.set(config.id, new Tablet(config, tell));
  },
  work: ({ tablet, plan }) => find(tablet).work(plan),
  finish: ({ tablet }) => find(tablet).finish(),
  tell: ({ tablet }) => find(tablet).tellCaseloads(),
  standing: ({ tablet }) => find(tablet).standing(),
  find: ({ tablet, words }) => find(tablet).findOnDisk(words),
};

/** @param {string} id */
function find(id) {
  const tablet = tablets.get(id);
  if (!tablet) throw new Error(`there is no tablet ${id}`);
  return tablet;
}

// What a killed life left unsettled may fail after its end; that is how a killed browser looks from here.
process.on("unhandledRejection", (error) => {
  if ([...tablets.values()].every(({ life }) => life && !life.ended))
    tell({ event: "unhandled", text: String(/** @type {any} */ (error)?.stack ?? error) });
});

for await (const line of createInterface({ input: process.stdin })) {
  const { order, id, ...given } = JSON.parse(line);
  orders[order](given).then(
    (answer) => tell({ id, answer: answer ?? null }),
    (error) => tell({ id, failed: String(error?.stack ?? error) }),
  );
}
