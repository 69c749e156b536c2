/** One simulated tablet: what stays when its browser ends, and the lives of that browser one after another. */

import { Clock } from "./clock.mjs";
import { contents, Disk, rewrite } from "./disk.mjs";
import { Ledger } from "./ledger.mjs";
import { CLOSED, Killed, Life } from "./life.mjs";
import { Line } from "./line.mjs";
import { stream } from "./random.mjs";
import { Visitor } from "./visitor.mjs";

export const DATABASE = "hvapp";
const DAY = 25 * 3_600_000;
const MONTH = 31 * 86_400_000;

/** So long a planned kill waits for its step. */
const ACTS_OF_A_PLAN = 5;
/** So often, and this far apart, a tablet tries to reach a server that may just be starting again. */
const MOST_TRIES = 60;
const BETWEEN_TRIES_MS = 250;
/** So many months a tablet waits at most until something confirmed is old enough to go. */
const MOST_MONTHS = 3;
/** Where a kill may strike, and how often each kind of place is chosen. */
const KILLS = {
  seal: 5,
  autosave: 4,
  "ack write": 5,
  "confirm write": 4,
  "cursor write": 4,
  "rescue copy": 2,
  "vault write": 2,
  prune: 1,
  "draft removal": 1,
  "any transaction": 4,
  "push request": 5,
  "confirm request": 3,
  "changes request": 3,
  "session request": 2,
  "device request": 1,
};

/**
 * @typedef {object} Config
 * @property {string} id
 * @property {string} seed
 * @property {string} base where the line leads
 * @property {{id: string, email: string, password: string}[]} people whose tablet it is; the first uses it most
 * @property {{id: string, version: number, definitionHash: string}} form
 * @property {string} canary a word of every free text
 * @property {string | null} broken a fault of the app itself that the campaign must find
 */

export class Tablet {
  disk = new Disk();
  clock = new Clock();
  /** @type {Life | null} */
  life = null;
  /** @type {Visitor | null} */
  visitor = null;
  /** @type {Record<string, number>} */
  done = {};
  /** Acts of the present life. */
  acts = 0;
  /** Visits begun so far. */
  serial = 0;
  /** How many passphrases each person has chosen here. @type {Map<string, number>} */
  passphrases = new Map();

  /**
   * @param {Config} config
   * @param {(event: object) => void} tell
   */
  constructor(config, tell) {
    this.config = config;
    this.id = config.id;
    this.tell = (/** @type {object} */ event) => tell({ tablet: this.id, ...event });
    this.line = new Line(config.id, config.base);
    this.ledger = new Ledger(this.tell);
    this.random = stream(`${config.seed}|${config.id}`);
  }

  /** @param {string} what */
  count(what) {
    this.done[what] = (this.done[what] ?? 0) + 1;
  }

  /**
   * The visitor works until so many visits are completed, or for so many acts.
   * @param {{round: number, visits: number, acts: number, calm?: boolean, month?: boolean}} plan
   */
  async work({ round, visits, acts, calm = false, month = false }) {
    this.random = stream(`${this.config.seed}|${this.id}|${round}`);
    if (month) await this.sleepForAMonth();
    const until = this.ledger.items.size + visits;
    for (let act = 0; act < acts && this.ledger.items.size < until; act += 1) {
      await this.#once((visitor) => visitor.act(this.random), calm);
    }
    await this.check();
  }

  /**
   * One thing, in the present life of the browser or a new one; a kill ends the life and nothing else.
   * @param {(visitor: Visitor) => Promise<void>} work
   * @param {boolean} [calm]
   */
  async #once(work, calm = false) {
    try {
      if (!this.life || this.life.ended) this.start(calm ? null : this.#planKill());
      const life = /** @type {Life} */ (this.life);
      this.acts += 1;
      // A kind of step that does not come up is given up for another.
      if (!calm && this.acts % ACTS_OF_A_PLAN === 0) life.kill = this.#planKill();
      await life.within(work(/** @type {Visitor} */ (this.visitor)));
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.count(error.where === CLOSED ? "browser closed" : `kill ${error.where}`);
      this.life = null;
    }
  }

  /** @param {import("./life.mjs").Kill | null} kill */
  start(kill) {
    this.count("browser started");
    this.acts = 0;
    this.life = new Life(this, kill);
    this.visitor = new Visitor(this, this.life);
  }

