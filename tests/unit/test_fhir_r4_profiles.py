"""What is sent keeps the published UK Core profiles, as far as they can be checked without a terminology server."""

import json
from typing import Any

import pytest

from sync.builders.fhir_r4 import build
from tests.support import uk_core
from tests.support.redbook_sample import RECORD

pytestmark = pytest.mark.skipif(
    not uk_core.ARCHIVE.exists(), reason=f"the UK Core profiles are not on this machine ({uk_core.ARCHIVE})"
)


def sent() -> list[dict[str, Any]]:
    return [entry["resource"] for entry in json.loads(build(RECORD))["entry"]]


def weight() -> dict[str, Any]:
    return next(one for one in sent() if "BodyWeight" in one["meta"]["profile"][0])


def test_every_stated_profile_is_published() -> None:
    stated = {resource["meta"]["profile"][0] for resource in sent()}
    assert len(stated) == 9
    assert stated <= set(uk_core.load_profiles())


@pytest.mark.parametrize("number", range(len(sent())))
def test_every_resource_keeps_the_profile_it_states(number: int) -> None:
    resource = sent()[number]
    assert uk_core.problems(resource, resource["meta"]["profile"][0]) == []


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda one: one["valueQuantity"].update(code="g"), "is fixed to kg"),
        (lambda one: one["valueQuantity"].update(unit="kg"), "is fixed to kilogram"),
        (lambda one: one["code"]["coding"].pop(0), "loinc is required"),
        (lambda one: one["code"]["coding"].pop(1), "snomedCT is required"),
        (lambda one: one["code"]["coding"][0].update(code="3141-9"), "is fixed to 29463-7"),
        (lambda one: one.update(status="amended"), "is fixed to final"),
        (lambda one: one.pop("category"), "category is required"),
        (lambda one: one.pop("effectiveDateTime"), "effective[x] is required"),
        (lambda one: one.pop("subject"), "subject is required"),
        (lambda one: one.pop("valueQuantity"), "value[x] is required"),
    ],
)
def test_the_check_itself_finds_what_breaks_a_profile(spoil: Any, problem: str) -> None:
    """A check that never fails would prove nothing."""
    spoiled = weight()
    spoil(spoiled)
    assert problem in " ".join(uk_core.problems(spoiled, spoiled["meta"]["profile"][0]))
