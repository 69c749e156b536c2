"""The provider, its teams and the people who sign in."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ForeignKey, Table, delete, false, select, update
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from hvapp.domain.accounts import Role
from hvapp.store.base import Base, Id, new_id
from hvapp.store.prepared import Prepared, among


@dataclass(frozen=True)
class Colleagues:
    """Everybody of a team whose tablet carries families, for as long as the team shares its caseload; else nobody."""

    team_id: str


Listener = str | Colleagues
"""An account, by its id, or the colleagues of a team."""


class ProviderRow(Base):
    __tablename__ = "provider"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str]
    ods_code: Mapped[str] = mapped_column(unique=True)
    safeguarding_name: Mapped[str] = mapped_column(default="", server_default="")
    safeguarding_phone: Mapped[str] = mapped_column(default="", server_default="")
    home_vaccination: Mapped[bool] = mapped_column(default=False, server_default=false())
    growth_method: Mapped[str] = mapped_column(default="digital", server_default="digital")


class TeamRow(Base):
    __tablename__ = "team"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    provider_id: Mapped[str] = mapped_column(Id, ForeignKey("provider.id"))
    name: Mapped[str]
    phone: Mapped[str]
    shares_caseload: Mapped[bool] = mapped_column(default=False, server_default=false())

    provider: Mapped[ProviderRow] = relationship()


class AccountRow(Base):
    __tablename__ = "account"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    team_id: Mapped[str] = mapped_column(Id, ForeignKey("team.id"), index=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    job: Mapped[str]
    password_hash: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    last_signed_in_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    team: Mapped[TeamRow] = relationship()

    @property
    def hears_as(self) -> set[Listener]:
        """What meets the account among the listeners of a record."""
        return {self.id, Colleagues(self.team_id)} if self.team.shares_caseload else {self.id}


class SessionRow(Base):
    """Somebody signed in with one browser; its id is what the browser's signed cookie holds."""

    __tablename__ = "signed_in_session"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"), index=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


def account_of_session(session: Session, session_id: str, started_after: datetime) -> AccountRow | None:
    """Whose session it is; None when it was ended, began too long ago, or never was."""
    return session.scalars(
        select(AccountRow)
        .join(SessionRow, SessionRow.account_id == AccountRow.id)
        .where(
            SessionRow.id == session_id,
            SessionRow.ended_at.is_(None),
            SessionRow.started_at > started_after,
        )
    ).one_or_none()


def end_sessions(session: Session, *, account_id: str, now: datetime, only: str | None = None) -> None:
    """End every session of an account that still goes on, or the one named."""
    going_on = update(SessionRow).where(SessionRow.account_id == account_id, SessionRow.ended_at.is_(None))
    session.execute(
        (going_on if only is None else going_on.where(SessionRow.id == only)).values(ended_at=now)
    )


def forget_sessions(session: Session, *, account_id: str, started_before: datetime) -> None:
    """Who signed in and when stays in the audit trail; a session that is over is of no further use."""
    session.execute(
        delete(SessionRow).where(SessionRow.account_id == account_id, SessionRow.started_at < started_before)
    )


def account_by_email(session: Session, email: str) -> AccountRow | None:
    return session.scalars(select(AccountRow).where(AccountRow.email == email.strip().lower())).one_or_none()


def account_to_change(session: Session, account_id: str) -> AccountRow:
    """The account, which nobody else changes until this transaction ends; rows that point to it may be added."""
    return session.get_one(
        AccountRow, account_id, with_for_update={"key_share": True}, populate_existing=True
    )


def accounts_of_provider(session: Session, provider_id: str) -> list[AccountRow]:
    """Accounts of the provider that are switched on, with their team; by name."""
    return list(
        session.scalars(
            select(AccountRow)
            .join(TeamRow, TeamRow.id == AccountRow.team_id)
            .where(TeamRow.provider_id == provider_id, AccountRow.active)
            .order_by(AccountRow.name)
            .options(joinedload(AccountRow.team))
        )
    )


def accounts_of_team(session: Session, team_id: str | None, ids: set[str]) -> list[AccountRow]:
    """Those of these accounts that are in the team, or all of them, with their team; by name."""
    query = select(AccountRow).where(AccountRow.id.in_(ids)).order_by(AccountRow.name)
    if team_id is not None:
        query = query.where(AccountRow.team_id == team_id)
    return list(session.scalars(query.options(joinedload(AccountRow.team))))


def teams_of_provider(session: Session, provider_id: str) -> list[TeamRow]:
    """By name."""
    return list(
        session.scalars(select(TeamRow).where(TeamRow.provider_id == provider_id).order_by(TeamRow.name))
    )


_account, _team = cast(Table, AccountRow.__table__), cast(Table, TeamRow.__table__)
_MEMBERS = (
    select(_account.c.team_id, _account.c.id)
    .where(_account.c.role != Role.ADMINISTRATOR)
    .order_by(_account.c.id)
)
_SHARING_MEMBERS = Prepared(
    _MEMBERS.join(_team, _team.c.id == _account.c.team_id).where(
        _team.c.shares_caseload, among(_account.c.team_id, "teams")
    )
)


def members_of(session: Session, team_ids: Collection[str]) -> dict[str, list[str]]:
    """The ids of those whose tablets carry families, by team.

    An account that is switched off is among them: switched on again, it must have missed nothing.
    """
    return _by_team(session.execute(_MEMBERS.where(_account.c.team_id.in_(sorted(team_ids)))).all())


def ask_sharing_members(session: Session, team_ids: Collection[str]) -> Callable[[], dict[str, list[str]]]:
    """The same, of those teams only that share their caseload."""
    members = _SHARING_MEMBERS.asked(session, teams=sorted(team_ids)) if team_ids else list
    return lambda: _by_team(members())


def _by_team(rows: Iterable[Sequence[Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for team_id, account_id in rows:
        found.setdefault(team_id, []).append(account_id)
    return found


def accounts_in_order(session: Session) -> list[AccountRow]:
    return list(session.scalars(select(AccountRow).order_by(AccountRow.name)))
