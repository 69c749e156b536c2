"""The photos that the answers of a visit name."""

from collections.abc import Mapping
from typing import Any

from hvapp.domain.forms.answers import is_usable
from hvapp.domain.forms.definition import Field, FormDefinition
from hvapp.domain.photos import Photo, read_photo


def photos_in(form: FormDefinition, payload: Mapping[str, Any]) -> list[tuple[Field, Photo]]:
    """Each with its question, in the order of the form."""
    answers = payload.get("answers")
    given = answers if isinstance(answers, Mapping) else {}
    return [
        (one, photo)
        for one in form.fields
        if one.type == "photo" and is_usable(one, given.get(one.id))
        for photo in map(read_photo, given[one.id])
        if photo is not None
    ]
