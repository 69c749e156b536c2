"""What an administrator sets for the whole provider."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.errors import Invalid
from hvapp.domain.service import ServiceSettings, check_settings
from hvapp.store.accounts import AccountRow, ProviderRow, members_of, teams_of_provider
from hvapp.store.audit import latest_audit, write_audit
from hvapp.store.children import count_unallocated
from hvapp.store.filing import hold_filing
from hvapp.store.holding import provider_of
from hvapp.store.sharing import tell_caseload
from hvapp.store.transaction import transaction

_CHANGED = "service_settings_changed"


@dataclass(frozen=True)
class LastChange:
    at: datetime
    by: str


@dataclass(frozen=True)
class TeamLine:
    """`shares`: every tablet of the team carries all its families, those allocated to nobody among them, of which there
    are `unallocated`.
    """

    id: str
    name: str
    shares: bool
    unallocated: int


def service_settings(session: Session, account: Account) -> ServiceSettings:
    """Of the account's provider."""
    return _settings(session.get_one(ProviderRow, provider_of(session, account)))


def last_change(session: Session, account: Account) -> LastChange | None:
    """When the settings were changed last, and by whom; None while they are as they began."""
    found = latest_audit(session, provider_of(session, account), _CHANGED)
    by = session.get(AccountRow, found.account_id) if found and found.account_id else None
    return LastChange(found.at, by.name if by else "Nobody on record") if found else None


def teams(session: Session, account: Account) -> list[TeamLine]:
    """The provider's, by name."""
    rows = teams_of_provider(session, provider_of(session, account))
    unallocated = count_unallocated(session)
    return [TeamLine(row.id, row.name, row.shares_caseload, unallocated.get(row.id, 0)) for row in rows]


def change_settings(
    session: Session, *, by: Account, now: datetime, sharing: Collection[str] = (), **given: Any
) -> bool:
    """Set what `check_settings` takes, and which teams share their caseload, by id; tablets hear of it when they next
    fetch. Answers whether anything changed.

    Raises Invalid, whose code is the field to mend. The audit trail has every value before and after.
    """
    wanted = check_settings(**given)
    with transaction(session):
        hold_filing(session)
        provider = session.get_one(
            ProviderRow, provider_of(session, by), with_for_update=True, populate_existing=True
        )
        before, after = asdict(_settings(provider)), asdict(wanted)
        changed = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
        for name, (_, value) in changed.items():
            setattr(provider, name, value)
        changed |= _share(session, provider.id, set(sharing))
        if changed:
            write_audit(
                session,
                at=now,
                account_id=by.id,
                action=_CHANGED,
                subject_type="provider",
                subject_id=provider.id,
                detail="; ".join(f"{name}: {old!r} to {new!r}" for name, (old, new) in changed.items()),
            )
    return bool(changed)


def _share(session: Session, provider_id: str, wanted: set[str]) -> dict[str, tuple[Any, Any]]:
    """What to write down of it: the names of those that shared before, and of those that do now."""
    rows = teams_of_provider(session, provider_id)
    if not wanted <= {row.id for row in rows}:
        raise Invalid("One of these teams is not there any more. Look again and choose.", "sharing")
    before = [row.name for row in rows if row.shares_caseload]
    members = members_of(session, [row.id for row in rows])
    for row in rows:
        if row.shares_caseload != (row.id in wanted):
            row.shares_caseload = not row.shares_caseload
            tell_caseload(session, row.id, members.get(row.id, []), removed=not row.shares_caseload)
    after = [row.name for row in rows if row.shares_caseload]
    return {"sharing": (before, after)} if before != after else {}


def _settings(row: ProviderRow) -> ServiceSettings:
    return ServiceSettings(
        safeguarding_name=row.safeguarding_name,
        safeguarding_phone=row.safeguarding_phone,
        home_vaccination=row.home_vaccination,
        growth_method="paper" if row.growth_method == "paper" else "digital",
    )
