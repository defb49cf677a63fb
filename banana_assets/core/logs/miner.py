"""Templates out of shapes: which words are variables, decided by how they vary among shapes of one structure.

Shapes are cut into words and the delimiters between them. Shapes with the same delimiters form a group; a group is
split at the position with the fewest distinct words until every position that still varies is judged a variable. The
judgement looks at the words' form, at what stands before them, and at how many there are. Splitting by the least
varied position is IPLoM's (Makanju et al., KDD 2009) and Brain's (Yu et al., TSC 2023); working on distinct shapes
rather than on lines makes the result independent of order and of counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import polars as pl

from banana_assets.core.logs.judge import is_unit, is_value, names_value, varies
from banana_assets.core.logs.masks import NAMES

VARIABLE = "<*>"

_NAMED = re.compile(rf"<(?:{'|'.join(NAMES)})>")
_INSIDE = r"[^\s=:,;()\[\]{}\"'<>|.!?]"
_WORD = re.compile(rf"(?:<\*>|{_INSIDE}|[.!?]+(?={_INSIDE}|<\*>))++")
_BLANK = re.compile(r"\s+")
_TOUCHING = re.compile(r"(?<![\w\\])<?[\w\\]*+(?:<\*>[\w\\]*+)++>*")
_CHAINED = re.compile(r"<\*>(?:\.<\*>)+|\{<\*>\}<\*>")

MOST_NAMED = 20
"""Shapes that are looked at to name the variables of a template."""

Words = tuple[str, ...]


def cut(text: str) -> tuple[str, Words]:
    """The structure of a text and its words: the delimiters with ``w`` for each word and one blank for white space.

    Only texts of one structure are compared. A mask inside a word (`node-<*>`) is part of that word.
    """
    return _BLANK.sub(" ", _WORD.sub("w", text)), tuple(_WORD.findall(text))


def _is_word(token: str) -> bool:
    return _WORD.match(token) is not None


def anonymous(shape: str) -> str:
    """The shape with ``<*>`` for each named mask, as templates write variables."""
    return tidy(_NAMED.sub(VARIABLE, shape))


def tidy(template: str) -> str:
    """The template with variables that touch joined to one, as published templates have them.

    A word with a variable in it is a variable (`blk_<*>`), unless a delimiter stands between (`node-<*>`).
    """
    template = _TOUCHING.sub(VARIABLE, template)
    template = _CHAINED.sub(VARIABLE, template)
    return _BLANK.sub(" ", template).strip()


def pattern_id(template: str) -> str:
    """A stable hash (BLAKE2b, 16 hexadecimal digits) of a template."""
    return blake2b(template.encode(), digest_size=8).hexdigest()


def mine(shapes: pl.DataFrame) -> pl.DataFrame:
    """The template of each shape.

    ``shapes`` has ``shape`` (String, distinct, named masks) and ``events`` (Int64). Gives ``shape, template,
    named_template, pattern_id``, a row a shape, whatever the order of the input.
    """
    texts = sorted(set(shapes["shape"].to_list()))
    groups = [group for form, rows in by_structure(enumerate(texts)).items() for group in draw(form, rows)]
    final = [""] * len(texts)
    for group, template in zip(groups, conclude(groups), strict=True):
        for n in group.members:
            final[n] = template
    named = _named(texts, final)
    ids = {template: pattern_id(template) for template in named}
    return pl.DataFrame(
        {
            "shape": texts,
            "template": final,
            "named_template": [named[t] for t in final],
            "pattern_id": [ids[t] for t in final],
        },
        schema={"shape": pl.String, "template": pl.String, "named_template": pl.String, "pattern_id": pl.String},
    )


@dataclass(frozen=True)
class Group:
    """Texts of one structure that differ in variables alone."""

    structure: str
    columns: tuple[Words, ...]
    """The distinct words in each place, sorted."""
    members: tuple[int, ...]
    """Which texts, by the numbers that the caller gave them."""


Rows = dict[Words, list[int]]
"""The words of texts of one structure, and which texts have them."""


def by_structure(shapes: Iterable[tuple[int, str]]) -> dict[str, Rows]:
    """The words of shapes, given with their numbers, by structure."""
    forms: dict[str, Rows] = defaultdict(dict)
    for number, shape in shapes:
        form, words = cut(anonymous(shape))
        forms[form].setdefault(words, []).append(number)
    return forms


def draw(
    form: str, rows: Rows, groups: Sequence[Group] = (), opened: Callable[[Sequence[Group]], Rows] | None = None
) -> list[Group]:
    """Part the texts of one structure into groups: those of ``rows``, and those of groups drawn before.

    What comes out depends on the set of texts alone: every decision looks at nothing but the distinct words in each
    place, which groups keep. Where a decision parts an earlier group, ``opened`` has to give the rows of such groups.
    """
    rows = dict(rows)
    before = [_context(form, i) for i, kind in enumerate(form) if kind == "w"]
    done: list[Group] = []
    work = [(list(rows), list(groups))]
    while work:
        own, kept = work.pop()
        if not own and len(kept) == 1:
            done += kept
            continue
        columns = [
            tuple(sorted({row[p] for row in own}.union(*(g.columns[p] for g in kept)))) for p in range(len(before))
        ]
        place = _doubtful(columns, before)
        if place is None:
            members = [n for row in own for n in rows[row]] + [n for g in kept for n in g.members]
            done.append(Group(form, tuple(columns), tuple(sorted(members))))
            continue
        parts: dict[str, tuple[list[Words], list[Group]]] = defaultdict(lambda: ([], []))
        torn = []
        for group in kept:
            if len(group.columns[place]) == 1:
                parts[group.columns[place][0]][1].append(group)
            else:
                torn.append(group)
        if torn:
            assert opened is not None
            more = opened(torn)
            own += more
            rows |= more
        for row in own:
            parts[row[place]][0].append(row)
        work.extend(parts.values())
    return done


def _doubtful(columns: Sequence[Words], before: Sequence[str]) -> int | None:
    """The least varied of the places whose words are no values of a variable; None where there is none."""
    constant = [p for p, values in enumerate(columns) if len(values) == 1]
    row = tuple(values[0] for values in columns)
    doubtful = [
        p for p, values in enumerate(columns) if len(values) > 1 and not varies([row], p, values, before, constant)
    ]
    return min(doubtful, key=lambda p: (len(columns[p]), p)) if doubtful else None


def conclude(groups: Sequence[Group]) -> list[str]:
    """The template of each group, in the light of all groups: a value in one place is one elsewhere."""
    values: set[str] = set()
    places: set[Words] = set()
    drafts = []
    for group in groups:
        words = _joined(group.columns)
        _learn(group.columns, words, values, places)
        drafts.append(_draft(group, words))
    found = {parts: list(parts) for parts in drafts}
    for _ in range(2):
        # What the first round finds out is a value may be one elsewhere.
        more: set[str] = set()
        found = {parts: _with_values(now, values, places, more) for parts, now in found.items()}
        values |= more
    written = {parts: tidy("".join(now)) for parts, now in found.items()}
    merged = alike(set(written.values()))
    return [merged.get(written[parts], written[parts]) for parts in drafts]


def _draft(group: Group, words: Sequence[str]) -> Words:
    """The tokens of the group's template; '' for a unit that goes into the number before it, and for the blank."""
    parts = list(group.structure)
    places = [i for i, kind in enumerate(parts) if kind == "w"]
    for place, word in zip(places, words, strict=True):
        parts[place] = word
    for n in _units(group.columns, words, [_context(group.structure, i) for i in places]):
        parts[places[n] - 1] = parts[places[n]] = ""
    return tuple(parts)


