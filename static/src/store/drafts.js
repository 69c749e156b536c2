/**
 * Visits being written. Every answer is a save: the whole draft is sealed again and put in one strict
 * transaction. Saves may overtake each other while they are being sealed, so each carries a number and an older
 * one never replaces a newer one. A draft open in two windows is noticed, not merged.
 */

import { tidy } from "../lib/canonical.js";
import { isoWithOffset } from "../lib/instant.js";
import { uuid7 } from "../lib/uuid7.js";
import { write } from "./db.js";
import { isCopied } from "./delivery.js";
import { AlreadyComplete, ChangedElsewhere } from "./errors.js";
import { announce } from "./notices.js";
import { dropPhotos } from "./photos.js";
import { forgetRescue, rescueSoon } from "./rescue.js";
import { requireVault } from "./standing.js";

export { refreshRescue } from "./rescue.js";

/** @typedef {import("./vault.js").Vault} Vault */
/** @typedef {import("./db.js").DraftRow} DraftRow */
/** @typedef {import("./db.js").Transaction} Transaction */
/** @typedef {import("../types.js").Draft} Draft */
/** @typedef {import("../types.js").VisitBody} VisitBody */

/**
 * What this window knows about a draft it has open: the number of its last save, the save it started from, the
 * saves under way, whether it has ended here, and the server's copy as it last stood beside it.
 * @typedef {{n: number, base: {writer: string, n: number} | null, pending: Set<Promise<unknown>>, ended: boolean,
 *   rescue: DraftRow["rescue"]}} Edit
 */

/** This window's name in the rows it writes. */
const WRITER = uuid7();

/** @type {Map<string, Edit>} */
const edits = new Map();

/**
 * What a draft is opened for. `basis` is the visit being corrected, with its revision: the new one continues from
 * it and starts with its answers. Any other starts with what `answersAt` says for the moment it is opened at, in the
 * section `position`.
 * @typedef {{child: {id: string}, form: {id: string, version: number, definitionHash: string}, contactType: string,
 *   basis?: VisitBody | null, answersAt?: (now: string) => Record<string, any>, position?: string | null}} Opening
 */

/**
 * A draft with its ids, not stored yet.
 * @param {Opening} opening
 * @returns {Draft}
 */
export function newDraft({ child, form, contactType, basis = null, answersAt, position = null }) {
  const now = isoWithOffset(new Date());
  const payload = basis?.revision?.payload;
  return structuredClone({
    id: uuid7(),
    visitId: basis?.id ?? uuid7(),
    parentRev: basis?.head_rev ?? null,
    baseRev: basis?.head_rev ?? null,
    childId: child.id,
    contactType,
    formId: form.id,
    formVersion: form.version,
    definitionHash: form.definitionHash,
    answers: payload?.answers ?? answersAt?.(now) ?? {},
    confirmed: payload?.confirmed ?? {},
    alertResponses: payload?.alert_responses ?? {},
    enteredAt: basis ? firstEntered(basis) : null,
    createdAt: now,
    updatedAt: now,
    position,
    // A correction knows what the record said then, should the child have left this tablet.
    record: payload?.context ?? null,
  });
}

/**
 * When the visit being corrected was first completed: its first correction carries that on to the next.
 * @param {VisitBody} basis
 */
function firstEntered({ revision }) {
  const carried = revision?.payload?.context?.entered_at;
  return typeof carried === "string" ? carried : (revision?.sealed_at ?? null);
}

/** The openings under way in this window: a second tap joins the first. @type {Map<string, Promise<Draft>>} */
const starting = new Map();

/**
 * Opens a visit for writing: stored before the first question is shown. Where this visitor already has an
 * unfinished one of the same kind for the child, or of the same correction, that one goes on: a second tap must
 * not make two visits.
 * @param {Vault} vault
 * @param {Opening} opening
 * @param {Draft[]} [known] drafts that have been opened already: what they are about never changes
 * @returns {Promise<Draft>}
 */
export function startDraft(vault, opening, known = []) {
  const what = [vault.id, opening.child.id, opening.contactType, opening.basis?.id].join("|");
  const running = starting.get(what);
  if (running) return running;
  const started = startOnce(vault, opening, known).finally(() => starting.delete(what));
  starting.set(what, started);
  return started;
}

/**
 * @param {Vault} vault
 * @param {Opening} opening
 * @param {Draft[]} known
 */
