"""Backups: taken while the service runs, and gone back to without losing what tablets still hold."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hvapp.app import create_app
from hvapp.commands import upkeep
from hvapp.commands.database import upgrade
from hvapp.domain.accounts import Account
from hvapp.domain.errors import Conflict, DomainError, Invalid
from hvapp.extensions import db
from hvapp.services import devices
from hvapp.services.database import open_sessions
from hvapp.settings import ROOT, Settings
from hvapp.store.audit import AuditRow
from hvapp.store.changes import feed_state
from hvapp.store.devices import DeviceRow
from hvapp.store.visits import RevisionRow
from tests.support.client import Tablet, new_id
from tests.support.world import World, make_world


@dataclass
class House:
    """An installation on a file of its own, which a test may start, stop and restore."""

    settings: Settings
    folder: Path
    world: World
    app: Flask
    said: list[str]

    def start(self) -> None:
        self.app = create_app(self.settings, testing=True)

    def stop(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def tablet(self, account: Account) -> Tablet:
        tablet = Tablet(self.app.test_client()).sign_in(account)
        tablet.register()
        return tablet

    def move(self, tablet: Tablet) -> None:
        """The tablet goes on, with the service that was started last."""
        tablet.client = self.app.test_client()

    def backup(self, name: str = "copy.db") -> Path:
        upkeep.back_up(self.settings, self.folder / name, self.said.append)
        return self.folder / name

    def restore(self, file: Path) -> None:
        self.stop()
        upkeep.restore(self.settings, file, self.said.append)
        self.start()

    def ask(self, question: Callable[[Session], Any]) -> Any:
        session = open_sessions(self.settings)()
        try:
            with session:
                return question(session)
        finally:
            # Only now: a connection still in use would be left open until it is collected.
            session.get_bind().dispose()  # type: ignore[union-attr]

    def count(self, row: type) -> int:
        return self.ask(lambda session: session.scalar(select(func.count()).select_from(row)) or 0)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = Settings(
        secret_key="x", database_url=f"sqlite:///{tmp_path / 'hvapp.db'}", secure_cookies=False
    )
    app = create_app(settings, testing=True)
    upgrade(app)
    with app.app_context():
        world = make_world(db.session)
        db.session.remove()
    house = House(settings, tmp_path, world, app, [])
    yield house
    house.stop()


def epoch(session: Session) -> str:
    return feed_state(session).epoch


def test_a_copy_taken_while_the_service_runs_is_whole_and_private(house: House) -> None:
    tablet = house.tablet(house.world.amira)
    tablet.push(tablet.revision(house.world))

    file = house.backup()

    assert file.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(file)) as copy:
        assert copy.execute("SELECT count(*) FROM revision").fetchone() == (1,)
    assert "Keep the secret" in house.said[0]
    with pytest.raises(Conflict):
        house.backup()


def test_after_going_back_tablets_are_told_and_lost_work_comes_again(house: House) -> None:
    tablet = house.tablet(house.world.amira)
    before, after = tablet.revision(house.world), tablet.revision(house.world)
    tablet.push(before)
    file = house.backup()
    tablet.push(after)
    cursor, was = tablet.pull()["cursor"], house.ask(epoch)

    house.restore(file)
    house.move(tablet)

    assert house.count(RevisionRow) == 1
    told = tablet.send("POST", "/sync/v1/confirm", {"ranges": []}).json
    assert told["epoch"] == house.ask(epoch) != was
    answer = tablet.sign_in(house.world.amira).client.get("/sync/v1/changes", query_string={"cursor": cursor})
    assert answer.status_code == 410
    assert [one["result"] for one in tablet.push(before, after)] == ["duplicate", "stored"]
    restored = select(AuditRow.subject_id).where(AuditRow.action == "database_restored")
    assert house.ask(lambda session: session.scalars(restored).all()) == [told["epoch"]]


def test_what_was_there_is_kept_beside_it(house: House) -> None:
    file = house.backup()
    tablet = house.tablet(house.world.amira)
    tablet.push(tablet.revision(house.world))

    house.restore(file)

    [kept] = house.folder.glob("hvapp-before-restore-*.db")
    with closing(sqlite3.connect(kept)) as database:
        assert database.execute("SELECT count(*) FROM revision").fetchone() == (1,)
    assert any(str(kept) in words for words in house.said)
    assert sorted(path.name for path in house.folder.glob("*restoring*")) == []


def test_visits_of_a_tablet_cleared_since_are_only_in_what_is_kept_and_the_operator_learns_how_to_find_them(
    house: House,
) -> None:
    file = house.backup()
    cleared, still_there = house.tablet(house.world.amira), house.tablet(house.world.ben)
    lost, resent = cleared.revision(house.world), still_there.revision(house.world)
    cleared.push(lost)
    still_there.push(resent)
    wiped = update(DeviceRow).where(DeviceRow.id == cleared.device_id).values(wiped_at=datetime.now(UTC))
    house.ask(lambda session: (session.execute(wiped), session.commit()))

    house.restore(file)
    house.move(still_there)
    still_there.push(resent)

    [kept] = house.folder.glob("hvapp-before-restore-*.db")
    said = " ".join(house.said)
    assert "2 versions of visits" in said and "1 of them from tablets that were cleared" in said
    assert "Do not remove it" in said and "docs/operating.md" in said
    written = (ROOT / "docs" / "operating.md").read_text().partition("AS kept;")[2]
    select_missing = written.partition(";")[0].strip()
    assert select_missing.startswith("SELECT")
    with closing(sqlite3.connect(house.folder / "hvapp.db")) as database:
        database.execute("ATTACH ? AS kept", (str(kept),))
        assert [row[-1] for row in database.execute(select_missing)] == [lost["visit_id"]]


def test_nothing_is_put_under_a_running_service(house: House) -> None:
    file = house.backup()
    tablet = house.tablet(house.world.amira)
    revision = tablet.revision(house.world)
    tablet.push(revision)

    with pytest.raises(Conflict, match="Stop both"):
        upkeep.restore(house.settings, file, house.said.append)

    assert tablet.push(revision)[0]["result"] == "duplicate"


def test_keys_and_revocations_do_not_go_back_in_time(house: House) -> None:
    """A tablet may have sealed to the new key; and a stolen one must not come to life again."""
    tablet = house.tablet(house.world.amira)
    file = house.backup()
    upkeep.rotate_key(house.settings, house.said.append)
    house.stop()
    house.start()
    house.move(tablet)
    tablet.send("POST", "/sync/v1/confirm", {"ranges": []})
    tablet.push()  # learns the new key
    sealed = tablet.envelope(tablet.revision(house.world))
    now = datetime.now(UTC)
    house.ask(
        lambda session: devices.revoke(
            session, tablet.device_id, by=house.world.sue, reason="Stolen", now=now
        )
    )

    house.restore(file)
    house.move(tablet)

    assert tablet.push_sealed(sealed)[0]["result"] == "stored"
    row = house.ask(lambda session: session.get_one(DeviceRow, tablet.device_id))
    assert (row.revoked_at, row.revoked_by_id) == (now, house.world.sue.id)
    told = tablet.send("POST", "/sync/v1/confirm", {"ranges": []}).json
    assert [one["type"] for one in told["commands"]] == ["wipe"]
    assert not any("revoke them again" in words for words in house.said)


def test_a_draft_rescued_since_is_not_lost(house: House) -> None:
    """The tablet that handed it over has let go of it."""
    tablet = house.tablet(house.world.amira)
    file = house.backup()
    draft_id = new_id()
    sealed = tablet.seal("draft", draft_id, b'{"answers": {"place": "home"}}')
    assert tablet.send("PUT", f"/sync/v1/drafts/{draft_id}", sealed).json["result"] == "kept"

    house.restore(file)

    again = house.tablet(house.world.amira)
    [kept] = again.client.get("/sync/v1/drafts").json["drafts"]
    assert kept == {"id": draft_id, "draft": {"answers": {"place": "home"}}}


def test_a_damaged_database_is_replaced_and_the_operator_told_what_is_lost(house: House) -> None:
    file = house.backup()
    house.stop()
    live = house.folder / "hvapp.db"
    live.write_bytes(b"not a database" * 1000)

    house.restore(file)

    assert house.ask(epoch)
    assert any("revoke them again" in words for words in house.said)


def test_a_new_machine_starts_from_a_backup(house: House, tmp_path: Path) -> None:
    file = house.backup()
    other = replace(house.settings, database_url=f"sqlite:///{tmp_path / 'elsewhere.db'}")

    upkeep.restore(other, file, house.said.append)

    assert (tmp_path / "elsewhere.db").exists()
    assert "revoke them again" in house.said[-1]


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100], ids=["empty", "other"])
def test_only_a_whole_backup_is_gone_back_to(house: House, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "other"
    file.write_bytes(content)

    with pytest.raises(Invalid, match="Nothing was changed"):
        upkeep.restore(house.settings, file, house.said.append)

    assert house.ask(epoch)


def test_a_backup_of_another_secret_is_refused(house: House) -> None:
    house.tablet(house.world.amira)
    file = house.backup()
    house.stop()

    with pytest.raises(Invalid, match="another secret"):
        upkeep.restore(replace(house.settings, secret_key="y"), file, house.said.append)

    assert house.count(DeviceRow) == 1
    house.start()


def test_postgresql_is_left_to_its_own_tools(house: House, tmp_path: Path) -> None:
    elsewhere = replace(house.settings, database_url="postgresql://nobody@127.0.0.1:1/hvapp")
    for act in (upkeep.back_up, upkeep.restore):
        with pytest.raises(DomainError, match="pg_dump"):
            act(elsewhere, tmp_path / "copy.db", house.said.append)


def test_a_new_epoch_after_other_tools(house: House) -> None:
    tablet = house.tablet(house.world.amira)
    cursor = tablet.pull()["cursor"]

    upkeep.new_epoch(house.settings, house.said.append)

    assert tablet.client.get("/sync/v1/changes", query_string={"cursor": cursor}).status_code == 410
    assert tablet.pull()["items"] != []
