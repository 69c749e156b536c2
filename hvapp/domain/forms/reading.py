"""What a supervisor may read of one visit: the read-out with its restricted parts taken out until they are opened.

A restricted answer takes with it every alert, finding and change that would give it away, so that no page can show one
by mistake.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from hvapp.domain.forms.answers import is_usable, read_decimal
from hvapp.domain.forms.definition import FormDefinition
from hvapp.domain.forms.facts import ChildFacts, build_sealed_facts, derive, recorded_method
from hvapp.domain.forms.logic import Facts
from hvapp.domain.forms.readout import ReadRow, ReadSection, derived_text, differences, read_out
from hvapp.domain.forms.validate import Alert, Finding, check, overridden
from hvapp.domain.rules import evaluate

RESTRICTED_ALERT = "Red alert in a restricted part"


@dataclass(frozen=True)
class Measured:
    """A measurement with its centile in plain values, as `growth.derived_value` gives them.

    `derived` is the server's own reading, None where it has none. `tablet` is what the tablet showed, in words, where
    that was something else. `on` is None for a measurement made at the visit itself.
    """

    label: str
    value: str
    on: date | None
    derived: Mapping[str, Any] | None
    tablet: str | None = None


@dataclass(frozen=True)
class Reading:
    """`overridden`: why an alert does not apply, as the visitor says.

    `restricted_answers` counts the restricted rows, open or not; `held_alerts` and `held_findings` what is held
    back with them."""

    sections: list[ReadSection]
    alerts: list[Alert]
    responses: dict[str, str]
    overridden: dict[str, str]
    findings: list[Finding]
    growth: list[Measured]
    restricted_answers: int
    held_alerts: int
    held_findings: int


def read_visit(
    form: FormDefinition,
    payload: Mapping[str, Any],
    child: ChildFacts,
    sealed_at: datetime,
    names: Mapping[str, str],
    *,
    restricted_open: bool,
) -> Reading:
    """Read a payload through its form. `child` is the record as it was before the visit."""
    facts = build_sealed_facts(child, payload, sealed_at, form)
    sections = read_out(form, payload, facts, names)
    found = check(form, payload, facts)
    rows = [row for section in sections for row in section.rows]
    closed = set() if restricted_open else _restricted_fields(form, rows)
    alerts = [alert for alert in found.alerts if closed.isdisjoint(_fields_behind(form, alert))]
    findings = [one for one in found.findings if one.field_id not in closed and _may_say(one, alerts)]
    said = _part(payload, "alert_responses")
    return Reading(
        sections=[
            replace(section, rows=[_close(row) if row.field_id in closed else row for row in section.rows])
            for section in sections
        ],
        alerts=alerts,
        responses={alert.id: said[alert.id] for alert in alerts if isinstance(said.get(alert.id), str)},
        overridden={
            alert.id: why for alert in alerts if isinstance(why := overridden(said.get(alert.id)), str)
        },
        findings=findings,
        growth=_growth(form, payload, child, sealed_at),
        restricted_answers=sum(row.visibility == "X" for row in rows),
        held_alerts=len(found.alerts) - len(alerts),
        held_findings=len(found.findings) - len(findings),
    )


def red_alert_titles(
    form: FormDefinition, payload: Mapping[str, Any], facts: Facts, alerts: list[Alert]
) -> list[str]:
    """Which red alerts there are, for a list that anybody of the team may see: nothing of a restricted part."""
    red = [alert for alert in alerts if alert.level == "red"]
    if not red:
        return []
    rows = [row for section in read_out(form, payload, facts, {}) for row in section.rows]
    closed = _restricted_fields(form, rows)
    titles = [
        alert.title if closed.isdisjoint(_fields_behind(form, alert)) else RESTRICTED_ALERT for alert in red
    ]
    return list(dict.fromkeys(titles))


def goes_to_safeguarding(form: FormDefinition, payload: Mapping[str, Any]) -> bool:
    """Whether nobody may approve this visit without having read all of it (rule SG2)."""
    asked, concern = form.field("concern"), _part(payload, "answers").get("concern")
    if asked is None or not is_usable(asked, concern):
        return False
    return evaluate("SG2", {"concern": concern}).get("may_auto_approve") is False


def read_changes(
    form: FormDefinition,
    old_payload: Mapping[str, Any],
    new_payload: Mapping[str, Any],
    *,
    restricted_open: bool,
) -> tuple[list[ReadRow], int]:
    """What changed between two versions, and how many changes are held back."""
    changed = differences(form, old_payload, new_payload)
    shown = [row for row in changed if restricted_open or row.visibility != "X"]
    return shown, len(changed) - len(shown)


def _restricted_fields(form: FormDefinition, rows: list[ReadRow]) -> set[str]:
    """Fields that are restricted whatever was answered, and those that an answer has made so."""
    always = {one.id for one in form.fields if one.visibility == "X"}
    return always | {row.field_id for row in rows if row.visibility == "X"}


def _close(row: ReadRow) -> ReadRow:
    return replace(row, value="", visibility="X", flags=(), derived=None, was=None)


def _fields_behind(form: FormDefinition, alert: Alert) -> set[str]:
    """Every field whose answer an alert would give away: those it stands beside and those its condition asks."""
    rule = next(rule for rule in form.alerts if rule.id == alert.id)
    return {*rule.fields, *_fields_asked(rule.when, form)}


def _fields_asked(condition: Any, form: FormDefinition) -> set[str]:
    if not isinstance(condition, Mapping):
        return set()
    asked = {str(condition["field"])} if "field" in condition else set()
    if "fact" in condition:
        asked.update(form.fact_sources.get(str(condition["fact"]), ()))
    for inner in (*condition.get("all", ()), *condition.get("any", ()), condition.get("not")):
        asked |= _fields_asked(inner, form)
    return asked


def _may_say(finding: Finding, alerts: list[Alert]) -> bool:
    """A finding on an alert that is held back would name it."""
    return finding.alert_id is None or any(alert.id == finding.alert_id for alert in alerts)


def _growth(
    form: FormDefinition, payload: Mapping[str, Any], child: ChildFacts, sealed_at: datetime
) -> list[Measured]:
    """Every measurement that was made, as the charts here read it."""
    answers, shown = _part(payload, "answers"), _part(payload, "derived")
    ours = derive(child, answers, sealed_at, form, method=recorded_method(payload))
    lines = []
    for one in form.fields:
        value = read_decimal(answers.get(one.id))
        if one.measure is None or value is None:
            continue
        derived, tablet = ours.get(one.id), derived_text(shown.get(one.id))
        lines.append(
            Measured(
                label=one.label,
                value=f"{value} {one.unit}",
                on=child.birth_date if one.measure.at_birth else None,
                derived=derived,
                tablet=tablet if tablet != derived_text(derived) else None,
            )
        )
    return lines


def _part(payload: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = payload.get(key)
    return value if isinstance(value, Mapping) else {}
