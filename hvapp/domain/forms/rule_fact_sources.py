"""The facts that clinical rules count for a form, each with the fields it is counted from, and what it can be."""

from collections.abc import Iterator, Sequence
from typing import Any

FLAGS = ("immunisations_on_record", "weighed_too_soon", "asq_unconfirmed", "asq_interval_fits")
"""Facts that are true or false."""

WORDS = {
    "growth_falter": ("faltering", "below_2nd", "not_faltering"),
    "contact_window": ("before", "within", "after"),
}
"""Facts that are one of a few words."""

TEXTS = ("next_weighing_from", "immunisations_overdue", "immunisations_due", "asq_refer")
"""Facts to be read; a condition can only ask whether there is one."""

ASQ_AREAS = ("communication", "gross_motor", "fine_motor", "problem_solving", "personal_social")


def rule_fact_sources(fields: Sequence[Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """`fields` are those of a form. `static/src/forms/rule-fact-sources.js` lists the same."""
    ids = {one.id for one in fields}
    measured = {(one.measure.kind, one.measure.at_birth): one.id for one in fields if one.measure}
    started = tuple(ids & {"started_at"})
    pregnancy = tuple(sorted(ids & {"gestation_weeks", "gestation_days"}))
    yield "contact_window", (*started, *sorted(ids & {"edd"}))
    weight, head = measured.get(("weight", False)), measured.get(("ofc", False))
    height = measured.get(("height", False))
    if weight:
        birth = tuple(one for one in (measured.get(("weight", True)),) if one)
        for name in ("weight_fall_spaces", "growth_falter"):
            yield name, (weight, *birth, *started, *pregnancy)
        for name in ("weighed_too_soon", "next_weighing_from"):
            yield name, (weight, *started)
    if head:
        yield "head_rise_spaces", (head, *started, *pregnancy)
    if weight and height:
        yield "sds.bmi", (weight, height, *started, *pregnancy)
    if "imm_decision" in ids:
        yield "immunisations_on_record", ()
        for name in ("immunisations_overdue", "immunisations_due"):
            yield name, ("imm_decision", *sorted(ids & {"imm_history"}), *started)
    if "asq_interval" in ids:
        areas = tuple(f"asq_{area}" for area in ASQ_AREAS if f"asq_{area}" in ids)
        for name in ("asq_refer", "asq_unconfirmed"):
            yield name, ("asq_interval", *areas)
        yield "asq_interval_due", (*started, *pregnancy)
        yield "asq_interval_fits", ("asq_interval", *started, *pregnancy)
