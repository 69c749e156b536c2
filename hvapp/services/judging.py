"""Running the form's own rules again on what tablets sent, and working out every centile again.

Done after the receipt, never while a tablet waits for it: by the sync worker whenever it has nothing to send, and
before a supervisor's queue is shown. Reading and reckoning happen outside the transaction.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog
from sqlalchemy.orm import Session

from hvapp.domain.forms import FormDefinition, FormLibrary
from hvapp.domain.forms.answers import read_decimal
from hvapp.domain.forms.facts import ChildFacts, build_sealed_facts
from hvapp.domain.forms.photos import photos_in
from hvapp.domain.forms.reading import goes_to_safeguarding, red_alert_titles
from hvapp.domain.forms.validate import check, overridden
from hvapp.domain.reconcile import Flag
from hvapp.store.changes import announce
from hvapp.store.children import measurements_by_child
from hvapp.store.immunisations import immunisations_by_child
from hvapp.store.transaction import transaction
from hvapp.store.visits import (
    RevisionRow,
    Verdict,
    add_judgements,
    places_of,
    record_before_visit,
    unjudged,
    visits_by_ids,
)

# Two programs reckoning the same formula agree far closer; more means another formula, or another child.
GROWTH_TOLERANCE_SDS = Decimal("0.000001")

log = structlog.get_logger()


def judge_new(session: Session, forms: FormLibrary, now: datetime, limit: int = 200) -> int:
    """Judge up to `limit` revisions that nobody has judged yet; answers how many. Harmless to run twice at once."""
    rows = unjudged(session, limit)
    if not rows:
        session.rollback()
        return 0
    visits = visits_by_ids(session, {row.visit_id for row in rows})
    ids = {visit.child_id for visit in visits.values() if visit.child_id}
    measured, given = measurements_by_child(session, ids), immunisations_by_child(session, ids)
    verdicts: dict[str, Verdict] = {}
    for row in rows:
        visit, form = visits[row.visit_id], forms.find(*row.form_key)
        child_id = visit.child_id or ""
        before = record_before_visit(visit, measured.get(child_id, []), given.get(child_id, []))
        if before is None or form is None:
            verdicts[row.id] = Verdict([])
        else:
            verdicts[row.id] = _verdict(row, form, before)
    # Told to the tablets of those who could read it when it was looked at; a child that moves meanwhile tells its own.
    readers = {row.id: (row.visit_id, visits[row.visit_id].readers) for row in rows if verdicts[row.id].flags}
    looked_at = {row.id: (row.visit_id, visits[row.visit_id].subject_id, row.read_as) for row in rows}
    with transaction(session):
        # Filed otherwise meanwhile, it is judged anew: as what it was before, a red alert might not have shown.
        places = places_of(session, set(verdicts))
        verdicts = {one: verdict for one, verdict in verdicts.items() if places.get(one) == looked_at[one]}
        add_judgements(session, verdicts, now)
        for one in readers.keys() & verdicts.keys():
            visit_id, account_ids = readers[one]
            announce(session, account_ids, "visit", visit_id)
    return len(verdicts)


def _verdict(row: RevisionRow, form: FormDefinition, child: ChildFacts) -> Verdict:
    """The flags of one revision. One that trips us up is a person's to look at and must not hold up all the others."""
    if row.withdrawal is not None:
        return Verdict([])
    try:
        return _judge(row, form, child)
    except Exception as error:
        # Its words may quote an answer.
        log.error("visit_not_judged", revision_id=row.id, kind=type(error).__name__)
        return Verdict([Flag.INVALID_ANSWERS.value])


def _judge(row: RevisionRow, form: FormDefinition, child: ChildFacts) -> Verdict:
    payload = row.body["payload"]
    facts = build_sealed_facts(child, payload, row.sealed_at, form)
    findings = check(form, payload, facts)
    levels = {alert.level for alert in findings.alerts}
    # Information asks for nothing: to say that it does not apply is nothing to look into.
    asking = [alert for alert in findings.alerts if alert.level != "info"]
    told = payload.get("alert_responses")
    said = told if isinstance(told, dict) else {}
    flags = {
        Flag.INVALID_ANSWERS: bool(findings.findings),
        Flag.GROWTH_DIFFERS: _growth_differs(payload, facts),
        Flag.ALERTS_DIFFER: _alerts_differ(payload, {alert.id for alert in findings.alerts}),
        Flag.ALERT_OVERRIDDEN: any(overridden(said.get(alert.id)) is not None for alert in asking),
        Flag.SAFEGUARDING: goes_to_safeguarding(form, payload),
        Flag.RED_ALERT: "red" in levels,
        Flag.AMBER_ALERT: "amber" in levels,
    }
    return Verdict(
        [flag.value for flag, holds in flags.items() if holds],
        red_alert_titles(form, payload, facts, findings.alerts),
        [photo.sha256 for _, photo in photos_in(form, payload)],
    )


def _alerts_differ(payload: dict[str, Any], ours: set[str]) -> bool:
    """Whether the tablet had other alerts up when it sealed the visit. Tablets from before said nothing about it."""
    context = payload.get("context")
    theirs = context.get("alerts") if isinstance(context, dict) else None
    return isinstance(theirs, list) and {one for one in theirs if isinstance(one, str)} != ours


def _growth_differs(payload: dict[str, Any], facts: dict[str, Any]) -> bool:
    """Whether the tablet showed an SDS that the server does not get."""
    derived = payload.get("derived")
    if not isinstance(derived, dict):
        return False
    for field_id, shown in derived.items():
        sent = shown.get("sds") if isinstance(shown, dict) else None
        ours = facts.get(f"sds.{field_id}")
        if sent is None and ours is None:
            continue
        theirs = read_decimal(sent)
        if theirs is None or ours is None or abs(theirs - Decimal(ours)) > GROWTH_TOLERANCE_SDS:
            return True
    return False
