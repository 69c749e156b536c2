"""What staff have to know before they go in: opened with a reason, set, and sent to the visitor's tablet.

Of a child, or before the birth of a pregnancy: each has these pages beneath its record.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, StringField

from hvapp.domain.accounts import Role
from hvapp.domain.contacts import About
from hvapp.domain.errors import Conflict, Invalid
from hvapp.domain.staff_facts import StaffFacts, read_plan
from hvapp.extensions import db
from hvapp.services import child_records, pregnancies, staff_facts
from hvapp.web.access import roles, signed_in
from hvapp.web.errors import STATUS
from hvapp.web.presenters import Problem
from hvapp.web.review_forms import ReasonForm
from hvapp.web.sorting_forms import DayForm

bp = Blueprint("staff_facts", __name__, url_prefix="/<record_id>/staff-facts")

DAYS = {
    "review_by": "the day to look at it again",
    "plan_from": "the day it began",
    "plan_to": "the day it ended",
}


class FactsForm(FlaskForm):  # type: ignore[misc]
    """`seen`: the digest of what the page showed, so that nobody else's change is undone unseen."""

    seen = HiddenField(default="")
    two_person_visit = RadioField(choices=["yes", "no"], validate_choice=False)
    two_person_reason = StringField(default="")
    staff_risk = StringField(default="")
    plan = RadioField(choices=["none", "child_in_need", "child_protection"], validate_choice=False)


@dataclass(frozen=True)
class Page:
    """The fields as they stand in the form: as they were typed, or as they are on record."""

    form: FactsForm
    days: dict[str, DayForm]

    @classmethod
    def typed(cls) -> "Page":
        return cls(FactsForm(), {name: DayForm(prefix=f"{name}-") for name in DAYS})

    @classmethod
    def known(cls, facts: StaffFacts) -> "Page":
        form = FactsForm(
            formdata=None,
            data={
                "seen": facts.digest,
                "two_person_visit": "yes" if facts.two_person_visit else "no",
                "two_person_reason": facts.two_person_reason or "",
                "staff_risk": facts.staff_risk or "",
                "plan": facts.plan or "none",
            },
        )
        days = {
            "review_by": facts.staff_risk_review_by,
            "plan_from": facts.plan_from,
            "plan_to": facts.plan_to,
        }
        return cls(form, {name: _day_form(name, day) for name, day in days.items()})

    def facts(self) -> StaffFacts:
        """Raises Invalid for a day that is none."""
        form = self.form
        return StaffFacts(
            two_person_visit=form.two_person_visit.data == "yes",
            two_person_reason=form.two_person_reason.data,
            staff_risk=form.staff_risk.data,
            staff_risk_review_by=self._day("review_by"),
            plan=read_plan(form.plan.data or "none"),
            plan_from=self._day("plan_from"),
            plan_to=self._day("plan_to"),
        )

    def _day(self, name: str) -> date | None:
        form = self.days[name]
        day = form.read_day()
        if day is None and any((one.data or "").strip() for one in (form.day, form.month, form.year)):
            raise Invalid(f"Enter {DAYS[name]} as a real date, like 3 5 2026.", f"{name}-day")
        return day


def _day_form(name: str, day: date | None) -> DayForm:
    data = {"day": str(day.day), "month": str(day.month), "year": str(day.year)} if day else {}
    return DayForm(formdata=None, prefix=f"{name}-", data=data)


@bp.get("")
@roles(Role.SUPERVISOR)
def page(about: About, record_id: str) -> ResponseReturnValue:
    return _closed(about, record_id)


@bp.post("/open")
@roles(Role.SUPERVISOR)
def open_page(about: About, record_id: str) -> ResponseReturnValue:
    """The facts for this one answer only: nothing of them is in an address."""
    reason = ReasonForm().reason.data or ""
    try:
        facts = staff_facts.open_facts(
            db.session, about, record_id, by=signed_in(), reason=reason, now=datetime.now(UTC)
        )
    except Invalid as error:
        return _closed(about, record_id, Problem(error.message, "reason"), reason=reason, status=422)
    return _open(about, record_id, Page.known(facts))


@bp.post("")
@roles(Role.SUPERVISOR)
def save(about: About, record_id: str) -> ResponseReturnValue:
    typed = Page.typed()
    try:
        changed = staff_facts.change_facts(
            db.session,
            about,
            record_id,
            typed.facts(),
            seen=typed.form.seen.data or "",
            by=signed_in(),
            now=datetime.now(UTC),
        )
    except (Conflict, Invalid) as error:
        place = error.code if isinstance(error, Invalid) else None
        return _open(about, record_id, typed, Problem(error.message, place), status=STATUS[type(error)])
    words = "Saved. The visitor’s tablet has it when it next has a connection."
    flash(words if changed else "Nothing was different, so nothing was changed.", "success")
    return redirect(_address(about, record_id))


def _closed(
    about: About, record_id: str, problem: Problem | None = None, *, reason: str = "", status: int = 200
) -> ResponseReturnValue:
    return _page(about, record_id, problem, status, page=None, reason=reason)


def _open(
    about: About, record_id: str, known: Page, problem: Problem | None = None, *, status: int = 200
) -> ResponseReturnValue:
    return _page(about, record_id, problem, status, page=known, reason="")


def _page(
    about: About, record_id: str, problem: Problem | None, status: int, *, page: Page | None, reason: str
) -> ResponseReturnValue:
    by, now = signed_in(), datetime.now(UTC)
    rendered = render_template(
        "children/staff_facts.jinja",
        child=child_records.open_record(db.session, record_id, by=by, now=now) if about == "child" else None,
        pregnancy=pregnancies.open_pregnancy(db.session, record_id, by=by, now=now)
        if about == "pregnancy"
        else None,
        record_id=record_id,
        record_address=_address(about, record_id),
        page=page,
        reason=reason,
        problems=[problem] if problem else [],
    )
    return rendered, status


def _address(about: About, record_id: str) -> str:
    if about == "child":
        return url_for("children.record", child_id=record_id)
    return url_for("pregnancies.record", pregnancy_id=record_id)
