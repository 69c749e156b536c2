"""What a supervisor sees of a visit: the shapes that visit_readout fills and the pages show."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hvapp.domain.contacts import is_about_pregnancy, may_be_about_pregnancy
from hvapp.domain.forms.reading import Measured, Reading
from hvapp.domain.forms.readout import ReadRow
from hvapp.domain.reconcile import Flag
from hvapp.domain.review import VisitState


@dataclass(frozen=True)
class Child:
    """The banner."""

    id: str
    name: str
    birth_date: date | None
    nhs_number: str | None
    sex: str
    gestation_days: int | None
    births_in_pregnancy: int
    birth_order: int
    need_level: str
    deceased_on: date | None


@dataclass(frozen=True)
class Pregnancy:
    """The banner before the birth. `born`: id and name of the children born of it since."""

    id: str
    name: str
    nhs_number: str | None
    edd: date
    births_expected: int
    need_level: str
    born: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class OtherVisit:
    """Another visit on file for the same child and contact. `readable`: this supervisor's team has it."""

    visit_id: str
    author_name: str
    occurred_at: datetime
    state: VisitState
    readable: bool


@dataclass(frozen=True)
class SetAside:
    act_id: str
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True)
class EarlierVersion:
    """A version before this one, how it was sent back, and which answers have changed since."""

    rev_id: str
    received_at: datetime
    returned_by: str | None
    returned_comment: str | None
    queries: list[tuple[str, str]]
    changed: list[ReadRow]
    restricted_changes: int


@dataclass(frozen=True)
class Decision:
    outcome: str
    by: str
    at: datetime
    comment: str | None


@dataclass(frozen=True)
class Withdrawn:
    """Why its author withdraws a visit. `on_record`: it was approved, and counts until somebody agrees."""

    reason: str
    words: str
    wrong_child: bool
    at: datetime
    on_record: bool
    may_come_back: bool


@dataclass(frozen=True)
class ShownPhoto:
    """A photo in the read-out. `jpeg` is there only for a restricted one that was opened; others are fetched apart."""

    id: str
    caption: str
    arrived: bool
    restricted: bool
    jpeg: bytes | None


@dataclass(frozen=True)
class VisitDetail:
    """Everything the review page shows. `reading` is None when the form is not known here; then every answer counts
    as restricted, and `raw` has them once they are open. `child` or `pregnancy` is whom it is about; neither is on
    record here where both are None.

    `beside`: other visits for the same contact, to be looked at before approving. `not_recorded`: measurements that
    are not possible, and so stay off the child's record. `new_level`: the level of need that approving would write.
    `withdrawal`: why its author withdraws it; the answers are those of the version before. `withdrawn_before`: what was
    decided about earlier withdrawals. `photos`: by their question's id, without the restricted ones until those are
    open; `photos_missing` counts all. `to_be_read`: it is in the safeguarding queue, and this reviewer has not opened
    its restricted parts yet.
    """

    visit_id: str
    rev_id: str
    contact_type: str
    state: VisitState
    own: bool
    child: Child | None
    pregnancy: Pregnancy | None
    author_name: str
    occurred_at: datetime
    received_at: datetime
    flags: tuple[Flag, ...]
    reading: Reading | None
    field_labels: dict[str, str]
    raw: dict[str, Any] | None
    measurements: list[Measured]
    earlier: list[EarlierVersion]
    decided: Decision | None
    red_book_at: datetime | None
    red_book_reason: str | None
    restricted_open: bool
    beside: tuple[OtherVisit, ...]
    not_recorded: tuple[str, ...]
    new_level: str | None
    photos: dict[str, list[ShownPhoto]]
    photos_missing: int
    withdrawal: Withdrawn | None
    withdrawn_before: tuple[Decision, ...]
    read_as: str | None
    set_aside: SetAside | None
    to_be_read: bool

    @property
    def before_birth(self) -> bool:
        return is_about_pregnancy(self.contact_type)

    @property
    def may_be_before_birth(self) -> bool:
        return may_be_about_pregnancy(self.contact_type)
