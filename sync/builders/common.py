"""Parts every resource of a visit shares: ids, codings, and who did it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from hvapp.domain.redbook import ApprovedRecord
from sync.builders import codes


@dataclass(frozen=True)
class Ids:
    """Names of a visit's resources, derived from the visit, so that every version of it uses the same ones."""

    visit: UUID

    @property
    def patient(self) -> str:
        """Only links the entries of one Bundle; the red book names the Patient itself."""
        return self._named("patient")

    @property
    def encounter(self) -> str:
        return self._named("encounter")

    def observation(self, field_id: str, part: str = "value") -> str:
        return self._named(f"observation/{field_id}/{part}")

    def response(self, questionnaire: str) -> str:
        return self._named(f"response/{questionnaire}")

    def communication(self, field_id: str) -> str:
        return self._named(f"communication/{field_id}")

    @property
    def care_plan(self) -> str:
        return self._named("care-plan")

    def _named(self, name: str) -> str:
        return str(uuid5(self.visit, name))

    @staticmethod
    def urn(name: str) -> str:
        return f"urn:uuid:{name}"


def coding(system: str, code: str, display: str | None = None) -> dict[str, str]:
    return {"system": system, "code": code} | ({"display": display} if display else {})


def author_reference(record: ApprovedRecord) -> dict[str, Any]:
    """By name and role only: the visitor has no record of their own in the red book."""
    return {"type": "Practitioner", "display": f"{record.author.name}, {record.author.role}"}


def organisation_reference(record: ApprovedRecord) -> dict[str, Any]:
    """By its national code: the organisation's own record is not ours to write."""
    return {
        "type": "Organization",
        "identifier": {"system": codes.ODS_CODE, "value": record.organisation.ods_code},
        "display": record.organisation.name,
    }
