/**
 * What a visitor does with a tablet in one life of its browser: unlocks it, records and completes visits, answers
 * what was sent back, sends, locks, opens a second window, forgets the passphrase. Everything goes through the
 * app's own modules; what can go wrong there is expected and counted, anything else is a finding.
 */

import { CLOSED, Killed } from "./life.mjs";

/** @typedef {import("./random.mjs").Stream} Stream */
/** @typedef {import("./code.mjs").App} App */
/** @typedef {{id: string, email: string, password: string}} Person */

const ACTS = {
  visit: 60,
  draft: 7,
  discard: 2,
  correct: 8,
  withdraw: 3,
  exchange: 24,
  wait: 6,
  lock: 2,
  twoWindows: 4,
  loseConnection: 3,
  fillUp: 1.5,
  setClock: 2,
  otherPerson: 3,
  close: 3,
  tryRefusedAgain: 2,
  takeBack: 1,
  forget: 0.4,
};

/** What the app says when something outside it fails: no finding, for nothing may be lost by it. */
const EXPECTED = new Set([
  "Offline",
  "SignedOut",
  "SignedInAsOther",
  "TooLarge",
  "TryLater",
  "ServerFault",
  "Refused",
  "TabletRevoked",
  "UnknownTablet",
  "StorageFull",
  "StorageTrouble",
  "ChangedElsewhere",
  "AlreadyComplete",
]);

const DAY = 86_400_000;

export class Visitor {
  /** @type {any} */
  engine = null;
  /** @type {any} */
  vault = null;
  /** @type {any} */
  caseload = null;
  /** @type {Person | null} */
  person = null;

  /**
   * @param {import("./tablet.mjs").Tablet} tablet
   * @param {import("./life.mjs").Life} life
   */
  constructor(tablet, life) {
    this.tablet = tablet;
    this.life = life;
  }

  /** @returns {App} */
  get app() {
    if (!this.loaded) throw new Error("no window is open");
    return this.loaded;
  }

  get db() {
    return this.app.db.openDatabase();
  }

  /** One act, drawn. @param {Stream} random */
  async act(random) {
    const { tablet } = this;
    try {
      if (!(await this.ready(this.person ?? tablet.config.people[0]))) return;
      const what = random.weighted(ACTS);
      tablet.count(what);
      await this[what](random);
    } catch (error) {
      this.#judge(error);
      if (this.vault) return;
      // Without a vault there is nothing to do but to wait for the server, and to hand the tablet back.
      this.person = null;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** @param {unknown} error */
  #judge(error) {
    const { name, stack } = error instanceof Error ? error : new Error(String(error));
    if (error instanceof Killed || this.life.ended) throw error;
    // A tablet that is taken out of use locks its visitor out in the middle of whatever it is.
    const lockedOut = name === "Locked" && this.vault?.locked;
    if (EXPECTED.has(name) || lockedOut) this.tablet.count(`met ${name}`);
    else this.tablet.tell({ event: "finding", text: `the app failed in a way it should not: ${stack}` });
  }

  /**
   * A window, an engine and an open vault. False when this person has none here yet and could not make one.
   * @param {Person} person
   */
  async ready(person) {
    if (!this.loaded) {
      this.loaded = await this.life.openWindow();
      this.engine = this.app.engine.createEngine({
        db: this.db,
        clock: this.life.timers,
        random: this.tablet.random.next,
        page: this.life.page,
        locks: this.life.locks,
      });
      this.engine.start();
    }
    if (this.vault && !this.vault.locked && this.person === person) return true;
    this.lockNow();
    this.person = person;
    if (!(await this.#unlock(person)) && !(await this.#setUp(person))) return false;
    this.engine.attach(this.vault);
    await this.#readCaseload();
    return true;
  }

  /** @param {Person} person */
  async #unlock(person) {
    const there = (await this.app.vaults.listVaults(this.db)).some(
      ({ accountId, retired }) => accountId === person.id && !retired,
    );
    if (!there) return false;
    this.vault = await this.#open(this.app, person);
    if (this.vault) return true;
    this.tablet.tell({ event: "finding", text: `no passphrase of ${person.email} opens the vault` });
    return false;
  }

  /**
   * The person's vault, opened in one window.
   * @param {App} app
   * @param {Person} person
   */
  async #open(app, person) {
    for (const passphrase of this.#passphrases(person)) {
      try {
        return await app.vaults.unlock(person.id, passphrase, { db: app.db.openDatabase() });
      } catch (error) {
        if (/** @type {Error} */ (error).name !== "WrongPassphrase") throw error;
      }
    }
    return null;
  }

  /** The newest first: a kill may have come before the last one was on the disk. @param {Person} person */
  #passphrases(person) {
    const count = this.tablet.passphrases.get(person.id) ?? 1;
    return Array.from({ length: count }, (_unused, index) => this.#passphrase(person, count - index));
  }

  /** @param {Person} person @param {number} count */
  #passphrase(person, count) {
    return `${this.tablet.config.canary} ${person.email} ${count}`;
  }

