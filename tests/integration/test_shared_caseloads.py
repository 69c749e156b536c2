"""A team that shares its caseload: every tablet of it carries every family, and whoever goes there is no stranger."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account, Role
from hvapp.domain.errors import Conflict
from hvapp.services import accounts, caseload, children, provider, review
from hvapp.services.database import open_sessions
from hvapp.settings import Settings
from hvapp.store.accounts import ProviderRow, TeamRow
from hvapp.store.audit import AuditRow
from hvapp.store.changes import ChangeRow, announce
from hvapp.store.children import ChildRow
from hvapp.store.transaction import transaction
from tests.support.client import Feed, Tablet
from tests.support.desk import Desk
from tests.support.reviewing import approve, record_death
from tests.support.world import PASSWORD, World, add_pregnancy, add_record

NOW = datetime.now(UTC)
SETTINGS = {
    "safeguarding_name": "Acre Valley safeguarding team",
    "safeguarding_phone": "01632 960 900",
    "home_vaccination": False,
    "growth_method": "digital",
}


def share(session: Session, world: World, *teams: Account) -> None:
    """The teams of these accounts share their caseloads, and no others."""
    provider.change_settings(
        session, by=world.ada, now=NOW, sharing={one.team.id for one in teams}, **SETTINGS
    )


@pytest.fixture
def feed_of(tablet_of: Callable[[Account], Tablet]) -> Callable[[Account], Feed]:
    return lambda account: Feed(tablet_of(account))


@pytest.fixture
def nobodys(session: Session, world: World) -> str:
    """A child of North's that is allocated to nobody."""
    with transaction(session):
        return add_record(session, world, None, "Noor")


def test_switched_on_every_tablet_of_the_team_is_brought_the_families_and_their_visits(
    tablet: Tablet,
    feed_of: Callable[[Account], Feed],
    world: World,
    nobodys: str,
    session: Session,
) -> None:
    pregnancy = add_pregnancy(session, world)
    sent = tablet.revision(world)
    tablet.push(sent)
    feeds = {name: feed_of(getattr(world, name)).pull() for name in ("amira", "ben", "sue", "olu")}
    assert feeds["ben"].held == feeds["sue"].held == {}

    share(session, world, world.ben)

    everything = {world.child_id, nobodys, pregnancy, sent["visit_id"]}
    for name in ("amira", "ben", "sue"):
        assert set(feeds[name].pull().held) == everything, name
    assert feeds["olu"].pull().held == {}, "another team"
    told = feeds["ben"].held
    assert told[world.child_id]["named_visitor"] == {"id": world.amira.id, "name": "Amira Khan"}
    assert told[nobodys]["named_visitor"] is None
    assert told[pregnancy]["mother"]["name"] == "Rosa Field"


def test_switched_off_they_leave_and_what_is_ones_own_stays(
    tablet_of: Callable[[Account], Tablet], world: World, nobodys: str, session: Session
) -> None:
    share(session, world, world.ben)
    ben = tablet_of(world.ben)
    amira = Feed(tablet_of(world.amira)).pull()
    unsent, sent = ben.revision(world), ben.revision(world)
    ben.push(sent)
    feed = Feed(ben).pull()
    assert set(feed.held) == {world.child_id, nobodys, sent["visit_id"]}

    share(session, world)

    assert set(feed.pull().held) == {sent["visit_id"]}, "whoever made a visit hears what becomes of it"
    assert set(amira.pull().held) == {world.child_id, sent["visit_id"]}
    [late] = ben.push(unsent)
    assert (late["result"], late["flags"]) == ("stored", ["not_allocated"]), "as after a child has moved away"


def test_a_colleagues_visit_is_ordinary_and_tells_the_whole_team(
    tablet: Tablet,
    tablet_of: Callable[[Account], Tablet],
    feed_of: Callable[[Account], Feed],
    world: World,
    session: Session,
) -> None:
    share(session, world, world.ben)
    ben, sue, amira = tablet_of(world.ben), feed_of(world.sue).pull(), Feed(tablet).pull()
    sent = ben.revision(world)

    [result] = ben.push(sent)

    assert (result["result"], result["flags"]) == ("stored", [])
    assert sue.pull().held[sent["visit_id"]]["author"]["name"] == "Ben Osei"
    approve(session, world, sent, reviewer=world.sue)
    assert amira.pull().held[sent["visit_id"]]["state"] == "approved"
    assert sent["visit_id"] not in sue.pull().held, "the record says it now"
    for held in (amira.held, sue.held):
        assert [one["contact_type"] for one in held[world.child_id]["contacts"]] == ["new_birth"]


def test_another_teams_visitor_is_still_a_stranger(
    tablet_of: Callable[[Account], Tablet], world: World, session: Session
) -> None:
    share(session, world, world.ben, world.olu)
    olu = tablet_of(world.olu)

    [result] = olu.push(olu.revision(world))

    assert result["flags"] == ["not_allocated"]


