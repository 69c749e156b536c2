/** One child or pregnancy: what is due, what was, who lives there; and the way into a visit. */

import { startingAnswers } from "../forms/starting.js";
import { daysBetween, formatDate } from "../lib/dates.js";
import { whenIdle } from "../lib/idle.js";
import { startDraft } from "../store/drafts.js";
import { planSheet } from "./day-plan.js";
import { el, fill, on, onSubmit, phoneLink, show, slot, template } from "./dom.js";
import { formFor, formHash, loadForm } from "./forms.js";
import { announce, openSheet } from "./frame.js";
import { ageLine, languageName, lookalikes, numberWords, riskWords } from "./people.js";
import { linkItem, stateTag, whyWords } from "./rows.js";
import { safeguardingCall } from "./safeguarding.js";
import { copyOf } from "./visits.js";
import { inSentence, KIND, listed, MODE, measured, RELATIONSHIP, when, word } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./people.js").Subject} Subject
 * @typedef {import("./visits.js").VisitState} VisitState
 */

/** Nobody was seen: it stands on the record, and never counts as a contact. */
const ATTEMPT = "no_access";

/** @param {App} app */
export function child(app) {
  /**
   * @param {HTMLElement} main
   * @param {import("./router.js").Place} place
   */
  return (main, place) => {
    if (!app.roster.get(place.id)) return gone(main);
    main.append(template("child"));
    const draw = () => {
      const subject = app.roster.get(place.id);
      if (subject) drawChild(app, main, subject);
    };
    draw();
    whenIdle(() => getReady(app, place.id));
    on(main, "turn", () =>
      app.go("copy", { child: place.id, item: lastCopied(app.roster.get(place.id)), show: true }),
    );
    return {
      title: "Record",
      subject: () => app.roster.get(place.id) ?? null,
      refresh: draw,
      /** @param {import("./router.js").Place} next */
      update: (next) => next.id === place.id,
    };
  };
}

/**
 * The visit that is due is likely to be begun from here.
 * @param {App} app
 * @param {string} id
 */
async function getReady(app, id) {
  const due = app.roster.get(id)?.next?.contactType;
  if (!due) return;
  try {
    const { rehearse } = await import("./visit.js");
    await rehearse(app, due);
  } catch (error) {
    console.warn("The next form could not be got ready. It opens more slowly.", error);
  }
}

/** @param {HTMLElement} main */
function gone(main) {
  main.append(
    el("h1", {}, "This record is not on the tablet"),
    el("p", {}, "The child may have moved to another visitor’s caseload. Visits you recorded are kept."),
    el("p", {}, el("a", { href: "#/caseload" }, "Go to your caseload")),
  );
  return { title: "Not on this tablet" };
}

/**
 * @param {App} app
 * @param {HTMLElement} main
 * @param {Subject} subject
 */
function drawChild(app, main, subject) {
  const { body } = subject;
  const household = body.household ?? { address: [], members: [] };
  fill(main, {
    heading: `Record of ${subject.name}`,
    risk: riskWords(body, app.day),
    safeguarding: isWatchedOver(body) ? safeguardingCall(app.service) : null,
    overdue: subject.overdue.length ? `Immunisations overdue: ${listed(subject.overdue)}.` : null,
    due: whyWords(subject),
    window: windowWords(subject),
    timeline: (body.contacts ?? []).map((/** @type {any} */ contact) => timelineItem(app, contact)),
    "no-contacts": body.contacts?.length
      ? null
      : "No contacts yet. Each contact would be here with its date.",
    measures: body.measurements?.length ? measurementTable(body.measurements) : null,
    growth: body.measurements?.length
      ? linkItem("Growth chart", "#/growth", () => app.go("growth", { id: subject.id }))
      : null,
    address: homeWords(household),
    language: languageWords(body),
    members: household.members.map((/** @type {any} */ member) => memberItem(member)),
    siblings: siblingItems(app, body),
    homes: (body.other_homes ?? []).map(otherHome),
    relatives: (body.relatives ?? []).map(memberItem),
    named: body.named_visitor ? `Named health visitor: ${body.named_visitor.name}` : null,
  });
  drawStart(app, main, subject);
  const planned = app.plan.stops.some(({ id }) => id === subject.id);
  const plan = el("button", { type: "button", class: "app-link-button" });
  plan.textContent = planned ? "Planned for today: change the time" : "Add to today’s plan";
  plan.addEventListener("click", () => planSheet(app, subject.id));
  fill(main, { plan: body.deceased_on ? null : plan });
}

/**
 * What can be started or gone on with, the due one first.
 * @param {App} app
 * @param {HTMLElement} main
 * @param {Subject} subject
 */
