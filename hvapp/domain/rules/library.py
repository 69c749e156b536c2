"""The published rules as data: thresholds, inputs, sources, words."""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from hvapp.domain.contacts import contact_rules_data
from hvapp.domain.forms.strict_yaml import load_plain
from hvapp.domain.growth import ChartMethod

_PUBLISHED = Path(__file__).parent.parent.parent / "rules"
_PARTS = {"rules": "clinical_rules.v1", "immunisations": "immunisations.v1", "asq": "asq3.v1"}

Data = dict[str, Any]


@dataclass(frozen=True)
class RuleBook:
    """The rules in force. Numbers with a decimal point stand in it as text, so that both languages read the same."""

    rules: Data
    immunisations: Data
    asq: Data

    @cached_property
    def by_id(self) -> dict[str, Data]:
        return {rule["id"]: rule for rule in self.rules["rules"]}

    @property
    def inputs(self) -> Data:
        inputs: Data = self.rules["inputs"]
        return inputs

    @property
    def growth_method(self) -> ChartMethod:
        method: ChartMethod = self.rules["growth_method"]
        return method

    @cached_property
    def limits(self) -> dict[str, Data]:
        """The thresholds alone, by rule."""
        return {
            rule_id: {name: limit["value"] for name, limit in rule["thresholds"].items()}
            for rule_id, rule in self.by_id.items()
        }

    @cached_property
    def schedule(self) -> Data:
        """The immunisation schedule as tablets have it."""
        schedule: Data = self.for_tablet()["immunisations"]
        return schedule

    def for_tablet(self) -> Data:
        """What a tablet needs to work the rules out: no sources and no words."""
        return {
            "version": self.rules["version"],
            "growth_method": self.growth_method,
            "limits": {rule_id: limits for rule_id, limits in self.limits.items() if limits},
            "immunisations": {
                "overdue_after": self.immunisations["overdue_after"]["days"],
                "names": self.immunisations["names"],
                "courses": [
                    {
                        key: course[key]
                        for key in ("id", "counts", "when", "confirmed", "doses")
                        if key in course
                    }
                    for course in self.immunisations["courses"]
                ],
            },
            "asq": {
                "areas": self.asq["areas"],
                "cut_offs": [
                    {
                        key: one[key]
                        for key in ("interval", "confirmed", "below", "monitor_below")
                        if key in one
                    }
                    for one in self.asq["cut_offs"]
                ],
                "from": self.asq["age_ranges"]["from"],
            },
        }

    def for_visits(self) -> Data:
        """What a tablet needs while a visit is recorded."""
        return {**self.for_tablet(), "contacts": contact_rules_data()}

    def whole(self) -> Data:
        """Everything that JavaScript needs to evaluate cases: also inputs, words and contact windows."""
        return {
            "tablet": self.for_tablet(),
            "inputs": self.inputs,
            "rules": self.rules["rules"],
            "contacts": contact_rules_data(),
        }


@cache
def rule_book() -> RuleBook:
    """The rules in force."""
    return RuleBook(**{name: _read(file) for name, file in _PARTS.items()})


def _read(name: str) -> Data:
    text = (_PUBLISHED / f"{name}.yaml").read_text(encoding="utf-8")
    data: Data = load_plain(text)
    return data
