"""One rule, asked about one case by names: what `hvapp rules run` and the tables of cases use."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from hvapp.domain.ages import format_date
from hvapp.domain.contacts import due_contact, next_contact
from hvapp.domain.forms.answers import read_date
from hvapp.domain.nhs_number import format_nhs_number, valid
from hvapp.domain.rules import development, growth, immunisations, wellbeing
from hvapp.domain.rules.answering import Answer, Limits, cannot_say, not_given
from hvapp.domain.rules.given import Given, Unreadable, read_inputs, trimmed
from hvapp.domain.rules.library import RuleBook, rule_book

_NAMED = re.compile(r"\{([a-z_0-9]+)\}")
_CANNOT_SAY = {"level": "none", "text": "Cannot say: {reason}."}
AGE = "age"
"""Stands in a rule's needs for age_days, or date_of_birth and on."""


class UnknownRule(Exception):
    pass


class UnknownInput(Exception):
    pass


_BY_RULE: dict[str, Callable[[Given, Limits], Answer]] = {
    "G1": growth.ages,
    "G2": growth.correction,
    "G3": growth.centile,
    "G4": growth.extremes,
    "G5": growth.body_mass_index,
    "G6": growth.weight_loss,
    "G7": growth.faltering,
    "G8": growth.too_soon,
    "M1": wellbeing.screening,
    "M2": wellbeing.totals,
    "M3": wellbeing.harm,
    "J1": wellbeing.jaundice,
    "SG1": wellbeing.act_today,
    "SG2": wellbeing.queue,
    "SG3": wellbeing.safer_sleep,
    "SG4": wellbeing.damp,
    "DVA": wellbeing.abuse_question,
    "KPI": wellbeing.counts,
    "B1": wellbeing.blood_spot,
    "FEED": wellbeing.early_solids,
}


def evaluate(rule_id: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The rule's answer: level, status, text, and what it worked out. Raises UnknownRule and UnknownInput, each saying
    which there are; an input that is missing or cannot be read gives "cannot_say" with the reason."""
    book = rule_book()
    rule = book.by_id.get(rule_id)
    if rule is None:
        raise UnknownRule(f'there is no rule "{rule_id}"; there are {", ".join(book.by_id)}')
    names = input_names(rule)
    for name in inputs:
        if name not in names:
            raise UnknownInput(f'rule {rule_id} has no input "{name}"; it has {", ".join(names)}')
    try:
        given = read_inputs(inputs, book.inputs)
    except Unreadable as error:
        return _in_words(cannot_say(str(error)), rule)
    missing = [name for name in rule["needs"] if ("age_days" if name == AGE else name) not in given]
    if missing:
        named = ["age_days, or date_of_birth and on" if name == AGE else name for name in missing]
        return _in_words(cannot_say(f"not given: {', '.join(named)}"), rule)
    return _in_words(_answer(rule_id, given, book), rule)


def input_names(rule: Mapping[str, Any]) -> list[str]:
    """Every input of a rule, those it needs first."""
    names = [*rule["needs"], *rule["may"]]
    both = [("age_days", "date_of_birth", "on") if name == AGE else (name,) for name in names]
    return list(dict.fromkeys(one for group in both for one in group))


def _answer(rule_id: str, given: Given, book: RuleBook) -> Answer:
    limits = book.limits[rule_id]
    match rule_id:
        case "IMM":
            return immunisations.schedule(given, book.schedule)
        case "D1":
            return development.scores(given, book.asq)
        case "D2":
            return development.interval(given, limits, book.asq)
        case "O1":
            return _window(given)
        case "NHS":
            number = trimmed(given["nhs_number"])
            is_one = valid(number)
            return {
                "status": "valid" if is_one else "not_valid",
                "valid": is_one,
                "formatted": format_nhs_number(number) if is_one else None,
            }
        case _:
            return _BY_RULE[rule_id](given, limits)


def _window(given: Given) -> Answer:
    """O1: the contact that is named, else the next one that is due."""
    birth, edd, today = given.get("date_of_birth"), given.get("edd"), given["on"]
    if birth is None and edd is None:
        return not_given("date_of_birth", "edd")
    if birth is not None and given.get("contact_type") == "antenatal":
        return {"status": "born"}
    if "contact_type" in given:
        due = due_contact(given["contact_type"], birth, edd, today)
        if due is None:
            return cannot_say("this contact has no window that counts from what is given")
    else:
        due = next_contact(birth, edd, given.get("done", []), today)
    if due is None:
        return {"status": "none"}
    return {
        "status": due.state,
        "contact_type": due.contact_type,
        "opens_on": due.opens_on.isoformat(),
        "target_end": due.target_end.isoformat(),
        "limit_on": due.limit_on.isoformat(),
        "days_left": due.days_left,
        "window_text": due.text,
        "confirmed": due.confirmed,
    }


def _in_words(answer: Answer, rule: Mapping[str, Any]) -> dict[str, Any]:
    status = answer["status"]
    outcome = _CANNOT_SAY if status == "cannot_say" else rule["outcomes"][status]
    text = _NAMED.sub(lambda name: _said(answer.get(name[1])), outcome["text"])
    return {"level": outcome["level"], "confirmed": rule["confirmed"], **answer, "text": text}


def _said(value: Any) -> str:
    day = read_date(value)
    return format_date(day) if day else "" if value is None else str(value)
