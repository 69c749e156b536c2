"""What `hvapp forms` does: checks form files, shows one as a page, writes one as a FHIR Questionnaire."""

import json
from collections.abc import Callable
from pathlib import Path

from hvapp.domain.errors import NotFound
from hvapp.domain.forms import FormDefinition, FormMistakes, load_forms
from hvapp.domain.forms.modules import Shelf
from hvapp.domain.forms.questionnaire import questionnaire
from hvapp.domain.forms.reader import read_form_file
from hvapp.settings import ROOT, Settings

Say = Callable[[str], None]
FOLDER = ROOT / "hvapp" / "forms"


def check(files: tuple[Path, ...], say: Say) -> int:
    """Exit status: 1 when any file has a mistake. A module is checked in every form that uses it."""
    failed = 0
    for file in [form for given in files for form in _forms_of(given, say)]:
        try:
            form = read_form_file(file, Shelf(file.parent))
        except FormMistakes as error:
            failed = 1
            print(error)
        except (OSError, UnicodeDecodeError) as error:
            failed = 1
            print(f"{file} cannot be read: {error}")
        else:
            print(f"{file.name}: {_count(form)}. Nothing to mend.")
    return failed


def every_form() -> tuple[Path, ...]:
    return tuple(sorted(FOLDER.glob("*.yaml")))


def _forms_of(file: Path, say: Say) -> list[Path]:
    if file.parent.name != "modules":
        return [file]
    name = file.name.removesuffix(".yaml")
    using = [form for form in sorted(file.parent.parent.glob("*.yaml")) if name in form.read_text("utf-8")]
    say(f"{file.name} is used by {', '.join(form.name for form in using) or 'no form'}.")
    return using


def _count(form: FormDefinition) -> str:
    core = sum(one.core for one in form.fields)
    return (
        f"{len(form.fields)} questions in {len(form.sections)} sections, {core} of them core; "
        f"{len(form.alerts)} alerts"
    )


def export(name: str) -> str:
    """The form as a FHIR R4 Questionnaire, in JSON. Raises NotFound."""
    return json.dumps(questionnaire(_find(name)), ensure_ascii=False, indent=2)


def preview(name: str, out: Path | None) -> Path:
    """Write the form as one page that needs nothing else, every section open. Raises NotFound."""
    from hvapp.app import create_app

    form = _find(name)
    app = create_app(Settings.from_env())
    style = next((app.extensions["assets"].folder).glob("app-*.css"), None)
    page = app.jinja_env.get_template("shell/form_preview.jinja").render(
        form=form, style=style.read_text() if style else ""
    )
    target = out or Path(f"{form.key}.html")
    target.write_text(page, encoding="utf-8")
    return target


def _find(name: str) -> FormDefinition:
    """A form by its key, "new_birth_visit.v2", or the newest of its id, or a file."""
    if name.endswith(".yaml"):
        return read_form_file(Path(name), Shelf(Path(name).parent))
    library = load_forms(FOLDER)
    found = [form for form in library if name in (form.key, form.id, form.contact_type)]
    if not found:
        known = ", ".join(form.key for form in library)
        raise NotFound(f"There is no form called “{name}”. There are: {known}.")
    return max(found, key=lambda form: form.version)
