"""What a tablet fetches: the records on the caseload that it carries, and every later change to them.

That is its visitor's own or, where the team shares its caseload, everything of the team.
"""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.errors import CursorTooOld
from hvapp.domain.review import VisitState
from hvapp.store.accounts import AccountRow
from hvapp.store.changes import Change, FeedState, changes_after, count_after, feed_state
from hvapp.store.children import (
    ChildRow,
    ContactRow,
    HouseholdRow,
    PregnancyRow,
    RelationshipRow,
    contacts_of,
    homes_of,
    measurements_of,
    relationships_to,
    siblings_of,
)
from hvapp.store.immunisations import immunisations_of
from hvapp.store.kept import last_answers
from hvapp.store.visits import VisitRow, is_on_record, revision_by_id

_CURSOR = re.compile(r"([0-9a-f-]*)\.([0-9]{1,18})(?:\.([0-9]{1,18}))?")


@dataclass(frozen=True)
class ChangePage:
    """`items` are JSON-ready; `remaining` counts what comes after them."""

    items: list[dict[str, Any]]
    cursor: str
    more: bool
    remaining: int


def changes_page(session: Session, account: Account, *, cursor: str, limit: int) -> ChangePage:
    """The next changes for this account after `cursor` (empty: from the start).

    Raises CursorTooOld when the cursor is from another life of the database, or from before removals that have
    been forgotten since; the tablet then rebuilds its caches and keeps its unsent work.
    """
    feed = feed_state(session)
    after, base = _read_cursor(cursor, feed)
    changes = changes_after(session, account.id, after, limit)
    reader = session.get_one(AccountRow, account.id)
    # Anew, and only now: what was read before the changes may be older than the one that says the team shares.
    session.refresh(reader.team)
    items = [
        {
            "seq": change.seq,
            "type": change.record_type,
            "id": change.record_id,
            "body": None if change.removed else _body(session, reader, change),
        }
        for change in changes
    ]
    last = changes[-1].seq if changes else after
    remaining = count_after(session, account.id, last)
    return ChangePage(items, _write_cursor(feed, last, base), remaining > 0, remaining)


def _read_cursor(cursor: str, feed: FeedState) -> tuple[int, int]:
    """Where the tablet is, and through which number removals had been forgotten when it began from nothing.

    Without the second, a tablet that begins on an old feed would be told after its first page that it is too old.
    """
    if cursor in ("", ".0"):
        return 0, feed.purged_through
    match = _CURSOR.fullmatch(cursor)
    if match is not None:
        epoch, after, base = match[1], int(match[2]), int(match[3] or 0)
        if epoch == feed.epoch and after <= feed.high_water and max(after, base) >= feed.purged_through:
            return after, base
    raise CursorTooOld(
        "The service was restored from a backup, or this tablet was away for more than a year, so the tablet "
        "fetches its caseload again. Visits waiting on it are safe."
    )


def _write_cursor(feed: FeedState, last: int, base: int) -> str:
    cursor = f"{feed.epoch}.{last}"
    return cursor if last >= base else f"{cursor}.{base}"


def _body(session: Session, reader: AccountRow, change: Change) -> dict[str, Any] | None:
    """The record, if it is this account's to have: the feed says what changed, the caseload who may read it."""
    if change.record_type == "child":
        child = session.get(ChildRow, change.record_id)
        return child_body(session, child) if child and reader.hears_as & child.listeners else None
    if change.record_type == "pregnancy":
        pregnancy = session.get(PregnancyRow, change.record_id)
        # Once it has ended there is a child to visit, or none.
        theirs = pregnancy and not pregnancy.ended_on and reader.hears_as & pregnancy.listeners
        return pregnancy_body(session, pregnancy) if pregnancy and theirs else None
    visit = session.get(VisitRow, change.record_id)
    return visit_body(session, visit, reader) if visit and visit.is_shown_to(reader) else None


def child_body(session: Session, row: ChildRow) -> dict[str, Any]:
    person = row.person
    relationships = relationships_to(session, row.id)
    homes = [_home(one, relationships, row.id) for one in homes_of(session, row.id)]
    return {
        "id": row.id,
        "nhs_number": person.nhs_number,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "sex": person.sex,
        "birth_date": _iso(person.birth_date),
        "gestation_days": row.gestation_days,
        "births_in_pregnancy": row.births_in_pregnancy,
        "birth_order": row.birth_order,
        "need_level": row.need_level,
        "deceased_on": _iso(person.deceased_on),
        **_before_the_door(row),
        "looked_after": row.looked_after,
        "named_visitor": _named(row.named_visitor),
        "team_id": row.team_id,
        "household": homes[0] if homes else None,
        "other_homes": homes[1:],
        "relatives": _elsewhere(relationships, homes),
        "siblings": [
            {
                "child_id": sibling.id,
                "name": sibling.person.name,
                "birth_date": _iso(sibling.person.birth_date),
                "twin": row.pregnancy_id is not None and sibling.pregnancy_id == row.pregnancy_id,
            }
            for sibling in siblings_of(session, row.id)
        ],
        "contacts": _contacts(contacts_of(session, row.id, row.pregnancy_id)),
        "measurements": [
            {
                "kind": measurement.kind,
                "value": str(measurement.value),
                "on": measurement.measured_on.isoformat(),
                "at_birth": measurement.at_birth,
            }
            for measurement in measurements_of(session, row.id)
        ],
        "immunisations": [
            {"vaccine": one.vaccine, "date": one.given_on.isoformat()}
            for one in immunisations_of(session, row.id)
        ],
        "last_answers": last_answers(session, row.id),
    }