function drawStart(app, main, subject) {
  const open = subject.visits.filter(({ state }) => state !== "in_red_book");
  fill(main, { open: open.map((state) => openVisit(app, state)) });
  const due = subject.next?.contactType ?? null;
  const busy = new Set(subject.visits.filter(({ state }) => state === "draft").map((v) => v.contactType));
  const start = slot(main, "start");
  start.replaceChildren();
  if (due && !busy.has(due)) start.append(startControl(app, subject, due, true));
  start.hidden = !start.childElementCount;
  const others = subject.body.deceased_on ? [] : otherContacts(app, subject, due);
  const ready = others.filter((type) => formFor(type));
  const later = others.filter((type) => !formFor(type));
  const titles = later.map((type) => inSentence(app.contactTitle(type)));
  fill(main, {
    others: [
      ...ready.map((type) => el("li", {}, startControl(app, subject, type, false))),
      ...(titles.length ? [el("li", {}, el("p", { class: "app-muted" }, onPaper(titles)))] : []),
    ],
  });
  show(main, "others", others.length > 0);
}

/**
 * Whether somebody may have to be rung about the child at any visit.
 * @param {Record<string, any>} body
 */
function isWatchedOver(body) {
  return (
    !body.deceased_on && Boolean(body.child_protection_plan || body.child_in_need_plan || body.looked_after)
  );
}

/** @param {string[]} titles of contacts whose forms are not made yet */
function onPaper(titles) {
  if (titles.length === 1) return `The ${titles[0]} form comes later; record it on paper.`;
  return `These forms come later; record them on paper: ${listed(titles)}.`;
}

/**
 * @param {App} app
 * @param {Subject} subject
 * @param {string | null} due
 * @returns {string[]}
 */
function otherContacts(app, subject, due) {
  // What has no window of its own is about a child; before the birth there is none.
  const from = subject.kind === "child" ? "birth" : "edd";
  return app.rules.contacts
    .filter((/** @type {any} */ rule) => rule.type !== due)
    .filter((/** @type {any} */ rule) => rule.also_before_birth || (rule.counts_from ?? "birth") === from)
    .map((/** @type {any} */ rule) => rule.type);
}

/**
 * @param {App} app
 * @param {Subject} subject
 * @param {string} contactType
 * @param {boolean} main whether this is what should be done now
 */
function startControl(app, subject, contactType, main) {
  const title = inSentence(app.contactTitle(contactType));
  const form = formFor(contactType);
  if (!form) {
    return el("p", {}, onPaper([title]));
  }
  const look = main ? "nhsuk-button" : "app-link-button";
  const words = contactType === ATTEMPT ? "Record no access" : `Start ${title}`;
  const button = el("button", { type: "button", class: look }, words);
  button.addEventListener("click", () => start(app, subject, contactType));
  return button;
}

/**
 * Starts a visit, after asking once where a neighbouring record is easy to mistake for this one.
 * @param {App} app
 * @param {Subject} subject
 * @param {string} contactType
 */
function start(app, subject, contactType) {
  const alike = app.confirmed.has(subject.id) ? [] : lookalikes(subject, app.roster);
  if (!alike.length) return begin(app, subject, contactType);
  // Those born nearest first: a twin, then whoever is as old.
  const apart = (/** @type {Subject} */ other) =>
    Math.abs(daysBetween(subject.body.birth_date, other.body.birth_date));
  alike.sort((a, b) => apart(a.subject) - apart(b.subject));
  const reasons = [];
  if (alike.some(({ birthday }) => birthday)) reasons.push("the same birthday");
  if (alike.some(({ surname }) => surname)) reasons.push("the same surname");
  const shown = alike.slice(0, 4);
  const { root, close } = openSheet("sheet-same-child", {
    reason: `Someone else on your caseload has ${listed(reasons)}.`,
    name: subject.name,
    facts: identity(subject, app.day),
    others: [
      ...shown.map(({ subject: other }) => el("li", {}, `${other.name}, ${identity(other, app.day)}`)),
      ...(alike.length > shown.length ? [el("li", {}, `and ${alike.length - shown.length} more`)] : []),
    ],
    yes: `Yes, this is ${subject.name}`,
  });
  on(root, "no", close);
  onSubmit(root, async () => {
    close();
    app.confirmed.add(subject.id);
    await begin(app, subject, contactType);
  });
}

/**
 * @param {Subject} subject
 * @param {string} today
 */
function identity(subject, today) {
  return `${ageLine(subject, today)}, NHS number ${numberWords(subject.body.nhs_number)}`;
}

/**
 * @param {App} app
 * @param {Subject} subject
 * @param {string} contactType
 */
async function begin(app, subject, contactType) {
  const form = formFor(contactType);
  if (!form) return;
  const [{ definition }, definitionHash, { takeUp }] = await Promise.all([
    loadForm(form.id, form.version),
    formHash(form),
    import("./visit.js"),
  ]);
  const draft = await startDraft(
    app.open,
    {
      child: { id: subject.id },
      form: { id: form.id, version: form.version, definitionHash },
      contactType,
      // What the tablet knows already is filled in; measurements never are.
      answersAt: (now) =>
        startingAnswers(definition, { now, practitionerType: app.open.account.job, child: subject.body }),
      position: definition.sections[0]?.id,
    },
    /** @type {import("../types.js").Draft[]} */ (app.drafts),
  );
  await takeUp(app, draft);
  await app.go("visit", { draft: draft.id, section: draft.position ?? definition.sections[0]?.id });
  announce("Visit started");
}

