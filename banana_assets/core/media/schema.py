"""What a kind of record should say: its fields, what each must look like, and which items share values.

Media is the first such schema (``core.media.standard``); any set of records can bring one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from banana_assets.core.errors import InputError

FIELD_KINDS = ("text", "list", "date", "duration", "language", "genre", "number", "url", "identifier")
"""``date``: ISO 8601, whole or only year or year and month; ``duration``: seconds; ``language``: BCP 47;
``genre``: one or several words of the field's vocabulary; ``identifier``: the same value means the same record."""

ANY = "*"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_RESERVED = frozenset({"item_id", "collection", "uri"})


@dataclass(frozen=True)
class Field:
    """One field of a record.

    ``expected`` names the kinds of item (values of the schema's ``kind_field``) that should have it, ANY for all, and
    is empty where nobody misses it. ``weight`` is what it counts in the weighted completeness. ``shortest`` makes it
    prose: fewer characters are too few, and boilerplate is looked for. ``vocabulary`` holds the words of a genre, or
    the only values allowed otherwise. ``minimum`` and ``maximum`` bound numbers, seconds and years. ``aliases`` are the
    names that exports give it.
    """

    name: str
    kind: str = "text"
    meaning: str = ""
    expected: tuple[str, ...] = (ANY,)
    weight: float = 1.0
    shortest: int = 0
    vocabulary: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name in _RESERVED:
            raise InputError(f"{self.name!r} is no name of a field.", "Use a-z, 0-9 and _, beginning with a letter.")
        if self.kind not in FIELD_KINDS:
            raise InputError(f"The field {self.name} is of the kind {self.kind!r}.", _one_of(FIELD_KINDS))
        if not self.weight > 0 or self.shortest < 0:
            raise InputError(f"The field {self.name} has a weight or a length below 0.", "Give numbers above 0.")

    @property
    def multiple(self) -> bool:
        """Whether it may hold several values."""
        return self.kind in ("list", "genre")


@dataclass(frozen=True)
class Group:
    """Items that belong together: those with the same values of ``by``; FOLDER stands for the folder of the file, and
    CONTENT for the bytes. ``shares`` are the fields that tend to be the same in such a group."""

    name: str
    by: tuple[str, ...]
    shares: tuple[str, ...]


FOLDER, CONTENT = "/folder", "/content"


@dataclass(frozen=True)
class RecordSchema:
    """The fields of a kind of record.

    ``title`` names the field by which people know an item, ``kind_field`` the one that says what sort of item it is
    (both may be empty). ``patterns`` are regular expressions with named groups, by which file names may carry values.
    """

    name: str
    fields: tuple[Field, ...]
    title: str = ""
    kind_field: str = ""
    groups: tuple[Group, ...] = ()
    patterns: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InputError(f"{self.name!r} is no name of a schema.", "Use a-z, 0-9 and _, beginning with a letter.")
        names = [field.name for field in self.fields]
        if len(set(names)) != len(names) or not names:
            raise InputError(f"The schema {self.name} has no field, or one twice.", "Declare each field once.")
        told = {self.title, self.kind_field} - {""}
        told |= {name for group in self.groups for name in (*group.by, *group.shares)} - {FOLDER, CONTENT}
        if unknown := sorted(told - set(names)):
            raise InputError(
                f"The schema {self.name} speaks of fields that it has not: {', '.join(unknown)}.", "Declare them."
            )

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """Field name to field."""
        return {field.name: field for field in self.fields}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The fields whose values are names, which may be any words: texts that are no prose and of no closed set."""
        return tuple(f.name for f in self.fields if f.kind == "text" and not f.shortest and not f.vocabulary)

    @cached_property
    def expected(self) -> tuple[Field, ...]:
        """The fields that some kind of item should have."""
        return tuple(field for field in self.fields if field.expected)

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """What exports call a field (lower case) to its name."""
        return {alias: f.name for f in self.fields for alias in f.aliases} | {name: name for name in self.by_name}


def schema_of(told: Mapping[str, Any], name: str = "") -> RecordSchema:
    """The schema that a file of TOML, JSON or YAML declares.

    ``{name, title, kind_field, fields: [{name, kind, expected, weight, ...}], groups: [{name, by, shares}],
    patterns: {name: regular expression}}``; ``expected`` may be true, false, or a list of kinds of item. Raises
    InputError naming what is wrong.
    """
    known = {"name", "title", "kind_field", "fields", "groups", "patterns"}
    if not isinstance(told, Mapping) or unknown_keys(told, known):
        raise InputError("The schema says what is not known.", f"Its keys are {', '.join(sorted(known))}.")
    fields = told.get("fields")
    if not isinstance(fields, list) or not all(isinstance(f, Mapping) for f in fields):
        raise InputError("The schema has no list of fields.", "Declare `fields`, a table each.")
    groups = told.get("groups", [])
    patterns = told.get("patterns", {})
    if not isinstance(groups, list) or not isinstance(patterns, Mapping):
        raise InputError("`groups` is no list, or `patterns` no table.", "Look at docs/media.md for an example.")
    return RecordSchema(
        str(told.get("name") or name),
        tuple(_field(f) for f in fields),
        title=str(told.get("title", "")),
        kind_field=str(told.get("kind_field", "")),
        groups=tuple(_group(g) for g in groups),
        patterns=tuple((str(k), _pattern(str(k), str(v))) for k, v in patterns.items()),
    )


def told(schema: RecordSchema) -> dict[str, Any]:
    """The schema as ``schema_of`` reads it again."""
    return {
        "name": schema.name,
        "title": schema.title,
        "kind_field": schema.kind_field,
        "fields": [{k: list(v) if isinstance(v, tuple) else v for k, v in vars(f).items()} for f in schema.fields],
        "groups": [{"name": g.name, "by": list(g.by), "shares": list(g.shares)} for g in schema.groups],
        "patterns": dict(schema.patterns),
    }


def unknown_keys(told: Mapping[str, Any], known: set[str]) -> list[str]:
    """The keys that are not known."""
    return sorted(str(key) for key in set(told) - known)


def _field(told: Mapping[str, Any]) -> Field:
    known = set(Field.__dataclass_fields__)
    if unknown := unknown_keys(told, known):
        raise InputError(
            f"A field of the schema has {', '.join(unknown)}.", f"Its keys are {', '.join(sorted(known))}."
        )
    values = dict(told)
    expected = values.get("expected", True)
    if isinstance(expected, bool):
        values["expected"] = (ANY,) if expected else ()
    try:
        for name in ("expected", "vocabulary", "aliases"):
            if name in values:
                values[name] = tuple(str(v) for v in values[name])
        for name in ("weight", "minimum", "maximum"):
            if values.get(name) is not None:
                values[name] = float(values[name])
        values["shortest"] = int(values.get("shortest", 0))
        return Field(**values)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"A field of the schema cannot be read: {error}.", "Give each field at least a name."
        ) from error


def _group(told: Mapping[str, Any]) -> Group:
    try:
        return Group(str(told["name"]), tuple(map(str, told["by"])), tuple(map(str, told["shares"])))
    except (KeyError, TypeError) as error:
        raise InputError("A group of the schema lacks name, by or shares.", "Give all three.") from error


def _pattern(name: str, text: str) -> str:
    try:
        found = re.compile(text)
    except re.error as error:
        raise InputError(f"The pattern {name} is no regular expression: {error}.", "Mend it.") from error
    if not found.groupindex:
        raise InputError(f"The pattern {name} names no field.", "Write fields as (?P<title>...).")
    return text


def _one_of(words: tuple[str, ...]) -> str:
    return f"Use one of {', '.join(words)}."
