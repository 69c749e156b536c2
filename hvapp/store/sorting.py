"""What supervisors did with work that could not be filed by itself, so that it can be read back and undone."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hvapp.store.accounts import AccountRow
from hvapp.store.base import Base, Id, new_id


class SortingActRow(Base):
    """What a supervisor did with something that needed sorting out, with all it takes to undo it.

    `subject_type`: visit, or item for what is in quarantine. `before`: what the act replaced.
    """

    __tablename__ = "sorting_act"
    __table_args__ = (Index(None, "team_id", "at"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    team_id: Mapped[str] = mapped_column(Id, ForeignKey("team.id"))
    subject_type: Mapped[str]
    subject_id: Mapped[str] = mapped_column(Id, index=True)
    act: Mapped[str]
    reason: Mapped[str | None] = mapped_column(Text)
    before: Mapped[dict[str, Any]]
    account_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"))
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey("account.id"))

    account: Mapped[AccountRow] = relationship(foreign_keys=[account_id])