def pregnancy_body(session: Session, row: PregnancyRow) -> dict[str, Any]:
    mother = row.mother
    return {
        "id": row.id,
        "mother": {
            "person_id": mother.id,
            "name": mother.name,
            "birth_date": _iso(mother.birth_date),
            "nhs_number": mother.nhs_number,
            "phone": mother.phone,
        },
        "edd": row.edd.isoformat(),
        "births_expected": row.births_expected,
        "need_level": row.need_level,
        **_before_the_door(row),
        "named_visitor": _named(row.named_visitor),
        "team_id": row.team_id,
        "household": next((_home(one, [], None) for one in homes_of(session, mother.id)), None),
        "contacts": _contacts(contacts_of(session, row.id)),
        "last_answers": last_answers(session, row.id),
    }


def visit_body(session: Session, row: VisitRow, reader: AccountRow) -> dict[str, Any]:
    """A visit as a tablet shows it. The answers travel only to the author, and only when sent back.

    Colleagues who carry the family for the team are told that it was made, so that nobody makes it again; what was
    found in it and asked about it stays between its author and the family's own visitor.
    """
    near = row.is_near(reader)
    head = revision_by_id(session, row.head_revision_id)
    decision = next((d for d in reversed(row.decisions) if d.revision_id == row.head_revision_id), None)
    approved = (
        next((d for d in reversed(row.decisions) if d.outcome == "approved"), None)
        if is_on_record(row)
        else None
    )
    kept = next((d for d in reversed(row.decisions) if near and d.outcome == "kept"), None)
    returned = decision if near and decision is not None and decision.outcome == "returned" else None
    body: dict[str, Any] = {
        "id": row.id,
        "child_id": row.subject_id or (head.child_ref if head else None),
        "contact_type": row.contact_type,
        "form_id": head.form_id if head else None,
        "form_version": head.form_version if head else None,
        "author": {"id": row.author_id, "name": row.author.name},
        "head_rev": row.head_revision_id,
        "occurred_at": row.occurred_at.isoformat(),
        "received_at": row.received_at.isoformat(),
        "state": row.state,
        "flags": head.all_flags if near and head else [],
        "returned": returned
        and {
            "by": returned.reviewer.name,
            "at": returned.decided_at.isoformat(),
            "comment": returned.comment or "",
            "queries": returned.queries,
        },
        "approved": approved and {"by": approved.reviewer.name, "at": approved.decided_at.isoformat()},
        "kept": kept
        and {
            "rev_id": kept.revision_id,
            "by": kept.reviewer.name,
            "at": kept.decided_at.isoformat(),
            "comment": kept.comment,
        },
        "red_book": {"at": row.in_red_book_at.isoformat()} if row.in_red_book_at else None,
    }
    if head is not None and row.state == VisitState.RETURNED and row.author_id == reader.id:
        body["revision"] = head.body
    return body


def _before_the_door(row: ChildRow | PregnancyRow) -> dict[str, Any]:
    """What a visitor must know before going in. Of a plan its being there alone: why is restricted."""
    return {
        "language": row.language,
        "interpreter": row.interpreter,
        "staff_risk": row.staff_risk,
        "staff_risk_review_by": _iso(row.staff_risk_review_by),
        "two_person_visit": row.two_person_visit,
        "two_person_reason": row.two_person_reason,
        "child_protection_plan": row.child_protection_plan,
        "child_in_need_plan": row.child_in_need_plan,
    }


def _named(row: AccountRow | None) -> dict[str, str] | None:
    return {"id": row.id, "name": row.name} if row else None


def _contacts(rows: list[ContactRow]) -> list[dict[str, Any]]:
    return [
        {
            "id": row.id,
            "contact_type": row.contact_type,
            "on": row.occurred_on.isoformat(),
            "mode": row.mode,
            "practitioner": row.practitioner,
            "visit_id": row.visit_id,
        }
        for row in rows
    ]


def _home(row: HouseholdRow, relationships: list[RelationshipRow], child_id: str | None) -> dict[str, Any]:
    """Who lives there now. `since`: when what they are to the child began or, where that is not known, living there."""
    roles = {relationship.person_id: relationship for relationship in relationships}
    members = []
    since = None
    for member in row.members:
        person = member.person
        if member.to_date is not None:
            continue
        if person.id == child_id:
            since = member.from_date
            continue
        relationship = roles.get(person.id)
        members.append(
            {
                **_relative(relationship),
                "person_id": person.id,
                "name": person.name,
                "birth_date": _iso(person.birth_date),
                "since": _iso((relationship and relationship.from_date) or member.from_date),
                "phone": person.phone,
            }
        )
    return {
        "id": row.id,
        "address": row.address,
        "area": row.area,
        "postcode": row.postcode,
        "since": _iso(since),
        "members": members,
    }


def _elsewhere(relationships: list[RelationshipRow], homes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those who are somebody to the child and live in none of its homes. Where they live is not the child's to tell."""
    here = {member["person_id"] for home in homes for member in home["members"]}
    return [
        {
            **_relative(one),
            "person_id": one.person_id,
            "name": one.person.name,
            "since": _iso(one.from_date),
        }
        for one in relationships
        if one.person_id not in here
    ]


def _relative(relationship: RelationshipRow | None) -> dict[str, Any]:
    return {
        "relationship": relationship.role if relationship else "lives_here",
        "parental_responsibility": relationship.parental_responsibility if relationship else False,
    }


def _iso(value: Any) -> str | None:
    return value.isoformat() if value is not None else None