  /** @param {Person} person */
  async #signIn(person) {
    const { account } = await this.app.api.api.signIn(person.email, person.password);
    return account;
  }

  /** @param {Person} person */
  async #setUp(person) {
    const account = await this.#signIn(person);
    this.tablet.count("set up");
    this.vault = await this.app.vaults.createVault({
      account: /** @type {any} */ (account),
      passphrase: this.#passphrase(person, 1),
      deviceName: `Tablet ${this.tablet.id}`,
      db: this.db,
    });
    return true;
  }

  async #readCaseload() {
    this.caseload = await this.app.caseload.loadCaseload(this.vault);
  }

  lockNow() {
    this.engine?.detach();
    this.vault?.lock();
    this.vault = null;
    this.caseload = null;
  }

  // Recording

  /** @param {Stream} random @param {any} [basis] */
  #opening(random, basis = null) {
    const children = [...this.caseload.children.keys()];
    const child = basis ? { id: basis.child_id } : children.length ? { id: random.pick(children) } : null;
    return child && { child, form: this.tablet.config.form, contactType: "new_birth", basis };
  }

  /** @param {any} draft @param {string} words */
  #write(draft, words) {
    const { canary } = this.tablet.config;
    draft.answers.contact_type = "new_birth";
    draft.answers.child_voice = `${canary} ${words}`;
    draft.answers.actions = `${canary} ${words}`;
  }

  /** Every visit carries a number of its own, in what is written: by it the campaign knows it again anywhere. */
  #nextSerial() {
    this.tablet.serial += 1;
    return `visit ${this.tablet.id}/${this.tablet.serial}.`;
  }

  /** @param {any} draft */
  #mark(draft) {
    const found = / (visit \S+\.)/.exec(String(draft.answers.actions ?? ""));
    return found ? found[1] : this.#nextSerial();
  }

  /** @param {Stream} random */
  async draft(random) {
    const opening = this.#opening(random);
    if (!opening) return this.exchange();
    const { drafts } = this.app;
    const draft = await drafts.startDraft(this.vault, opening);
    this.#write(draft, this.#mark(draft));
    await drafts.saveDraft(this.vault, draft);
    if (random.chance(0.5)) await this.app.rescue.refreshRescue(this.vault, draft.id);
  }

  /** @param {Stream} random @param {any} [basis] */
  async visit(random, basis = null) {
    const opening = this.#opening(random, basis);
    if (!opening) return this.exchange();
    const { drafts } = this.app;
    const draft = await drafts.startDraft(this.vault, opening);
    const mark = this.#mark(draft);
    const saves = 1 + random.whole(2);
    for (let save = 1; save <= saves; save += 1) {
      this.#write(draft, `${mark} saved ${save} times`);
      const saved = drafts.saveDraft(this.vault, draft);
      // A quick finger: the next answer is there before the last is on the disk.
      if (random.chance(0.7)) await saved;
      else saved.catch(() => {});
    }
    await this.#complete(draft, this.app, random.chance(0.1));
    if (this.tablet.config.broken === "new id on retry") await this.#sendNaively(draft, mark);
  }

  /** @param {any} draft @param {App} app @param {boolean} [twice] */
  async #complete(draft, app, twice = false) {
    const revision = {
      occurred_at: draft.createdAt,
      payload: {
        answers: draft.answers,
        confirmed: {},
        alert_responses: {},
        derived: {},
        context: {},
      },
    };
    const first = app.outbox.sealDraft(this.vault, draft, revision);
    await Promise.all([first, twice && app.outbox.sealDraft(this.vault, draft, revision)]);
    this.tablet.count("completed");
  }

  /** What a careless app does: the sending failed, so it is all done once more under a new id. */
  async #sendNaively(/** @type {any} */ draft, /** @type {string} */ mark) {
    await this.exchange();
    if (this.engine.state().waiting === 0) return;
    const { drafts } = this.app;
    const again = drafts.newDraft({
      child: { id: draft.childId },
      form: this.tablet.config.form,
      contactType: "new_birth",
    });
    this.#write(again, mark);
    await drafts.saveDraft(this.vault, again);
    await this.#complete(again, this.app);
  }

  /** @param {Stream} random */
  async discard(random) {
    const { drafts } = this.app;
    const open = await drafts.listDrafts(this.vault);
    if (!open.length) return;
    const { id } = random.pick(open);
    this.tablet.ledger.discarded.add(id);
    await drafts.discardDraft(this.vault, id);
  }

  /** A visit that the supervisor sent back is answered. @param {Stream} random */
  async correct(random) {
    const returned = [...this.caseload.visits.values()].filter(
      ({ state, revision }) => state === "returned" && revision,
    );
    if (!returned.length) return this.exchange();
    await this.visit(random, random.pick(returned));
  }

  /** A visit is withdrawn, or withdrawing it is undone; the service sorts out what makes no sense. @param {Stream} random */
  async withdraw(random) {
    const { outbox, withdrawals } = this.app;
    const sealed = (await outbox.listItems(this.vault)).flatMap(({ rev }) => (rev ? [rev] : []));
    if (!sealed.length) return;
    const rev = random.pick(sealed);
    const reason = rev.withdrawal ? withdrawals.TAKEN_BACK : "twice";
    await withdrawals.sealWithdrawal(this.vault, rev, { reason, words: "" });
  }

  /** The same visit in two windows: both save, both complete. @param {Stream} random */
  async twoWindows(random) {
    const opening = this.#opening(random);
    if (!opening || !this.person) return;
    const other = await this.life.openWindow();
    const vault = await this.#open(other, this.person);
    if (!vault) return;
    const draft = await this.app.drafts.startDraft(this.vault, opening);
    this.#write(draft, this.#mark(draft));
    await this.app.drafts.saveDraft(this.vault, draft);
    const seen = await other.drafts.getDraft(vault, draft.id);
    const acts = [() => this.#complete(draft, this.app), () => other.drafts.saveDraft(vault, seen ?? draft)];
    if (random.chance(0.5)) acts.reverse();
    const ends = await Promise.allSettled(acts.map((act) => act()));
    for (const end of ends) if (end.status === "rejected") this.#judge(end.reason);
    vault.lock();
  }

  // Sending

  async exchange() {
    await this.engine.tryNow();
    const { phase } = this.engine.state();
    this.tablet.count(`exchange ended ${phase}`);
    if (phase === "signed_out" && this.person) {
      await this.#signIn(this.person);
      await this.engine.tryNow();
    }
    if (this.vault && !this.vault.locked) await this.#readCaseload();
  }

  /** The next thing the engine has put off is due. */
  async wait() {
    this.life.timers.advance();
    for (const heard of this.life.onOnline) heard();
    await this.engine.tryNow();
  }

  async tryRefusedAgain() {
    const { outbox } = this.app;
    for (const { id, state } of await outbox.listItems(this.vault))
      if (state === "refused") await outbox.offerAgain(this.vault, id);
  }

  /** Unfinished visits that the service kept come back. */
  async takeBack() {
    const { api } = this.app.api;
    for (const { id, draft } of await api.rescuedDrafts(this.vault.account.id)) {
      if (await this.app.drafts.importDraft(this.vault, draft)) this.tablet.count("draft taken back");
      await api.draftTaken(id);
    }
  }

  // What happens to tablets

  async lock() {
    const { person } = this;
    this.lockNow();
    // Locked, it goes on sending.
    await this.engine.tryNow();
    if (person) await this.ready(person);
  }

  /** @param {Stream} random */
  async loseConnection(random) {
    if (random.chance(0.5)) this.life.guard.loseConnections();
    else this.life.guard.closeFromOutside();
    for (const heard of this.life.onVisible) heard();
    await this.visit(random);
  }

  /** No space for a while: what is there must stay, and sending must go on. @param {Stream} random */
  async fillUp(random) {
    this.life.guard.full = true;
    try {
      await this.visit(random).catch((error) => this.#judge(error));
      await this.exchange().catch((error) => this.#judge(error));
    } finally {
      this.life.guard.full = false;
    }
  }

  /** @param {Stream} random */
  async setClock(random) {
    this.tablet.clock.skew = Math.round((random.next() * 2 - 1) * DAY);
  }

  /** Another visitor takes the tablet. @param {Stream} random */
  async otherPerson(random) {
    await this.ready(random.pick(this.tablet.config.people));
  }

  async close() {
    this.life.die(CLOSED);
  }

  /** The passphrase is forgotten: everything begins anew, and what is waiting must still arrive. */
  async forget() {
    const { person, tablet } = this;
    if (!person) return;
    const account = await this.#signIn(person);
    const count = (tablet.passphrases.get(person.id) ?? 1) + 1;
    tablet.passphrases.set(person.id, count);
    this.lockNow();
    this.vault = await this.app.vaults.startAgain({
      account: /** @type {any} */ (account),
      passphrase: this.#passphrase(person, count),
      deviceName: `Tablet ${tablet.id}`,
      db: this.db,
    });
    this.engine.attach(this.vault);
    await this.#readCaseload();
  }

  // The end of a campaign

  /** Everything of this person's is sent and fetched, on a line that works. @param {Person} person */
  async settle(person) {
    try {
      if (!(await this.ready(person))) return;
      await this.tryRefusedAgain();
      for (let round = 0; round < 3; round += 1) await this.exchange();
      await this.takeBack();
    } catch (error) {
      this.#judge(error);
    }
  }

  /** What this person sees in the end, for the comparison with the server. @param {Person} person */
  async tellCaseload(person) {
    try {
      if (!(await this.ready(person))) return;
    } catch (error) {
      this.#judge(error);
      return;
    }
    const { children, visits, complete } = await this.app.caseload.loadCaseload(this.vault);
    this.tablet.tell({
      event: "caseload",
      account: person.id,
      complete,
      children: [...children.values()].map(({ id, need_level }) => [id, need_level]),
      visits: [...visits.values()].map(({ id, head_rev, state }) => [id, head_rev, state]),
    });
  }
}
