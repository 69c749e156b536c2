"""Who may do what."""

from dataclasses import dataclass
from enum import StrEnum

from hvapp.domain.errors import NotAllowed


class Role(StrEnum):
    HEALTH_VISITOR = "health_visitor"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


ROLE_NAMES = {
    Role.HEALTH_VISITOR: "Health visitor",
    Role.SUPERVISOR: "Supervisor",
    Role.ADMINISTRATOR: "Administrator",
}

MINIMUM_PASSWORD_LENGTH = 12


@dataclass(frozen=True)
class Team:
    id: str
    name: str
    phone: str


@dataclass(frozen=True)
class Account:
    """A person who signs in. `job` is the practitioner type code of the header module."""

    id: str
    name: str
    email: str
    role: Role
    job: str
    team: Team
    active: bool


@dataclass(frozen=True)
class Author:
    """Whose work something is: all that filing it needs, known even of an account that is switched off."""

    id: str
    team_id: str


def check_keeps_records(by: Account) -> None:
    """Raises NotAllowed for anybody who may not change whose record a child's is, or end it."""
    if by.role is Role.HEALTH_VISITOR:
        raise NotAllowed("Only a supervisor or an administrator can change whose record this is.")
