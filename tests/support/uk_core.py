"""Checks resources against the published UK Core profiles: their fixed values, counts and coding slices.

The profiles are differentials, so each is laid over the one it is based on. Not the HL7 validator: no invariants, no
terminology, no slices but those told apart by a coding's or identifier's system.
"""

import re
import tarfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

ARCHIVE = Path(__file__).resolve().parents[3] / "shared" / "redbook" / "profiles" / "ukcore-r4.tar.xz"
_NS = {"f": "http://hl7.org/fhir"}
_SLICED_BY_SYSTEM = ("coding", "identifier")


@dataclass
class Element:
    """What a profile says of one element; `id` is like Observation.code.coding:loinc.system."""

    id: str
    min: int = 0
    max: str = "*"
    fixed: str | None = None


@dataclass
class Profile:
    url: str
    base: str
    elements: dict[str, Element] = field(default_factory=dict)


@lru_cache
def load_profiles() -> dict[str, Profile]:
    found = {}
    with tarfile.open(ARCHIVE, "r:xz") as archive:
        for member in archive:
            if member.isfile() and member.name.startswith(
                ("structuredefinitions/", "./structuredefinitions/")
            ):
                file = archive.extractfile(member)
                assert file is not None
                profile = _profile(ElementTree.fromstring(file.read()))
                found[profile.url] = profile
    return found


def problems(resource: dict[str, Any], url: str) -> list[str]:
    elements: dict[str, Element] = {}
    for profile in _chain(url):
        for name, element in profile.elements.items():
            known = elements.setdefault(name, Element(name))
            known.min, known.max = max(known.min, element.min), min(known.max, element.max)
            known.fixed = element.fixed or known.fixed
    return [problem for element in elements.values() for problem in _check(resource, element, elements)]


def _profile(root: ElementTree.Element) -> Profile:
    def value(path: str) -> str:
        node = root.find(path, _NS)
        assert node is not None
        return str(node.get("value"))

    profile = Profile(value("f:url"), value("f:baseDefinition"))
    for node in root.findall("f:differential/f:element", _NS):
        element = Element(str(node.get("id")))
        for child in node:
            name = child.tag.rpartition("}")[2]
            if name == "min":
                element.min = int(child.get("value", "0"))
            elif name == "max":
                element.max = child.get("value", "*")
            elif name.startswith("fixed"):
                element.fixed = child.get("value")
        profile.elements[element.id] = element
    return profile


def _chain(url: str) -> Iterator[Profile]:
    """The profile's ancestors first. The base R4 definitions are not in the archive; the models check those."""
    profile = load_profiles().get(url)
    if profile is not None:
        yield from _chain(profile.base)
        yield profile


def _check(resource: dict[str, Any], element: Element, elements: dict[str, Element]) -> Iterator[str]:
    segments = element.id.split(".")[1:]
    if not segments or any("extension" in segment for segment in segments):
        return
    for parent in _parents(resource, segments[:-1], element.id.split(".")[0], elements):
        prefix = element.id.rpartition(".")[0]
        values = _values(parent, segments[-1], prefix, elements)
        if len(values) < element.min:
            yield f"{element.id} is required"
        if element.max.isdigit() and len(values) > int(element.max):
            yield f"{element.id} may be there {element.max} times at most"
        if element.fixed is not None:
            yield from (f"{element.id} is fixed to {element.fixed}" for one in values if one != element.fixed)


def _parents(resource: Any, segments: list[str], prefix: str, elements: dict[str, Element]) -> list[Any]:
    nodes = [resource]
    for segment in segments:
        nodes = [value for node in nodes for value in _values(node, segment, prefix, elements)]
        prefix = f"{prefix}.{segment}"
    return nodes


def _values(node: Any, segment: str, prefix: str, elements: dict[str, Element]) -> list[Any]:
    name, _, slice_name = segment.partition(":")
    if not isinstance(node, dict):
        return []
    if name.endswith("[x]"):
        stem = re.escape(name.removesuffix("[x]"))
        found = [value for key, value in node.items() if re.fullmatch(stem + "[A-Z].*", key)]
    else:
        value = node.get(name, [])
        found = value if isinstance(value, list) else [value]
    if slice_name:
        assert name in _SLICED_BY_SYSTEM, f"a slice of {name} needs to be taught here"
        system = elements[f"{prefix}.{segment}.system"].fixed
        found = [one for one in found if one.get("system") == system]
    return found
