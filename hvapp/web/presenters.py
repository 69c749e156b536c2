"""How values are said on pages: dates, ages, states, flags. Templates get words from here and decide nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, current_app, request, url_for
from flask_login import current_user

from hvapp.domain.accounts import ROLE_NAMES, Role
from hvapp.domain.ages import age_text, corrected_age_text, format_date
from hvapp.domain.contacts import contact_rules
from hvapp.domain.forms.wording import sds_text
from hvapp.domain.nhs_number import format_nhs_number
from hvapp.domain.photos import missing_words
from hvapp.domain.reconcile import FLAG_WEIGHT, FLAG_WORDS, QUARANTINING, Flag
from hvapp.domain.review import STATE_WORDS, VisitState
from hvapp.web.assets import Assets

LONDON = ZoneInfo("Europe/London")

SEX_WORDS = {
    "male": "Male",
    "female": "Female",
    "indeterminate": "Indeterminate",
    "not_known": "Not known",
}
NEED_WORDS = {
    "community": "Community",
    "universal": "Universal",
    "targeted": "Targeted",
    "specialist": "Specialist",
}
UNFILED_WORDS = {
    "hash": "It arrived changed from how it was completed",
    "malformed": "It could not be read as a visit",
    "key": "It was sealed in a way that this service cannot open",
    "too_large": "It was too large for a visit",
} | {flag.value: f"A new version did not fit its visit. {FLAG_WORDS[flag]}" for flag in QUARANTINING}
ACT_WORDS = {
    "filed_under_child": "Filed under a child",
    "filed_under_pregnancy": "Filed under a pregnancy",
    "filed_under_form": "Sent to review by another form",
    "filed_by_itself": "Filed by itself, once that was possible",
    "visit_set_aside": "Visit set aside",
    "version_accepted": "Taken as a version of its visit",
    "made_own_visit": "Made a visit of its own",
    "items_set_aside": "Set aside as seen",
    "settled": "Chosen between two versions",
}
MANY_AT_ONCE = {2: "Twin", 3: "Triplet", 4: "Quadruplet"}

FLAG_COLOURS = {
    Flag.RED_ALERT: "red",
    Flag.SAFEGUARDING: "red",
    Flag.WITHDRAWAL: "red",
    Flag.CHILD_DECEASED: "red",
    Flag.REVOKED_TABLET: "orange",
    Flag.SAME_CONTACT: "orange",
    Flag.MERGED: "yellow",
    Flag.STALE_BASE: "orange",
    Flag.INVALID_ANSWERS: "orange",
    Flag.FUTURE_DATED: "orange",
    Flag.GROWTH_DIFFERS: "orange",
    Flag.ALERTS_DIFFER: "orange",
    Flag.NOT_ALLOCATED: "orange",
    Flag.ALERT_OVERRIDDEN: "yellow",
    Flag.AMBER_ALERT: "yellow",
}
STATE_COLOURS = {
    VisitState.QUARANTINED: "orange",
    VisitState.TWO_VERSIONS: "orange",
    VisitState.RECEIVED: "blue",
    VisitState.RETURNED: "purple",
    VisitState.APPROVED: "aqua-green",
    VisitState.IN_RED_BOOK: "green",
    VisitState.RED_BOOK_FAILED: "red",
    VisitState.NOT_SHARED: "white",
    VisitState.SET_ASIDE: "grey",
    VisitState.WITHDRAWAL: "orange",
    VisitState.WITHDRAWN: "grey",
}


@dataclass(frozen=True)
class Tag:
    """Words with a colour that only repeats what they say."""

    text: str
    colour: str


MESSAGE_TAGS = {
    "pending": Tag("Waiting to be sent", "blue"),
    "sending": Tag("Being sent", "blue"),
    "retry": Tag("Will be tried again", "yellow"),
    "dead": Tag("Not accepted", "red"),
    "paused": Tag("On hold", "orange"),
}


@dataclass(frozen=True)
class Problem:
    """One line of an error summary; `field` is the id of the field to mend, where there is one."""

    text: str
    field: str | None = None


@dataclass(frozen=True)
class NavigationItem:
    endpoint: str
    text: str
    roles: frozenset[Role]


NAVIGATION = (
    NavigationItem("review.queue", "Review", frozenset({Role.SUPERVISOR})),
    NavigationItem("sorting.index", "To sort out", frozenset({Role.SUPERVISOR})),
    NavigationItem("red_book.waiting", "Red book", frozenset({Role.SUPERVISOR})),
    NavigationItem("children.index", "Children", frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})),
    NavigationItem("tablets.tablet_list", "Tablets", frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})),
    NavigationItem("admin.account_list", "Accounts", frozenset({Role.ADMINISTRATOR})),
    NavigationItem("service.settings", "Service settings", frozenset({Role.ADMINISTRATOR})),
    NavigationItem("pwa.tablet", "Tablet", frozenset({Role.HEALTH_VISITOR})),
)


def local_date(value: date | datetime | None) -> str:
    """ "3 May 2026", by the clock in England."""
    if value is None:
        return "Not known"
    return format_date(value.astimezone(LONDON).date() if isinstance(value, datetime) else value)


def local_time(value: datetime) -> str:
    """ "14:05", by the clock in England: as clinical records and the tablet have it."""
    return f"{value.astimezone(LONDON):%H:%M}"


def local_date_time(value: datetime | None) -> str:
    """ "3 May 2026, 14:05", by the clock in England."""
    return "Not known" if value is None else f"{local_date(value)}, {local_time(value)}"


def how_long(since: datetime, now: datetime | None = None) -> str:
    """ "3 days", "5 hours", "under an hour": rounded down."""
    passed = max((now or datetime.now(UTC)) - since, timedelta())
    hours = int(passed / timedelta(hours=1))
    if hours < 1:
        return "under an hour"
    number, unit = (hours // 24, "day") if hours >= 24 else (hours, "hour")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def age(birth: date | None, on: date | datetime | None = None) -> str:
    if birth is None:
        return "Not known"
    return age_text(birth, _civil(on))


def corrected_age(birth: date | None, gestation_days: int | None, on: date | datetime | None = None) -> str:
    """ "" where it says nothing more than the age."""
    if birth is None:
        return ""
    return corrected_age_text(birth, gestation_days, _civil(on)) or ""


def _civil(on: date | datetime | None) -> date:
    if on is None:
        on = datetime.now(UTC)
    return on.astimezone(LONDON).date() if isinstance(on, datetime) else on


def gestation(days: int | None) -> str:
    """ "37 weeks and 2 days"."""
    if days is None:
        return "Not known"
    weeks, odd = divmod(days, 7)
    return f"{weeks} weeks and {odd} {'day' if odd == 1 else 'days'}"


def nhs_number(value: str | None) -> str:
    return format_nhs_number(value) if value else "Not known"


def contact_words(contact_type: str) -> str:
    try:
        return contact_rules().title(contact_type)
    except KeyError:
        return contact_type.replace("_", " ").capitalize()


def one_of_many(births: int, order: int) -> str:
    """ "Twin 1 of 2"; "" for a single birth."""
    return f"{MANY_AT_ONCE.get(births, 'Baby')} {order} of {births}" if births > 1 else ""


def flag_tags(flags: Iterable[Flag]) -> list[Tag]:
    """The worst first."""
    worst_first = sorted(flags, key=lambda flag: -FLAG_WEIGHT.get(flag, 0))
    return [Tag(FLAG_WORDS[flag], FLAG_COLOURS.get(flag, "grey")) for flag in worst_first]


def state_tag(state: VisitState, in_red_book_at: datetime | None = None) -> Tag:
    words = STATE_WORDS[state]
    if state is VisitState.IN_RED_BOOK and in_red_book_at:
        words = f"{words}, {local_date(in_red_book_at)}"
    return Tag(words, STATE_COLOURS[state])


def centile_words(derived: Mapping[str, Any] | None) -> str:
    """ "25th to 50th centile", or why there is none."""
    if derived is None:
        return "No centile"
    band = derived.get("band")
    if isinstance(band, str) and band:
        return band[0].upper() + band[1:]
    reason = derived.get("no_reference")
    return (
        f"No centile: {reason[0].lower()}{reason[1:]}" if isinstance(reason, str) and reason else "No centile"
    )


def sds_words(derived: Mapping[str, Any] | None) -> str:
    """ "−0.41", with a sign always."""
    try:
        return sds_text(Decimal(str((derived or {})["sds"])))
    except (KeyError, InvalidOperation):
        return ""


def method_words(derived: Mapping[str, Any] | None) -> str:
    """How the age behind a centile was counted."""
    return {
        "digital": "Age corrected for gestation (digital method)",
        "paper": "Age as on paper charts (paper method)",
        "chronological": "Age not corrected: gestation not known",
    }.get(str((derived or {}).get("method")), "")


def message_tag(state: str) -> Tag:
    """Where a message to the red book stands."""
    return MESSAGE_TAGS.get(state, Tag(state, "grey"))


def choices(field: Any) -> list[dict[str, str]]:
    """The items of an NHS select, from a WTForms one."""
    return [{"value": choice.value, "text": choice.label} for choice in field.iter_choices()]


def form_problems(form: Any, problem: str | None = None) -> list[Problem]:
    """The first mistake of every field of a form, after a problem with the whole of it."""
    whole = [Problem(problem)] if problem else []
    return whole + [Problem(str(field.errors[0]), field.id) for field in form if field.errors]


def error_list(problems: Iterable[Problem]) -> list[dict[str, str | None]]:
    """The lines of an NHS error summary."""
    return [{"text": one.text, "href": f"#{one.field}" if one.field else None} for one in problems]


def error_for(problems: Iterable[Problem], field: str) -> dict[str, str] | None:
    """The NHS error message that stands beside a field."""
    return next(({"text": one.text} for one in problems if one.field == field), None)


def asset_url(name: str) -> str:
    """The address of a built file; "" before the first build, so that an error page can still be shown."""
    assets: Assets = current_app.extensions["assets"]
    return assets.url(name) if name in assets.names else ""


def sign_in_again_url() -> str:
    """Sign-in, and then back to the page whose form was sent: the nearest address above it that is a page."""
    addresses = current_app.create_url_adapter(request)
    path = request.path
    while path and addresses is not None and not addresses.test(path, "GET"):
        path = path.rpartition("/")[0]
    return url_for("auth.sign_in", next=path or None)


def navigation() -> list[dict[str, Any]]:
    """The header's links for whoever is signed in."""
    if not current_user.is_authenticated:
        return []
    role = current_user.account.role
    section = (request.endpoint or "").partition(".")[0].replace("pregnancies", "children")
    return [
        {
            "text": item.text,
            "href": url_for(item.endpoint),
            "active": item.endpoint.startswith(f"{section}."),
        }
        for item in NAVIGATION
        if role in item.roles
    ]


def install(app: Flask) -> None:
    """Make the words above known to every template."""
    app.jinja_env.filters.update(
        act_words=lambda act: ACT_WORDS.get(act, act),
        age=age,
        contact_words=contact_words,
        centile_words=centile_words,
        flag_tags=flag_tags,
        gestation=gestation,
        how_long=how_long,
        local_date=local_date,
        local_date_time=local_date_time,
        local_time=local_time,
        message_tag=message_tag,
        method_words=method_words,
        need_words=lambda code: NEED_WORDS.get(code, code),
        nhs_number=nhs_number,
        photos_missing_words=missing_words,
        role_words=lambda role: ROLE_NAMES[role],
        sds_words=sds_words,
        sex_words=lambda code: SEX_WORDS.get(code, "Not known"),
        unfiled_words=lambda reason: UNFILED_WORDS.get(reason, "It could not be filed"),
    )
    app.jinja_env.globals.update(
        asset_url=asset_url,
        choices=choices,
        corrected_age=corrected_age,
        error_for=error_for,
        error_list=error_list,
        form_problems=form_problems,
        navigation=navigation,
        one_of_many=one_of_many,
        sign_in_again_url=sign_in_again_url,
        state_tag=state_tag,
    )