def _context(structure: Sequence[str], place: int) -> str:
    """The delimiters right before a word ('' at the start)."""
    delimiter = ""
    i = place - 1
    while i >= 0 and structure[i] != "w":
        delimiter = structure[i] + delimiter
        i -= 1
    return delimiter


def _joined(columns: Sequence[Words]) -> list[str]:
    """The words that all rows share, a variable where they differ or where the word is a value in itself."""
    return [VARIABLE if len(values) > 1 or is_value(values[0]) else values[0] for values in columns]


def _units(columns: Sequence[Words], words: Sequence[str], before: Sequence[str]) -> list[int]:
    """Places of units that vary with the number before them (`3 KB`, `1 MB`): number and unit are one variable."""
    return [
        n
        for n in range(1, len(words))
        if words[n] == words[n - 1] == VARIABLE and before[n] == " " and all(map(is_unit, columns[n]))
    ]


def _learn(columns: Sequence[Words], words: Sequence[str], values: set[str], places: set[Words]) -> None:
    """Add the plain words that the variables of a group stood for, and the words around such a variable."""
    for i, word in enumerate(words):
        if word != VARIABLE:
            continue
        plain = [value for value in columns[i] if value.isalpha()]
        if len(plain) >= 3:
            values.update(plain)
            if i >= 2 and i + 1 < len(words) and VARIABLE not in (words[i - 2], words[i - 1], words[i + 1]):
                places.add((words[i - 2], words[i - 1], words[i + 1]))


