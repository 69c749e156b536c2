"""The provider, its teams and the people who sign in."""

from datetime import datetime

from sqlalchemy import ForeignKey, select
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


def account_by_email(session: Session, email: str) -> AccountRow | None:
    return session.scalars(select(AccountRow).where(AccountRow.email == email.strip().lower())).one_or_none()


def account_to_change(session: Session, account_id: str) -> AccountRow:
    """The account, which nobody else changes until this transaction ends; rows that point to it may be added."""
    return session.get_one(
        AccountRow, account_id, with_for_update={"key_share": True}, populate_existing=True
    )


def accounts_in_order(session: Session) -> list[AccountRow]:
    return list(session.scalars(select(AccountRow).order_by(AccountRow.name)))
