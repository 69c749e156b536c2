"""From stored FHIR resources to the words on a parent's page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hvapp.domain.ages import age_text, civil_date, format_date
from hvapp.domain.nhs_number import format_nhs_number
from sync.redbook_stub.rules import NHS_NUMBER
from sync.redbook_stub.store import Stored

SNOMED = "http://snomed.info/sct"
PARENT_COMMENT = "CH022"
_CHARTS = (
    # The child's age says which were made at birth.
    ("Weight", "kg", {"27113001": "", "364589006": ""}),
    ("Length and height", "cm", {"248334005": "Lying down", "50373000": "Standing"}),
    ("Head size", "cm", {"363812007": "", "169876006": ""}),
)
_CENTILES = {"1153592008", "1153591001", "1153605006", "1153595005"}
_VISITS = {
    "0019": "2 to 2½ year review",
    "0020": "2 to 2½ year review",
    "0021": "One year review",
    "0022": "6 to 8 week review",
    "0023": "New baby review",
    "0026": "Extra visit",
}
_QUESTIONS = {
    "firstMilkFeed": "First milk feed",
    "feedingStatus": "Milk feeds now",
    "introductionOfSolids": "Started solid food",
    "approximateDateBreastfeedingStopped": "Last breast milk feed",
    "feedingConcerns": "Worries about feeding",
}
_ANSWERS = {
    ("firstMilkFeed", "01"): "Mother's breast milk",
    ("firstMilkFeed", "02"): "Donor breast milk",
    ("firstMilkFeed", "03"): "Formula or other milk",
    ("feedingStatus", "01"): "Breast milk only",
    ("feedingStatus", "02"): "Breast milk and other milk",
    ("feedingStatus", "03"): "No breast milk",
}


@dataclass(frozen=True)
class ChildLine:
    id: str
    name: str
    born: str
    age: str


@dataclass(frozen=True)
class Reading:
    on: str
    age: str
    value: str
    note: str
    centile: str


@dataclass(frozen=True)
class Chart:
    title: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class FeedingAnswer:
    question: str
    answer: str


@dataclass(frozen=True)
class Feeding:
    on: str
    answers: tuple[FeedingAnswer, ...]


@dataclass(frozen=True)
class Visit:
    on: str
    name: str
    where: str
    who: str
    service: str


@dataclass(frozen=True)
class Note:
    """Words written for the family, line by line."""

    on: str
    title: str
    lines: tuple[str, ...]
    who: str
    next_contact: str = ""


@dataclass(frozen=True)
class ChildPage:
    line: ChildLine
    nhs_number: str
    charts: tuple[Chart, ...]
    methods: tuple[str, ...]
    feeding: tuple[Feeding, ...]
    notes: tuple[Note, ...]
    visits: tuple[Visit, ...]


def present_children(patients: list[Stored]) -> list[ChildLine]:
    return sorted(
        (_line(patient) for patient in patients), key=lambda line: (line.name.casefold(), line.born)
    )


def present_child(patient: Stored, records: Mapping[str, list[Stored]]) -> ChildPage:
    born = date.fromisoformat(patient.body["birthDate"])
    observations = [one.body for one in records["Observation"]]
    numbers = [one["value"] for one in patient.body["identifier"] if one["system"] == NHS_NUMBER]
    return ChildPage(
        line=_line(patient),
        nhs_number=format_nhs_number(numbers[0]) if numbers else "",
        charts=tuple(
            chart for chart in (_chart(observations, born, *spec) for spec in _CHARTS) if chart.readings
        ),
        methods=tuple(
            dict.fromkeys(text for one in observations if (text := one.get("method", {}).get("text")))
        ),
        feeding=tuple(
            _feeding(one.body) for one in _newest_first(records["QuestionnaireResponse"], "authored")
        ),
        notes=tuple(
            [_note(one.body) for one in _newest_first(records["Communication"], "sent")]
            + [_plan(one.body) for one in _newest_first(records["CarePlan"], "created")]
        ),
        visits=tuple(_visit(one.body) for one in _newest_first(records["Encounter"], "period")),
    )


def _line(patient: Stored) -> ChildLine:
    name = patient.body["name"][0]
    born = date.fromisoformat(patient.body["birthDate"])
    today = date.today()  # noqa: DTZ011  (an age on a page, in the reader's own time)
    full_name = " ".join([*name.get("given", []), name.get("family", "")]).strip()
    return ChildLine(patient.id, full_name, format_date(born), age_text(born, today))


def _chart(
    observations: list[dict[str, Any]], born: date, title: str, unit: str, kinds: Mapping[str, str]
) -> Chart:
    bands = {
        link["reference"].removeprefix("Observation/"): _text(one.get("interpretation"))
        for one in observations
        if _snomed(one) in _CENTILES
        for link in one.get("derivedFrom", [])
    }
    found = [one for one in observations if _snomed(one) in kinds]
    found.sort(key=lambda one: (_day(one["effectiveDateTime"]), str(one["effectiveDateTime"])))
    return Chart(
        title,
        tuple(
            Reading(
                on=format_date(_day(one["effectiveDateTime"])),
                age=_age(born, _day(one["effectiveDateTime"])),
                value=f"{_number(one['valueQuantity']['value'])} {unit}",
                note=kinds[_snomed(one)],
                centile=bands.get(str(one.get("id")), ""),
            )
            for one in found
        ),
    )


def _age(born: date, on: date) -> str:
    return "at birth" if on == born else age_text(born, on)


def _feeding(response: Mapping[str, Any]) -> Feeding:
    return Feeding(
        on=format_date(_day(str(response["authored"]))),
        answers=tuple(
            FeedingAnswer(_QUESTIONS.get(item["linkId"], str(item.get("text", ""))), _answer(item))
            for item in response.get("item", [])
        ),
    )


def _answer(item: Mapping[str, Any]) -> str:
    given = item["answer"][0]
    for kind, value in given.items():
        match kind:
            case "valueCoding":
                return _ANSWERS.get((item["linkId"], value["code"]), str(value.get("display", "")))
            case "valueBoolean":
                return "Yes" if value else "No"
            case "valueDateTime" if len(value) == len("2026-05"):
                return format_date(date.fromisoformat(f"{value}-01")).split(" ", 1)[1]
            case "valueDateTime":
                return format_date(_day(value))
            case _:
                return str(value)
    return ""


def _visit(encounter: Mapping[str, Any]) -> Visit:
    codes = [one["code"] for kind in encounter.get("type", []) for one in kind.get("coding", [])]
    places = [one["location"].get("display", "") for one in encounter.get("location", [])]
    people = [one.get("individual", {}).get("display", "") for one in encounter.get("participant", [])]
    virtual = encounter["class"]["code"] == "VR"
    mistaken = " (recorded here by mistake)" if encounter["status"] == "entered-in-error" else ""
    return Visit(
        on=format_date(_day(encounter["period"]["start"])),
        name=next((_VISITS[code] for code in codes if code in _VISITS), "Visit") + mistaken,
        where="By phone or video" if virtual else next(iter(places), ""),
        who=next(iter(people), ""),
        service=encounter.get("serviceProvider", {}).get("display", ""),
    )


def _note(note: Mapping[str, Any]) -> Note:
    codes = {one["code"] for category in note.get("category", []) for one in category.get("coding", [])}
    return Note(
        on=format_date(_day(note["sent"])),
        title="In your own words" if PARENT_COMMENT in codes else "A note for you",
        lines=tuple("\n".join(part["contentString"] for part in note["payload"]).splitlines()),
        who=str(note.get("sender", {}).get("display", "")),
    )


def _plan(plan: Mapping[str, Any]) -> Note:
    days = [
        one["detail"]["scheduledPeriod"]["start"]
        for one in plan.get("activity", [])
        if "scheduledPeriod" in one.get("detail", {})
    ]
    return Note(
        on=format_date(_day(plan["created"])),
        title="What was agreed",
        lines=tuple(plan["description"].splitlines()),
        who=str(plan.get("author", {}).get("display", "")),
        next_contact=format_date(_day(days[0])) if days else "",
    )


def _newest_first(records: list[Stored], key: str) -> list[Stored]:
    def moment(one: Stored) -> datetime:
        value = one.body[key]
        return datetime.fromisoformat(value["start"] if isinstance(value, dict) else value)

    return sorted(records, key=moment, reverse=True)


def _day(text: str) -> date:
    """The date of a FHIR dateTime, on the wall calendar in England."""
    return (
        date.fromisoformat(text)
        if len(text) == len("2026-05-03")
        else civil_date(datetime.fromisoformat(text))
    )


def _number(value: Decimal | int) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _snomed(observation: Mapping[str, Any]) -> str:
    codes = [one["code"] for one in observation["code"]["coding"] if one.get("system") == SNOMED]
    return str(codes[0]) if codes else ""


def _text(concepts: Any) -> str:
    return str(concepts[0].get("text", "")) if concepts else ""
