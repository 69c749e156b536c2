"""What an administrator sets for the whole provider: one page, and who changed it last."""

from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectMultipleField, StringField

from hvapp.domain.accounts import Role
from hvapp.domain.errors import Invalid
from hvapp.extensions import db
from hvapp.services import provider
from hvapp.web.access import roles, signed_in
from hvapp.web.presenters import Problem

bp = Blueprint("service", __name__, url_prefix="/admin/service")


class SettingsForm(FlaskForm):  # type: ignore[misc]
    safeguarding_name = StringField()
    safeguarding_phone = StringField()
    home_vaccination = RadioField(choices=["yes", "no"], validate_choice=False)
    growth_method = RadioField(choices=["digital", "paper"], validate_choice=False)
    sharing = SelectMultipleField(choices=[], validate_choice=False)


@bp.route("", methods=["GET", "POST"])
@roles(Role.ADMINISTRATOR)
def settings() -> ResponseReturnValue:
    known = provider.service_settings(db.session, signed_in())
    teams = provider.teams(db.session, signed_in())
    form = SettingsForm(
        data={
            "safeguarding_name": known.safeguarding_name,
            "safeguarding_phone": known.safeguarding_phone,
            "home_vaccination": "yes" if known.home_vaccination else "no",
            "growth_method": known.growth_method,
            "sharing": [team.id for team in teams if team.shares],
        }
    )
    problems = []
    if form.validate_on_submit():
        try:
            changed = provider.change_settings(
                db.session,
                by=signed_in(),
                now=datetime.now(UTC),
                sharing=form.sharing.data or [],
                safeguarding_name=form.safeguarding_name.data or "",
                safeguarding_phone=form.safeguarding_phone.data or "",
                home_vaccination=form.home_vaccination.data == "yes",
                growth_method=form.growth_method.data or "",
            )
        except Invalid as error:
            problems = [Problem(error.message, error.code)]
        else:
            words = "Saved. Tablets have it when they next have a connection."
            flash(words if changed else "Nothing was different, so nothing was changed.", "success")
            return redirect(url_for(".settings"))
    page = render_template(
        "admin/service.jinja",
        form=form,
        problems=problems,
        known=known,
        teams=teams,
        last=provider.last_change(db.session, signed_in()),
    )
    return page, 422 if problems else 200
