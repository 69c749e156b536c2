"""The library of forms.

A form is one data file, `hvapp/forms/<id>.v<version>.yaml`, read strictly by `form_reader`. Once a visit has been
recorded with it, a file never changes: a new question is a new version. docs/adding-a-form.md shows how.
"""

from collections.abc import Iterator
from pathlib import Path

from hvapp.domain.errors import NotFound
from hvapp.domain.form_definition import Field, FormDefinition
from hvapp.domain.form_reader import FormMistakes, read_form_file

__all__ = ["Field", "FormDefinition", "FormLibrary", "FormMistakes", "load_forms"]


class FormLibrary:
    """Every version of every form; old ones stay for ever, because visits were recorded with them."""

    def __init__(self, forms: tuple[FormDefinition, ...]) -> None:
        self._forms = {(form.id, form.version): form for form in forms}

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
        of_type = [form for form in self if form.contact_type == contact_type]
        return max(of_type, key=lambda form: form.version, default=None)


def load_forms(directory: Path) -> FormLibrary:
    """Read every form file of a directory. Raises form_reader.FormMistakes, naming the file and each mistake."""
    return FormLibrary(tuple(read_form_file(path) for path in sorted(directory.glob("*.yaml"))))
