"""Which versions of a visit were made from which, and which of them nobody has gone on from."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

SERVER_DEVICE = "00000000-0000-0000-0000-000000000000"
"""The tablet that versions made by the server are said to be from."""

_MERGES = uuid.UUID("6f1d7a52-3a0c-5d0e-9f0b-0d8c5a0d7c11")


@dataclass(frozen=True)
class Node:
    """One version. `passing`: the server put it together from others, and makes it anew when one of them goes on."""

    id: str
    parents: tuple[str, ...]
    passing: bool = False


def heads_of(nodes: Iterable[Node]) -> tuple[str, ...]:
    """The versions that no other was made from, leaving out what the server itself put together."""
    kept = {node.id: node for node in nodes}
    family = oldest_first({one.id: one.parents for one in kept.values()})
    while True:
        continued = {parent for one in kept for parent in family[one]}
        leaves = [one for one in kept if one not in continued]
        passing = [one for one in leaves if kept[one].passing]
        if not passing:
            return tuple(sorted(leaves))
        for one in passing:
            del kept[one]


def oldest_first(parents: Mapping[str, Collection[str]]) -> dict[str, tuple[str, ...]]:
    """Every version after those it was made from, with those of its parents that are there.

    Junk that names itself as its own beginning loses that parent: it is kept, and compared with nothing.
    """
    ordered: dict[str, tuple[str, ...]] = {}
    waiting = {one: tuple(parent for parent in parents[one] if parent in parents) for one in sorted(parents)}
    while waiting:
        ready = [one for one, above in waiting.items() if all(parent in ordered for parent in above)]
        for one in ready or list(waiting)[:1]:
            ordered[one] = tuple(parent for parent in waiting.pop(one) if parent in ordered)
    return ordered


def ancestors(parents: Mapping[str, Collection[str]], of: str) -> set[str]:
    """All that a version was made from, as far as it is there."""
    found: set[str] = set()
    waiting = [of]
    while waiting:
        above = [one for one in parents.get(waiting.pop(), ()) if one not in found]
        found.update(above)
        waiting += above
    return found


def without(parents: Mapping[str, Collection[str]], gone: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The family without some: what was made from one of those was made from what that was made from."""

    def origins(above: Collection[str], passed: frozenset[str] = frozenset()) -> list[str]:
        found = []
        for one in above:
            if one not in gone:
                found.append(one)
            elif one not in passed:
                found += origins(parents.get(one, ()), passed | {one})
        return found

    return {one: tuple(dict.fromkeys(origins(above))) for one, above in parents.items() if one not in gone}


def own_visit_id(revision_id: str) -> str:
    """The visit that begins with a version which was sent as one of another visit."""
    return str(uuid.uuid5(_MERGES, f"visit of {revision_id}"))


def merged_id(heads: Iterable[str]) -> str:
    """The same for the same versions, whoever puts them together and when."""
    return str(uuid.uuid5(_MERGES, "|".join(sorted(heads))))
