"""Putting the versions of a visit together that were made on two tablets at once.

For each answer the question is who had the last word: a version that changed it overrules every version it was made
from, and nobody else. Where one version has the last word, or all that have it say the same, the answer is plain;
where they differ it is a conflict for a person. The result depends on which versions there are, never on the order
in which they arrived, and a version whose own beginnings have not arrived is compared with nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hvapp.domain.forms.answers import same
from hvapp.domain.lineage import oldest_first

SETTLED_BY_PEOPLE = ("answers", "alert_responses")
"""Parts in which a difference is for a person to decide. "confirmed" follows the answer it was given for."""


class _Missing:
    """No answer at all, which is also something a version can say."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


@dataclass(frozen=True)
class Version:
    """One version of a visit. `parents` may name versions that are not there (yet)."""

    id: str
    parents: tuple[str, ...]
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Candidate:
    """A value that may stand for a key, and the versions that say so. MISSING: the answer was taken away."""

    value: Any
    versions: tuple[str, ...]


@dataclass(frozen=True)
class Conflict:
    """Versions that do not know of each other say different things. `base`: what the last one both come from said."""

    part: str
    key: str
    base: Any
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Merged:
    """Everything that could be put together; a key in conflict is not in it."""

    answers: dict[str, Any]
    confirmed: dict[str, Any]
    alert_responses: dict[str, Any]
    conflicts: tuple[Conflict, ...]

    def settled(self, chosen: Mapping[tuple[str, str], Any]) -> "Merged":
        """With a value for each conflict, by part and key. Raises KeyError for one that was not settled."""
        parts = {"answers": dict(self.answers), "alert_responses": dict(self.alert_responses)}
        for conflict in self.conflicts:
            value = chosen[conflict.part, conflict.key]
            if value is not MISSING:
                parts[conflict.part][conflict.key] = value
        return Merged(parts["answers"], dict(self.confirmed), parts["alert_responses"], ())


def merge(base: Mapping[str, Any] | None, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Merged:
    """Two payloads put together against the one both were made from; None: nothing is known of that."""
    versions = [Version("ours", ("base",), ours), Version("theirs", ("base",), theirs)]
    if base is not None:
        versions.append(Version("base", (), base))
    return merge_versions(versions, ("ours", "theirs"))


def merge_versions(versions: Iterable[Version], heads: Sequence[str]) -> Merged:
    """The last word on every key, over all that the heads were made from.

    Where `confirmed` differs, what confirms the answer as it now is has precedence: a confirmation says nothing about
    another value.
    """
    history = _History(versions)
    conflicts: list[Conflict] = []
    parts: dict[str, dict[str, Any]] = {}
    for part in ("answers", "alert_responses", "confirmed"):
        parts[part] = {}
        for key in history.keys(part):
            base, candidates = history.last_words(part, key, heads)
            if len(candidates) == 1:
                value = candidates[0].value
            elif part in SETTLED_BY_PEOPLE and candidates:
                conflicts.append(Conflict(part, key, base, candidates))
                continue
            else:
                value = _fitting(candidates, parts["answers"].get(key, MISSING))
            if value is not MISSING:
                parts[part][key] = value
    return Merged(parts["answers"], parts["confirmed"], parts["alert_responses"], tuple(conflicts))


def _fitting(candidates: tuple[Candidate, ...], answer: Any) -> Any:
    fitting = [one.value for one in candidates if _alike(one.value, answer)]
    return (fitting or [one.value for one in candidates if one.value is not MISSING] or [MISSING])[0]


class _History:
    def __init__(self, versions: Iterable[Version]) -> None:
        self.versions = {version.id: version for version in sorted(versions, key=lambda one: one.id)}
        self.parents = oldest_first({one.id: one.parents for one in self.versions.values()})
        self.ancestors: dict[str, set[str]] = {}
        for version_id, parents in self.parents.items():
            self.ancestors[version_id] = {version_id}.union(*(self.ancestors[one] for one in parents))

    def keys(self, part: str) -> list[str]:
        return sorted({key for version in self.versions.values() for key in _part(version, part)})

    def last_words(self, part: str, key: str, heads: Sequence[str]) -> tuple[Any, tuple[Candidate, ...]]:
        """What the heads last agreed on, and who has had the last word since."""
        writers: dict[str, set[str]] = {}
        for version_id, parents in self.parents.items():
            inherited = self._inherited(parents, writers)
            said = self._said(version_id, part, key)
            before = [self._said(writer, part, key) for writer in inherited] or [MISSING]
            unchanged = all(_alike(said, one) for one in before)
            writers[version_id] = inherited if unchanged else {version_id}
        said_by: list[tuple[Any, list[str]]] = []
        for writer in sorted(self._inherited(heads, writers)):
            value = self._said(writer, part, key)
            alike = next((by for one, by in said_by if _alike(one, value)), None)
            if alike is None:
                said_by.append((value, [writer]))
            else:
                alike.append(writer)
        candidates = tuple(Candidate(value, tuple(by)) for value, by in said_by)
        return self._base(part, key, heads), candidates

    def _inherited(self, parents: Sequence[str], writers: Mapping[str, set[str]]) -> set[str]:
        """The last words of several versions together: not those that another of them has overruled."""
        return {
            writer
            for parent in parents
            for writer in writers[parent]
            if all(writer not in self.ancestors[other] or writer in writers[other] for other in parents)
        }

    def _base(self, part: str, key: str, heads: Sequence[str]) -> Any:
        common = set.intersection(*(self.ancestors[head] for head in heads))
        latest = next((one for one in reversed(self.parents) if one in common), None)
        return MISSING if latest is None else self._said(latest, part, key)

    def _said(self, version_id: str, part: str, key: str) -> Any:
        return _part(self.versions[version_id], part).get(key, MISSING)


def _part(version: Version, part: str) -> Mapping[str, Any]:
    value = version.payload.get(part)
    return value if isinstance(value, Mapping) else {}


def _alike(one: Any, other: Any) -> bool:
    if one is MISSING or other is MISSING:
        return one is other
    return same(one, other)
