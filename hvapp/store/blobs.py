"""Photos as tablets send them, sealed and in pieces. What is in a box is not known here."""

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256 as sha256_of

from sqlalchemy import ForeignKey, ForeignKeyConstraint, LargeBinary, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hvapp.store.base import Base, Id
from hvapp.store.database import insert_unless_there

Sha256 = String(64)


class BlobRow(Base):
    """One box, by its hash and whose tablet sends it, so that nobody can add to another's. `held` bytes of `total` are
    here, from the start; `arrived_at` is set once all are, and have the hash."""

    __tablename__ = "blob"

    account_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(Sha256, primary_key=True, index=True)
    device_id: Mapped[str] = mapped_column(Id)
    total: Mapped[int]
    held: Mapped[int]
    begun_at: Mapped[datetime]
    arrived_at: Mapped[datetime | None]


class BlobPieceRow(Base):
    """The bytes of a box from `first` on."""

    __tablename__ = "blob_piece"
    __table_args__ = (ForeignKeyConstraint(["account_id", "sha256"], ["blob.account_id", "blob.sha256"]),)

    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    sha256: Mapped[str] = mapped_column(Sha256, primary_key=True)
    first: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)


def blob_to_change(
    session: Session, account_id: str, sha256: str, *, device_id: str, total: int, now: datetime
) -> BlobRow:
    """The box, begun if it is new, which nobody else changes until this transaction ends."""
    fresh = {"account_id": account_id, "sha256": sha256, "device_id": device_id, "total": total}
    insert_unless_there(session, BlobRow, [fresh | {"held": 0, "begun_at": now, "arrived_at": None}])
    return session.get_one(BlobRow, (account_id, sha256), with_for_update=True, populate_existing=True)


def add_piece(session: Session, blob: BlobRow, data: bytes) -> None:
    """After what is held already."""
    session.add(BlobPieceRow(account_id=blob.account_id, sha256=blob.sha256, first=blob.held, data=data))
    blob.held += len(data)
    session.flush()


def begin_anew(session: Session, blob: BlobRow, total: int) -> None:
    session.execute(
        delete(BlobPieceRow).where(
            BlobPieceRow.account_id == blob.account_id, BlobPieceRow.sha256 == blob.sha256
        )
    )
    blob.held, blob.total = 0, total


def is_whole(session: Session, blob: BlobRow) -> bool:
    """Whether what is held is the box that the hash is of."""
    return sha256_of(_content(session, blob)).hexdigest() == blob.sha256


def arrived(session: Session, hashes: Collection[str]) -> set[str]:
    """Those of these boxes that are here, whoever sent them: their hash says that they are the ones."""
    if not hashes:
        return set()
    query = select(BlobRow.sha256).where(BlobRow.sha256.in_(hashes), BlobRow.arrived_at.is_not(None))
    return set(session.scalars(query))


def content_of(session: Session, sha256: str) -> bytes | None:
    """The whole box; None while it is not here."""
    blob = session.scalars(
        select(BlobRow).where(BlobRow.sha256 == sha256, BlobRow.arrived_at.is_not(None)).limit(1)
    ).first()
    return _content(session, blob) if blob else None


def _content(session: Session, blob: BlobRow) -> bytes:
    pieces = (
        select(BlobPieceRow.data)
        .where(BlobPieceRow.account_id == blob.account_id, BlobPieceRow.sha256 == blob.sha256)
        .order_by(BlobPieceRow.first)
    )
    return b"".join(session.scalars(pieces))