def test_what_was_found_and_asked_stays_between_author_and_the_familys_visitor(
    tablet: Tablet, feed_of: Callable[[Account], Feed], world: World, session: Session
) -> None:
    """A colleague sees that a visit was made, by whom and how far it has come."""
    share(session, world, world.ben)
    sent = tablet.revision(world, clock_offset_ms=3_600_000)
    tablet.push(sent)
    review.send_back(
        session,
        reviewer=world.sue,
        visit_id=sent["visit_id"],
        rev_id=sent["rev_id"],
        comment="About the bruise",
        queries=[],
        now=NOW,
    )

    colleague = feed_of(world.ben).pull().held[sent["visit_id"]]
    author = feed_of(world.amira).pull().held[sent["visit_id"]]

    assert author["flags"] == ["clock_off"] and author["returned"]["comment"] == "About the bruise"
    assert (colleague["state"], colleague["author"]["name"]) == ("returned", "Amira Khan")
    assert colleague["flags"] == [] and colleague["returned"] is None and "revision" not in colleague


class TestMoved:
    @pytest.fixture
    def feeds(
        self, feed_of: Callable[[Account], Feed], world: World, nobodys: str, session: Session
    ) -> dict[str, Feed]:
        """North shares, South, which Olu is of, does not."""
        share(session, world, world.ben)
        names = {"amira": world.amira, "ben": world.ben, "sue": world.sue, "olu": world.olu}
        return {name: feed_of(account).pull() for name, account in names.items()}

    def who_has(self, feeds: dict[str, Feed], record_id: str) -> set[str]:
        return {name for name, feed in feeds.items() if record_id in feed.pull().held}

    def test_within_the_team_only_whose_it_is_changes(
        self, feeds: dict[str, Feed], world: World, session: Session
    ) -> None:
        children.move_child(session, world.child_id, to_id=world.ben.id, by=world.sue, now=NOW)

        assert self.who_has(feeds, world.child_id) == {"amira", "ben", "sue"}
        assert feeds["amira"].held[world.child_id]["named_visitor"]["name"] == "Ben Osei"

    def test_to_another_team_it_leaves_every_tablet_with_its_visits(
        self, feeds: dict[str, Feed], world: World, session: Session
    ) -> None:
        ben = feeds["ben"].tablet
        sent = ben.revision(world)
        ben.push(sent)
        assert self.who_has(feeds, sent["visit_id"]) == {"amira", "ben", "sue"}

        children.move_child(session, world.child_id, to_id=world.olu.id, by=world.sue, now=NOW)

        assert self.who_has(feeds, world.child_id) == {"olu"}
        assert self.who_has(feeds, sent["visit_id"]) == {"olu", "ben"}

        children.move_child(session, world.child_id, to_id=world.amira.id, by=world.sue, now=NOW)

        assert self.who_has(feeds, world.child_id) == {"amira", "ben", "sue"}
        assert self.who_has(feeds, sent["visit_id"]) == {"amira", "ben", "sue"}

    def test_to_nobody_it_stays_with_the_team(
        self, feeds: dict[str, Feed], world: World, session: Session
    ) -> None:
        children.release_child(session, world.child_id, by=world.sue, now=NOW)

        assert self.who_has(feeds, world.child_id) == {"amira", "ben", "sue"}
        assert feeds["amira"].held[world.child_id]["named_visitor"] is None

        share(session, world)
        assert self.who_has(feeds, world.child_id) == set()

        with pytest.raises(Conflict, match="no tablet would carry the child"):
            children.release_child(session, world.child_id, by=world.sue, now=NOW)

    def test_joined_records_leave_one(
        self, feeds: dict[str, Feed], nobodys: str, world: World, session: Session
    ) -> None:
        assert self.who_has(feeds, nobodys) == {"amira", "ben", "sue"}

        children.merge_children(session, keep_id=world.child_id, duplicate_id=nobodys, by=world.sue, now=NOW)

        assert self.who_has(feeds, nobodys) == set()
        assert self.who_has(feeds, world.child_id) == {"amira", "ben", "sue"}

    def test_a_death_reaches_all_of_them(
        self, feeds: dict[str, Feed], world: World, session: Session
    ) -> None:
        record_death(session, world)

        assert self.who_has(feeds, world.child_id) == {"amira", "ben", "sue"}
        assert all(feeds[name].held[world.child_id]["deceased_on"] for name in ("amira", "ben", "sue"))


class TestPeople:
    def test_who_joins_the_team_is_brought_everything(
        self, tablet: Tablet, feed_of: Callable[[Account], Feed], world: World, nobodys: str, session: Session
    ) -> None:
        share(session, world, world.ben)
        sent = tablet.revision(world)
        tablet.push(sent)

        dee = accounts.create_account(
            session,
            accounts.NewAccount(
                email="dee@test.example",
                name="Dee Moss",
                role=Role.HEALTH_VISITOR,
                job="scphn",
                team_id=world.amira.team.id,
                password=PASSWORD,
            ),
            by=world.ada,
            now=NOW,
        )

        assert set(feed_of(dee).pull().held) == {world.child_id, nobodys, sent["visit_id"]}

    def test_who_was_switched_off_meanwhile_has_missed_nothing(
        self, feed_of: Callable[[Account], Feed], world: World, nobodys: str, session: Session
    ) -> None:
        share(session, world, world.ben)
        ben = feed_of(world.ben).pull()
        accounts.set_active(session, world.ben.id, active=False, by=world.ada, now=NOW)
        children.move_child(session, world.child_id, to_id=world.olu.id, by=world.ada, now=NOW)
        accounts.set_active(session, world.ben.id, active=True, by=world.ada, now=NOW)
        ben.tablet.sign_in(world.ben)

        assert set(ben.pull().held) == {nobodys}

    def test_an_administrator_has_no_tablet(self, world: World, session: Session) -> None:
        share(session, world, world.ben)

        told = session.scalars(select(ChangeRow.account_id).where(ChangeRow.record_id == world.child_id))
        assert set(told) == {world.amira.id, world.ben.id, world.sue.id}


