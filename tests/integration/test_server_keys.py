"""The service's keys: rotated without losing what was sealed to an earlier one."""

from datetime import UTC, datetime

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hvapp.services import keys
from hvapp.settings import Settings
from hvapp.store.audit import AuditRow
from hvapp.store.keys import SealingKeyRow
from tests.support.client import Tablet
from tests.support.world import World


def test_after_rotating_tablets_learn_the_new_key_and_the_old_still_opens(
    tablet: Tablet, world: World, session: Session, app: Flask, settings: Settings
) -> None:
    tablet.register()
    first = tablet.sealing_key
    sealed_before = tablet.envelope(tablet.revision(world))
    made = keys.rotate(session, settings.keys_key, datetime.now(UTC))
    app.extensions["keyring"] = keys.Keyring(
        settings.keys_key
    )  # as another process, or this one half a minute on

    assert tablet.push_sealed(sealed_before)[0]["result"] == "stored"
    assert tablet.sealing_key["kid"] == made.kid != first["kid"]
    assert tablet.push(tablet.revision(world))[0]["result"] == "stored"
    assert session.get_one(SealingKeyRow, first["kid"]).retired_at is not None
    assert session.scalars(
        select(AuditRow.subject_id).where(AuditRow.action == "sealing_key_made")
    ).all() == [
        first["kid"],
        made.kid,
    ]


def test_a_running_process_opens_what_was_sealed_to_a_key_made_elsewhere(
    tablet: Tablet, world: World, session: Session, settings: Settings
) -> None:
    tablet.register()
    made = keys.rotate(session, settings.keys_key, datetime.now(UTC))
    tablet.sealing_key = {"kid": made.kid, "key": made.text}

    assert tablet.push(tablet.revision(world))[0]["result"] == "stored"


def test_a_key_that_the_secret_does_not_open_is_never_offered(
    tablet: Tablet, world: World, session: Session, app: Flask, settings: Settings
) -> None:
    """A database brought here without its secret: tablets must not seal to what nobody here can open."""
    tablet.register()
    first = tablet.sealing_key
    sealed_before = tablet.envelope(tablet.revision(world))
    session.execute(update(SealingKeyRow).values(private_key=b"\0" * 60))
    session.commit()
    app.extensions["keyring"] = keys.Keyring(settings.keys_key)

    assert tablet.push_sealed(sealed_before)[0]["result"] == "rejected:key"
    assert tablet.sealing_key["kid"] != first["kid"]
    assert tablet.push(tablet.revision(world))[0]["result"] == "stored"