async function startOnce(vault, opening, known) {
  const { child, contactType, basis } = opening;
  const unfinished = (await listDrafts(vault, known)).find((draft) =>
    basis
      ? draft.visitId === basis.id && draft.parentRev === basis.head_rev
      : draft.childId === child.id && draft.contactType === contactType && draft.parentRev === null,
  );
  const goesOn = unfinished && (await getDraft(vault, unfinished.id));
  if (goesOn) return goesOn;
  const draft = newDraft(opening);
  await saveDraft(vault, draft);
  return draft;
}

/**
 * Saves the draft as it is at this moment; resolved once it is on the disk. Throws ChangedElsewhere when
 * another window has saved it since, AlreadyComplete when it was completed there.
 * @param {Vault} vault
 * @param {Draft} draft
 * @returns {Promise<void>}
 */
export function saveDraft(vault, draft) {
  draft.updatedAt = isoWithOffset(new Date());
  const edit = editOf(draft.id);
  const n = ++edit.n;
  const saving = store(vault, tidy(draft), edit, n);
  edit.pending.add(saving);
  const over = () => edit.pending.delete(saving);
  saving.then(over, over);
  return saving;
}

/**
 * @param {Vault} vault
 * @param {Draft} draft
 * @param {Edit} edit
 * @param {number} n
 */
async function store(vault, draft, edit, n) {
  const { db } = vault;
  const { id } = draft;
  const box = await vault.seal("drafts", id, draft);
  const now = () => ({ id, vault: vault.id, writer: WRITER, n, box, rescue: edit.rescue });
  try {
    await write(db, ["drafts", "outbox", "vaults"], async (tx) => {
      // Written first, and taken back where what it replaced forbids it: an answer waits one turn less.
      const row = await tx.drafts.replace(id, now());
      // Only now has this transaction its turn: before, the end of the draft may still have been under way.
      if (edit.ended) throw new Overtaken();
      // A completed draft is gone from here, so neither need be asked at every answer.
      if (!row && (await tx.outbox.get(id))) throw new AlreadyComplete();
      // Taken over by another vault, or sent and gone: what is saved now nobody would ever open.
      if (!row) await requireVault(tx, vault.id, { open: true });
      if (row?.writer === WRITER && row.n > n) throw new Overtaken();
      if (row && (row.vault !== vault.id || !isOurs(row, edit))) throw new ChangedElsewhere();
      const rescue = row?.rescue ?? null;
      if (isSameCopy(rescue, edit.rescue)) return;
      edit.rescue = rescue;
      await tx.drafts.put(now());
    });
  } catch (error) {
    if (error instanceof Overtaken) return;
    throw error;
  }
  announce("drafts", vault.id);
  rescueSoon(vault, id);
}

/** What this save would write has been replaced or has ended: nothing is left for it to do. */
class Overtaken extends Error {}

/**
 * @param {DraftRow["rescue"]} one
 * @param {DraftRow["rescue"]} other
 */
function isSameCopy(one, other) {
  return one?.n === other?.n && one?.kid === other?.kid && one?.lost === other?.lost;
}

/**
 * Did this window write the row, or start from it?
 * @param {DraftRow} row
 * @param {Edit} edit
 */
function isOurs(row, edit) {
  return row.writer === WRITER || (row.writer === edit.base?.writer && row.n === edit.base.n);
}

/**
 * The draft as last saved, or undefined.
 * @param {Vault} vault
 * @param {string} id
 * @returns {Promise<Draft | undefined>}
 */
export async function getDraft(vault, id) {
  // A save under way is part of the draft: without it the last answer would be missing, and then overwritten.
  await Promise.allSettled(edits.get(id)?.pending ?? []);
  const row = await vault.db.drafts.get(id);
  if (row?.vault !== vault.id) return undefined;
  const draft = await vault.open("drafts", id, row.box);
  const edit = editOf(id);
  edit.base = { writer: row.writer, n: row.n };
  edit.n = Math.max(edit.n, row.n);
  edit.rescue = row.rescue;
  return draft;
}

/**
 * This visitor's drafts, last changed first. One that cannot be read is left where it is and out of the list.
 * @param {Vault} vault
 * @param {Draft[]} [known] taken as they are given, where they are still there
 * @returns {Promise<Draft[]>}
 */