def test_a_pull_under_way_while_it_is_switched_on_skips_nothing(
    settings: Settings,
    feed_of: Callable[[Account], Feed],
    world: World,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the account may read is asked after the changes are: older than they, it would empty them for good."""
    ben = feed_of(world.ben).pull()
    whole, read_before = caseload.changes_after, []

    def switched_on_just_before(reading: Session, *given: Any) -> Any:
        monkeypatch.setattr(caseload, "changes_after", whole)
        read_before.append(reading.get_one(TeamRow, world.ben.team.id))
        with open_sessions(settings)() as other:
            share(other, world, world.ben)
            other.get_bind().dispose()  # type: ignore[union-attr]
        return whole(reading, *given)

    monkeypatch.setattr(caseload, "changes_after", switched_on_just_before)
    ben.pull()

    assert set(ben.pull().held) == {world.child_id}


def test_a_decision_that_began_before_it_was_switched_on_is_told_to_everybody(
    settings: Settings, tablet: Tablet, feed_of: Callable[[Account], Feed], world: World, session: Session
) -> None:
    """Who is a colleague is asked when the change is numbered, not when it is written."""
    ben = feed_of(world.ben).pull()
    with transaction(session):
        child = session.get_one(ChildRow, world.child_id)
        announce(session, child.listeners, "child", child.id)
        if session.get_bind().dialect.name == "postgresql":  # on SQLite writers take turns
            with open_sessions(settings)() as other:
                share(other, world, world.ben)
                other.get_bind().dispose()  # type: ignore[union-attr]
            assert set(ben.pull().held) == {world.child_id}
        child.need_level = "targeted"
    share(session, world, world.ben)

    assert ben.pull().held[world.child_id]["need_level"] == "targeted"


class TestThePage:
    PAGE = "/admin/service"
    GIVEN = SETTINGS | {"home_vaccination": "no"}

    @pytest.fixture
    def desk(self, app: Flask, world: World) -> Desk:
        return Desk(app.test_client()).sign_in(world.ada)

    def test_teams_are_chosen_with_those_in_sight_who_are_nobodys(
        self, desk: Desk, feed_of: Callable[[Account], Feed], world: World, nobodys: str, session: Session
    ) -> None:
        desk.get(self.PAGE).has("Teams that share their caseload", "1 family is allocated to nobody.")

        saved = desk.post(self.PAGE, **self.GIVEN, sharing=[world.ben.team.id])

        page = desk.follow(saved)
        assert f'value="{world.ben.team.id}" checked' in page.html
        assert f'value="{world.olu.team.id}" checked' not in page.html
        assert set(feed_of(world.ben).pull().held) == {world.child_id, nobodys}
        [entry] = session.scalars(select(AuditRow).where(AuditRow.action == "service_settings_changed"))
        assert "sharing: [] to ['North']" in (entry.detail or "")
        desk.follow(desk.post(self.PAGE, **self.GIVEN, sharing=[world.ben.team.id])).has(
            "Nothing was different"
        )
        desk.post(self.PAGE, **self.GIVEN)
        assert feed_of(world.ben).pull().held == {}

    def test_another_providers_team_cannot_be_chosen(self, desk: Desk, session: Session) -> None:
        other = TeamRow(provider=ProviderRow(name="Elsewhere", ods_code="Y1Y"), name="Far", phone="")
        session.add(other)
        session.commit()

        page = desk.post(self.PAGE, **self.GIVEN, sharing=[other.id])

        assert page.status_code == 422
        page.has("One of these teams is not there any more.")
        session.expire_all()
        assert not other.shares_caseload

    def test_a_child_is_left_to_the_team_at_the_desk(
        self, desk: Desk, feed_of: Callable[[Account], Feed], world: World, session: Session
    ) -> None:
        record = f"/children/{world.child_id}"
        assert "Nobody for now" not in desk.get(record).text
        assert desk.post(f"{record}/move/check", to_id="nobody").status_code == 422
        share(session, world, world.ben)
        desk.get(record).has("Nobody for now: all of North")

        desk.post(f"{record}/move/check", to_id="nobody").has("Leave Maya Marlow to all of North?")
        moved = desk.follow(desk.post(f"{record}/move", to_id="nobody", from_id=world.amira.id))

        moved.has("Moved. The child is on the team’s tablets", "Nobody")
        assert feed_of(world.ben).pull().held[world.child_id]["named_visitor"] is None
