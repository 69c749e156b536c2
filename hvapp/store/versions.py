"""Which version of a visit is its present one, worked out from all that are on file.

Done whenever versions were added that do not simply follow one another, and after a supervisor has sorted something
out. The outcome depends on the versions alone, so the order in which they arrived leaves no trace.
"""

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hvapp.domain.canonical import sha256_hex
from hvapp.domain.forms import FormLibrary
from hvapp.domain.forms.answers import same
from hvapp.domain.forms.facts import derive, recorded_method
from hvapp.domain.lineage import SERVER_DEVICE, Node, ancestors, heads_of, merged_id, without
from hvapp.domain.merge import Merged, Version, merge_versions
from hvapp.domain.reconcile import NOT_ITS_OWN, Flag, in_order
from hvapp.domain.review import VisitState, state_of_versions, state_of_withdrawal
from hvapp.store.children import ChildRow, PregnancyRow, record_before
from hvapp.store.filing import next_receipt_numbers
from hvapp.store.outbox import message_of_revision, state_of_message
from hvapp.store.sorting import forget_judgements
from hvapp.store.visits import RevisionRow, VisitRow, await_judgement, is_on_record, was_agreed_to

# Said of one version by itself; the version made from it has left these behind.
_PASSING = {Flag.STALE_BASE.value, Flag.MERGED.value, Flag.ORPHAN.value}


@dataclass(frozen=True)
class Standing:
    """The heads of a visit, the latest last, and what came of putting them together."""

    heads: tuple[RevisionRow, ...]
    merged: Merged | None

    @property
    def in_conflict(self) -> bool:
        return self.merged is not None and bool(self.merged.conflicts)

    @property
    def withdrawals(self) -> tuple[RevisionRow, ...]:
        """Those of the heads by which the author withdraws the visit. While there is one, nothing is put together."""
        return tuple(head for head in self.heads if head.withdrawal)


def standing_of(visit: VisitRow) -> Standing:
    """How the versions of a visit stand to one another now."""
    rows = {row.id: row for row in visit.revisions if not row.apart}
    family = _family(rows.values(), visit)
    heads = tuple(sorted((rows[one] for one in _heads(family, rows)), key=_lateness))
    if len(heads) < 2 or any(head.withdrawal for head in heads):
        return Standing(heads, None)
    # Whoever went on from a withdrawal went on from the answers before it.
    family = without(family, [one for one in family if rows[one].withdrawal])
    versions = [Version(one, above, rows[one].body["payload"]) for one, above in family.items()]
    return Standing(heads, merge_versions(versions, [head.id for head in heads]))


def answered_version(visit: VisitRow) -> RevisionRow:
    """The version whose answers are the visit's: the present one, or the one that was withdrawn with it.

    The withdrawal itself, where nothing else has arrived.
    """
    rows = {row.id: row for row in visit.revisions if not row.apart}
    head = rows[visit.head_revision_id]
    if not head.withdrawal:
        return head
    answered = {row.id: row for row in rows.values() if not row.withdrawal}
    gone = rows.keys() - answered.keys() - {head.id}
    above = without({row.id: _parents(row) for row in rows.values()}, gone)[head.id]
    origin = [answered[one] for one in above if one in answered]
    return max(origin or answered.values(), key=_lateness, default=head)


def settle_visit(
    session: Session,
    forms: FormLibrary,
    visit: VisitRow,
    now: datetime,
    arrived: Collection[str] | None = None,
) -> None:
    """Point the visit to its present version and put it in the state that follows.

    `arrived`: the versions that came in just now. Where they are only history, a decision already made stands.
    None: a person changed something, and the state is worked out afresh.
    """
    rows = [row for row in visit.revisions if not row.apart]
    _link_orphans(rows)
    standing = standing_of(visit)
    known = {row.id: row for row in rows if row.id not in (arrived or ())}
    earlier = _heads(_family(known.values(), visit), known)
    news = arrived is None or set(earlier) != {head.id for head in standing.heads}
    if standing.withdrawals:
        agreed = {one.revision_id for one in visit.decisions if one.outcome == "withdrawn"}
        head = max(standing.withdrawals, key=lambda one: (one.id in agreed, _lateness(one)))
    elif standing.merged is None or standing.in_conflict:
        head = standing.heads[-1]
    else:
        head = add_version(session, forms, visit, standing.heads, standing.merged, now)
    _note_where_they_differ(rows, standing)
    if news or head.id != visit.head_revision_id or standing.in_conflict or standing.withdrawals:
        _present(session, visit, head, standing, now)


