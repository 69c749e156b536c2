/**
 * Carries what was recorded on this tablet to the server, for every visitor who has a vault here, locked or not:
 * pushes, asks whether the server still holds what it acknowledged, throws away what it confirmed a month ago,
 * hands over what a closed vault left behind, and carries out an order to wipe. Everything goes with the tablet's
 * own token; nothing is read with it.
 */

import { toBase64 } from "../lib/bytes.js";
import { oneByOne, rangesToConfirm, settleConfirmation } from "../store/confirming.js";
import { offerLarge, prune } from "../store/delivery.js";
import { recallOf, rememberOf } from "../store/notes.js";
import { settleShared } from "../store/numbers.js";
import { resealWaiting } from "../store/resealing.js";
import { noteWipeReported, takeIn, takeToken } from "../store/standing.js";
import {
  beginWipe,
  dropSpareKey,
  finishWipe,
  forgetVault,
  isDelivered,
  noteCopyLost,
  noteDelivered,
} from "../store/wipe.js";
import { findWipe } from "./commands.js";
import { Refused, ServerFault, TooLarge, UnknownTablet } from "./errors.js";
import { pushOutbox } from "./push.js";

/** @typedef {import("../store/db.js").TabletDatabase} TabletDatabase */
/** @typedef {import("../store/db.js").VaultRow} VaultRow */
/** @typedef {import("../store/open-vault.js").Vault} Vault */
/** @typedef {import("../types.js").Command} Command */
/** @typedef {import("../types.js").Common} Common */
/** @typedef {Pick<import("./api.js").Api, "push" | "confirm" | "keepDraft" | "commandDone">} Api */

/** `problem` is why something still waits although the line works. @typedef {import("./push.js").Sent} Sent */
/**
 * While a vault is open `problem` is its own: whoever is at the tablet can do nothing about another's, which is in
 * `elsewhere`.
 * @typedef {Sent & {elsewhere: Error | null}} Delivered
 */

/**
 * @typedef {object} Options
 * @property {Vault | null} [open] the vault that is unlocked here, for what only it can seal
 * @property {() => number} [now]
 * @property {(progress: {done: number, total: number}) => void} [onProgress]
 */

const DAY = 24 * 60 * 60_000;
/** A locked tablet with nothing to send still listens for orders. */
const SILENCE = 10 * 60_000;
/** What the server takes in one question. */
const MOST_RANGES = 200;
/** Sending, and once more for what the server turns out not to hold. */
const ROUNDS = 2;

/**
 * Delivers for every vault on the tablet. Throws what ends the line for all: Offline and TryLater. What
 * concerns one vault alone is told in the answer, and the others go on.
 * @param {TabletDatabase} db
 * @param {Api} api
 * @param {Options} [options]
 * @returns {Promise<Delivered>}
 */
export async function deliver(db, api, options = {}) {
  /** @type {Delivered} */
  const all = { acked: 0, refused: 0, held: 0, problem: null, elsewhere: null };
  for (const row of await db.vaults.all()) {
    const sent = nothingYet();
    try {
      await new Courier(db, api, row, sent, options).run();
    } catch (error) {
      if (error instanceof UnknownTablet) await takeToken(db, row.id, null);
      else if (!(error instanceof Refused || error instanceof ServerFault)) throw error;
      sent.problem ??= error;
    }
    all.acked += sent.acked;
    all.refused += sent.refused;
    all.held += sent.held;
    all[options.open && options.open.id !== row.id ? "elsewhere" : "problem"] ??= sent.problem;
  }
  return all;
}

/** @returns {Sent} */
function nothingYet() {
  return { acked: 0, refused: 0, held: 0, problem: null };
}

/**
 * Carries out orders that came another way: with a refusal to fetch, or with the changes.
 * @param {TabletDatabase} db
 * @param {Api} api
 * @param {string} vaultId
 * @param {Command[]} commands
 * @param {Options} [options]
 */
