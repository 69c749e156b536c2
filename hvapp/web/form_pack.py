"""Every form in one file for the tablet. Forms made of the same modules ask the same questions, so each question stands
there once, definition and markup, however many forms ask it; `static/src/forms/pack.js` puts them together."""

import json
from collections.abc import Iterable
from typing import Any

from jinja2 import Environment

from hvapp.domain.forms import FormDefinition


def pack_forms(forms: Iterable[FormDefinition], environment: Environment) -> str:
    """JSON: {"questions": [{"field", "html"}], "forms": {key: {"definition", "html"}}}. A form's sections name their
    questions by number, and its markup holds "<!--number-->" in their place."""
    one_question = environment.get_template("components/form/field.jinja").module.field  # type: ignore[attr-defined]
    fragment = environment.get_template("shell/form_fragment.jinja")
    numbers: dict[str, int] = {}
    questions: list[dict[str, Any]] = []
    packed: dict[str, Any] = {}
    for form in forms:
        definition = form.definition | {"hash": form.hash}
        places: dict[str, int] = {}
        for section, plain in zip(form.sections, definition["sections"], strict=True):
            for one, field in zip(section.fields, plain["fields"], strict=True):
                # The markup of a question follows from its definition alone.
                name = json.dumps(field, sort_keys=True)
                if name not in numbers:
                    numbers[name] = len(questions)
                    questions.append({"field": field, "html": str(one_question(one, {"prefix": "f-"}))})
                places[one.id] = numbers[name]
            plain["fields"] = [places[one.id] for one in section.fields]
        packed[form.key] = {"definition": definition, "html": fragment.render(form=form, places=places)}
    return json.dumps({"questions": questions, "forms": packed}, ensure_ascii=False)
