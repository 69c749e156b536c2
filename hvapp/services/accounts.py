"""Signing in, and looking after accounts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hvapp.domain.accounts import MINIMUM_PASSWORD_LENGTH, Account, Role, Team
from hvapp.domain.errors import Conflict, Invalid, NotFound, WrongCredentials
from hvapp.store.accounts import (
    AccountRow,
    ProviderRow,
    SessionRow,
    TeamRow,
    account_by_email,
    account_of_session,
    account_to_change,
    accounts_in_order,
    end_sessions,
    forget_sessions,
)
from hvapp.store.audit import write_audit
from hvapp.store.filing import hold_filing
from hvapp.store.sharing import tell_caseload
from hvapp.store.transaction import transaction

ATTEMPTS_BEFORE_WAIT = 5
WAIT = timedelta(minutes=5)

_hasher = PasswordHasher()
# Verified against when the address is unknown, so that both answers take the same time.
_NOBODYS_HASH = _hasher.hash("nobody has this password")


def account_of(row: AccountRow) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        email=row.email,
        role=Role(row.role),
        job=row.job,
        team=Team(row.team.id, row.team.name, row.team.phone),
        active=row.active,
    )


def find_account(session: Session, account_id: str) -> Account | None:
    """The account of this id; None if it is gone or switched off."""
    row = session.get(AccountRow, account_id)
    return account_of(row) if row is not None and row.active else None


def find_signed_in(
    session: Session, session_id: str, *, lifetime: timedelta, now: datetime
) -> Account | None:
    """The account behind a session cookie; None once the session has ended, run out, or its account is off."""
    row = account_of_session(session, session_id, now - lifetime)
    return account_of(row) if row is not None and row.active else None


def begin_session(session: Session, account: Account, *, lifetime: timedelta, now: datetime) -> str:
    """The id of a new session, which lasts its lifetime and no longer, however much it is used."""
    with transaction(session):
        forget_sessions(session, account_id=account.id, started_before=now - lifetime)
        row = SessionRow(account_id=account.id, started_at=now)
        session.add(row)
        session.flush()
        return row.id


def end_session(session: Session, account: Account, session_id: str, now: datetime) -> None:
    """Signed out: a copy of the cookie opens nothing from now on."""
    with transaction(session):
        end_sessions(session, account_id=account.id, now=now, only=session_id)


def sign_in(session: Session, *, email: str, password: str, now: datetime) -> Account:
    """The account, if address and password fit. Raises WrongCredentials without saying which did not."""
    row = account_by_email(session, email)
    locked = row is not None and row.locked_until is not None and row.locked_until > now
    # Hashing is slow on purpose, so it happens before the write begins.
    fits = _verify(row.password_hash if row else _NOBODYS_HASH, password) and row is not None and row.active
    row_id = row.id if row else None
    if locked or row_id is None:
        raise WrongCredentials(_WRONG)
    with transaction(session):
        row = account_to_change(session, row_id)
        if row.locked_until is not None and row.locked_until > now:
            # Wrong passwords tried at the same moment were counted while this one was being checked.
            raise WrongCredentials(_WRONG)
        if not fits:
            row.failed_sign_ins += 1
            if row.failed_sign_ins >= ATTEMPTS_BEFORE_WAIT:
                row.failed_sign_ins = 0
                row.locked_until = now + WAIT
        else:
            row.failed_sign_ins = 0
            row.locked_until = None
            row.last_signed_in_at = now
        write_audit(
            session,
            at=now,
            account_id=row.id,
            action="signed_in" if fits else "sign_in_failed",
            subject_type="account",
            subject_id=row.id,
        )
    if not fits:
        raise WrongCredentials(_WRONG)
    return account_of(row)


# One sentence for all: only an address that exists can be locked, so saying so would tell that it exists.
_WRONG = (
    "The email address or password is not right. Check both and try again. "
    f"After {ATTEMPTS_BEFORE_WAIT} wrong passwords, wait {WAIT // timedelta(minutes=1)} minutes first."
)


_TAKEN = "There is already an account with this email address."


@dataclass(frozen=True)
class NewAccount:
    email: str
    name: str
    role: Role
    job: str
    team_id: str
    password: str


def create_account(session: Session, new: NewAccount, *, by: Account | None, now: datetime) -> Account:
    """Add an account. `by` is None only for the first one, made from the command line."""
    email = new.email.strip().lower()
    if "@" not in email or len(email) > 200:
        raise Invalid("Enter an email address, like name@example.nhs.uk.", "email")
    if not new.name.strip():
        raise Invalid("Enter the person's name.", "name")
    if len(new.password) < MINIMUM_PASSWORD_LENGTH:
        raise Invalid(f"Use at least {MINIMUM_PASSWORD_LENGTH} characters for the password.", "password")
    password_hash = _hasher.hash(new.password)
    with transaction(session):
        hold_filing(session)
        if account_by_email(session, email) is not None:
            raise Conflict(_TAKEN, "email")
        if session.get(TeamRow, new.team_id) is None:
            raise Invalid("Choose a team.", "team")
        row = AccountRow(
            email=email,
            name=new.name.strip(),
            role=new.role.value,
            job=new.job,
            team_id=new.team_id,
            password_hash=password_hash,
            created_at=now,
        )
        session.add(row)
        try:
            session.flush()
        except IntegrityError:
            raise Conflict(_TAKEN, "email") from None
        if row.team.shares_caseload and new.role is not Role.ADMINISTRATOR:
            tell_caseload(session, row.team_id, [row.id], removed=False)
        write_audit(
            session,
            at=now,
            account_id=by.id if by else None,
            action="account_created",
            subject_type="account",
            subject_id=row.id,
        )
    return account_of(row)


def set_active(session: Session, account_id: str, *, active: bool, by: Account, now: datetime) -> None:
    """Switch an account on or off. Its visits, sent or still on a tablet, are not touched."""
    if account_id == by.id and not active:
        raise Invalid("You cannot switch off your own account. Ask another administrator.", "own_account")
    with transaction(session):
        row = session.get(AccountRow, account_id)
        if row is None:
            raise NotFound("There is no such account.")
        row.active = active
        if not active:
            # Switched on again, the account signs in again: what was open before stays shut.
            end_sessions(session, account_id=account_id, now=now)
        row.failed_sign_ins = 0
        row.locked_until = None
        write_audit(
            session,
            at=now,
            account_id=by.id,
            action="account_on" if active else "account_off",
            subject_type="account",
            subject_id=account_id,
        )


@dataclass(frozen=True)
class AccountLine:
    account: Account
    last_signed_in_at: datetime | None


def list_accounts(session: Session) -> list[AccountLine]:
    return [AccountLine(account_of(row), row.last_signed_in_at) for row in accounts_in_order(session)]


def list_teams(session: Session) -> list[Team]:
    rows = session.scalars(select(TeamRow).order_by(TeamRow.name))
    return [Team(row.id, row.name, row.phone) for row in rows]


def ensure_team(session: Session, *, name: str, provider: str | None) -> str:
    """The id of the team of this name. A first team also needs its provider, as “Name, ODS code”."""
    found = session.scalars(select(TeamRow).where(TeamRow.name == name)).one_or_none()
    if found is not None:
        return found.id
    provider_name, _, ods_code = (provider or "").rpartition(",")
    if not provider_name.strip() or not ods_code.strip():
        raise Invalid("There is no team of this name. To make it, also give --provider “Name, ODS code”.")
    with transaction(session):
        row = session.scalars(
            select(ProviderRow).where(ProviderRow.ods_code == ods_code.strip())
        ).one_or_none()
        row = row or ProviderRow(name=provider_name.strip(), ods_code=ods_code.strip())
        team = TeamRow(name=name, phone="", provider=row)
        session.add(team)
        session.flush()
        return team.id


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