export async function obey(db, api, vaultId, commands, options = {}) {
  const row = await db.vaults.get(vaultId);
  if (!row?.token) return;
  const courier = new Courier(db, api, row, nothingYet(), options);
  await courier.heed(commands);
  await courier.wipe();
}

/** One vault's delivery. */
class Courier {
  /** The server's time, once it has answered. @type {number | null} */
  serverTime = null;
  /** Restored from a backup, as an answer of this delivery told. */
  restored = false;

  /**
   * @param {TabletDatabase} db
   * @param {Api} api
   * @param {VaultRow} row
   * @param {Sent} sent
   * @param {Options} options
   */
  constructor(db, api, row, sent, { open = null, now = Date.now, onProgress }) {
    this.db = db;
    this.api = api;
    this.id = row.id;
    /** Without one, its visitor has to sign in first. */
    this.token = row.token;
    this.retired = row.retired !== null;
    this.sent = sent;
    this.open = open?.id === row.id ? open : null;
    this.now = now;
    this.onProgress = onProgress;
  }

  async run() {
    if (!this.token) return;
    if (!this.open) await this.offerLarge();
    await this.exchange();
    if (this.serverTime === null) await this.listen();
    if (this.serverTime !== null) await prune(this.db, this.id, this.serverTime);
    await this.wipe();
    if (this.retired) await this.clearOut();
  }

  /** Once a day, where nobody is there to press "Offer it again". */
  async offerLarge() {
    const last = await recallOf(this.db, this.id, "lastOffered");
    if (last !== null && Math.abs(this.now() - last) < DAY) return;
    if (await offerLarge(this.db, this.id)) {
      await rememberOf(this.db, this.id, { lastOffered: this.now() });
    }
  }

  /** Pushes and confirms; once more when the server does not hold what it acknowledged. */
  async exchange() {
    for (let round = 1; round <= ROUNDS; round += 1) {
      this.restored = false;
      await this.push();
      if (round === ROUNDS) await this.tellApart();
      const { missing } = await this.confirm();
      if (!missing && !this.restored) return;
      if (missing && round === ROUNDS) this.sent.problem ??= new ServerFault(200);
    }
  }

  async push() {
    const { sent, onProgress } = this;
    const row = { id: this.id, token: String(this.token) };
    const result = await pushOutbox(this.db, row, this.api, { onProgress, hear: this.hear });
    sent.acked += result.acked;
    sent.refused += result.refused;
    sent.held += result.held;
    sent.problem ??= result.problem;
    if (result.acked) await rememberOf(this.db, this.id, { lastReceipt: this.now() });
  }

  /** Offered again, and the runs still do not agree: there may be numbers that this tablet has given twice. */
  async tellApart() {
    const numbers = await oneByOne(await rangesToConfirm(this.db, this.id, { all: false }));
    const other = new Map();
    for (let at = 0; at < numbers.length; at += MOST_RANGES) {
      const part = numbers.slice(at, at + MOST_RANGES);
      const answer = await this.ask(part.map(({ from, to, digest }) => ({ from, to, digest })));
      const denied = new Set(answer.filter(({ held }) => held === false).map(({ from }) => from));
      for (const { from, items } of part) if (denied.has(from)) other.set(items[0].id, items[0].sha256);
    }
    await settleShared(this.db, this.id, other, this.serverTime ?? this.now());
  }

  async confirm() {
    const last = await recallOf(this.db, this.id, "lastConfirmed");
    // A clock that was set back does not put it off.
    const all = last === null || Math.abs(this.now() - last) > DAY;
    const ranges = await rangesToConfirm(this.db, this.id, { all });
    const found = { confirmed: 0, missing: 0 };
    for (let at = 0; at < ranges.length; at += MOST_RANGES) {
      const part = ranges.slice(at, at + MOST_RANGES);
      const asked = part.map(({ from, to, digest }) => ({ from, to, digest }));
      const answer = await this.ask(asked);
      // After a restore these have been offered anew already; what the answer says of them came before.
      if (this.restored) return found;
      const now = this.serverTime ?? this.now();
      const settled = await settleConfirmation(this.db, this.id, part, answer, now);
      found.confirmed += settled.confirmed;
      found.missing += settled.missing;
    }
    if (all && ranges.length) await rememberOf(this.db, this.id, { lastConfirmed: this.now() });
    return found;
  }

