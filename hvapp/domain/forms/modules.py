"""Modules: sections that several forms share, each question written once.

A form file names the modules it uses and says what differs; folding them in gives the whole definition, which tablet,
server, read-out and hash see. A module is one file, `modules/<name>.v<version>.yaml`; alerts that a module names by id
stand in `rules/<file>.yaml`. Both are published as forms are: a change is a new version.
"""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from hvapp.domain.forms.strict_yaml import Part, load_plain, nearest

_ALERT_KEYS = (
    "id",
    "rule",
    "confirmed",
    "level",
    "title",
    "text",
    "action",
    "source",
    "fields",
    "rows",
    "call",
    "when",
)
_USE_KEYS = ("id", "title", "intro", "show_when")
_MODULE_KEYS = ("module", "version", "title", "intro", "rules", "alerts", "fields")


class Shelf:
    """Where modules and rules are read from, each file once. Without a folder there are none."""

    def __init__(self, forms: Path | None = None) -> None:
        self._forms = forms
        self._read: dict[str, Any] = {}

    def module(self, name: str) -> Any:
        return self._file(f"modules/{name}.yaml")

    def rules(self, name: str) -> Any:
        return self._file(f"../rules/{name}.yaml")

    def _file(self, name: str) -> Any:
        """The file's content; None where there is no such file. Raises yaml.YAMLError."""
        if name not in self._read:
            path = self._forms / name if self._forms else None
            there = path is not None and path.is_file()
            self._read[name] = load_plain(path.read_text(encoding="utf-8")) if path and there else None
        return copy.deepcopy(self._read[name])


def fold(data: Any, shelf: Shelf, mistakes: list[str]) -> Any:
    """The definition with every module it names folded in; a definition that names none is given back as it is."""
    if not isinstance(data, Mapping) or not _names_modules(data):
        return data
    whole = dict(data)
    if isinstance(data.get("not_done_reasons"), str):
        whole["not_done_reasons"] = _reasons(data["not_done_reasons"], shelf, mistakes)
    alerts: list[Any] = list(data.get("alerts") or [])
    sections = []
    for one in data.get("sections") or []:
        if _is_use(one):
            section, named = _use(Part(mistakes, f'module "{one["module"]}"', one), shelf)
            sections.append(section)
            alerts += named
        else:
            sections.append(one)
    whole["sections"] = sections
    if mistakes:
        return whole
    whole["alerts"] = [_fitted(_on_rows(alert, sections), sections, mistakes) for alert in _once(alerts)]
    return whole


def _names_modules(data: Mapping[str, Any]) -> bool:
    sections = data.get("sections")
    return isinstance(data.get("not_done_reasons"), str) or (
        isinstance(sections, list) and any(_is_use(one) for one in sections)
    )


def _is_use(section: Any) -> bool:
    """Whether a section is a module still to be folded in; one that holds its fields has been."""
    return isinstance(section, Mapping) and "module" in section and "fields" not in section


def _reasons(name: str, shelf: Shelf, mistakes: list[str]) -> Any:
    file = _open(name, shelf, mistakes)
    return file.get("reasons") if isinstance(file, Mapping) else []


def _open(name: str, shelf: Shelf, mistakes: list[str]) -> Any:
    try:
        file = shelf.module(name)
    except yaml.YAMLError as error:
        mistakes.append(f'the module "{name}" is not YAML that can be read: {error}')
        return None
    if file is None:
        mistakes.append(
            f'there is no module "{name}": it would be the file modules/{name}.yaml beside the form'
        )
    return file


def _use(part: Part, shelf: Shelf) -> tuple[dict[str, Any], list[Any]]:
    """One module as this form uses it, and its alerts."""
    name = part.needed("module")
    file = _open(name, shelf, part.mistakes)
    module = file if isinstance(file, Mapping) else {}
    for key in module:
        if key not in _MODULE_KEYS:
            part.wrong(f'"{key}" is not a key that can stand in a module{nearest(str(key), _MODULE_KEYS)}')
    if module and f"{module.get('module')}.v{module.get('version')}" != name:
        part.wrong(
            'its file must say which it is, with "module" and "version", and be called modules/<module>.v<version>.yaml'
        )
    section: dict[str, Any] = {"id": module.get("module", name), "module": name}
    section |= {key: module[key] for key in ("title", "intro") if key in module}
    section |= {key: part.raw(key) for key in _USE_KEYS if part.raw(key) is not None}
    section["fields"] = _fields(part, module)
    alerts = _alerts(part, module, shelf)
    part.close()
    return section, alerts


def _fields(part: Part, module: Mapping[str, Any]) -> list[Any]:
    """The module's fields less those left out, with what differs."""
    fields = {one["id"]: one for one in module.get("fields") or [] if isinstance(one, dict) and "id" in one}
    for field_id in part.texts("leave_out"):
        if fields.pop(field_id, None) is None:
            part.wrong(
                f'"leave_out" names "{field_id}", which is not there{nearest(field_id, tuple(fields))}'
            )
    differs = part.raw("differs") or {}
    if not isinstance(differs, Mapping):
        part.wrong('"differs" should say for each field what is different')
        differs = {}
    for field_id, changes in differs.items():
        if field_id not in fields:
            part.wrong(f'"differs" names "{field_id}", which is not there{nearest(field_id, tuple(fields))}')
        elif not _change(fields[field_id], changes):
            part.wrong(f'"differs" should say for "{field_id}" which keys are different')
    collapsed, optional = part.flag("collapsed"), part.flag("optional")
    for one in fields.values():
        if collapsed:
            one.pop("core", None)
        if optional and not _hangs_on_an_answer(one.get("show_when")):
            one.pop("required", None)
    return list(fields.values())


