"""An antenatal contact as a tablet sends it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.facts import ChildFacts
from hvapp.domain.synthetic.filling import fill_in, respond
from tests.support.answers import FORMS, LONDON
from tests.support.client import Tablet, seal
from tests.support.world import World

FORM = FORMS.current("antenatal")


def antenatal_revision(
    tablet: Tablet,
    world: World,
    pregnancy_id: str,
    mother_id: str,
    form: FormDefinition | None = FORM,
    **answers: Any,
) -> dict[str, Any]:
    """A complete antenatal contact of an hour ago, sealed, or another before the birth by its form; `answers` stand
    beside or in place of the usual ones."""
    assert form is not None
    now = datetime.now(UTC).replace(microsecond=0)
    started = (now - timedelta(hours=1)).astimezone(LONDON).replace(second=0)
    family = ChildFacts(
        None, "not_known", need_level="universal", edd=datetime.now(UTC).date() + timedelta(days=40)
    )
    edd = {"edd": family.edd.isoformat()} if form.field("edd") else {}
    given = {"started_at": started.isoformat()} | edd | answers
    filled = fill_in(form, family, now, given, [mother_id])
    payload = {
        "answers": filled,
        "confirmed": {},
        "alert_responses": respond(form, family, now, filled),
        "derived": {},
        "context": {},
    }
    about = {"form_id": form.id, "form_version": form.version, "definition_hash": form.hash}
    bare = tablet.revision(world) | about
    return seal(
        bare
        | {"child_id": pregnancy_id, "contact_type": form.contact_type, "payload": payload}
        | {"occurred_at": started.astimezone(UTC).isoformat()}
    )