def _with_values(parts: Sequence[str], values: set[str], known: set[Words], more: set[str]) -> list[str]:
    """The tokens with the words made variables that are values, or stand in a place of values (added to ``more``)."""
    out = list(parts)
    places = [i for i, token in enumerate(parts) if _is_word(token)]
    for n, i in enumerate(places):
        word = parts[i]
        if word == VARIABLE or n < 1:
            continue
        last = parts[places[n - 1]]
        if last == VARIABLE:
            continue
        named = names_value(last) and word in values and parts[i - 1].isspace()
        placed = (
            n >= 2
            and n + 1 < len(places)
            and word.isalpha()
            and (parts[places[n - 2]], last, parts[places[n + 1]]) in known
        )
        if named or placed:
            more.add(word)
            out[i] = VARIABLE
    return out


_RUN = re.compile(r"(\W?)<\*>(?:,? \1<\*>)+")
_EMPTY = re.compile(r"(?<![\w)])(\(<\*>\)|\[<\*>\]|\"<\*>\"|'<\*>')")


def alike(templates: set[str]) -> dict[str, str]:
    """Templates that differ only in the length of a list of variables, or in an optional value that is empty."""
    moved: dict[str, str] = {}
    lists: dict[str, set[str]] = defaultdict(set)
    for template in sorted(templates):
        lists[_RUN.sub(r"\1<*>", template)].add(template)
    for short, members in lists.items():
        longest = max(m.count(VARIABLE) for m in members) - short.count(VARIABLE)
        if len(members) > 1 and longest >= 3:
            moved |= dict.fromkeys(members, short)
    for template in sorted(templates):
        empty = _EMPTY.sub(lambda m: m[0][0] + m[0][-1], template)
        if empty != template and empty in templates:
            moved[empty] = moved.get(template, template)
    return moved


def _named(shapes: Sequence[str], templates: Sequence[str]) -> dict[str, str]:
    """The template with each variable's kind, where all its shapes have masks of that kind in that place."""
    members: dict[str, list[str]] = defaultdict(list)
    for shape, template in zip(shapes, templates, strict=True):
        members[template].append(shape)
    return {template: name(template, found) for template, found in members.items()}


def name(template: str, shapes: Sequence[str]) -> str:
    """The template with the kind of each variable that has one kind in the first MOST_NAMED of its (sorted) shapes."""
    constants = template.split(VARIABLE)
    kinds: list[set[str]] = [set() for _ in constants[1:]]
    for shape in shapes[:MOST_NAMED]:
        for kind, text in zip(kinds, variables(constants, " ".join(shape.split())), strict=False):
            kind.add(text if _NAMED.fullmatch(text) else VARIABLE)
    out = constants[0]
    for kind, constant in zip(kinds, constants[1:], strict=True):
        out += (next(iter(kind)) if len(kind) == 1 else VARIABLE) + constant
    return out


def variables(constants: Sequence[str], text: str) -> list[str]:
    """What stands between the constants of a template in a text, each as short as can be; empty if it does not fit.

    Taking each constant where it first occurs finds a fit wherever there is one.
    """
    first, *rest = constants
    if not rest or not text.startswith(first):
        return []
    found, at = [], len(first)
    for constant in rest[:-1]:
        end = text.find(constant, at)
        if end < 0:
            return []
        found.append(text[at:end])
        at = end + len(constant)
    end = len(text) - len(rest[-1])
    return [*found, text[at:end]] if end >= at and text.endswith(rest[-1]) else []