/**
 * A visit of this child that is not finished with: its state, and the way to it.
 * @param {App} app
 * @param {VisitState} state
 */
function openVisit(app, state) {
  const title = app.contactTitle(state.contactType);
  const shut = app.roster.get(state.childId)?.body.deceased_on;
  const own = app.ownVisits.includes(state);
  const made = own ? when(state.at) : `${state.visit?.author?.name}, ${when(state.at)}`;
  const line = el("p", {}, el("strong", {}, title), " ", stateTag(state), ` ${made} `);
  if (state.state === "draft") {
    line.append(
      linkItem(`${shut ? "About" : "Go on with"} the ${inSentence(title)}`, "#/visit", () =>
        app.go("visit", { draft: state.draft?.id }),
      ),
    );
  } else if (own && state.state === "returned") {
    line.append(
      linkItem("See the question", "#/returned", () => app.go("returned", { visit: state.visitId })),
    );
  }
  const copied = copyOf(state);
  if (copied) {
    line.append(
      linkItem("Parent’s copy", "#/copy", () => app.go("copy", { child: state.childId, item: copied })),
    );
  }
  return line;
}

/**
 * The visit made last of those whose copy can be shown.
 * @param {Subject | undefined} subject
 */
function lastCopied(subject) {
  const made = (subject?.visits ?? []).filter(copyOf);
  made.sort((a, b) => Date.parse(b.item?.rev.occurred_at) - Date.parse(a.item?.rev.occurred_at));
  return made.length ? copyOf(made[0]) : null;
}

/** @param {Subject} subject */
function windowWords({ next }) {
  if (!next) return null;
  const note = next.confirmed ? "" : " These dates are usual practice, not yet confirmed.";
  return `On time from ${formatDate(next.opensOn)} to ${formatDate(next.targetEnd)}.${note}`;
}

/**
 * @param {App} app
 * @param {any} contact
 */
function timelineItem(app, contact) {
  const how = [word(MODE, contact.mode), contact.practitioner].filter(Boolean).join(", ");
  return el(
    "li",
    { class: "app-timeline__item" },
    el("p", {}, el("strong", {}, app.contactTitle(contact.contact_type))),
    el(
      "p",
      { class: "app-muted" },
      contact.contact_type === ATTEMPT
        ? `${formatDate(contact.on)}. An attempt: nobody was seen. ${contact.practitioner ?? ""}`
        : `${formatDate(contact.on)}. ${how}`,
    ),
  );
}

/** @param {any[]} measurements oldest first */
function measurementTable(measurements) {
  const head = el(
    "tr",
    {},
    ...["Date", "What", "Measured"].map((words) => el("th", { scope: "col" }, words)),
  );
  const rows = [...measurements].reverse().map((measurement) => {
    const kind = /** @type {any} */ (KIND)[measurement.kind];
    const date = `${formatDate(measurement.on)}${measurement.at_birth ? ", at birth" : ""}`;
    return el(
      "tr",
      {},
      el("td", {}, date),
      el("td", {}, kind?.label ?? measurement.kind),
      el("td", { class: "app-nowrap" }, measured(measurement.kind, measurement.value)),
    );
  });
  return el("table", { class: "app-table" }, el("thead", {}, head), el("tbody", {}, ...rows));
}

/** @param {any} home */
function homeWords({ address: lines, postcode, since }) {
  const where = [...(lines ?? []), postcode].filter(Boolean).join(", ") || "No address recorded";
  return since ? `${where}. Lives here since ${formatDate(since)}.` : where;
}

/** @param {any} home */
function otherHome(home) {
  return el(
    "div",
    {},
    el("p", {}, homeWords(home)),
    el("ul", { class: "nhsuk-list" }, ...home.members.map(memberItem)),
  );
}

/** @param {any} body */
function languageWords(body) {
  const language = languageName(body.language);
  if (body.interpreter) return language ? `Interpreter needed: ${language}` : "Interpreter needed";
  return language && language !== "English" ? `Language: ${language}` : null;
}

/** @param {any} member */
function memberItem(member) {
  const facts = [word(RELATIONSHIP, member.relationship).toLowerCase()];
  if (member.since) facts[0] += ` since ${formatDate(member.since)}`;
  if (member.parental_responsibility) facts.push("parental responsibility");
  const item = el("li", {}, `${member.name}, ${facts.join(", ")}`);
  if (member.phone) item.append(" ", phoneLink(member.phone));
  return item;
}

/**
 * @param {App} app
 * @param {any} body
 */
function siblingItems(app, body) {
  return (body.siblings ?? []).map((/** @type {any} */ sibling) => {
    const words = `${sibling.name}, born ${formatDate(sibling.birth_date)}${sibling.twin ? ", twin" : ""}`;
    if (!app.roster.has(sibling.child_id)) return el("li", {}, words);
    return el(
      "li",
      {},
      linkItem(words, "#/child", () => app.go("child", { id: sibling.child_id })),
    );
  });
}
