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
from hvapp.domain.forms.facts import derive
from hvapp.domain.lineage import SERVER_DEVICE, Node, heads_of, merged_id
from hvapp.domain.merge import Merged, Version, merge_versions
from hvapp.domain.reconcile import Flag, in_order
from hvapp.domain.review import VisitState, state_of_versions
from hvapp.store.children import ChildRow, record_before
from hvapp.store.sorting import forget_judgements
from hvapp.store.visits import RevisionRow, VisitRow, await_judgement, next_receipt_numbers

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


def standing_of(visit: VisitRow) -> Standing:
    """How the versions of a visit stand to one another now."""
    rows = {row.id: row for row in visit.revisions if not row.apart}
    heads = tuple(sorted((rows[one] for one in heads_of(map(_node, rows.values()))), key=_lateness))
    if len(heads) < 2:
        return Standing(heads, None)
    versions = [Version(row.id, _parents(row), row.body["payload"]) for row in rows.values()]
    return Standing(heads, merge_versions(versions, [head.id for head in heads]))


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
    earlier = heads_of(_node(row) for row in rows if row.id not in (arrived or ()))
    news = arrived is None or set(earlier) != {head.id for head in standing.heads}
    if standing.merged is None or standing.in_conflict:
        head = standing.heads[-1]
    else:
        head = add_version(session, forms, visit, standing.heads, standing.merged, now)
    _note_where_they_differ(rows, standing)
    if news or head.id != visit.head_revision_id or standing.in_conflict:
        _present(visit, head, standing, now)


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


def _present(visit: VisitRow, head: RevisionRow, standing: Standing, now: datetime) -> None:
    open_flags = {flag for one in standing.heads for flag in one.flags if flag not in (one.accepted or ())}
    if visit.head_revision_id != head.id:
        visit.received_at = now
    visit.head_revision_id = head.id
    visit.occurred_at = head.occurred_at
    visit.state = state_of_versions(open_flags, in_conflict=standing.in_conflict).value
    if visit.state == VisitState.RECEIVED:
        decided = next((one for one in visit.decisions if one.revision_id == head.id), None)
        if decided is not None and decided.outcome == "returned":
            visit.state = VisitState.RETURNED.value


def _node(row: RevisionRow) -> Node:
    return Node(row.id, _parents(row), passing=row.merged_from is not None and row.settled_by_id is None)


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
    return dict(derive(child, payload["answers"], latest.sealed_at, form))


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


def flag_allocation(visit: VisitRow, child: ChildRow) -> None:
    """Whether it was the visitor's own child could not be told while nobody knew whose it was."""
    for row in visit.revisions:
        if not row.apart and child.named_visitor_id != row.author_id:
            row.flags = in_order({*row.flags, Flag.NOT_ALLOCATED.value})
