"""Which child or pregnancy an id stands for: a tablet may know it under another than this service does."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import ForeignKey, Table, false, null, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from hvapp.domain.contacts import is_about_pregnancy, may_be_about_pregnancy
from hvapp.store.accounts import Colleagues, Listener, TeamRow
from hvapp.store.base import Base, Id
from hvapp.store.children import ChildRow, PersonRow, PregnancyRow, listeners_of
from hvapp.store.prepared import Prepared, Row, among


class ChildAliasRow(Base):
    """An id under which a tablet knows a child that this service knows under another: a person has said so."""

    __tablename__ = "child_alias"

    ref: Mapped[str] = mapped_column(Id, primary_key=True)
    child_id: Mapped[str] = mapped_column(Id, ForeignKey("child.id"))
    made_by_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"))
    made_at: Mapped[datetime]


class PregnancyAliasRow(Base):
    """The same of a pregnancy."""

    __tablename__ = "pregnancy_alias"

    ref: Mapped[str] = mapped_column(Id, primary_key=True)
    pregnancy_id: Mapped[str] = mapped_column(Id, ForeignKey("pregnancy.id"))
    made_by_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"))
    made_at: Mapped[datetime]


@dataclass(frozen=True)
class SubjectHead:
    """As much of a child, or of a pregnancy, as filing a visit needs."""

    id: str
    team_id: str
    named_visitor_id: str | None
    merged_into_id: str | None
    deceased: bool
    moved_out: bool
    shared: bool
    is_pregnancy: bool = False

    def fits(self, contact_type: str) -> bool:
        """Whether such a contact can be about it: antenatal ones about a pregnancy, no access about both, all others
        about a child."""
        if self.is_pregnancy:
            return may_be_about_pregnancy(contact_type)
        return not is_about_pregnancy(contact_type)

    @property
    def listeners(self) -> set[Listener]:
        """As of the row, less colleagues who do not share. For whoever holds filing: nobody begins to meanwhile."""
        if self.moved_out:
            return set()
        found = listeners_of(self.named_visitor_id, self.team_id)
        return found if self.shared else found - {Colleagues(self.team_id)}


# Made once: every push resolves the children it names.
_child, _alias = cast(Table, ChildRow.__table__), cast(Table, ChildAliasRow.__table__)
_person, _pregnancy = cast(Table, PersonRow.__table__), cast(Table, PregnancyRow.__table__)
_team = cast(Table, TeamRow.__table__)
_of_pregnancy = cast(Table, PregnancyAliasRow.__table__)
_ALIASES = Prepared(select(_alias.c.ref, _alias.c.child_id).where(among(_alias.c.ref, "refs")))
_CHILD_HEADS = Prepared(
    select(
        _child.c.id,
        _child.c.team_id,
        _child.c.named_visitor_id,
        _child.c.merged_into_id,
        _person.c.deceased_on.is_not(None),
        _child.c.moved_out_on.is_not(None),
        _team.c.shares_caseload,
    )
    .join(_person, _person.c.id == _child.c.id)
    .join(_team, _team.c.id == _child.c.team_id)
    .where(among(_child.c.id, "ids"))
)

_PREGNANCY_HEAD = (
    _pregnancy.c.id,
    _pregnancy.c.team_id,
    _pregnancy.c.named_visitor_id,
    null(),
    false(),
    false(),
    _team.c.shares_caseload,
    true(),
)
_PREGNANCY_HEADS = Prepared(
    select(*_PREGNANCY_HEAD)
    .join(_team, _team.c.id == _pregnancy.c.team_id)
    .where(among(_pregnancy.c.id, "ids"))
)
_ALIASED_PREGNANCIES = Prepared(
    select(_of_pregnancy.c.ref, *_PREGNANCY_HEAD)
    .join(_pregnancy, _pregnancy.c.id == _of_pregnancy.c.pregnancy_id)
    .join(_team, _team.c.id == _pregnancy.c.team_id)
    .where(among(_of_pregnancy.c.ref, "refs"))
)


def resolve_heads(session: Session, refs: set[str]) -> dict[str, SubjectHead]:
    """The child or pregnancy each of these ids stands for now: children by merged records, and both by what a
    supervisor has said.

    Ids that stand for neither are left out; the ids that they have now are among them.
    """
    return ask_heads(session, refs)()


def ask_heads(session: Session, refs: set[str]) -> Callable[[], dict[str, SubjectHead]]:
    """The same, to be read later."""
    children = _ask_child_heads(session, refs)

    def heads() -> dict[str, SubjectHead]:
        resolved = children()
        others = refs - resolved.keys()
        return resolved | _resolve_pregnancies(session, others) if others else resolved

    return heads


def _ask_child_heads(session: Session, refs: set[str]) -> Callable[[], dict[str, SubjectHead]]:
    asked = sorted(refs)
    aliases, children = _ALIASES.asked(session, refs=asked), _CHILD_HEADS.asked(session, ids=asked)
    return lambda: _follow_heads(session, refs, dict(aliases()), children())


def _follow_heads(
    session: Session, refs: set[str], aliases: dict[str, str], rows: list[Row]
) -> dict[str, SubjectHead]:
    """From the children who go by these ids to those whom the ids stand for: few of them are somebody else."""
    wanted = {ref: aliases.get(ref, ref) for ref in refs}
    heads = {row[0]: SubjectHead(*row) for row in rows}
    missing = _named_by(wanted.values(), heads.values()) - refs
    while missing:
        heads |= {row[0]: SubjectHead(*row) for row in _CHILD_HEADS.rows(session, ids=sorted(missing))}
        missing = _named_by((), [heads[id] for id in missing & heads.keys()]) - heads.keys()
    resolved = {}
    for ref, child_id in wanted.items():
        head = heads.get(child_id)
        while head is not None and head.merged_into_id is not None:
            head = heads.get(head.merged_into_id)
        if head is not None:
            resolved[ref] = resolved[head.id] = head
    return resolved


def _resolve_pregnancies(session: Session, refs: set[str]) -> dict[str, SubjectHead]:
    resolved = {}
    for ref, *head in _ALIASED_PREGNANCIES.rows(session, refs=sorted(refs)):
        resolved[ref] = resolved[head[0]] = SubjectHead(*head)
    if others := sorted(refs - resolved.keys()):
        resolved |= {row[0]: SubjectHead(*row) for row in _PREGNANCY_HEADS.rows(session, ids=others)}
    return resolved


def _named_by(ids: Iterable[str], heads: Iterable[SubjectHead]) -> set[str]:
    return {*ids, *(head.merged_into_id for head in heads if head.merged_into_id)}


def find_subject(session: Session, ref: str, contact_type: str) -> ChildRow | PregnancyRow | None:
    """Whom a contact of this kind means by this id."""
    head = resolve_heads(session, {ref}).get(ref)
    if head is None or not head.fits(contact_type):
        return None
    if head.is_pregnancy:
        return session.get(PregnancyRow, head.id)
    return session.get(ChildRow, head.id)
