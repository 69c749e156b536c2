/** One child or pregnancy: what is due, what was, who lives there; and the way into a visit. */

import { startingAnswers } from "../forms/starting.js";
import { daysBetween, formatDate } from "../lib/dates.js";
import { saveDraft, startDraft } from "../store/drafts.js";
import { el, fill, on, onSubmit, show, slot, template } from "./dom.js";
import { formFor, formHash, loadForm } from "./forms.js";
import { announce, openSheet } from "./frame.js";
import { ageLine, languageName, lookalikes, numberWords } from "./people.js";
import { linkItem, stateTag, whyWords } from "./rows.js";
import { inSentence, KIND, listed, MODE, measured, RELATIONSHIP, when, word } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./people.js").Subject} Subject
 * @typedef {import("./visits.js").VisitState} VisitState
 */

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
    return {
      title: "Record",
      subject: () => app.roster.get(place.id) ?? null,
      refresh: draw,
      /** @param {import("./router.js").Place} next */
      update: (next) => next.id === place.id,
    };
  };
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
    risk: body.staff_risk ?? null,
    due: whyWords(subject),
    window: windowWords(subject),
    timeline: (body.contacts ?? []).map((/** @type {any} */ contact) => timelineItem(app, contact)),
    "no-contacts": body.contacts?.length
      ? null
      : "No contacts yet. Each contact would be here with its date.",
    measures: body.measurements?.length ? measurementTable(body.measurements) : null,
    address: address(household),
    language: languageWords(body),
    members: household.members.map((/** @type {any} */ member) => memberItem(member)),
    siblings: siblingItems(app, body),
    named: body.named_visitor ? `Named health visitor: ${body.named_visitor.name}` : null,
  });
  drawStart(app, main, subject);
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
  const [ready, later] = [others.filter(formFor), others.filter((type) => !formFor(type))];
  const titles = later.map((type) => inSentence(app.contactTitle(type)));
  fill(main, {
    others: [
      ...ready.map((type) => el("li", {}, startControl(app, subject, type, false))),
      ...(titles.length ? [el("li", {}, el("p", { class: "app-muted" }, onPaper(titles)))] : []),
    ],
  });
  show(main, "others", others.length > 0);
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
  const from = subject.kind === "child" ? "birth" : "edd";
  return app.rules.contacts
    .filter((/** @type {any} */ rule) => rule.type !== due && (rule.counts_from ?? from) === from)
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
  const button = el("button", { type: "button", class: look }, `Start ${title}`);
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
  const draft = await startDraft(app.open, {
    child: { id: subject.id },
    form: { id: form.id, version: form.version, definitionHash: await formHash(form) },
    contactType,
  });
  if (!Object.keys(draft.answers).length) await prefill(app, subject, draft);
  announce("Visit started");
  await app.go("visit", { draft: draft.id });
}

/**
 * What the tablet knows already is filled in; measurements never are.
 * @param {App} app
 * @param {Subject} subject
 * @param {import("../types.js").Draft} draft
 */
async function prefill(app, subject, draft) {
  const { definition } = await loadForm(draft.formId, draft.formVersion);
  draft.answers = startingAnswers(definition, {
    now: draft.createdAt,
    practitionerType: app.open.account.job,
    child: subject.body,
  });
  await saveDraft(app.open, draft);
}

/**
 * A visit of this child that is not finished with: its state, and the way to it.
 * @param {App} app
 * @param {VisitState} state
 */
function openVisit(app, state) {
  const title = app.contactTitle(state.contactType);
  const line = el("p", {}, el("strong", {}, title), " ", stateTag(state), ` ${when(state.at)} `);
  if (state.state === "draft") {
    line.append(
      linkItem(`Go on with the ${inSentence(title)}`, "#/visit", () =>
        app.go("visit", { draft: state.draft?.id }),
      ),
    );
  } else if (state.state === "returned") {
    line.append(
      linkItem("See the question", "#/returned", () => app.go("returned", { visit: state.visitId })),
    );
  }
  return line;
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
    el("p", { class: "app-muted" }, `${formatDate(contact.on)}. ${how}`),
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

/** @param {any} household */
function address({ address: lines, postcode }) {
  return [...(lines ?? []), postcode].filter(Boolean).join(", ") || "No address recorded";
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
  if (member.parental_responsibility) facts.push("parental responsibility");
  const item = el("li", {}, `${member.name}, ${facts.join(", ")}`);
  if (member.phone) {
    const number = member.phone.replaceAll(" ", "");
    item.append(" ", el("a", { href: `tel:${number}`, class: "app-link-button" }, member.phone));
  }
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
