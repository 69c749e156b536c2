"""What is missing, impossible or doubtful in a visit, and what the tablet speaks up about.

"missing" asks for an answer, "hard" refuses one, "soft" asks once more. Messages say what is wrong and how to mend it.
Any payload at all is checked without raising: junk becomes findings. `static/src/forms/validate.js` does the same, word
for word; `tests/contract/validate.json` and a property test hold them together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from hvapp.domain.forms.answers import is_blank, is_not_done, is_usable, same
from hvapp.domain.forms.checks import doubt_about, problem_with
from hvapp.domain.forms.definition import AlertLevel, AlertRule, Field, FormDefinition
from hvapp.domain.forms.logic import Facts, Live, evaluate, is_required, look, look_at_row
from hvapp.domain.forms.wording import fill, lower_first, upper_first
from hvapp.domain.photos import LONGEST_CAPTION

Level = Literal["missing", "hard", "soft"]

LONGEST_DETAIL = 500
LONGEST_RESPONSE = 2000
MOST_ROWS = 50


@dataclass(frozen=True)
class Finding:
    """One thing to mend. field_id is "" for the form as a whole; row and part are set inside a list; alert_id is set
    when an alert waits for what was done about it."""

    field_id: str
    level: Level
    message: str
    row: int | None = None
    part: str | None = None
    alert_id: str | None = None


@dataclass(frozen=True)
class Alert:
    """An alert rule whose condition holds, in words."""

    id: str
    level: AlertLevel
    title: str
    text: str
    action: str
    source: str
    fields: tuple[str, ...]
    call: str | None = None


@dataclass(frozen=True)
class Findings:
    findings: list[Finding] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether the visit may be completed."""
        return not self.findings


@dataclass(frozen=True)
class _Context:
    form: FormDefinition
    live: Live
    confirmed: Mapping[str, Any]


def check(form: FormDefinition, payload: Any, facts: Facts) -> Findings:
    """Check a payload: {"answers", "confirmed", "alert_responses", ...}. Facts come from `facts.build_facts`."""
    answers = _mapping(payload, "answers")
    if not isinstance(payload, Mapping) or not isinstance(payload.get("answers", {}), Mapping):
        return Findings([Finding("", "hard", "The answers of this visit could not be read.")])
    live = look(form, answers, facts)
    context = _Context(form, live, _mapping(payload, "confirmed"))
    findings = list(_unknown(form, answers))
    for one in form.fields:
        if one.id in live.visible:
            findings += _field_findings(context, one, answers.get(one.id))
    alerts = [
        _in_words(form, rule, seen)
        for rule in form.alerts
        if (seen := _first_seen(form, rule, live)) is not None
    ]
    findings += _unanswered(alerts, _mapping(payload, "alert_responses"))
    return Findings(findings, alerts)


