"""Accounts, for administrators. Nothing here shows a family's data."""

import secrets
from datetime import UTC, datetime

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from hvapp.domain.accounts import ROLE_NAMES, Role
from hvapp.domain.errors import Conflict, DomainError, Invalid
from hvapp.domain.forms import FormLibrary
from hvapp.extensions import db
from hvapp.services import accounts, deaths
from hvapp.web.access import roles, signed_in

bp = Blueprint("admin", __name__, url_prefix="/admin")

NOT_A_PRACTITIONER = "none"

# Spoken and typed without mistakes: no letter or digit that looks like another.
_CONSONANTS, _VOWELS = "bdfghkmnprstvz", "aeu"


class AccountForm(FlaskForm):  # type: ignore[misc]
    name = StringField(
        "Full name", validators=[DataRequired("Enter the person’s full name."), Length(max=100)]
    )
    email = EmailField(
        "Email address",
        validators=[DataRequired("Enter an email address, like name@example.nhs.uk."), Length(max=200)],
    )
    role = RadioField(
        "What they do here",
        choices={role.value: ROLE_NAMES[role] for role in Role},
        validators=[InputRequired("Choose what the person does here.")],
    )
    job = SelectField("Job", validate_choice=False)
    team_id = SelectField("Team", validate_choice=False)

    @classmethod
    def offering(cls, jobs: dict[str, str], teams: dict[str, str]) -> "AccountForm":
        """The form with this service's jobs and teams to choose from, none of them chosen yet."""
        form = cls()
        form.job.choices = {"": "Choose a job"} | jobs
        form.team_id.choices = {"": "Choose a team"} | teams
        return form

    def validate_job(self, field: SelectField) -> None:
        _check_chosen(field, "Choose the person’s job.")
        if field.data == NOT_A_PRACTITIONER and self.role.data == Role.HEALTH_VISITOR:
            raise ValidationError("Choose the job that the person’s visits are recorded under.")

    def validate_team_id(self, field: SelectField) -> None:
        _check_chosen(field, "Choose a team.")


def _check_chosen(field: SelectField, message: str) -> None:
    """Nothing chosen and something not offered are the same mistake, in the same words."""
    if not field.data or field.data not in field.choices:
        raise ValidationError(message)


class SwitchForm(FlaskForm):  # type: ignore[misc]
    active = BooleanField()


@bp.get("/accounts")
@roles(Role.ADMINISTRATOR)
def account_list() -> ResponseReturnValue:
    return render_template(
        "admin/accounts.jinja",
        lines=accounts.list_accounts(db.session),
        jobs=_jobs(),
        me=signed_in(),
        to_confirm=deaths.count_to_confirm(db.session, signed_in()),
    )


@bp.route("/accounts/new", methods=["GET", "POST"])
@roles(Role.ADMINISTRATOR)
def new_account() -> ResponseReturnValue:
    teams = {team.id: team.name for team in accounts.list_teams(db.session)}
    form = AccountForm.offering(_jobs(), teams)
    if not form.validate_on_submit():
        return render_template("admin/new_account.jinja", form=form), 422 if form.errors else 200
    password = _first_password()
    try:
        account = accounts.create_account(
            db.session,
            accounts.NewAccount(
                email=form.email.data or "",
                name=form.name.data or "",
                role=Role(form.role.data),
                job=form.job.data or "",
                team_id=form.team_id.data or "",
                password=password,
            ),
            by=signed_in(),
            now=datetime.now(UTC),
        )
    except (Conflict, Invalid) as error:
        field = {"name": form.name, "team": form.team_id}.get(error.code, form.email)
        field.errors = [error.message]
        return render_template("admin/new_account.jinja", form=form), 422
    # Answered here and not after a redirect: a password has no place in an address or a cookie.
    return render_template("admin/account_added.jinja", account=account, password=password)


@bp.post("/accounts/<account_id>/active")
@roles(Role.ADMINISTRATOR)
def set_active(account_id: str) -> ResponseReturnValue:
    active = bool(SwitchForm().active.data)
    try:
        accounts.set_active(db.session, account_id, active=active, by=signed_in(), now=datetime.now(UTC))
    except DomainError as error:
        flash(error.message, "problem")
    else:
        words = "can sign in again" if active else "can no longer sign in. Visits on their tablet are kept"
        flash(f"The account is switched {'on' if active else 'off'}: the person {words}.", "success")
    return redirect(url_for(".account_list"))


def _jobs() -> dict[str, str]:
    """The kinds of practitioner that the forms know, by code."""
    forms: FormLibrary = current_app.extensions["forms"]
    asked = [field for form in forms if (field := form.field("practitioner_type"))]
    known = {option.value: option.label for field in asked for option in field.options}
    return known | {NOT_A_PRACTITIONER: "Does not make visits"}


def _first_password() -> str:
    """Four made-up words, as hard to guess as 58 coins, easy to read out and to type."""
    word = (_CONSONANTS, _VOWELS, _CONSONANTS, _VOWELS, _CONSONANTS)
    return "-".join("".join(map(secrets.choice, word)) for _ in range(4))
