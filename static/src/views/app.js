/**
 * What the app holds while it is unlocked: the vault, the caseload opened in memory, drafts and outbox, and the
 * engine that sends and fetches. Views read it; what changes in store/ makes it read again.
 */

import { civilDate } from "../lib/dates.js";
import { contactTitle } from "../rules/contacts.js";
import { loadCaseload } from "../store/caseload.js";
import { listDrafts } from "../store/drafts.js";
import { listen } from "../store/notices.js";
import { listItems } from "../store/outbox.js";
import { api } from "../sync/api.js";
import { createEngine } from "../sync/engine.js";
import { forgetSearch } from "./caseload.js";
import { announce, setStatus, statusWords } from "./frame.js";
import { buildRoster } from "./people.js";
import { visitStates } from "./visits.js";
import { sentence } from "./words.js";

/**
 * @typedef {import("../store/vault.js").Vault} Vault
 * @typedef {import("./people.js").Subject} Subject
 * @typedef {import("./visits.js").VisitState} VisitState
 * @typedef {Record<string, any>} Any
 */

export class App {
  /**
   * @param {{go: (name: string, place?: Any, options?: Any) => Promise<void>, onChange: () => void,
   *   onSync: (state: Any, before: Any | null) => void, formIsOpen: () => boolean}} hooks
   */
  constructor(hooks) {
    this.go = hooks.go;
    this.onChange = hooks.onChange;
    this.onSync = hooks.onSync;
    this.formIsOpen = hooks.formIsOpen;
    this.deviceName = "";
    /** @type {Vault | null} */
    this.vault = null;
    /** @type {any} */
    this.engine = null;
    /** @type {Any | null} */
    this.sync = null;
    /** @type {any} contact windows */
    this.rules = null;
    this.stopListening = () => {};
    /** @type {Set<"drafts" | "outbox" | "caseload">} what has changed and is not read again yet */
    this.stale = new Set();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.soon = undefined;
    /** @type {Set<string>} children confirmed as the right one since unlocking */
    this.confirmed = new Set();
    /** The civil day that states and due dates were worked out for. */
    this.day = "";
    /** @type {number | null} how many waited when it was last read out */
    this.told = null;
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
  }

  get unlocked() {
    return this.vault !== null;
  }

  /** The open vault; a view never runs without one. */
  get open() {
    if (!this.vault) throw new Error("locked");
    return this.vault;
  }

  /**
   * @param {Vault} vault
   * @param {{deviceName: string, start?: boolean}} options start: begin sending and fetching at once
   */
  async unlock(vault, { deviceName, start = true }) {
    this.vault = vault;
    this.deviceName = deviceName;
    this.rules ??= await api.loadData("rules/contact_windows.json");
    await this.read();
    this.stopListening = listen(vault.id, (topic) => this.changed(topic));
    this.engine = createEngine(vault, { deviceName });
    this.engine.subscribe((/** @type {Any} */ state) => {
      const before = this.sync;
      this.sync = state;
      this.showStatus();
      this.onSync(state, before);
    });
    if (start) this.engine.start();
    this.showStatus();
  }

  /** Drops the keys and all that was opened with them. Needs no network. */
  lock() {
    this.stopListening();
    this.engine?.stop();
    this.vault?.lock();
    this.vault = null;
    this.engine = null;
    this.sync = null;
    this.told = null;
    this.forget();
  }

  /** Another person may come next: nothing of the last one's stays in memory. */
  forgetPerson() {
    this.confirmed.clear();
    forgetSearch();
  }

  /**
   * Reads again shortly: a download applies many pages in a row, and one reading at the end does for all.
   * @param {"drafts" | "outbox" | "caseload"} topic
   */
  changed(topic) {
    this.stale.add(topic);
    // Every answer saves the draft. No list is in sight while a form is open, so nothing is worked out for one.
    if (topic === "drafts" && this.formIsOpen()) return;
    this.soon ??= setTimeout(() => this.readAgain(), 60);
  }

  /** A screen other than a form is shown: what was put off is read now. */
  settle() {
    if (this.stale.size) this.soon ??= setTimeout(() => this.readAgain());
  }

  async readAgain() {
    this.soon = undefined;
    const vault = this.vault;
    if (!vault) return;
    const topics = [...this.stale];
    this.stale.clear();
    try {
      await this.read(topics);
    } catch (error) {
      // Locked meanwhile: what was being read is of no use any more.
      if (this.vault === vault) throw error;
      return;
    }
    this.showStatus();
    this.onChange();
  }

  /** @param {string[]} [topics] what changed; all when not given */
  async read(topics) {
    const vault = this.open;
    const [caseload, drafts, items] = await Promise.all([
      !topics || topics.includes("caseload") ? loadCaseload(vault) : this.caseload,
      !topics || topics.includes("drafts") ? listDrafts(vault) : this.drafts,
      !topics || topics.includes("outbox") ? listItems(vault) : this.items,
    ]);
    if (this.vault !== vault) return;
    this.caseload = /** @type {any} */ (caseload);
    this.drafts = drafts;
    this.items = items;
    this.work();
  }

  /** Works out states and due dates anew from what is in memory. */
  work() {
    this.day = civilDate(new Date());
    this.visits = visitStates(this.drafts, this.items, this.caseload.visits);
    this.roster = buildRoster(this.caseload, this.visits, this.rules, this.day);
  }

  /** A new day changes what is due though nothing arrived. */
  checkDay() {
    if (!this.vault || this.day === civilDate(new Date())) return;
    this.work();
    this.onChange();
  }

  get waiting() {
    return this.items.filter(({ state }) => state !== "acked").length;
  }

  showStatus() {
    if (!this.vault) return;
    const { waiting } = this;
    const words = statusWords(this.sync, waiting);
    // Read out when it matters to a person: something began to wait, or has gone.
    if (this.told !== waiting && this.told !== null) announce(words);
    this.told = waiting;
    setStatus(words, this.sync?.phase === "signed_out" ? "warn" : waiting ? "wait" : "check");
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
      name: subject?.name ?? "A child no longer on your caseload",
      contact: this.contactTitle(state.contactType),
    };
  }
}
