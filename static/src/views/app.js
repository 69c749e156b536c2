/**
 * What the app holds: the engine that sends and fetches, for as long as the page lives, and while it is unlocked
 * the vault, the caseload opened in memory, drafts and outbox. Views read it; what changes in store/ makes it
 * read again.
 */

import { civilDate } from "../lib/dates.js";
import { askToPersist, isPersisted } from "../lib/storage.js";
import { contactTitle } from "../rules/contacts.js";
import { loadCaseload } from "../store/caseload.js";
import { listDrafts } from "../store/drafts.js";
import { recall } from "../store/notes.js";
import { listen } from "../store/notices.js";
import { listItems } from "../store/outbox.js";
import { loadPlan } from "../store/plan.js";
import { storageState } from "../store/reserve.js";
import { loadService, NOT_FETCHED } from "../store/service.js";
import { api } from "../sync/api.js";
import { createEngine } from "../sync/engine.js";
import { takeBackDrafts } from "../sync/takeback.js";
import { forgetSearch } from "./caseload.js";
import { announce, setLockedStatus, setStatus, showTidings } from "./frame.js";
import { buildRoster } from "./people.js";
import { isVisiting, timeThere } from "./plan-model.js";
import { lockedWords, standing } from "./standing.js";
import { tidings } from "./tidings.js";
import { visitStates } from "./visits.js";
import { sentence } from "./words.js";

/**
 * @typedef {import("../store/vault.js").Vault} Vault
 * @typedef {import("./people.js").Subject} Subject
 * @typedef {import("./visits.js").VisitState} VisitState
 * @typedef {Record<string, any>} Any
 */

const GONE = "A child no longer on your caseload";
const TICK_MS = 1000;
const VISIT_TICK_MS = 30_000;
/** Sent, or on record with the reason why not: nothing of these waits. */
const SETTLED = new Set(["acked", "confirmed"]);

export class App {
  /**
   * @param {{go: (name: string, place?: Any, options?: Any) => Promise<void>, onChange: () => void,
   *   onSync: (state: Any, before: Any | null) => void, formIsOpen: () => boolean,
   *   beforeLock: (vault: Vault) => Promise<void>}} hooks
   */
  constructor(hooks) {
    this.go = hooks.go;
    this.onChange = hooks.onChange;
    this.onSync = hooks.onSync;
    this.formIsOpen = hooks.formIsOpen;
    /** @type {Vault | null} */
    this.vault = null;
    /** @type {ReturnType<typeof createEngine>} */
    this.engine = createEngine({ beforeLock: hooks.beforeLock });
    /** @type {Any | null} */
    this.sync = null;
    /** @type {any} contact windows */
    this.rules = null;
    /** @type {((child: Any) => string[]) | undefined} overdue immunisations, once the schedule has been read */
    this.overdue = undefined;
    this.stopListening = () => {};
    /** @type {Set<"drafts" | "outbox" | "caseload" | "plan">} what has changed and is not read again yet */
    this.stale = new Set();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.soon = undefined;
    /** @type {Set<string>} children confirmed as the right one since unlocking */
    this.confirmed = new Set();
    /** The civil day that states and due dates were worked out for. */
    this.day = "";
    /** Whose unfinished visits were asked for, and when that is over. @type {{vault: Vault, over: Promise<void>} | null} */
    this.tookBack = null;
    /** @type {string | null} what was last read out about sending */
    this.told = null;
    /** @type {{space: import("./tidings.js").Circumstances["space"], clockOffset: number | null, leaseUntil: number | null,
     *   persisted: boolean | null, putBack: number | null}} */
    this.around = { space: null, clockOffset: null, leaseUntil: null, persisted: null, putBack: null };
    this.forget();
  }

  /** Drops everything opened from the vault out of memory. */
  forget() {
    /** @type {{children: Map<string, any>, pregnancies: Map<string, any>, visits: Map<string, any>, complete: boolean}} */
    this.caseload = { children: new Map(), pregnancies: new Map(), visits: new Map(), complete: true };
    /** @type {Any[]} */
    this.drafts = [];
    /** @type {Any[]} */
    this.items = [];
    /** @type {VisitState[]} */
    this.visits = [];
    /** @type {Map<string, Subject>} */
    this.roster = new Map();
    this.day = "";
    /** @type {import("../store/service.js").Service} */
    this.service = NOT_FETCHED;
    /** @type {import("../store/plan.js").Plan} */
    this.plan = { day: "", stops: [] };
    /** @type {import("../store/plan.js").Plan | null} the plan before its last change here */
    this.planBefore = null;
  }

