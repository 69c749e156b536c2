"""Any order of events: several tablets, lost answers, repeats, altered content, revocations, restored backups."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from hvapp.app import create_app
from hvapp.commands.database import upgrade
from hvapp.domain.accounts import Account
from hvapp.extensions import db
from hvapp.services import backup, devices, keys, provider
from hvapp.services.confirming import digest_of
from hvapp.settings import Settings
from hvapp.store.accounts import AccountRow
from hvapp.store.audit import AuditRow
from hvapp.store.changes import feed_state
from hvapp.store.children import ChildRow
from hvapp.store.visits import RevisionRow, VisitRow
from tests.support.client import Tablet, seal
from tests.support.world import World, make_world

SEALED, ACKED, CONFIRMED = "sealed", "acked", "confirmed"


@dataclass
class Item:
    revision: dict[str, Any]
    state: str = SEALED
    receipt: Any = None


@dataclass
class Held:
    """A tablet and what is stored on it."""

    tablet: Tablet
    account: Account
    items: dict[str, Item] = field(default_factory=dict)
    epoch: str = ""
    cursor: str = ""
    view: dict[str, Any] = field(default_factory=dict)
    revoked: bool = False

    def hear(self, told: dict[str, Any]) -> None:
        """What every answer says; a new epoch means that the service may have lost anything."""
        self.tablet.sealing_key = told["sealing_key"]
        if told["epoch"] != self.epoch:
            self.epoch = told["epoch"]
            for item in self.items.values():
                item.state, item.receipt = SEALED, None

    def note(self, results: list[dict[str, Any]]) -> None:
        for result in results:
            assert result["result"] in ("stored", "duplicate"), result
            item = self.items[result["rev_id"]]
            assert item.receipt in (None, result["receipt"]), "another receipt for the same revision"
            item.state, item.receipt = ACKED, result["receipt"]

    def ranges(self) -> list[tuple[list[Item], dict[str, Any]]]:
        """Runs of numbers without a gap, of what the service said it has."""
        runs: list[list[Item]] = []
        known = sorted(
            (item for item in self.items.values() if item.state != SEALED),
            key=lambda item: item.revision["device_seq"],
        )
        for item in known:
            number = item.revision["device_seq"]
            if runs and runs[-1][-1].revision["device_seq"] == number - 1:
                runs[-1].append(item)
            else:
                runs.append([item])
        return [(run, _range(run)) for run in runs]


def _range(run: list[Item]) -> dict[str, Any]:
    lines = [(one.revision["device_seq"], one.revision["rev_id"], one.revision["sha256"]) for one in run]
    return {"from": lines[0][0], "to": lines[-1][0], "digest": digest_of(lines)}


which = st.integers(0, 2)


class Service(RuleBasedStateMachine):
    app: ClassVar[Flask]
    config: ClassVar[Settings]
    world: ClassVar[World]
    folder: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self._swap(lambda: shutil.copyfile(self.folder / "template.db", self.folder / "hvapp.db"))
        (self.folder / "copy.db").unlink(missing_ok=True)
        self.held = [self._made_ready(one) for one in (self.world.amira, self.world.amira, self.world.ben)]

    def _made_ready(self, account: Account) -> Held:
        tablet = Tablet(self.app.test_client()).sign_in(account)
        held = Held(tablet, account)
        held.hear(tablet.register())
        return held

    def _swap(self, change: Any) -> Any:
        """Do something to the database file with the service stopped."""
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
        done = change()
        self.app.extensions["keyring"] = keys.Keyring(self.config.keys_key)
        return done

    def _ask(self, statement: Any) -> list[Any]:
        with self.app.app_context():
            return list(db.session.scalars(statement))

    # What visitors do

    @rule(one=which)
    def complete_a_visit(self, one: int) -> None:
        held = self.held[one]
        revision = held.tablet.revision(self.world)
        held.items[revision["rev_id"]] = Item(revision)

    @precondition(lambda self: any(held.items for held in self.held))
    @rule(one=which, of=which, pick=st.integers(0, 99))
    def correct_a_visit(self, one: int, of: int, pick: int) -> None:
        """Perhaps the other tablet's visit, and perhaps a version that is not the latest."""
        revisions = [item.revision for item in self.held[of].items.values()]
        if not revisions:
            return
        parent = revisions[pick % len(revisions)]
        held = self.held[one]
        revision = held.tablet.revision(
            self.world, visit_id=parent["visit_id"], parent_rev=parent["rev_id"], base_rev=parent["rev_id"]
        )
        held.items[revision["rev_id"]] = Item(revision)

    @precondition(lambda self: any(held.items for held in self.held))
    @rule(one=which, of=which, pick=st.integers(0, 99), back=st.booleans())
    def withdraw_a_visit(self, one: int, of: int, pick: int, back: bool) -> None:
        """Perhaps a colleague's, perhaps an old version, and perhaps taking back what is no withdrawal."""
        revisions = [item.revision for item in self.held[of].items.values()]
        if not revisions:
            return
        held = self.held[one]
        parent = revisions[pick % len(revisions)]
        revision = held.tablet.withdrawal(self.world, parent, "taken_back" if back else "twice")
        held.items[revision["rev_id"]] = Item(revision)

    # What tablets do

    @rule(
        one=which, shuffle=st.randoms(use_true_random=False), arrives=st.booleans(), all_again=st.booleans()
    )
    def push(self, one: int, shuffle: Any, arrives: bool, all_again: bool) -> None:
        held = self.held[one]
        items = [item for item in held.items.values() if all_again or item.state == SEALED]
        shuffle.shuffle(items)
        envelopes = [held.tablet.envelope(item.revision) for item in items]
        answer = held.tablet.send("POST", "/sync/v1/push", {"items": envelopes})
        assert answer.status_code == 200, answer.text
        if arrives:
            held.hear(answer.json)
            held.note(answer.json["results"])

    @rule(one=which, pick=st.integers(0, 99), resealed=st.booleans())
    def push_altered(self, one: int, pick: int, resealed: bool) -> None:
        """Content that changed on the way, or another content under an id that is taken."""
        held = self.held[one]
        if not held.items:
            return
        item = list(held.items.values())[pick % len(held.items)]
        altered = item.revision | {"occurred_at": "2026-01-01T10:00:00+00:00"}
        if resealed and item.revision["rev_id"] not in self._ask(select(RevisionRow.id)):
            return  # nobody could know that it is not the real one
        envelope = held.tablet.envelope(seal(altered) if resealed else altered)
        answer = held.tablet.send("POST", "/sync/v1/push", {"items": [envelope]})
        assert [result["result"] for result in answer.json["results"]] == ["rejected:hash"]

    @rule(one=which)
    def confirm(self, one: int) -> None:
        held = self.held[one]
        runs = held.ranges()
        body = {"ranges": [given for _, given in runs]}
        told = held.tablet.send("POST", "/sync/v1/confirm", body).json
        for (run, _), answer in zip(runs, told["ranges"], strict=True):
            for item in run:
                item.state = CONFIRMED if answer["held"] else SEALED
        held.hear(told)

    @rule(one=which, limit=st.sampled_from([1, 2, 100]))
    def pull(self, one: int, limit: int) -> None:
        held = self.held[one]
        asked = {"limit": limit, "device_id": held.tablet.device_id}
        while True:
            answer = held.tablet.client.get("/sync/v1/changes", query_string=asked | {"cursor": held.cursor})
            if answer.status_code == 410:
                held.cursor, held.view = "", {}
                continue
            if held.revoked:
                assert answer.json["error"]["code"] == "tablet_revoked"
                return
            page = answer.json
            held.hear(page)
            held.cursor = page["cursor"]
            for item in page["items"]:
                held.view[item["id"]] = item["body"]
            if not page["more"]:
                break
        self._view_is_whole(held)

    # What the service's people do

    @rule(one=which)
    def revoke(self, one: int) -> None:
        held = self.held[one]
        with self.app.app_context():
            devices.revoke(
                db.session, held.tablet.device_id, by=self.world.sue, reason="Lost", now=datetime.now(UTC)
            )
        held.revoked = True

    @rule(shared=st.booleans())
    def share_the_caseload_or_not(self, shared: bool) -> None:
        """Amira and Ben are of one team; the child is Amira's."""
        with self.app.app_context():
            provider.change_settings(
                db.session,
                by=self.world.ada,
                now=datetime.now(UTC),
                sharing=[self.world.amira.team.id] if shared else [],
                safeguarding_name="Acre Valley safeguarding team",
                safeguarding_phone="01632 960 900",
                home_vaccination=False,
                growth_method="digital",
            )

    @rule()
    def rotate_key(self) -> None:
        with self.app.app_context():
            keys.rotate(db.session, self.config.keys_key, datetime.now(UTC))
        self.app.extensions["keyring"] = keys.Keyring(self.config.keys_key)

    @rule()
    def back_up(self) -> None:
        (self.folder / "copy.db").unlink(missing_ok=True)
        backup.back_up(self.config.database_url, self.folder / "copy.db")

    @precondition(lambda self: (self.folder / "copy.db").exists())
    @rule()
    def restore(self) -> None:
        now = datetime.now(UTC)
        done = self._swap(
            lambda: backup.restore(
                self.config.database_url,
                self.folder / "copy.db",
                keys_key=self.config.keys_key,
                upgrade=lambda url: None,
                now=now,
            )
        )
        done.kept.unlink()

    # What always holds

    @invariant()
    def nothing_is_filed_twice(self) -> None:
        received = self._ask(select(AuditRow.detail).where(AuditRow.action == "revision_received"))
        assert len(received) == len(set(received))

    @invariant()
    def nothing_with_a_receipt_is_absent_unless_the_tablet_will_hear_of_it(self) -> None:
        with self.app.app_context():
            epoch = feed_state(db.session).epoch
        rows = {row.id: row.sha256 for row in self._ask(select(RevisionRow))}
        for held in self.held:
            for rev_id, item in held.items.items():
                if item.state != SEALED and held.epoch == epoch:
                    assert rows.get(rev_id) == item.revision["sha256"]

    def _view_is_whole(self, held: Held) -> None:
        """Every visit that this tablet is to show is there as it stands now, and nothing that it is not to show."""
        with self.app.app_context():
            reader = db.session.get_one(AccountRow, held.account.id)
            child = db.session.get_one(ChildRow, self.world.child_id)
            assert bool(held.view.get(child.id)) == bool(reader.hears_as & child.listeners)
            for visit in db.session.scalars(select(VisitRow)):
                shown = held.view.get(visit.id)
                if not visit.is_shown_to(reader):
                    assert shown is None, "a visit stayed that is not this tablet's"
                else:
                    assert shown is not None, "a change was not delivered"
                    assert (shown["head_rev"], shown["state"]) == (visit.head_revision_id, visit.state)

    def teardown(self) -> None:
        """However it went: once everything has got through, everything is there and everybody sees it."""
        for one, held in enumerate(self.held):
            self.confirm(one)
            answer = held.tablet.push(
                *(item.revision for item in held.items.values() if item.state == SEALED)
            )
            held.note(answer)
        stored = {row.id: row.body for row in self._ask(select(RevisionRow))}
        for one, held in enumerate(self.held):
            for rev_id, item in held.items.items():
                assert stored[rev_id] == item.revision
            self.pull(one, 100)
        self._withdrawn_is_what_its_author_withdrew_last()

    def _withdrawn_is_what_its_author_withdrew_last(self) -> None:
        """Worked out from the versions on file by the plainest means: nobody has decided on anything here."""
        with self.app.app_context():
            for visit in db.session.scalars(select(VisitRow)):
                rows = {row.id: row for row in visit.revisions if not row.apart and row.merged_from is None}
                back = {row.id for row in rows.values() if row.withdrawal and row.withdrawal.takes_back}
                over = back | {rows[one].parent_id for one in back}
                standing = {one for one, row in rows.items() if row.withdrawal and one not in over}
                later = {row.parent_id for one, row in rows.items() if one not in over}
                waits = {one for one in standing if one not in later}
                answers = any(row.withdrawal is None for one, row in rows.items() if one not in over)
                if waits or answers:
                    withdrawn = visit.state in ("withdrawn", "withdrawal", "quarantined")
                    assert withdrawn if waits else visit.state in ("received", "two_versions", "quarantined")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[type[Service]]:
    config = Settings(
        secret_key="x", database_url=f"sqlite:///{tmp_path / 'template.db'}", secure_cookies=False
    )
    template = create_app(config, testing=True)
    upgrade(template)
    with template.app_context():
        Service.world = make_world(db.session)
        db.session.remove()
        db.engine.dispose()
    Service.config = replace(config, database_url=f"sqlite:///{tmp_path / 'hvapp.db'}")
    Service.app, Service.folder = create_app(Service.config, testing=True), tmp_path
    yield Service
    with Service.app.app_context():
        db.session.remove()
        db.engine.dispose()


def test_no_order_of_events_loses_or_doubles_anything(service: type[Service]) -> None:
    run_state_machine_as_test(
        service,
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
