"""The supervisor's pages: the queue, the visit read out, and the decision."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.forms.facts import ChildFacts
from hvapp.domain.review import Query
from hvapp.domain.synthetic.filling import fill_in
from hvapp.services import review
from hvapp.store.accounts import AccountRow
from hvapp.store.audit import AuditRow
from hvapp.store.children import ChildRow, PersonRow
from hvapp.store.immunisations import ImmunisationRow
from hvapp.store.outbox import OutboxRow
from hvapp.store.visits import DecisionRow, VisitRow
from tests.support.answers import FORMS
from tests.support.client import Tablet, new_id, seal
from tests.support.desk import Desk, Page
from tests.support.reviewing import approve as approve_visit
from tests.support.reviewing import record_death
from tests.support.world import PASSWORD, World

SECRET = {"service": "domestic_abuse", "reason": "Told the visitor in the kitchen", "urgency": "urgent"}
REASON = "Checking what was done about the referral"


@pytest.fixture
def desk(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.sue)


@pytest.fixture
def sent(tablet: Tablet, world: World) -> dict:
    return push(tablet, world)


def push(tablet: Tablet, world: World, **answers: object) -> dict:
    """A visit sent; answers that are None are left out."""
    revision = tablet.revision(world)
    return push_again(tablet, revision, **answers)


def push_again(tablet: Tablet, revision: dict, **answers: object) -> dict:
    payload = revision["payload"]
    given = {key: value for key, value in (payload["answers"] | answers).items() if value is not None}
    revision = seal(revision | {"payload": payload | {"answers": given}})
    [result] = tablet.push(revision)
    assert result["result"] == "stored"
    return revision


def open_page(desk: Desk, sent: dict) -> Page:
    page = desk.get(f"/review/{sent['visit_id']}")
    assert page.status_code == 200
    return page


def approve(desk: Desk, sent: dict, **changes: object) -> Page:
    return desk.post(f"/review/{sent['visit_id']}/approve", **({"rev_id": sent["rev_id"]} | changes))


def send_back(desk: Desk, sent: dict, **form: object) -> Page:
    return desk.post(f"/review/{sent['visit_id']}/return", **({"rev_id": sent["rev_id"]} | form))


def return_visit(session: Session, world: World, sent: dict, comment: str, *queries: Query) -> None:
    review.send_back(
        session,
        reviewer=world.sue,
        visit_id=sent["visit_id"],
        rev_id=sent["rev_id"],
        comment=comment,
        queries=list(queries),
        now=datetime.now(UTC),
    )


class TestQueue:
    def test_an_empty_queue_says_what_would_be_there(self, desk: Desk) -> None:
        desk.get("/review").has("Nothing waits for you", "A visit appears here as soon as")

    def test_the_worst_comes_first_and_says_why_in_words(
        self, desk: Desk, tablet: Tablet, world: World
    ) -> None:
        push(tablet, world)
        red = push(tablet, world, weight_kg="2.580")

        page = desk.get("/review")

        visits = [address for address in page.addresses if address.startswith("/review/")]
        assert visits[0] == f"/review/{red['visit_id']}"
        page.has(
            "Red alert", "Another visit for the same contact", "12 days old", "Amira Khan", "New birth visit"
        )

    def test_filters_say_how_many_and_keep_the_others_out(
        self, desk: Desk, tablet: Tablet, world: World
    ) -> None:
        red = push(tablet, world, weight_kg="2.580")
        calm = push(tablet, world)
        page = desk.get("/review")
        page.has("All 2", "Red alerts 1", "Recorded late 0", "Returned before 0")

        shown = desk.get("/review?show=red")

        assert f"/review/{red['visit_id']}" in shown.addresses
        assert f"/review/{calm['visit_id']}" not in shown.addresses
        desk.get("/review?show=late").has("None of the 2 waiting visits is one of these")

    def test_columns_sort_by_link(self, desk: Desk, tablet: Tablet, world: World) -> None:
        first = push(tablet, world)
        red = push(tablet, world, weight_kg="2.580")

        page = desk.get("/review?sort=waiting")

        visits = [address for address in page.addresses if address.startswith("/review/")]
        assert visits == [f"/review/{first['visit_id']}", f"/review/{red['visit_id']}"]
        assert 'aria-sort="ascending"' in page.html
        assert desk.get("/review?sort=nonsense&show=nonsense").status_code == 200

    def test_a_late_visit_is_found_by_its_filter(self, desk: Desk, tablet: Tablet, world: World) -> None:
        occurred = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=30)
        late = tablet.revision(world, occurred_at=occurred.isoformat())
        tablet.push(late)

        desk.get("/review?show=late").has("Recorded more than 24 hours after the visit")

    def test_what_was_sent_back_before_says_so(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, sent: dict
    ) -> None:
        return_visit(session, world, sent, "Is the weight right?")
        tablet.push(tablet.revision(world, visit_id=sent["visit_id"], parent_rev=sent["rev_id"]))

        desk.get("/review?show=returned").has("Sent back before", "Returned before 1")

    def test_ones_own_visit_is_marked_and_last(
        self, app: Flask, desk: Desk, world: World, sent: dict
    ) -> None:
        own = push(Tablet(app.test_client()).sign_in(world.sue), world, weight_kg="2.580")

        page = desk.get("/review")

        page.has("Yours: another supervisor reviews it")
        visits = [address for address in page.addresses if address.startswith("/review/")]
        assert visits[-1] == f"/review/{own['visit_id']}"

    def test_what_cannot_be_reviewed_waits_on_a_page_of_its_own(
        self, desk: Desk, tablet: Tablet, world: World
    ) -> None:
        assert "To sort out:" not in desk.get("/review").text
        tablet.push(tablet.revision(world, child_id=new_id()), {"what": "nonsense"})

        page = desk.get("/review")

        page.has("Nothing waits for you", "To sort out: 2")
        assert "/sort" in page.addresses

    def test_a_red_alert_is_named(self, desk: Desk, tablet: Tablet, world: World) -> None:
        push(tablet, world, weight_kg="2.580")

        desk.get("/review").has("Red alert", "Weight loss of more than 10%")

    def test_a_visit_on_a_child_who_died_says_so_before_it_can_be_approved(
        self, desk: Desk, world: World, session: Session, sent: dict
    ) -> None:
        record_death(session, world)

        desk.get("/review").has("The child has died")
        open_page(desk, sent).has("Died", "I know that the child died")
        assert approve(desk, sent).status_code == 422
        assert approve(desk, sent, seen="deceased").status_code == 302

    def test_decided_visits_are_listed_with_where_they_stand(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, sent: dict
    ) -> None:
        returned = push(tablet, world)
        return_visit(session, world, returned, "Please look again")
        approve(desk, sent, seen=returned["visit_id"])

        desk.get("/review").has(
            "Recently decided", "Returned", "Approved, waiting for the red book", "by Sue Park"
        )

    def test_another_team_sees_nothing_of_it(self, app: Flask, world: World, sent: dict) -> None:
        olu = Desk(app.test_client()).sign_in(world.olu)

        assert "Maya" not in olu.get("/review").text
        page = olu.get(f"/review/{sent['visit_id']}")
        assert page.status_code == 404
        page.has("There is no such visit in your team")


class TestVisit:
    def test_the_banner_leaves_no_doubt_which_child(
        self, desk: Desk, world: World, session: Session, sent: dict
    ) -> None:
        child = session.get_one(ChildRow, world.child_id)
        child.births_in_pregnancy, child.birth_order = 2, 2
        session.commit()

        open_page(desk, sent).has(
            "Maya Marlow",
            "Twin 2 of 2",
            "Age 12 days",
            "Corrected age 39 weeks gestation",
            "NHS number 999 000 0018",
            "Sex Female",
            "Level Universal",
        )

    def test_answers_are_read_out_by_section_with_names_for_people(self, desk: Desk, sent: dict) -> None:
        open_page(desk, sent).has(
            "About this visit",
            "Who was there Nadia Marlow (mother)",
            "Weight 3.180 kg",
            "Weigh again in two weeks at clinic.",
            "Not answered:",
        )

    def test_an_alert_stands_with_what_the_visitor_did(
        self, desk: Desk, tablet: Tablet, world: World
    ) -> None:
        revision = tablet.revision(world)
        revision["payload"]["alert_responses"] = {"weight_loss": "Seen by the paediatrician today."}
        red = push_again(tablet, revision, weight_kg="2.580")

        open_page(desk, red).has(
            "Red alert", "14.3%", "What to do:", "The visitor wrote: Seen by the paediatrician today."
        )

    def test_an_alert_that_was_overridden_stands_with_the_reason_and_in_the_queue(
        self, desk: Desk, tablet: Tablet, world: World
    ) -> None:
        revision = tablet.revision(world)
        revision["payload"]["alert_responses"] = {"weight_loss": {"not_applicable": "Other scales at birth."}}
        red = push_again(tablet, revision, weight_kg="2.580")

        desk.get("/review").has("Red alert", "The visitor says that an alert does not apply")
        page = open_page(desk, red)
        page.has("The visitor says that this does not apply: Other scales at birth.")
        assert "Ask what was done" not in page.text and "say what you did" not in page.text

    def test_an_alert_without_a_word_from_the_visitor_says_so(
        self, desk: Desk, tablet: Tablet, world: World
    ) -> None:
        open_page(desk, push(tablet, world, weight_kg="2.580")).has("nothing yet. Ask what was done.")

    @pytest.mark.parametrize("on_record", [True, False])
    def test_what_is_overdue_is_worked_out_with_the_immunisations_on_record(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, on_record: bool
    ) -> None:
        """At 10 weeks, with nothing told at the visit about what was given before."""
        born = world.born - timedelta(days=58)
        session.get_one(PersonRow, world.child_id).birth_date = born
        given = {"6-in-1": born, "MenB": born, "rotavirus": born} if on_record else {}
        for vaccine, day in given.items():
            session.add(
                ImmunisationRow(child_id=world.child_id, vaccine=vaccine, given_on=day + timedelta(days=56))
            )
        session.commit()
        form = FORMS.current("six_eight_week")
        assert form is not None
        now = datetime.now(UTC).replace(microsecond=0)
        child = ChildFacts(born, "female", 261, need_level="universal")
        about = {"form_id": form.id, "form_version": form.version, "definition_hash": form.hash}
        revision = tablet.revision(world, contact_type="six_eight_week", **about)
        told = {"started_at": revision["occurred_at"], "imm_decision": "will_book", "imm_history": []}
        revision["payload"]["answers"] = fill_in(form, child, now, told, [world.mother_id])
        tablet.push(seal(revision))

        assert ("Immunisations overdue" in open_page(desk, revision).text) is not on_record

    def test_growth_shows_centile_sds_and_method_and_what_was_before(self, desk: Desk, sent: dict) -> None:
        open_page(desk, sent).has(
            "Measured at this visit",
            "centile",
            "Age corrected for gestation",
            "Before, newest first",
            "Weight at birth",
            "3.010 kg",
        )

    def test_a_centile_the_tablet_showed_otherwise_stands_beside_ours(
        self, desk: Desk, tablet: Tablet, world: World
    ) -> None:
        revision = tablet.revision(world)
        revision["payload"]["derived"] = {
            "weight_kg": {"sds": "2.500000000000", "band": "above the 99.6th centile", "method": "digital"}
        }
        push_again(tablet, revision)

        open_page(desk, revision).has("The tablet showed: Above the 99.6th centile, SDS +2.50")

    def test_answers_that_need_a_look_are_gathered_with_links(
        self, desk: Desk, tablet: Tablet, world: World
    ) -> None:
        page = open_page(desk, push(tablet, world, feeding_status=None))

        page.has("Answers to look at")
        assert "#answer-feeding_status" in page.addresses
        assert 'id="answer-feeding_status"' in page.html

    def test_what_changed_since_it_was_sent_back_comes_with_the_question(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, sent: dict
    ) -> None:
        return_visit(session, world, sent, "Weight again, please", Query("weight_kg", "Bare?"))
        newer = tablet.revision(world, visit_id=sent["visit_id"], parent_rev=sent["rev_id"])
        push_again(tablet, newer, weight_kg="3.110")

        page = open_page(desk, sent)

        page.has(
            "Sue Park sent it back: Weight again, please",
            "Weight: Bare?",
            "Weight Before 3.180 kg Now 3.110 kg",
        )
        page.has("What changed")

    def test_markup_in_answers_stays_words(self, desk: Desk, tablet: Tablet, world: World) -> None:
        page = open_page(desk, push(tablet, world, child_voice="<script>alert(1)</script> & more"))

        assert "<script>alert(1)" not in page.html
        page.has("<script>alert(1)</script> & more")

    def test_a_visit_on_an_unknown_form_is_kept_whole_behind_a_reason(
        self, desk: Desk, tablet: Tablet, world: World
    ) -> None:
        odd = tablet.revision(world, form_id="lost_form", form_version=7)
        tablet.push(odd)

        closed = open_page(desk, odd)
        closed.has("does not have the form", "Needs sorting out")
        assert "Settled" not in closed.text
        opened = desk.post(f"/review/{odd['visit_id']}/restricted", reason=REASON)
        opened.has("Child voice Settled, looks to her mother’s voice.")

    def test_opening_a_visit_is_on_the_audit_trail(
        self, desk: Desk, world: World, session: Session, sent: dict
    ) -> None:
        open_page(desk, sent)

        rows = session.scalars(select(AuditRow).where(AuditRow.action == "visit_opened")).all()
        assert [(row.account_id, row.subject_id, row.detail) for row in rows] == [
            (world.sue.id, sent["visit_id"], None)
        ]


class TestRestricted:
    @pytest.fixture
    def sent(self, tablet: Tablet, world: World) -> dict:
        return push(tablet, world, seen_alone=True, referrals=[SECRET])

    def test_restricted_answers_are_not_in_the_page_at_all(self, desk: Desk, sent: dict) -> None:
        page = open_page(desk, sent)

        page.has("Restricted: open with a reason", "8 restricted answers")
        assert "Domestic abuse" not in page.html
        assert SECRET["reason"] not in page.html

    def test_a_reason_opens_them_for_one_page_only(self, desk: Desk, sent: dict) -> None:
        page = desk.post(f"/review/{sent['visit_id']}/restricted", reason=f"  {REASON}\n")

        assert page.status_code == 200
        page.has(
            "Domestic abuse service", SECRET["reason"], "open on this page only", "Parent seen alone Yes"
        )
        assert page.response.headers["Cache-Control"] == "no-store"
        assert SECRET["reason"] not in open_page(desk, sent).html

    def test_the_reason_goes_on_the_audit_trail_and_nothing_else_does(
        self, desk: Desk, world: World, session: Session, sent: dict
    ) -> None:
        desk.post(f"/review/{sent['visit_id']}/restricted", reason=REASON)

        [row] = session.scalars(select(AuditRow).where(AuditRow.action == "restricted_opened")).all()
        assert (row.account_id, row.subject_id, row.detail) == (world.sue.id, sent["visit_id"], REASON)

    @pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
    def test_without_a_usable_reason_they_stay_closed(
        self, desk: Desk, session: Session, sent: dict, reason: str
    ) -> None:
        page = desk.post(f"/review/{sent['visit_id']}/restricted", reason=reason)

        assert page.status_code == 422
        page.has("There is a problem")
        assert "#reason" in page.addresses
        assert page.title.startswith("Error: ")
        assert SECRET["reason"] not in page.html
        assert session.scalars(select(AuditRow).where(AuditRow.action == "restricted_opened")).all() == []

    def test_an_alert_or_mistake_about_a_restricted_answer_is_held_back_with_it(
        self, desk: Desk, tablet: Tablet, world: World
    ) -> None:
        without_consent = push(tablet, world, seen_alone=None, referrals=[SECRET | {"urgency": "nonsense"}])

        closed = open_page(desk, without_consent)
        opened = desk.post(f"/review/{without_consent['visit_id']}/restricted", reason=REASON)

        closed.has("in the restricted parts")
        assert "alone" not in closed.text.replace("Parent seen alone", "")
        opened.has("Answers to look at")
        assert "in the restricted parts" not in opened.text

    def test_a_restricted_change_is_counted_not_shown(
        self, desk: Desk, tablet: Tablet, world: World, sent: dict
    ) -> None:
        newer = tablet.revision(world, visit_id=sent["visit_id"], parent_rev=sent["rev_id"])
        push_again(tablet, newer, seen_alone=False)

        closed = open_page(desk, sent)
        closed.has("2 restricted answers have changed too")
        assert SECRET["reason"] not in closed.html
        desk.post(f"/review/{sent['visit_id']}/restricted", reason=REASON).has(SECRET["reason"])

    def test_another_team_cannot_open_them(self, app: Flask, world: World, sent: dict) -> None:
        olu = Desk(app.test_client()).sign_in(world.olu)

        page = olu.post(f"/review/{sent['visit_id']}/restricted", reason=REASON)

        assert page.status_code == 404
        assert SECRET["reason"] not in page.html

    def test_the_address_asked_for_again_closes_them(self, desk: Desk, sent: dict) -> None:
        page = desk.get(f"/review/{sent['visit_id']}/restricted")

        assert page.response.location == f"/review/{sent['visit_id']}"


class TestSafeguardingQueue:
    """Rule SG2: child protection or looked after is read in full by whoever approves it."""

    @pytest.fixture
    def sent(self, tablet: Tablet, world: World) -> dict:
        return push(tablet, world, concern="looked_after", lac_start=world.born.isoformat())

    def test_it_stands_in_a_queue_of_its_own_before_what_is_not_urgent(
        self, desk: Desk, tablet: Tablet, world: World, sent: dict
    ) -> None:
        calm = push(tablet, world, concern="child_in_need")

        page = desk.get("/review?show=safeguarding")

        page.has("All 2", "Safeguarding 1", "Safeguarding: to be read in full")
        assert f"/review/{sent['visit_id']}" in page.addresses
        assert f"/review/{calm['visit_id']}" not in page.addresses
        assert "ooked after" not in page.text
        visits = [one for one in desk.get("/review").addresses if one.startswith("/review/")]
        assert visits[0] == f"/review/{sent['visit_id']}"

    def test_nobody_approves_it_unread(
        self, app: Flask, desk: Desk, world: World, session: Session, sent: dict
    ) -> None:
        page = open_page(desk, sent)
        page.has("This visit is in the safeguarding queue.", "once you have opened its restricted parts")
        assert "data-approve" not in page.html

        refused = approve(desk, sent)

        assert refused.status_code == 422
        refused.has("Nothing was decided. This visit is in the safeguarding queue")
        assert "#reason" in refused.addresses
        session.rollback()
        assert session.get_one(VisitRow, sent["visit_id"]).state == "received"

        # What a colleague has read nobody else has
        session.get_one(AccountRow, world.olu.id).team_id = world.sue.team.id
        session.commit()
        olu = Desk(app.test_client()).sign_in(world.olu)
        olu.post(f"/review/{sent['visit_id']}/restricted", reason=REASON)
        assert approve(desk, sent).status_code == 422

        opened = desk.post(f"/review/{sent['visit_id']}/restricted", reason=REASON)
        assert "data-approve" in opened.html
        assert approve(desk, sent).status_code == 302

    def test_a_newer_version_is_read_again(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, sent: dict
    ) -> None:
        desk.post(f"/review/{sent['visit_id']}/restricted", reason=REASON)
        return_visit(session, world, sent, "What has been agreed?")
        newer = tablet.revision(world, visit_id=sent["visit_id"], parent_rev=sent["rev_id"])
        newer = push_again(tablet, newer, concern="child_protection", weight_kg="3.190")

        assert approve(desk, newer).status_code == 422

    def test_it_can_be_sent_back_unread(self, desk: Desk, sent: dict) -> None:
        assert send_back(desk, sent, comment="Ring me first.").status_code == 302


class TestDecision:
    def test_approving_says_so_and_opens_the_next_visit(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, sent: dict
    ) -> None:
        following = push(tablet, world)

        page = approve(desk, sent, seen=following["visit_id"])

        assert page.response.location == f"/review/{following['visit_id']}"
        shown = desk.follow(page)
        shown.has("Maya Marlow: approved.")
        assert session.get_one(VisitRow, sent["visit_id"]).state == "approved"
        assert "Maya Marlow: approved." not in desk.get("/review").text

    def test_another_visit_for_the_same_contact_is_looked_at_first(
        self, app: Flask, desk: Desk, tablet: Tablet, world: World, session: Session, sent: dict
    ) -> None:
        ben = Tablet(app.test_client()).sign_in(world.ben)
        other = push(ben, world)
        page = open_page(desk, sent)
        page.has("Another visit for the same contact is on file", "Both took place", "Ben Osei")
        assert f"/review/{other['visit_id']}" in page.addresses
        open_page(desk, other).has("Amira Khan")

        refused = approve(desk, sent)

        assert refused.status_code == 422
        refused.has("Nothing was decided yet")
        assert "#seen" in refused.addresses
        assert session.get_one(VisitRow, sent["visit_id"]).state == "received"
        assert approve(desk, sent, seen=other["visit_id"]).status_code == 302

    def test_the_last_one_leads_back_to_the_queue(self, desk: Desk, sent: dict) -> None:
        page = approve(desk, sent)

        assert page.response.location == "/review"
        desk.follow(page).has("Maya Marlow: approved.", "Nothing waits for you")

    def test_the_cookie_that_carries_the_news_names_nobody(self, desk: Desk, sent: dict) -> None:
        from base64 import urlsafe_b64decode

        cookie = approve(desk, sent).response.headers["Set-Cookie"].split(";")[0].partition("=")[2]
        payload = cookie.lstrip(".").split(".")[0]

        content = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        assert b"Maya" not in content
        assert b"Marlow" not in content

    def test_sending_back_keeps_comment_and_questions(self, desk: Desk, session: Session, sent: dict) -> None:
        form = {
            "comment": "  Two things, please.  ",
            "questions-0-field_id": "weight_kg",
            "questions-0-comment": "Bare?",
            "questions-2-field_id": "seen_alone",
            "questions-2-comment": "Please ask next time.",
        }

        page = send_back(desk, sent, **form)

        desk.follow(page).has("Maya Marlow: sent back to Amira Khan.")
        [decision] = session.scalars(select(DecisionRow)).all()
        assert decision.comment == "Two things, please."
        assert decision.queries == [
            {"field_id": "weight_kg", "comment": "Bare?"},
            {"field_id": "seen_alone", "comment": "Please ask next time."},
        ]

    def test_a_question_on_an_answer_needs_no_comment_beside_it(
        self, desk: Desk, session: Session, sent: dict
    ) -> None:
        form = {"questions-0-field_id": "weight_kg", "questions-0-comment": "Bare?"}
        desk.follow(send_back(desk, sent, **form)).has("Maya Marlow: sent back to Amira Khan.")

        [decision] = session.scalars(select(DecisionRow)).all()
        assert decision.comment == "There is a question about one of your answers."
        assert decision.queries == [{"field_id": "weight_kg", "comment": "Bare?"}]

    @pytest.mark.parametrize(
        ("form", "words", "field"),
        [
            ({"comment": " "}, "Say what you would like the visitor to look at.", "comment"),
            ({"comment": "x" * 2001}, "Keep the comment to 2,000 characters.", "comment"),
            (
                {"comment": "See below", "questions-0-comment": "", "questions-1-comment": "Bare?"},
                "Choose which answer question 2 is about.",
                "questions-1-field_id",
            ),
            (
                {"comment": "See below", "questions-0-field_id": "weight_kg"},
                "Write your question about “Weight”",
                "questions-0-comment",
            ),
            (
                {
                    "comment": "See below",
                    "questions-0-field_id": "no_such_field",
                    "questions-0-comment": "What?",
                },
                "Choose which answer question 1 is about.",
                "questions-0-field_id",
            ),
            (
                {
                    "comment": "See below",
                    "questions-0-field_id": "weight_kg",
                    "questions-0-comment": "y" * 501,
                },
                "Keep question 1 to 500 characters.",
                "questions-0-comment",
            ),
        ],
    )
    def test_what_is_missing_is_said_and_nothing_typed_is_lost(
        self, desk: Desk, session: Session, sent: dict, form: dict, words: str, field: str
    ) -> None:
        page = send_back(desk, sent, **form)

        assert page.status_code == 422
        page.has("There is a problem", words)
        assert f"#{field}" in page.addresses
        for value in form.values():
            assert str(value) in page.html or value == "no_such_field"
        assert '<details class="nhsuk-details" id="send-back" open>' in page.html
        assert session.scalars(select(DecisionRow)).all() == []

    def test_a_newer_version_stops_the_decision_and_is_shown(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, sent: dict
    ) -> None:
        newer = tablet.revision(world, visit_id=sent["visit_id"], parent_rev=sent["rev_id"])
        push_again(tablet, newer, weight_kg="3.110")

        page = send_back(desk, sent, comment="A long and careful comment")

        assert page.status_code == 409
        page.has("A newer version of this visit arrived while you were reading", "3.110 kg")
        assert "A long and careful comment" in page.html
        assert page.html.count(f'value="{newer["rev_id"]}"') == 2
        assert session.scalars(select(DecisionRow)).all() == []

    def test_what_somebody_else_decided_meanwhile_stands(
        self, desk: Desk, session: Session, world: World, sent: dict
    ) -> None:
        approve_visit(session, world, sent)

        page = send_back(desk, sent, comment="A long and careful comment")

        assert page.status_code == 409
        page.has("already decided", "What you wrote", "A long and careful comment")
        assert approve(desk, sent).status_code == 409
        assert len(session.scalars(select(OutboxRow)).all()) == 1

    def test_ones_own_visit_has_no_buttons_and_refuses(
        self, app: Flask, desk: Desk, world: World, session: Session
    ) -> None:
        own = push(Tablet(app.test_client()).sign_in(world.sue), world)

        page = open_page(desk, own)
        page.has("You recorded this visit yourself, so another supervisor must review it.")
        assert f"/review/{own['visit_id']}/approve" not in page.addresses
        refused = approve(desk, own)
        assert refused.status_code == 403
        refused.has("There is a problem", "You recorded this visit yourself")
        assert session.scalars(select(OutboxRow)).all() == []

    def test_another_teams_visit_refuses_and_gives_the_comment_back(
        self, app: Flask, world: World, session: Session, sent: dict
    ) -> None:
        olu = Desk(app.test_client()).sign_in(world.olu)

        page = send_back(olu, sent, comment="A long and careful comment")

        assert page.status_code == 404
        page.has("There is no such visit in your team", "What you wrote", "A long and careful comment")
        assert "Maya" not in page.text
        assert approve(olu, sent).status_code == 404
        assert session.scalars(select(DecisionRow)).all() == []

    def test_a_session_that_ended_gives_the_comment_back(self, desk: Desk, sent: dict, world: World) -> None:
        desk.post("/sign-out")

        page = send_back(desk, sent, comment="A long and careful comment")

        assert page.status_code == 401
        page.has("You were signed out", "Nothing was changed", "A long and careful comment")
        again = f"/sign-in?next=/review/{sent['visit_id']}/return"
        assert again in page.addresses
        # Back at the visit, signed in, in the tab beside the one that keeps the text.
        account = {"email": world.sue.email, "password": PASSWORD}
        back = desk.follow(desk.post(again, **account))
        desk.follow(back).has("Maya Marlow", "Your decision")

    def test_a_token_that_ran_out_gives_the_comment_back(self, desk: Desk, sent: dict) -> None:
        page = desk.post(f"/review/{sent['visit_id']}/return", csrf_token="old", comment="A careful comment")

        assert page.status_code == 403
        page.has("open for too long", "A careful comment")

    def test_a_visit_set_aside_cannot_be_decided(self, desk: Desk, tablet: Tablet, world: World) -> None:
        odd = tablet.revision(world, child_id=new_id())
        tablet.push(odd)

        page = approve(desk, odd)

        assert page.status_code == 409
        page.has("has to be sorted out before it can be reviewed")

    def test_a_decided_visit_says_by_whom_and_with_which_words(self, desk: Desk, sent: dict) -> None:
        send_back(desk, sent, comment="Please look at the weight")

        open_page(desk, sent).has(
            "Where it stands", "Returned", "Sent back by Sue Park", "Please look at the weight"
        )