export async function listDrafts(vault, known = []) {
  await Promise.allSettled([...edits.values()].flatMap((edit) => [...edit.pending]));
  const rows = await vault.db.drafts.all("vault", vault.id);
  const given = new Map(known.map((draft) => [draft.id, draft]));
  const opened = await Promise.allSettled(
    rows.map((row) => given.get(row.id) ?? vault.open("drafts", row.id, row.box)),
  );
  /** @type {Draft[]} */
  const drafts = opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  return drafts.sort((a, b) => Date.parse(b.updatedAt) - Date.parse(a.updatedAt));
}

/**
 * Throws the draft away. Asking the visitor first is the caller's work.
 * @param {Vault} vault
 * @param {string} id
 */
export async function discardDraft(vault, id) {
  const { db } = vault;
  try {
    await write(db, ["drafts", "photos", "boxes"], async (tx) => {
      const row = await tx.drafts.get(id);
      if (row?.vault === vault.id) {
        await tx.drafts.delete(id);
        await dropPhotos(tx, id);
      }
      editOf(id).ended = true;
    });
    forgetRescue(id);
  } catch (error) {
    reviveDraft(id);
    throw error;
  }
  announce("drafts", vault.id);
}

/** Stands between the id of a draft and of a forgotten vault, in the id of what that vault alone opens. */
export const ASIDE = "~";

/**
 * Puts a draft into this vault that the service kept, or that was found in a forgotten vault. False when it is
 * completed here or another's, or what is here was changed later. From a vault that nobody opens any more it is taken
 * over: the service must not be told that it is back while only that vault has it. Later answers that only the old
 * passphrase opens stay beside it, unless they are these.
 * @param {Vault} vault
 * @param {Draft} draft
 * @param {{from?: string}} [options] from: the forgotten vault it was opened in
 * @returns {Promise<boolean>}
 */
export async function importDraft(vault, draft, { from } = {}) {
  const { db } = vault;
  const box = await vault.seal("drafts", draft.id, tidy(draft));
  const here = await getDraft(vault, draft.id);
  // Whole seconds: what only the old vault had was saved after any copy of it.
  const ahead = here ? Date.parse(draft.updatedAt) - Date.parse(here.updatedAt) : 1;
  if (!(from ? ahead >= 0 : ahead > 0)) return false;
  const edit = editOf(draft.id);
  const put = await write(db, ["drafts", "outbox", "vaults", "photos"], async (tx) => {
    await requireVault(tx, vault.id);
    const [item, there] = [await tx.outbox.get(draft.id), await tx.drafts.get(draft.id)];
    if (item) return false;
    if (there && there.vault !== vault.id) {
      const owner = await tx.vaults.get(there.vault);
      if (owner && !owner.retired) return false;
      const later = owner?.wraps.length && there.vault !== from && !isCopied(there);
      const aside = { ...there, id: `${there.id}${ASIDE}${there.vault}`, rescue: null };
      if (later) await tx.drafts.put(aside);
    } else if (there && (there.writer !== edit.base?.writer || there.n !== edit.base.n)) {
      // Answered on since it was compared.
      return false;
    }
    const n = (there?.n ?? 0) + 1;
    await tx.drafts.put({ id: draft.id, vault: vault.id, writer: WRITER, n, box, rescue: null });
    await tx.photos.change("rev", draft.id, () => ({ vault: vault.id }));
    edit.n = Math.max(edit.n, n);
    return true;
  });
  if (put) {
    reviveDraft(draft.id);
    announce("drafts", vault.id);
    rescueSoon(vault, draft.id);
  }
  return put;
}

/**
 * For the outbox, inside its transaction: takes the draft out, and lets no save under way bring it back. Throws
 * ChangedElsewhere as a save would.
 * @param {Transaction} tx
 * @param {Vault} vault
 * @param {string} id
 */
export async function takeDraft(tx, vault, id) {
  const row = await tx.drafts.get(id);
  if (row && (row.vault !== vault.id || !isOurs(row, editOf(id)))) throw new ChangedElsewhere();
  if (row) await tx.drafts.delete(id);
  editOf(id).ended = true;
}

/**
 * Has this window itself completed or discarded the draft?
 * @param {string} id
 */
export function endedHere(id) {
  return editOf(id).ended;
}

/**
 * For the outbox, when its transaction failed: the draft is there as before and may be saved again.
 * @param {string} id
 */
export function reviveDraft(id) {
  editOf(id).ended = false;
}

/**
 * @param {string} id
 * @returns {Edit}
 */
function editOf(id) {
  let edit = edits.get(id);
  if (!edit) {
    edit = { n: 0, base: null, pending: new Set(), ended: false, rescue: null };
    edits.set(id, edit);
  }
  return edit;
}