  /** @returns {import("./life.mjs").Kill | null} */
  #planKill() {
    const { random } = this;
    if (random.chance(0.15)) return null;
    const label = random.weighted(KILLS);
    const many = label === "seal" || label === "autosave" ? 4 : 2;
    if (label.endsWith("request"))
      return { label, phase: random.chance(0.5) ? "before" : "after", count: 1 + random.whole(many) };
    // Before a transaction nobody knows yet what it will write.
    if (random.chance(0.3)) return { label: "any transaction", phase: "before", count: 1 + random.whole(20) };
    return { label, phase: random.chance(0.5) ? "middle" : "after", count: 1 + random.whole(many) };
  }

  /** The browser is closed, as by a finger: no page hears of it in time to do anything. */
  close() {
    this.life?.die(CLOSED);
    this.life = null;
    this.visitor = null;
  }

  /** Twice a tablet lies in a drawer, and its browser ends at taking away what was confirmed before. */
  async sleepForAMonth() {
    for (const phase of /** @type {const} */ (["middle", "after"])) {
      for (let month = 1; month <= MOST_MONTHS; month += 1) {
        await this.#settle(() => this.#holdsConfirmed());
        if (!this.#holdsConfirmed()) return;
        await this.#letAMonthPass();
        if (await this.#endsAtPruning(phase)) break;
        // It knew nothing yet of a backup that was put back, and what was confirmed before counts no more.
        this.count("a month with nothing to take away");
      }
    }
    await this.#settle();
  }

  /**
   * A month passes for tablet and server alike: everything the tablet has noted of time is a month older. Nobody
   * opens the app meanwhile.
   */
  async #letAMonthPass() {
    this.close();
    await rewrite(this.disk, DATABASE, {
      outbox: (row) => ({ ...row, confirmedAt: row.confirmedAt && row.confirmedAt - MONTH }),
      notes: (row) =>
        /Until|Seen|last/.test(row.name) && row.value ? { ...row, value: row.value - MONTH } : row,
    });
    this.ledger.age(MONTH);
    this.count("a month in a drawer");
  }

  /** Everything is sent and fetched, as far as the line allows: until `done`, or until it was tried for long. */
  async #settle(done = () => true) {
    for (let tries = 1; ; tries += 1) {
      await this.#once((visitor) => visitor.settle(this.config.people[0]), true);
      if (done() || tries === MOST_TRIES) return;
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_TRIES_MS));
    }
  }

  #holdsConfirmed() {
    return [...this.ledger.items.values()].some(({ confirmedAt, gone }) => confirmedAt !== null && !gone);
  }

  /**
   * What was confirmed a month ago is taken away, and the browser ends at that: whether there was anything to take.
   * @param {"middle" | "after"} phase
   */
  async #endsAtPruning(phase) {
    this.start({ label: "prune", phase, count: 1 });
    const life = /** @type {Life} */ (this.life);
    await this.#settle(() => life.ended !== null || !this.ledger.holdsOld());
    this.close();
    return life.ended === `${phase} prune`;
  }

  /** Nothing fails any more: everything is sent, everything fetched. */
  async finish() {
    this.clock.skew = 0;
    this.close();
    for (const person of this.config.people) {
      for (let attempt = 0; attempt < 6; attempt += 1) {
        // Once a day a tablet asks after everything that it still has, even where it has nothing to send.
        this.clock.skipped += DAY;
        await this.#once((visitor) => visitor.settle(person), true);
        const rows = (await contents(this.disk, DATABASE)).outbox ?? [];
        if (attempt > 1 && rows.every(({ state }) => state === "confirmed" || state === "refused")) break;
      }
      this.close();
    }
    await this.check();
  }

  /** What each person sees here, once all tablets have sent everything: fetched again, and told. */
  async tellCaseloads() {
    for (const person of this.config.people) {
      await this.#once((visitor) => visitor.settle(person), true);
      await this.#once((visitor) => visitor.tellCaseload(person), true);
      this.close();
    }
  }

  async check() {
    this.ledger.compare(await contents(this.disk, DATABASE));
  }

  /** How each completed visit stands, for the campaign's own comparison. */
  async standing() {
    const stores = await contents(this.disk, DATABASE);
    const vaults = new Map((stores.vaults ?? []).map((row) => [row.id, row]));
    return {
      items: (stores.outbox ?? []).map(({ id, vault, state, result, sealed }) => {
        const { token, retired } = vaults.get(vault) ?? {};
        return { id, device: vault, state, result, lacks: { token: !token, key: !sealed }, retired };
      }),
      done: this.done,
      requests: this.line.requests,
    };
  }

  /** Words that may be nowhere on the disk in clear. @param {string[]} words */
  async findOnDisk(words) {
    const stores = await contents(this.disk, DATABASE);
    const text = bytesOf(stores);
    return words.filter((word) =>
      [Buffer.from(word, "utf8"), Buffer.from(word, "utf16le")].some((needle) => text.includes(needle)),
    );
  }

  /** A request has been answered: where a tablet is broken on purpose, this is where. @param {string} label */
  async sent(label) {
    if (this.config.broken !== "delete on send" || label !== "push request") return;
    const { app } = /** @type {Visitor} */ (this.visitor);
    const db = app.db.openDatabase();
    const sent = (await db.outbox.all()).filter(({ state }) => state === "sealed");
    await app.db.write(db, ["outbox"], async (tx) => {
      for (const { id } of sent) await tx.outbox.delete(id);
    });
  }
}

/**
 * Everything in the stores as one piece: texts as UTF-8, bytes as they are.
 * @param {Record<string, any[]>} stores
 */
function bytesOf(stores) {
  /** @type {Buffer[]} */
  const parts = [];
  const text = JSON.stringify(stores, (_key, value) => {
    if (value instanceof ArrayBuffer) parts.push(Buffer.from(value));
    else if (ArrayBuffer.isView(value)) parts.push(Buffer.from(value.buffer));
    else return value;
    return "";
  });
  return Buffer.concat([Buffer.from(text), ...parts]);
}
