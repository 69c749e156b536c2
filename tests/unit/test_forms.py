"""The library of forms, and what it promises about a published one."""

import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from hvapp.domain.canonical import sha256_hex
from hvapp.domain.errors import NotFound
from hvapp.domain.forms import FormLibrary, load_forms

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "tests" / "contract" / "published_forms.json"


@pytest.fixture(scope="module")
def library() -> FormLibrary:
    return load_forms(ROOT / "hvapp" / "forms")


def test_a_form_is_found_by_id_and_version(library: FormLibrary) -> None:
    assert library.get("new_birth_visit", 1).title == "New birth visit"
    with pytest.raises(NotFound, match="does not have version 99"):
        library.get("new_birth_visit", 99)


def test_the_newest_version_is_the_current_one(tmp_path: Path) -> None:
    source = (ROOT / "hvapp/forms/new_birth_visit.v1.yaml").read_text()
    (tmp_path / "new_birth_visit.v1.yaml").write_text(source)
    (tmp_path / "new_birth_visit.v2.yaml").write_text(source.replace("version: 1", "version: 2", 1))
    library = load_forms(tmp_path)
    current = library.current("new_birth")
    assert current is not None
    assert current.version == 2
    assert library.get("new_birth_visit", 1).hash != current.hash
    assert library.current("two_year") is None


def test_the_hash_is_of_the_definition_and_nothing_else(library: FormLibrary) -> None:
    form = library.get("new_birth_visit", 1)
    assert form.hash == sha256_hex(form.definition)
    assert json.loads(json.dumps(form.definition)) == form.definition


def test_a_form_cannot_be_changed_by_accident(library: FormLibrary) -> None:
    form = library.get("new_birth_visit", 1)
    form.definition["title"] = "Another"
    assert form.definition["title"] == "New birth visit"
    with pytest.raises(FrozenInstanceError):
        form.title = "Another"  # type: ignore[misc]


def test_published_forms_are_as_they_were_published(library: FormLibrary) -> None:
    """Visits name the form they were recorded with, so a published one never changes.

    If this fails: undo the change and make a new version. Only the hash of a form that no visit was ever recorded with
    may be changed instead.
    """
    published = json.loads(PUBLISHED.read_text())
    assert {form.key: form.hash for form in library if form.key in published} == published
