"""What is restricted (X) or for professionals only (H) is looked for in everything that the service says to anybody.

Visits of every form, full of canaries, are sent, read, sent back, approved and pushed to the red book; then every route
is called as everybody, and every answer, address, message, log line and audit entry is searched.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.forms import FormLibrary
from hvapp.domain.forms.facts import ChildFacts
from hvapp.domain.review import Query
from hvapp.services import review
from hvapp.services.database import open_sessions
from hvapp.services.judging import judge_new
from hvapp.settings import Settings
from hvapp.store.audit import AuditRow
from hvapp.store.children import PregnancyRow
from hvapp.store.outbox import OutboxRow
from hvapp.store.visits import JudgementRow, QuarantineRow, VisitRow
from sync.transports.fhir_rest import FhirRest
from tests.integration.test_redbook_worker import make_worker, red_book_at
from tests.support.answers import FORMS, LONDON
from tests.support.canaries import CANARY, Aviary
from tests.support.client import Tablet, new_id, seal
from tests.support.desk import Desk
from tests.support.world import World, add_pregnancy

REASON = "Reading what was done"
NOWHERE = "0190a7c2-0000-7000-8000-000000000000"
LISTS = (
    "/review",
    "/sort",
    "/sort/pile",
    "/red-book",
    "/children",
    "/pregnancies",
    "/tablets",
    "/tablets/import",
)


class House:
    """The service with a visit of every form in it, and what may be said where."""

    def __init__(self, app: Flask, session: Session, world: World, tablet: Tablet) -> None:
        self.app, self.session, self.world, self.tablet = app, session, world, tablet
        self.aviary = Aviary()
        newest = [form for form in FORMS if FORMS.current(form.contact_type) == form]
        self.forms = FormLibrary(tuple(self.aviary.form(form) for form in newest))
        app.extensions["forms"] = self.forms
        self.pregnancy_id = add_pregnancy(session, world)
        self.found: list[str] = []

    def revision(self, contact_type: str, **changes: Any) -> dict[str, Any]:
        form = self.forms.current(contact_type)
        assert form is not None
        now = datetime.now(UTC).replace(microsecond=0)
        started = (now - timedelta(hours=1)).astimezone(LONDON).replace(second=0)
        before_birth = contact_type == "antenatal"
        if before_birth:
            pregnancy = self.session.get_one(PregnancyRow, self.pregnancy_id)
            subject, person = self.pregnancy_id, pregnancy.mother_id
            child = ChildFacts(None, "not_known", need_level="universal", edd=pregnancy.edd)
        else:
            subject, person = self.world.child_id, self.world.mother_id
            child = ChildFacts(self.world.born, "female", 261, need_level="universal")
        given = {"started_at": started.isoformat()}
        payload = {
            "answers": self.aviary.answers(form, child, now, given, [person]),
            "confirmed": {},
            "alert_responses": self.aviary.responses(form),
            "derived": {},
            "context": {},
        }
        about = {"form_id": form.id, "form_version": form.version, "definition_hash": form.hash}
        return seal(
            self.tablet.revision(self.world)
            | about
            | {"child_id": subject, "contact_type": contact_type, "payload": payload}
            | {"occurred_at": started.astimezone(UTC).isoformat()}
            | changes
        )

    def send(self, revision: dict[str, Any]) -> dict[str, Any]:
        [result] = self.tablet.push(revision)
        assert result["result"] == "stored", result
        self.search("the answer to a push", str(result), "")
        return revision

    def judge(self) -> None:
        self.session.rollback()
        judge_new(self.session, self.forms, datetime.now(UTC))

    def search(self, where: str, text: str, allowed: str) -> set[str]:
        """Notes every canary of a kind that is not allowed there; answers those that are."""
        seen = set(CANARY.findall(text.lower()))
        wrong = sorted(one for one in seen if one[0] not in allowed)
        self.found += [f"{where} says {self.aviary.told[one]} ({one})" for one in wrong]
        return seen - set(wrong)


@pytest.fixture
def house(app: Flask, session: Session, world: World, tablet: Tablet) -> House:
    return House(app, session, world, tablet)


def allowed_on_desk(account: str, address: str) -> str:
    """H stands where a supervisor of the team reads one visit; X nowhere that was not opened with a reason."""
    reads_one = address.startswith(("/review/", "/sort/"))
    return "h" if account == "sue" and reads_one and address not in LISTS else ""


def addresses(house: House, method: str, *, every_visit: bool) -> Iterator[str]:
    """Every address of the service with what is really there in place of ids; nobody's account is changed."""
    visits = [visit.id for visit in house.session.scalars(select(VisitRow).order_by(VisitRow.received_at))]
    visits = visits if every_visit else visits[:2]
    items = [row.id for row in house.session.scalars(select(QuarantineRow))]
    ids = {
        "visit_id": visits,
        "item_id": items,
        "child_id": [house.world.child_id],
        "device_id": [house.tablet.device_id],
        "action": ["restricted", "approve", "return"],
        "act": ["again"],
        "filename": ["manifest.json"],
        "message_id": [row.id for row in house.session.scalars(select(OutboxRow))],
    }
    with house.app.test_request_context():
        for rule in house.app.url_map.iter_rules():
            names = sorted(rule.arguments)
            if method not in (rule.methods or ()) or rule.endpoint.endswith(("sign_out", "static")):
                continue
            choices: list[dict[str, str]] = [{}]
            for name in names:
                values = ids.get(name) or [NOWHERE]
                choices = [{**choice, name: value} for choice in choices for value in values]
            for choice in choices:
                built = rule.build(choice, append_unknown=False)
                assert built is not None
                yield built[1]
    house.session.rollback()