  /** Hears what the server has to say when there was nothing to send. */
  async listen() {
    const last = await recallOf(this.db, this.id, "lastContact");
    if (last !== null && Math.abs(this.now() - last) < SILENCE) return;
    await this.ask([]);
  }

  /** @param {{from: number, to: number, digest: string}[]} ranges */
  async ask(ranges) {
    const answer = await this.api.confirm(String(this.token), { device_id: this.id, ranges });
    await this.hear(answer.common);
    return answer.ranges;
  }

  /** @param {Common} common */
  hear = async (common) => {
    const time = Date.parse(common.server_time ?? "");
    if (Number.isFinite(time)) this.serverTime = time;
    await rememberOf(this.db, this.id, { lastContact: this.now() });
    const { restored } = await takeIn(this.db, this.id, common);
    this.restored ||= restored;
    await this.heed(common.commands ?? []);
  };

  /**
   * A genuine order to wipe takes families' details at once, whatever becomes of the rest.
   * @param {Command[]} commands
   */
  async heed(commands) {
    if (commands.length === 0) return;
    const order = await findWipe(commands, { deviceId: this.id, token: String(this.token) });
    if (order) await beginWipe(this.db, this.id, order);
  }

  /** Goes on with an order to wipe, if there is one: what can be saved is sent, then everything goes. */
  async wipe() {
    let row = await this.db.vaults.get(this.id);
    if (!row?.wipe) return;
    if (!row.retired) {
      if (this.open && !this.open.locked) await resealWaiting(this.open);
      await beginWipe(this.db, this.id, row.wipe);
      row = await this.db.vaults.get(this.id);
    }
    await this.exchange();
    await this.sendDrafts();
    const left = await finishWipe(this.db, this.id);
    const order = row?.wipe;
    if (!order) return;
    if (order.left !== left) {
      await this.report(order.id, left);
      await noteWipeReported(this.db, this.id, left);
    }
    if (left === 0) await forgetVault(this.db, this.id);
  }

  /**
   * @param {string} order
   * @param {number} left
   */
  async report(order, left) {
    try {
      await this.api.commandDone(String(this.token), order, { device_id: this.id, left });
    } catch (error) {
      // A server restored from a backup may not know the order any more; it is carried out all the same.
      if (!(error instanceof Refused)) throw error;
    }
  }

  /** What a closed vault left behind goes up; when nothing is left, so does the vault itself. */
  async clearOut() {
    await this.sendDrafts();
    if (!(await forgetVault(this.db, this.id))) await dropSpareKey(this.db, this.id);
  }

  /**
   * Only from a vault that nobody opens any more, or that was ordered off the tablet: its visitor may never come to
   * open it again, so what copies there are go up, and nothing is dropped before it is retired.
   */
  async sendDrafts() {
    const vault = await this.db.vaults.get(this.id);
    if (!vault?.retired && !vault?.wipe) return;
    const rows = await this.db.drafts.all("vault", this.id);
    for (const row of rows) {
      const { id, rescue } = row;
      if (!rescue || isDelivered(row)) continue;
      const sealed = { device_id: this.id, kid: rescue.kid, box: toBase64(rescue.box) };
      try {
        const { kept, common } = await this.api.keepDraft(String(this.token), id, sealed);
        await this.hear(common);
        const at = this.serverTime ?? this.now();
        const draft = { id, n: rescue.n };
        if (kept) await noteDelivered(this.db, this.id, draft, at);
        else await noteCopyLost(this.db, draft);
      } catch (error) {
        // One that the server will not take, or stumbles over, stays, and holds up no other.
        if (![Refused, ServerFault, TooLarge].some((kind) => error instanceof kind)) throw error;
        this.sent.problem ??= /** @type {Error} */ (error);
      }
    }
  }
}
