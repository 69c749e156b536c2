/**
 * The tablet's own storage and sending, for bench/slow_line.py. Fills an outbox with visits, then starts the engine
 * as a page does and answers how long it took until the last receipt was on its disk. Orders and answers are lines
 * of JSON.
 */

import { createInterface } from "node:readline";
import { itemsIn } from "../static/src/store/delivery.js";
import { createApi } from "../static/src/sync/api.js";
import { createEngine } from "../static/src/sync/engine.js";
import { update } from "../tests/js/helpers/disk.js";
import { completeVisit, newVault } from "../tests/js/helpers/tablet.js";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value);
const tell = (/** @type {object} */ line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const { base, account_id, answers, visits } = await next();
const vault = await newVault({ id: account_id, fresh: true });
tell({ device_id: vault.deviceId });
const { token, sealing_key } = await next();
await update(vault.db, "vaults", vault.id, { token, sealingKey: sealing_key });
for (let n = 0; n < visits; n += 1) await completeVisit(vault, answers);
vault.lock();

const api = createApi({ fetch: (url, options) => fetch(new URL(String(url), base), options) });
const engine = createEngine({
  db: vault.db,
  api,
  page: { onVisible: () => () => {}, onOnline: () => () => {} },
  locks: { request: (_name, _options, work) => work() },
});
const started = performance.now();
engine.start();
for (;;) {
  const left = await itemsIn(vault.db, vault.id, ["sealed"]);
  if (!left.length) break;
  await new Promise((later) => setTimeout(later, 10));
}
tell({ ms: performance.now() - started });
process.exit(0);