  /** Begins to send what waits in any vault, and to say how that goes. */
  begin() {
    this.engine.subscribe((/** @type {Any} */ state) => {
      const before = this.sync;
      this.sync = state;
      this.showStatus();
      if (before?.phase !== state.phase) {
        void this.lookAround();
        if (state.phase === "idle" && state.lastContact) void this.takeBack();
      }
      this.onSync(state, before);
    });
    this.engine.start();
    setInterval(() => {
      // The wait for the next try counts down.
      if (this.sync?.nextTryAt && document.visibilityState === "visible") this.showStatus();
    }, TICK_MS);
    setInterval(() => isVisiting(this) && this.tellTidings(), VISIT_TICK_MS);
  }

  get unlocked() {
    return this.vault !== null;
  }

  /** The open vault; a view never runs without one. */
  get open() {
    if (!this.vault) throw new Error("locked");
    return this.vault;
  }

  /** @param {Vault} vault */
  async unlock(vault) {
    this.vault = vault;
    this.rules ??= await api.loadData("rules/contact_windows.json");
    await this.read();
    void this.learnSchedule();
    this.stopListening = listen(vault.id, (topic) => this.changed(topic));
    this.engine.attach(vault);
    this.showStatus();
    // Browsers answer this by what they know of the app; it may have become yes since it was last asked.
    void askToPersist().then(() => this.lookAround());
  }

  /** The first screen does not wait for the schedule of immunisations; its rows then say what is overdue. */
  async learnSchedule() {
    if (this.overdue) return;
    try {
      const [{ overdueDoses }, { immunisations }] = await Promise.all([
        import("./overdue.js"),
        api.loadData("rules/clinical.json"),
      ]);
      this.overdue = (child) => overdueDoses(child, this.day, immunisations);
    } catch (error) {
      console.warn("The schedule of immunisations could not be read.", error);
      return;
    }
    if (!this.vault) return;
    this.work();
    this.onChange();
  }

  /**
   * Drops the keys and all that was opened with them. Needs no network. Answers what a PIN opens again, if there
   * is one.
   */
  lock() {
    this.stopListening();
    this.engine.detach();
    const pause = this.vault?.lock() ?? null;
    this.vault = null;
    this.forget();
    this.showStatus();
    showTidings([]);
    return pause;
  }

  /**
   * Once an unlocking, after the first exchange that went well: unfinished visits from a vault or tablet that
   * opens no more. What fails is tried again after the next exchange.
   */
  takeBack() {
    const { vault } = this;
    if (!vault) return Promise.resolve();
    // Whoever asks while they are on the way waits for them: what is said next counts them.
    if (this.tookBack?.vault !== vault) this.tookBack = { vault, over: this.takeBackTo(vault) };
    return this.tookBack.over;
  }

  /** @param {import("../store/vault.js").Vault} vault */
  async takeBackTo(vault) {
    try {
      if (await takeBackDrafts(vault, api)) announce("Unfinished visits have come back");
    } catch (error) {
      if (this.tookBack?.vault === vault) this.tookBack = null;
      console.warn("Unfinished visits could not be asked for.", error);
    }
  }

  /** What the tablet has to say about itself beyond sending: space, clock, lease. */
  async lookAround() {
    const { vault } = this;
    if (!vault) return;
    const [space, persisted, clockOffset, leaseUntil, putBack] = await Promise.all([
      storageState(),
      isPersisted(),
      recall(vault, "clockOffset"),
      recall(vault, "leaseUntil"),
      recall(vault, "putBack"),
    ]);
    if (this.vault !== vault) return;
    this.around = { space, persisted, clockOffset, leaseUntil, putBack };
    this.tellTidings();
  }

  tellTidings() {
    if (!this.vault) return;
    const told = tidings({
      ...this.around,
      waiting: this.waiting,
      revoked: Boolean(this.sync?.revoked),
      caseloadLost: this.caseloadLost,
      overrun: this.overrun,
    });
    showTidings(this.formIsOpen() ? told.filter(({ inForm }) => inForm) : told);
  }

  /** The visit of the plan that goes on longer than planned. */
  get overrun() {
    const stop = this.plan.stops.find((one) => timeThere(one, Date.now())?.over);
    return stop ? { minutes: stop.minutes, phone: this.open.account.team?.phone ?? null } : null;
  }

  /** Another person may come next: nothing of the last one's stays in memory. */
  forgetPerson() {
    this.confirmed.clear();
    forgetSearch();
  }

