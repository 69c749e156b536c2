"""Both sides of the form engine, asked the same question."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.facts import ChildFacts, build_facts, derive
from hvapp.domain.forms.logic import look
from hvapp.domain.forms.validate import check
from hvapp.domain.forms.wording import plain_value
from hvapp.domain.growth import ChartMethod, GrowthResult
from hvapp.domain.rules import rule_book
from tests.support.answers import FORMS

HERE = Path(__file__).parent
RULES = rule_book().for_visits()
REFERENCE: dict[str, tuple[float, float]] = {
    "weight": (3.5, 0.5),
    "length": (50.0, 2.0),
    "height": (90.0, 4.0),
    "ofc": (35.0, 1.25),
    "bmi": (16.0, 1.5),
}


def stand_in(
    kind: str,
    value: Decimal,
    measured_on: date,
    birth_date: date,
    sex: str,
    gestation_days: int | None,
    method: ChartMethod = "digital",
) -> GrowthResult:
    """A growth reference anyone can check by hand: SDS = (value - middle) / spread, and a tenth more for each whole
    fortnight before term where that is corrected for."""
    known = sex in ("male", "female")
    middle, spread = REFERENCE[kind]
    early = 0 if gestation_days is None or method == "paper" else (280 - gestation_days) // 14
    age_days = (measured_on - birth_date).days
    return GrowthResult(
        sds=(float(value) - middle) / spread + early / 10 if known else None,
        centile=50.3 if known else None,
        band="on the 50th centile" if known else "",
        method="chronological" if gestation_days is None else method,
        age_days=age_days,
        corrected_age_days=None if gestation_days is None else age_days - (280 - gestation_days),
        reference="stand-in",
        no_reference=None if known else "No reference",
        engine="stand-in 1",
    )


def server_answer(
    form: FormDefinition,
    child: dict[str, Any],
    now: str,
    payload: Any,
    names: dict[str, str],
    method: ChartMethod = "digital",
) -> dict[str, Any]:
    answers = payload.get("answers") if isinstance(payload, dict) else None
    facts_of_child, moment = ChildFacts.from_record(child), datetime.fromisoformat(now)
    facts = build_facts(facts_of_child, answers, moment, form, stand_in, method=method)
    found = check(form, payload, facts)
    given = answers if isinstance(answers, dict) else {}
    return {
        "facts": facts,
        "findings": [
            [one.field_id, one.level, one.message, one.row, one.part, one.alert_id] for one in found.findings
        ],
        "alerts": [asdict(one) | {"fields": list(one.fields)} for one in found.alerts],
        "visible": set(look(form, answers, facts).visible),
        "derived": derive(facts_of_child, answers, moment, form, stand_in, method),
        "words": {one.id: plain_value(one, given.get(one.id), names) for one in form.fields},
    }


class TabletEngine:
    """A node process that answers as the tablet does."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def answer(
        self,
        form: FormDefinition,
        child: dict[str, Any],
        now: str,
        payload: Any,
        names: dict[str, str],
        method: ChartMethod = "digital",
    ) -> dict[str, Any]:
        question = {
            "form": form.definition,
            "child": child,
            "now": now,
            "payload": payload,
            "reference": REFERENCE,
            "names": names,
            "rules": RULES | {"growth_method": method},
        }
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "threw" not in said, said["threw"]
        return said | {"visible": set(said["visible"])}


@contextmanager
def tablet_engine() -> Iterator[TabletEngine]:
    with subprocess.Popen(
        ["node", str(HERE / "forms_engine.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            yield TabletEngine(process)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(timeout=10)


def asked(
    tablet: TabletEngine, contact: str, born: date, on: date, **answers: Any
) -> tuple[set[str], set[str]]:
    """The questions of a contact that are shown on this day, and those to be answered or mended; both sides agree."""
    form = FORMS.current(contact)
    assert form is not None
    child = {"birth_date": str(born), "sex": "male", "gestation_days": 280, "measurements": []}
    now = f"{on}T10:00:00+00:00"
    payload: dict[str, Any] = {"answers": {"started_at": now} | answers}
    server = server_answer(form, child, now, payload, {})
    assert tablet.answer(form, child, now, payload, {}) == server
    return server["visible"], {field for field, *_ in server["findings"]}