def add_version(
    session: Session,
    forms: FormLibrary,
    visit: VisitRow,
    heads: tuple[RevisionRow, ...],
    merged: Merged,
    now: datetime,
    settled_by_id: str | None = None,
) -> RevisionRow:
    """A version made here from several others, the latest of which is its parent. Once made it is found again."""
    body = _body(forms, visit, heads, merged, settled_by_id)
    known = session.get(RevisionRow, body["rev_id"])
    if known is not None:
        return known
    latest = heads[-1]
    flags = {flag for head in heads for flag in head.flags} - _PASSING
    row = RevisionRow(
        id=body["rev_id"],
        visit_id=visit.id,
        parent_id=latest.id,
        author_id=latest.author_id,
        device_id=SERVER_DEVICE,
        device_seq=body["device_seq"],
        child_ref=latest.child_ref,
        form_id=latest.form_id,
        form_version=latest.form_version,
        sha256=body["sha256"],
        body=body,
        flags=in_order(flags | (set() if settled_by_id else {Flag.MERGED.value})),
        occurred_at=datetime.fromisoformat(body["occurred_at"]),
        received_at=now,
        receipt_seq=next_receipt_numbers(session, 1),
        merged_from=body["merged_from"],
        settled_by_id=settled_by_id,
        apart=False,
        accepted=in_order({flag for head in heads for flag in head.accepted or ()}),
        read_as=latest.read_as,
    )
    visit.revisions.append(row)
    session.flush()
    await_judgement(session, [row.id])
    return row


def _present(session: Session, visit: VisitRow, head: RevisionRow, standing: Standing, now: datetime) -> None:
    open_flags = {flag for one in standing.heads for flag in one.flags if flag not in (one.accepted or ())}
    if visit.head_revision_id != head.id:
        visit.received_at = now
    visit.head_revision_id = head.id
    visit.occurred_at = head.occurred_at
    if standing.withdrawals:
        visit.state = _once_withdrawn(visit, standing, open_flags).value
        return
    visit.state = state_of_versions(open_flags, in_conflict=standing.in_conflict).value
    if visit.state == VisitState.RECEIVED:
        # What was decided about this version stands, whatever was learnt of those before it.
        decided = next((one for one in visit.decisions if one.revision_id == head.id), None)
        if decided is not None:
            returned = decided.outcome == "returned"
            visit.state = (VisitState.RETURNED if returned else _once_approved(session, head)).value


def _once_approved(session: Session, head: RevisionRow) -> VisitState:
    message = message_of_revision(session, head.id)
    return state_of_message(message.state) if message else VisitState.APPROVED


def _once_withdrawn(visit: VisitRow, standing: Standing, open_flags: AbstractSet[str]) -> VisitState:
    if not NOT_ITS_OWN.isdisjoint(open_flags):
        return VisitState.QUARANTINED
    return state_of_withdrawal(
        agreed=was_agreed_to(visit),
        on_record=is_on_record(visit),
        changed=len(standing.withdrawals) < len(standing.heads),
    )


def _family(rows: Iterable[RevisionRow], visit: VisitRow) -> dict[str, tuple[str, ...]]:
    """The versions that count, each with those it was made from.

    A withdrawal that was taken back never was, unless somebody had agreed to it by then. One that was agreed to is over
    once another version arrives: that one has to be looked at, and the agreement says nothing of it.
    """
    rows = list(rows)
    parents = {row.id: _parents(row) for row in rows}
    taking = [row for row in rows if row.withdrawal and row.withdrawal.takes_back]
    agreed = {one.revision_id: one.decided_at for one in visit.decisions if one.outcome == "withdrawn"}
    gone = {row.id for row in taking} | {row.parent_id or "" for row in taking} - agreed.keys()
    for one, at in agreed.items():
        before = ancestors(parents, one)
        if any(row.received_at > at and not row.withdrawal and row.id not in before for row in rows):
            gone.add(one)
    # The visit itself has not arrived yet.
    return parents if gone >= parents.keys() else without(parents, gone)


def _heads(family: Mapping[str, tuple[str, ...]], rows: Mapping[str, RevisionRow]) -> tuple[str, ...]:
    return heads_of(
        Node(one, above, passing=rows[one].merged_from is not None and rows[one].settled_by_id is None)
        for one, above in family.items()
    )


