"""The form as markup: every question once, labelled and described, with no data and nothing that runs."""

from collections import Counter, defaultdict
from html.parser import HTMLParser

import pytest

from hvapp.domain.forms import FormDefinition
from tests.support.answers import FORMS
from tests.support.fragments import render_fragment

Attributes = dict[str, str | None]
VOID = {"input", "hr", "br", "img"}


class Tree(HTMLParser):
    """Every element with its attributes and those of the elements around it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, Attributes]] = []
        self.elements: list[tuple[str, Attributes, list[Attributes]]] = []
        self._inside: defaultdict[tuple[str, str | None], list[tuple[str, Attributes]]] = defaultdict(list)
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), [around for _, around in self.open]))
        for place in {place for _, around in self.open for place in around.items()}:
            self._inside[place].append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1][0] == tag, f"</{tag}> closes <{self.open[-1][0]}>"
        self.open.pop()

    def find(self, key: str, value: str | None = None) -> list[tuple[str, Attributes]]:
        return [(t, a) for t, a, _ in self.elements if key in a and (value is None or a[key] == value)]

    def inside(self, key: str, value: str) -> list[tuple[str, Attributes]]:
        return self._inside[key, value]


@pytest.fixture(scope="module", params=list(FORMS), ids=lambda form: form.key)
def form(request: pytest.FixtureRequest) -> FormDefinition:
    found: FormDefinition = request.param
    return found


@pytest.fixture(scope="module")
def tree(form: FormDefinition) -> Tree:
    tree = Tree(render_fragment(form))
    assert tree.open == []
    return tree


def test_every_question_is_there_once_and_in_its_section(form: FormDefinition, tree: Tree) -> None:
    assert Counter(a["data-field"] for _, a in tree.find("data-field")) == Counter(
        one.id for one in form.fields
    )
    for section in form.sections:
        here = [a["data-field"] for _, a in tree.inside("data-section", section.id) if "data-field" in a]
        assert sorted(filter(None, here)) == sorted(one.id for one in section.fields)


def test_what_is_not_core_is_folded(form: FormDefinition, tree: Tree) -> None:
    folded = {
        a["data-field"]
        for _, a, around in tree.elements
        if "data-field" in a and any("data-more" in one for one in around)
    }
    assert folded == {one.id for one in form.fields if not one.core}  # fmt: skip


def test_ids_are_unique(tree: Tree) -> None:
    ids = Counter(a["id"] for _, a in tree.find("id"))
    assert [name for name, count in ids.items() if count > 1] == []


def test_every_label_and_description_leads_somewhere(tree: Tree) -> None:
    ids = {a["id"] for _, a in tree.find("id")}
    labelled = {a["for"] for _, a in tree.find("for")}
    assert labelled <= ids
    for _, a in tree.find("aria-describedby"):
        assert set((a["aria-describedby"] or "").split()) <= ids, a
    boxes = {a["id"] for t, a, _ in tree.elements if t in ("input", "textarea", "select")}
    assert boxes <= labelled


def test_every_question_has_its_slots(form: FormDefinition, tree: Tree) -> None:
    for one in form.fields:
        if one.fixed:
            continue
        inside = [a for _, a in tree.inside("data-field", one.id)]
        for slot in ("data-finding", "data-last", "data-alerts", "data-saved", "data-undone", "data-confirm"):
            assert any(slot in a for a in inside), (one.id, slot)
        assert any("data-derived" in a for a in inside) is (one.measure is not None)
        assert any("data-say-undone" in a for a in inside) is bool(one.may_be_required and one.not_done), (
            one.id
        )


def test_the_error_stands_in_the_description_of_its_control(form: FormDefinition, tree: Tree) -> None:
    for one in form.fields:
        if not one.fixed:
            described = [
                a["aria-describedby"] or ""
                for _, a in tree.inside("data-field", one.id)
                if "aria-describedby" in a
            ]
            assert any(f"f-{one.id}-error" in each.split() for each in described), one.id  # fmt: skip


def test_up_to_seven_choices_are_buttons_and_numbers_get_their_keypad(
    form: FormDefinition, tree: Tree
) -> None:
    for one in form.fields:
        inside = tree.inside("data-field", one.id)
        if one.type == "choice" and not one.fixed:
            expected = "select" if len(one.options) > 7 else "input"
            assert next(t for t, a in inside if a.get("name") == f"f-{one.id}") == expected
        if one.type in ("integer", "decimal"):
            (box,) = [a for t, a in inside if t == "input"]
            assert box["inputmode"] == ("decimal" if one.type == "decimal" else "numeric")


def test_it_holds_no_data_and_nothing_that_runs(tree: Tree) -> None:
    for tag, attributes, _ in tree.elements:
        assert tag not in ("script", "style", "link", "iframe", "img"), tag
        assert not [name for name in attributes if name.startswith("on") or name == "style"], attributes
        assert "checked" not in attributes
        if tag == "input" and attributes.get("type") not in ("radio", "checkbox"):
            assert not attributes.get("value")
    buttons = [a for t, a, _ in tree.elements if t == "button"]
    assert all(a.get("type") == "button" for a in buttons)
