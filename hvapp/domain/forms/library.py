"""The library of forms.

Once a visit has been recorded with a form, its file never changes: a new question is a new version.
docs/adding-a-form.md shows how.
"""

from collections.abc import Iterator
from pathlib import Path

from hvapp.domain.errors import NotFound
from hvapp.domain.forms.definition import FormDefinition
from hvapp.domain.forms.modules import Shelf
from hvapp.domain.forms.reader import read_form_file


class FormLibrary:
    """Every version of every form; old ones stay for ever, because visits were recorded with them."""

    def __init__(self, forms: tuple[FormDefinition, ...]) -> None:
        self._forms = {(form.id, form.version): form for form in forms}
        oldest_first = sorted(forms, key=lambda form: form.version)
        self._current = {form.contact_type: form for form in oldest_first}

    def __iter__(self) -> Iterator[FormDefinition]:
        return iter(self._forms.values())

    def find(self, form_id: str, version: int) -> FormDefinition | None:
        return self._forms.get((form_id, version))

    def get(self, form_id: str, version: int) -> FormDefinition:
        """Raises NotFound for a version this server does not have."""
        form = self.find(form_id, version)
        if form is None:
            raise NotFound(
                f"This service does not have version {version} of the form {form_id}.", "unknown_form"
            )
        return form

    def current(self, contact_type: str) -> FormDefinition | None:
        """The newest version for this kind of contact, or None when it has no form."""
        return self._current.get(contact_type)

    def nearest(self, form_id: str, version: int, contact_type: str) -> FormDefinition | None:
        """By which form to read a visit whose own is not here: another version of it, else what is asked today."""
        versions = [form for form in self if form.id == form_id]
        if versions:
            return min(versions, key=lambda form: (abs(form.version - version), -form.version))
        return self.current(contact_type)


def load_forms(directory: Path) -> FormLibrary:
    """Read every form file of a directory. Raises FormMistakes, naming the file and each mistake."""
    shelf = Shelf(directory)
    return FormLibrary(tuple(read_form_file(path, shelf) for path in sorted(directory.glob("*.yaml"))))