def _parents(row: RevisionRow) -> tuple[str, ...]:
    return tuple(filter(None, (row.parent_id, *(row.merged_from or ()))))


def _lateness(row: RevisionRow) -> tuple[int, datetime, str]:
    """Which of several heads is the latest: by form, by the tablets' clocks, and never by arrival."""
    return row.form_version, row.sealed_at, row.id


def _link_orphans(rows: list[RevisionRow]) -> None:
    known = {row.id for row in rows}
    for row in rows:
        if Flag.ORPHAN.value in row.flags and row.parent_id in known:
            row.flags = [flag for flag in row.flags if flag != Flag.ORPHAN.value]


def _note_where_they_differ(rows: list[RevisionRow], standing: Standing) -> None:
    """Say of each head how it stands to the others; of every other version that this is over."""
    note = Flag.STALE_BASE if standing.in_conflict else Flag.MERGED
    heads = {head.id for head in standing.heads} if standing.merged else set()
    for row in rows:
        if row.merged_from is None:
            flags = {*row.flags} - {Flag.STALE_BASE, Flag.MERGED}
            row.flags = in_order(flags | {note.value} if row.id in heads else flags)


def _body(
    forms: FormLibrary,
    visit: VisitRow,
    heads: tuple[RevisionRow, ...],
    merged: Merged,
    settled_by_id: str | None,
) -> dict[str, Any]:
    """A revision as a tablet would have made it, had it known of all the heads. The same heads give the same body."""
    latest = heads[-1]
    payload = dict(latest.body["payload"]) | {
        "answers": merged.answers,
        "confirmed": merged.confirmed,
        "alert_responses": merged.alert_responses,
    }
    payload["derived"] = _derived(forms, visit, latest, payload)
    settled = {} if settled_by_id is None else {"settled_by": settled_by_id}
    made_from = [head.id for head in heads]
    bare = {name: value for name, value in latest.body.items() if name not in ("sha256", "settled_by")}
    bare |= settled | {
        "rev_id": merged_id([*made_from, sha256_hex(payload), settled_by_id or ""]),
        "visit_id": visit.id,
        "parent_rev": latest.id,
        "base_rev": None,
        "device_id": SERVER_DEVICE,
        "device_seq": 0,
        "occurred_at": _occurred_at(heads, merged.answers),
        "payload": payload,
        "merged_from": made_from[:-1],
    }
    return bare | {"sha256": sha256_hex(bare)}


def _occurred_at(heads: tuple[RevisionRow, ...], answers: Mapping[str, Any]) -> str:
    """When the visit was, as the version says whose answer about its start was kept."""
    started = answers.get("started_at")
    for head in reversed(heads):
        if same(head.body["payload"].get("answers", {}).get("started_at"), started):
            return str(head.body["occurred_at"])
    return str(heads[-1].body["occurred_at"])


def _derived(
    forms: FormLibrary, visit: VisitRow, latest: RevisionRow, payload: dict[str, Any]
) -> dict[str, Any]:
    """Centiles of the answers as they are together: no tablet has shown them."""
    form = forms.find(*latest.form_key)
    if form is None or visit.child is None:
        return dict(payload.get("derived") or {})
    child = record_before(visit.id, visit.child, [])
    method = recorded_method(payload)
    return dict(derive(child, payload["answers"], latest.sealed_at, form, method=method))


def let_pass(session: Session, rows: Iterable[RevisionRow], flags: AbstractSet[str]) -> None:
    """A supervisor has looked into these flags: they no longer keep the versions from review."""
    rows = list(rows)
    for row in rows:
        row.accepted = in_order({*(row.accepted or ()), *(flags & set(row.flags))})
    forget_judgements(session, [row.id for row in rows])


def no_longer_pass(session: Session, rows: Iterable[RevisionRow], flags: AbstractSet[str]) -> None:
    """The same taken back."""
    rows = list(rows)
    for row in rows:
        row.accepted = [flag for flag in row.accepted or () if flag not in flags]
    forget_judgements(session, [row.id for row in rows])


def flag_allocation(visit: VisitRow, subject: ChildRow | PregnancyRow) -> None:
    """Whether it was on the visitor's own caseload could not be told while nobody knew whom it was about."""
    for row in visit.revisions:
        if not row.apart and row.author.hears_as.isdisjoint(subject.listeners):
            row.flags = in_order({*row.flags, Flag.NOT_ALLOCATED.value})