def _mapping(payload: Any, key: str) -> Mapping[str, Any]:
    value = payload.get(key) if isinstance(payload, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _unknown(form: FormDefinition, answers: Mapping[str, Any]) -> Iterator[Finding]:
    if any(form.field(field_id) is None for field_id in answers):
        yield Finding("", "hard", "This visit holds answers to questions that its form does not ask.")


def _field_findings(context: _Context, one: Field, value: Any) -> Iterator[Finding]:
    if one.type == "list" and not is_blank(value) and not is_not_done(value):
        yield from _list_findings(context, one, value)
        return
    problem = _problem(one, value, context.live, is_required(one, context.live))
    if problem is not None:
        yield Finding(one.id, *problem)
    elif is_usable(one, value) and not same(context.confirmed.get(one.id), value):
        doubt = doubt_about(one, value, context.live)
        if doubt is not None:
            yield Finding(one.id, "soft", doubt)


def _list_findings(context: _Context, one: Field, value: Any) -> Iterator[Finding]:
    if not isinstance(value, list):
        yield Finding(one.id, "hard", _unreadable(one))
        return
    if len(value) > MOST_ROWS:
        yield Finding(one.id, "hard", f"There can be at most {MOST_ROWS} of these.")
    for number, row in enumerate(value[:MOST_ROWS]):
        place = f"{one.item} {number + 1}"
        if not isinstance(row, Mapping):
            yield Finding(one.id, "hard", f"{place} could not be read. Remove it and enter it again.", number)
            continue
        live = look_at_row(one.fields, row, context.live.facts)
        for sub in one.fields:
            problem = (
                _problem(sub, row.get(sub.id), live, is_required(sub, live))
                if sub.id in live.visible
                else None
            )
            if problem is not None:
                yield Finding(one.id, problem[0], f"{place}: {lower_first(problem[1])}", number, sub.id)


def _problem(one: Field, value: Any, live: Live, required: bool) -> tuple[Level, str] | None:
    """The first thing that is missing or impossible about one answer."""
    if is_blank(value):
        return ("missing", _missing(one)) if required else None
    if is_not_done(value):
        message = _not_done_problem(one, value)
        return ("hard", message) if message else None
    if not is_usable(one, value):
        return "hard", _unreadable(one)
    if one.type == "photo":
        return _caption_problem(value)
    message = problem_with(one, value, live)
    return ("hard", message) if message else None


def _caption_problem(photos: list[Mapping[str, Any]]) -> tuple[Level, str] | None:
    """What each photo shows is said in words, for whoever cannot see it or has it read out."""
    for number, photo in enumerate(photos, start=1):
        if is_blank(photo["caption"]):
            return "missing", f"Say in a few words what photo {number} shows."
        if len(photo["caption"]) > LONGEST_CAPTION:
            return "hard", f"Say in at most {LONGEST_CAPTION} characters what photo {number} shows."
    return None


def _missing(one: Field) -> str:
    if one.missing:
        return one.missing
    verb = (
        "Enter"
        if one.type in ("line", "text", "integer", "decimal", "date", "month", "datetime")
        else "Select"
    )
    if one.type in ("list", "photo"):
        verb = "Add"
    if not one.not_done:
        return f"{verb} {one.name}."
    reason = "say why it was not done" if one.type in ("integer", "decimal") else "say why not"
    return f"{verb} {one.name}, or {reason}."


def _not_done_problem(one: Field, value: Mapping[str, Any]) -> str | None:
    if not one.not_done:
        must = next((check.message for check in one.checks if check.name == "must_be_true"), None)
        return must or _unreadable(one)
    reason = next((reason for reason in one.not_done if same(reason.code, value["not_done"])), None)
    detail = value.get("detail")
    if reason is None:
        return f"Select why there is no answer for {one.name}."
    if detail is not None and (not isinstance(detail, str) or len(detail) > LONGEST_DETAIL):
        return f"Say in at most {LONGEST_DETAIL} characters why there is no answer for {one.name}."
    if reason.needs_detail and is_blank(detail):
        return f"Say in a few words why there is no answer for {one.name}."
    return None


def _unreadable(one: Field) -> str:
    name = upper_first(one.name)
    match one.type:
        case "integer":
            return f"{name} must be a whole number, such as 4."
        case "decimal":
            return f"{name} must be a number, such as 3.5."
        case "date":
            return f"{name} must be a real date, such as 3 May 2026."
        case "month":
            return f"{name} must be a month and a year, such as 5 2026."
        case "datetime":
            return f"{name} must be a real date and time, such as 3 May 2026 at 10:05."
        case "choice" | "choices" | "yes_no" | "yes_no_each" | "people" | "person":
            return f"Select {one.name} again. What was there could not be read."
        case "photo":
            return f"Add {one.name} again. What was there could not be read."
        case _:
            return f"Enter {one.name} again. What was there could not be read."


def _first_seen(form: FormDefinition, rule: AlertRule, live: Live) -> Live | None:
    """What the condition holds of: the visit, or the first such row of a list, which sees the visit's answers too."""
    for seen in [live] if rule.rows is None else _rows_of(form, rule.rows, live):
        if evaluate(rule.when, seen.answers, seen.facts):
            return seen
    return None


def _rows_of(form: FormDefinition, field_id: str, live: Live) -> Iterator[Live]:
    one = form.field(field_id)
    parts = one.fields if one else ()
    for row in live.answers.get(field_id, ()):
        seen = look_at_row(parts, row, live.facts)
        yield replace(seen, answers={**live.answers, **seen.answers})


def _in_words(form: FormDefinition, rule: AlertRule, live: Live) -> Alert:
    title, text, action = (fill(form, part, live) for part in (rule.title, rule.text, rule.action))
    return Alert(rule.id, rule.level, title, text, action, rule.source, rule.fields, rule.call)


_TO_SAY = {
    "red": "what you did, or why nothing was needed",
    "amber": "what you plan",
    "not_applicable": "why it does not apply",
}


def overridden(response: Any) -> Any:
    """Why the visitor says that an alert does not apply; None where that is not what was said of it."""
    return (
        response["not_applicable"]
        if isinstance(response, Mapping) and len(response) == 1 and ("not_applicable" in response)
        else None
    )


def _unanswered(alerts: list[Alert], responses: Mapping[str, Any]) -> Iterator[Finding]:
    """Red alerts ask what was done, amber ones for a plan; information asks for nothing. Each can be overridden, which
    asks for the reason."""
    for alert in alerts:
        response = responses.get(alert.id)
        why = overridden(response)
        said = response if why is None else why
        where = alert.fields[0]
        if alert.level == "info" and why is None:
            continue
        if said is None or (isinstance(said, str) and is_blank(said)):
            ask = _TO_SAY["not_applicable" if why is not None else alert.level]
            yield Finding(where, "missing", f"{alert.title}: say {ask}.", alert_id=alert.id)
        elif not isinstance(said, str) or len(said) > LONGEST_RESPONSE:
            message = f"{alert.title}: use at most {LONGEST_RESPONSE} characters."
            yield Finding(where, "hard", message, alert_id=alert.id)
