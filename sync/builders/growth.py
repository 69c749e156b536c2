"""Measurements as Observations: the value as it was typed, and beside it the centile and SDS with how they were found.

Centile and SDS are Observations of their own, derived from the measurement: `method` on the measurement itself would
say how the baby was weighed, not which chart was read.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from hvapp.domain.redbook import ApprovedRecord
from sync.builders import codes
from sync.builders.common import Ids, author_reference, coding, organisation_reference
from sync.mapping import Field, answer, local_time

_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_METHODS = {
    "digital": "age corrected for gestation",
    "paper": "age as on paper charts",
    "chronological": "actual age, gestation not known",
}


def observations(record: ApprovedRecord, ids: Ids, field: Field) -> Iterator[dict[str, Any]]:
    """What this field says: nothing when it was not measured, one to three Observations when it was."""
    typed = answer(record, field)
    if typed is None:
        return
    measure = codes.MEASURES[str(field.target["observation"])]
    yield _measurement(record, ids, field, measure, decimal(typed))
    derived = record.derived.get(field.id) or {}
    for part, code, value, unit, ucum in _readings(field, measure.growth, derived):
        yield {
            **_base(ids.observation(field.id, part), codes.UK_CORE + "Observation"),
            "category": [_category("exam", "Exam")],
            "code": {
                "coding": [coding(codes.SNOMED, code)],
                "text": f"{measure.growth.name} for age, {'centile' if part == 'centile' else 'SDS'}",
            },
            **_context(record, ids, measure),
            "valueQuantity": _quantity(value, unit, ucum),
            **_band(part, derived),
            "method": {"text": _method(derived)},
            "derivedFrom": [{"reference": ids.urn(ids.observation(field.id))}],
        }


def possible_ids(ids: Ids, field: Field) -> Iterator[str]:
    yield from (ids.observation(field.id, part) for part in ("value", "centile", "sds"))


def decimal(typed: object) -> Decimal:
    """A typed number, digit for digit. Raises ValueError for anything else, floats included."""
    if not isinstance(typed, str) or not _DECIMAL.fullmatch(typed):
        raise ValueError("a measurement is a decimal number in text")
    return Decimal(typed)


def _measurement(
    record: ApprovedRecord, ids: Ids, field: Field, measure: codes.Measure, value: Decimal
) -> dict[str, Any]:
    target = field.target
    return {
        **_base(ids.observation(field.id), measure.profile),
        "category": [_category("vital-signs", "Vital Signs")],
        "code": {
            "coding": [
                coding(codes.LOINC, str(target.get("loinc", measure.loinc)), measure.loinc_display),
                coding(codes.SNOMED, str(target.get("snomed", measure.snomed)), measure.snomed_display),
            ]
        },
        **_context(record, ids, measure),
        "valueQuantity": _quantity(value, measure.unit, str(target.get("unit", measure.ucum))),
    }


def _base(name: str, profile: str) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": name, "meta": {"profile": [profile]}, "status": "final"}


def _context(record: ApprovedRecord, ids: Ids, measure: codes.Measure) -> dict[str, Any]:
    when = record.child.birth_date.isoformat() if measure.at_birth else local_time(record.occurred_at)
    return {
        "subject": {"reference": ids.urn(ids.patient)},
        "encounter": {"reference": ids.urn(ids.encounter)},
        "effectiveDateTime": when,
        "performer": [author_reference(record), organisation_reference(record)],
    }


def _readings(
    field: Field, growth: codes.GrowthCodes, derived: Mapping[str, Any]
) -> Iterator[tuple[str, str, Decimal, str, str]]:
    """(part, SNOMED code, value, unit in words, UCUM code); absent where no reference covers the child."""
    if derived.get("centile") is not None:
        yield (
            "centile",
            str(field.target.get("centile", growth.centile)),
            decimal(derived["centile"]),
            "centile",
            "%",
        )
    if derived.get("sds") is not None:
        # Twelve digits are kept for comparing machines; two are what a chart can show.
        value = decimal(derived["sds"]).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
        yield "sds", str(field.target.get("sds", growth.sds)), value, "SDS", "{Zscore}"


def _band(part: str, derived: Mapping[str, Any]) -> dict[str, Any]:
    band = derived.get("band")
    return {"interpretation": [{"text": str(band)}]} if part == "centile" and band else {}


def _method(derived: Mapping[str, Any]) -> str:
    method = str(derived.get("method", ""))
    parts = [f"{derived.get('reference', 'UK-WHO')} growth reference", _METHODS.get(method, method)]
    if derived.get("engine"):
        parts.append(str(derived["engine"]))
    return ", ".join(part for part in parts if part)


def _category(code: str, display: str) -> dict[str, Any]:
    return {"coding": [coding(codes.OBSERVATION_CATEGORY, code, display)]}


def _quantity(value: Decimal, unit: str, ucum: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": codes.UCUM, "code": ucum}