def walk(house: House, method: str) -> None:
    """Call everything as everybody."""
    world = house.world
    people = {"nobody": None} | {name: getattr(world, name) for name in ("amira", "ben", "sue", "olu", "ada")}
    for name, account in people.items():
        desk = Desk(house.app.test_client())
        if account is not None:
            desk.sign_in(account)
        for address in addresses(house, method, every_visit=name == "sue"):
            page = desk.get(address) if method == "GET" else desk.post(address)
            page.response.close()
            where = f"{method} {address} as {name}"
            allowed = allowed_on_desk(name, address)
            if address.startswith("/sync/v1/changes"):
                allowed = "h" if name == "amira" else ""
            house.search(where, page.html, allowed)
            told = [*page.addresses, page.title, *(f"{key}: {value}" for key, value in page.response.headers)]
            house.search(f"an address, title or header of {where}", " ".join(told), "")


@pytest.mark.engine("sqlite")
@pytest.mark.redbook
def test_nothing_restricted_and_nothing_professional_is_said_where_it_does_not_belong(
    house: House,
    settings: Settings,
    tablet_of: Callable[..., Tablet],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    session, world = house.session, house.world

    # Given a visit of every form; one about nobody here, one altered on the way, one changed on two tablets
    sent = [house.send(house.revision(form.contact_type)) for form in house.forms]
    unknown = house.send(house.revision("new_birth", child_id=new_id()))
    torn = house.revision("new_birth")
    house.tablet.push(torn | {"contact_type": "one_year"}, {"no": "revision", "words": torn["payload"]})
    both = house.send(house.revision("targeted"))
    later = {"visit_id": both["visit_id"], "parent_rev": both["rev_id"]}
    for _ in range(2):
        house.send(house.revision("targeted", **later))
    house.judge()
    judged = [row.red_alerts for row in session.scalars(select(JudgementRow))]
    assert sum("Red alert in a restricted part" in (titles or []) for titles in judged) > len(sent) / 2

    # When they wait, everybody looks at everything
    walk(house, "GET")

    # and one is sent back with a question, corrected, and all are approved and sent to the red book
    again = sent[0]
    review.send_back(
        session,
        reviewer=world.sue,
        visit_id=again["visit_id"],
        rev_id=again["rev_id"],
        comment="Please look at this again.",
        queries=[Query("need_level", "Is this right?")],
        now=datetime.now(UTC),
    )
    told = house.search("the author's tablet, of a visit sent back", str(house.tablet.pull(limit=500)), "xh")
    assert any(canary[0] == "x" for canary in told), "the author's own answers come back to be corrected"
    corrected = {"visit_id": again["visit_id"], "parent_rev": again["rev_id"]}
    sent[0] = house.send(house.revision(again["contact_type"], **corrected))
    house.judge()
    for one in sent:
        review.approve(
            session,
            house.forms,
            reviewer=world.sue,
            visit_id=one["visit_id"],
            rev_id=one["rev_id"],
            now=datetime.now(UTC),
            seen={row.id for row in session.scalars(select(VisitRow))},
        )
    with red_book_at(tmp_path / "red-book") as red_book:
        factory = open_sessions(settings)
        worker = make_worker(
            factory, FhirRest(red_book.url), lambda: datetime.now(UTC) + timedelta(seconds=5)
        )
        worker = type(worker)(**{**vars(worker), "forms": house.forms})
        while worker.run_once():
            pass
        factory.kw["bind"].dispose()
        assert red_book.count(world)[0] == 1
    session.rollback()
    rows = session.scalars(select(OutboxRow)).all()
    assert {row.state for row in rows} == {"sent"}, [(row.state, row.reason_code) for row in rows]

    # Then it is nowhere in the messages or in the red book
    for row in rows:
        house.search("a message", (row.payload or b"").decode(), "")
    for file in (tmp_path / "red-book").rglob("*"):
        if file.is_file():
            house.search("the red book", file.read_bytes().decode("latin-1"), "")

    # nor on any page, now that all is decided
    walk(house, "GET")

    # A reason opens it, for a supervisor of the team, on that page alone
    desk = Desk(house.app.test_client()).sign_in(world.sue)
    opened = desk.post(f"/review/{sent[1]['visit_id']}/restricted", reason=REASON)
    assert any(one[0] == "x" for one in house.search("an opened visit", opened.html, "xh"))
    house.search("the addresses of an opened visit", " ".join(opened.addresses), "")
    other = Desk(house.app.test_client()).sign_in(world.olu)
    house.search(
        "another team's", other.post(f"/review/{sent[1]['visit_id']}/restricted", reason=REASON).html, ""
    )
    assert unknown["rev_id"] not in {row.revision_id for row in rows}

    # nor on anybody else's tablet, nor in what whoever calls without knowing what to say is told
    for person in (world.ben, world.olu):
        house.search(f"the tablet of {person.name}", str(tablet_of(person).pull(limit=500)), "")
    walk(house, "POST")

    # nor on the audit trail, in a log line or in what tells of a red alert
    session.rollback()
    for entry in session.scalars(select(AuditRow)):
        house.search("the audit trail", str(vars(entry)), "")
    for judgement in session.scalars(select(JudgementRow)):
        house.search("the titles of red alerts", str(judgement.red_alerts), "")
    house.search("the log", caplog.text + "".join(capfd.readouterr()), "")
    assert house.found == [], "\n".join(house.found[:20])
