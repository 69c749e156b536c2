"""The provider, its teams and the people who sign in."""

from datetime import datetime

from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from hvapp.store.base import Base, Id, new_id


class ProviderRow(Base):
    __tablename__ = "provider"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str]
    ods_code: Mapped[str] = mapped_column(unique=True)


class TeamRow(Base):
    __tablename__ = "team"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    provider_id: Mapped[str] = mapped_column(Id, ForeignKey("provider.id"))
    name: Mapped[str]
    phone: Mapped[str]

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


def accounts_in_order(session: Session) -> list[AccountRow]:
    return list(session.scalars(select(AccountRow).order_by(AccountRow.name)))
