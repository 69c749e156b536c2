"""Reads a data file strictly: YAML without its guesses, and mappings that know what may stand in them.

Only true, false, null and whole numbers are not text, so "01", "no" and "0.2" stay as written and no binary float
gets in.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import yaml

NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,12})?")


class PlainLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """SafeLoader, in C where it was built with it, that guesses less and refuses a key written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f'"{key}" is written twice in the same place', problem_mark=key_node.start_mark
                )
            seen.add(key)
        return cast(dict[Any, Any], super().construct_mapping(node, deep=deep))


PlainLoader.yaml_implicit_resolvers = {}
PlainLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)$"), list("tf"))
PlainLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:null|)$"), ["n", ""])
PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"(?:-?[1-9][0-9]{0,14}|0)$"), list("-0123456789")
)


class Part:
    """One mapping of the file, read key by key; what was not asked for by the end is a mistake."""

    def __init__(self, mistakes: list[str], where: str, data: Any) -> None:
        self.mistakes = mistakes
        self.where = where
        self._asked: list[str] = []
        if isinstance(data, Mapping) and all(isinstance(key, str) for key in data):
            self._data: Mapping[str, Any] = data
        else:
            self.wrong("it should be a list of keys with values")
            self._data = {}

    def wrong(self, what: str) -> None:
        self.mistakes.append(f"{self.where}: {what}")

    def raw(self, key: str) -> Any:
        self._asked.append(key)
        return self._data.get(key)

    def text(self, key: str) -> str | None:
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, str) and value.strip():
            return value.strip()
        self.wrong(f'"{key}" should be text' + (": put it in quotes" if isinstance(value, int) else ""))
        return None

    def needed(self, key: str) -> str:
        value = self.text(key)
        if value is None and self._data.get(key) is None:
            self.wrong(f'it needs a "{key}"')
        return value or ""

    def one_of(self, key: str, allowed: tuple[str, ...]) -> Any:
        value = self.needed(key)
        if value and value not in allowed:
            self.wrong(f'"{key}" is "{value}", but it can only be {either(allowed)}{nearest(value, allowed)}')
        return value

    def flag(self, key: str) -> bool:
        value = self.raw(key)
        if value is not None and not isinstance(value, bool):
            self.wrong(f'"{key}" should be true or false')
        return value is True

    def whole(self, key: str) -> int | None:
        value = self.raw(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            self.wrong(f'"{key}" should be a whole number')
            return None
        return value

    def number(self, key: str) -> str | None:
        value = self.raw(key)
        if value is None:
            return None
        written = str(value)
        if isinstance(value, bool) or not NUMBER.fullmatch(written):
            self.wrong(f'"{key}" should be a number, such as 4 or 0.5')
            return None
        return written

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.raw(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.wrong(f'"{key}" should be a list of texts')
            return ()
        return tuple(value)

    def part(self, key: str) -> "Part | None":
        value = self.raw(key)
        return None if value is None else Part(self.mistakes, f'{self.where}, "{key}"', value)

    def parts(self, key: str, kind: str, named_by: str) -> Iterator["Part"]:
        """The mappings of a list, each called after the value of one of its keys."""
        value = self.raw(key)
        if value is None:
            return
        if not isinstance(value, list):
            self.wrong(f'"{key}" should be a list')
            return
        for number, one in enumerate(value, start=1):
            name = one.get(named_by) if isinstance(one, Mapping) else None
            label = f'{kind} "{name}"' if isinstance(name, str) else f"{kind} number {number}"
            where = label if self.where == "the form" or kind == "field" else f"{self.where}, {label}"
            yield Part(self.mistakes, where, one)

    def condition(self, key: str) -> Mapping[str, Any] | None:
        value = self.raw(key)
        if value is not None and not isinstance(value, Mapping):
            self.wrong(f'"{key}" should be a condition, such as {{field: mode, is: phone}}')
            return None
        return value

    def close(self) -> None:
        for key in self._data:
            if key not in self._asked:
                self.wrong(f'"{key}" is not a key that can stand here{nearest(key, tuple(self._asked))}')


def either(allowed: tuple[str, ...]) -> str:
    return ", ".join(allowed[:-1]) + f" or {allowed[-1]}" if len(allowed) > 1 else "".join(allowed)


def nearest(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


def load_plain(text: str) -> Any:
    """What the text says. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=PlainLoader)  # noqa: S506 - built on SafeLoader