  /**
   * Reads again shortly: a download applies many pages in a row, and one reading at the end does for all.
   * @param {"drafts" | "outbox" | "caseload" | "plan"} topic
   */
  changed(topic) {
    this.stale.add(topic);
    if (!this.isPutOff(topic)) this.soon ??= setTimeout(() => this.readAgain(), 60);
  }

  /**
   * Every answer saves the draft. No list is in sight while a form is open, so nothing is worked out for one.
   * @param {"drafts" | "outbox" | "caseload" | "plan"} topic
   */
  isPutOff(topic) {
    return topic === "drafts" && this.formIsOpen();
  }

  /** A screen other than a form is shown: what was put off is read now. */
  settle() {
    if (this.stale.size) this.soon ??= setTimeout(() => this.readAgain());
  }

  async readAgain() {
    this.soon = undefined;
    const vault = this.vault;
    if (!vault) return;
    const topics = [...this.stale].filter((topic) => !this.isPutOff(topic));
    for (const topic of topics) this.stale.delete(topic);
    if (!topics.length) return;
    try {
      await this.read(topics);
    } catch (error) {
      // Locked meanwhile: what was being read is of no use any more.
      if (this.vault === vault && !vault.locked) throw error;
      return;
    }
    this.showStatus();
    if (topics.includes("plan")) this.tellTidings();
    this.onChange();
  }

  /** @param {string[]} [topics] what changed; all when not given */
  async read(topics) {
    const vault = this.open;
    const [caseload, service, drafts, items, plan] = await Promise.all([
      !topics || topics.includes("caseload") ? loadCaseload(vault) : this.caseload,
      !topics || topics.includes("caseload") ? loadService(vault) : this.service,
      !topics || topics.includes("drafts") ? listDrafts(vault) : this.drafts,
      !topics || topics.includes("outbox") ? listItems(vault) : this.items,
      !topics || topics.includes("plan") ? loadPlan(vault, civilDate(new Date())) : this.plan,
    ]);
    if (this.vault !== vault) return;
    this.caseload = /** @type {any} */ (caseload);
    this.service = service;
    this.drafts = drafts;
    this.items = items;
    this.plan = plan;
    this.work();
  }

  /** Works out states and due dates anew from what is in memory. */
  work() {
    this.day = civilDate(new Date());
    if (this.plan.day !== this.day) {
      this.plan = { day: this.day, stops: [] };
      this.planBefore = null;
    }
    this.visits = visitStates(this.drafts, this.items, this.caseload.visits);
    const me = this.open.account.id;
    this.roster = buildRoster(this.caseload, this.visits, this.rules, this.day, this.overdue, me);
  }

  /** A new day changes what is due though nothing arrived. */
  checkDay() {
    if (!this.vault || this.day === civilDate(new Date())) return;
    this.work();
    this.onChange();
  }

  /** Visits of whoever has unlocked that the service has not got yet, or could not take. */
  get waiting() {
    return this.items.filter(({ state }) => !SETTLED.has(state)).length;
  }

  /** Visits that wait in other vaults of this tablet, or in all of them while it is locked. */
  get others() {
    return this.sync?.others ?? 0;
  }

  /** @returns {import("../store/stuck.js").Stuck[]} what in other vaults of this tablet does not go by itself */
  get stuck() {
    return this.sync?.stuck ?? [];
  }

  /** Families' details were removed because the tablet was not used with a connection, and are not back yet. */
  get caseloadLost() {
    return Boolean(this.vault && this.sync?.caseloadLost);
  }

  showStatus() {
    if (!this.vault) {
      setLockedStatus(lockedWords(this.sync, this.others));
      return;
    }
    const now = standing(this.sync, this.waiting);
    // Read out when it matters to a person: something began to wait, or has gone; never a countdown.
    if (this.told !== now.meaning && this.told !== null) announce(now.text);
    this.told = now.meaning;
    setStatus(now);
  }

  /** The visits this visitor answers for; a child's record also shows colleagues'. */
  get ownVisits() {
    const me = this.vault?.account.id;
    return this.visits.filter(({ draft, item, visit }) => draft || item || visit?.author?.id === me);
  }

  /** @param {string} contactType */
  contactTitle(contactType) {
    const title = this.rules ? contactTitle(contactType, this.rules) : contactType;
    return title === contactType ? sentence(contactType) : title;
  }

  /**
   * Who and what a visit is, for a list.
   * @param {VisitState} state
   */
  naming(state) {
    const subject = this.roster.get(state.childId);
    return {
      name: subject?.name ?? (this.caseloadLost ? "Name comes back with a connection" : GONE),
      contact: this.contactTitle(state.contactType),
    };
  }
}