def _change(one: dict[str, Any], changes: Any) -> bool:
    """Put these keys in place of the field's own; an empty one takes the key away. Parts of a list go by their id."""
    if not isinstance(changes, Mapping):
        return False
    for key, value in changes.items():
        if key == "fields" and isinstance(value, Mapping):
            parts = {each["id"]: each for each in one.get("fields") or []}
            if any(part_id not in parts or not _change(parts[part_id], value[part_id]) for part_id in value):
                return False
        elif value is None:
            one.pop(key, None)
        else:
            one[key] = value
    return True


def _hangs_on_an_answer(condition: Any) -> bool:
    """Whether a question is only asked because of another answer: it then goes with that answer."""
    if isinstance(condition, Mapping):
        return "field" in condition or any(_hangs_on_an_answer(inner) for inner in condition.values())
    return isinstance(condition, list) and any(_hangs_on_an_answer(inner) for inner in condition)


def _alerts(part: Part, module: Mapping[str, Any], shelf: Shelf) -> list[Any]:
    """The alerts of a module: whole ones as they stand, those named by id from the file of rules it names."""
    left_out = part.texts("leave_out_alerts")
    given = module.get("alerts") or []
    found: list[Any] = []
    known = _rules(part, module, shelf) if any(isinstance(one, str) for one in given) else {}
    for one in given:
        alert_id = one if isinstance(one, str) else one.get("id") if isinstance(one, Mapping) else None
        if alert_id in left_out:
            continue
        if not isinstance(one, str):
            found.append(one)
        elif one in known:
            found.append({key: known[one][key] for key in _ALERT_KEYS if key in known[one]})
        elif known:
            part.wrong(f'there is no alert "{one}" in rules/{module.get("rules")}.yaml')
    ids = {one if isinstance(one, str) else str(one.get("id")) for one in given}
    for alert_id in left_out:
        if alert_id not in ids:
            part.wrong(f'"leave_out_alerts" names "{alert_id}", which is not there')
    return found


def _rules(part: Part, module: Mapping[str, Any], shelf: Shelf) -> dict[str, Mapping[str, Any]]:
    name = str(module.get("rules"))
    file = shelf.rules(name)
    entries = file.get("alerts") if isinstance(file, Mapping) else None
    if not isinstance(entries, list):
        part.wrong(f'it names alerts by id, so it needs "rules", the file they stand in: not "{name}"')
        return {}
    return {str(one["id"]): one for one in entries if isinstance(one, Mapping) and "id" in one}


def _once(alerts: list[Any]) -> Iterator[Any]:
    """Two modules may name the same alert, where it asks fields of both."""
    seen: list[Any] = []
    for alert in alerts:
        if alert not in seen:
            seen.append(alert)
            yield alert


def _fitted(alert: Any, sections: list[Any], mistakes: list[str]) -> Any:
    """The alert as it stands in a form that lacks some of the questions it asks: a comparison with a question that is
    not asked is false, as with one that is hidden."""
    if not isinstance(alert, Mapping) or "rule" not in alert:
        return alert
    asked = set()
    for section in sections:
        for one in section.get("fields") or []:
            asked |= {one.get("id"), *(part.get("id") for part in one.get("fields") or [])}
    when = _without(alert.get("when"), asked)
    if isinstance(when, bool):
        mistakes.append(
            f'alert "{alert.get("id")}": it asks nothing that this form asks; name it under "leave_out_alerts"'
        )
        return alert
    return {**alert, "when": when}


def _without(condition: Any, asked: set[Any]) -> Any:
    """The condition with comparisons of what is not asked taken as false; true or false where that decides it."""
    if not isinstance(condition, Mapping):
        return condition
    if "field" in condition:
        return condition if condition["field"] in asked else False
    if "not" in condition:
        inner = _without(condition["not"], asked)
        return not inner if isinstance(inner, bool) else {"not": inner}
    for key, decides in (("all", False), ("any", True)):
        if key in condition:
            parts = [_without(one, asked) for one in condition[key]]
            if any(one is decides for one in parts):
                return decides
            left = [one for one in parts if not isinstance(one, bool)]
            return {key: left} if left else not decides
    return condition


def _on_rows(alert: Any, sections: list[Any]) -> Any:
    """An alert about the parts of a list is judged for each row, and stands beside the list."""
    if not isinstance(alert, Mapping) or "rows" in alert:
        return alert
    fields = [one for section in sections for one in section.get("fields") or [] if isinstance(one, Mapping)]
    plain = {one.get("id") for one in fields}
    for one in fields:
        parts = {each["id"] for each in one.get("fields") or [] if isinstance(each, Mapping) and "id" in each}
        named = [each for each in alert.get("fields") or [] if each not in plain]
        if named and set(named) <= parts:
            beside = [one["id"], *(each for each in alert["fields"] if each in plain)]
            return {**alert, "rows": one["id"], "fields": beside}
    return alert
