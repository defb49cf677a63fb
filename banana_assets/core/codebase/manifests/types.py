"""What a manifest says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, ParseError


@dataclass(frozen=True, slots=True)
class Dependency:
    """A package that a manifest asks for: ``wanted`` is the version as written, ``group`` runtime, dev or another."""

    name: str
    wanted: str
    group: str = "runtime"


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """Where a program begins: ``kind`` is command, script, program, service, container or package."""

    kind: str
    name: str
    path: str
    target: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as read: ``problem`` says why it could not be, ``omitted`` counts dependencies left out."""

    path: str
    ecosystem: str
    name: str = ""
    dependencies: tuple[Dependency, ...] = ()
    entry_points: tuple[EntryPoint, ...] = ()
    problem: str = ""
    omitted: int = 0


class ManifestError(Exception):
    """The manifest is not what its name says."""


MOST_YAML = 128 * 1024
MOST_BRACKETS = 300


def yaml_mapping(text: str) -> dict[str, Any]:
    """The mapping that a YAML text holds. Raises ManifestError for another one and for text that is no YAML.

    Brackets are bounded: the reader's time grows with the square of how deep they nest.
    """
    if len(text) > MOST_YAML or text.count("[") + text.count("{") > MOST_BRACKETS:
        raise ManifestError("it is larger than such files are")
    import yaml

    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ManifestError(str(error)) from error
    if not isinstance(data, dict):
        raise ManifestError("it holds no mapping")
    return data


def xml_root(text: str) -> Element:
    """The root of an XML text. Raises ManifestError for text that is none, and for one that declares entities."""
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        return ElementTree.fromstring(text)
    except (ParseError, DefusedXmlException) as error:
        raise ManifestError(str(error)) from error
