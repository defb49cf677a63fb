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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import polars as pl

from banana_assets.core.logs.judge import is_unit, is_value, names_value, varies
from banana_assets.core.logs.masks import NAMES

VARIABLE = "<*>"

_NAMED = re.compile(rf"<(?:{'|'.join(NAMES)})>")
_INSIDE = r"[^\s=:,;()\[\]{}\"'<>|.!?]"
_TOKEN = re.compile(rf"<\*>|(?:{_INSIDE}|[.!?]+(?={_INSIDE}|<\*>))+|\s+|.", re.DOTALL)
_DELIMITERS = frozenset("=:,;()[]{}\"'<>|.!?")

MAX_NAMED = 500
"""Characters up to which the variables of a shape are named."""

Words = tuple[str, ...]


def tokens(text: str) -> list[str]:
    """Words, delimiters and white space, whose concatenation is the text."""
    merged: list[str] = []
    for token in _TOKEN.findall(text):
        # A mask inside a word (`node-<*>`) is part of that word.
        if merged and _is_word(token) and _is_word(merged[-1]):
            merged[-1] += token
        else:
            merged.append(token)
    return merged


def _is_word(token: str) -> bool:
    return token != "" and (token == VARIABLE or not (token[0].isspace() or token in _DELIMITERS))


def anonymous(shape: str) -> str:
    """The shape with ``<*>`` for each named mask, as templates write variables."""
    return tidy(_NAMED.sub(VARIABLE, shape))


def tidy(template: str) -> str:
    """The template with variables that touch joined to one, as published templates have them.

    A word with a variable in it is a variable (`blk_<*>`), unless a delimiter stands between (`node-<*>`).
    """
    template = re.sub(r"(?<![\w\\])<?[\w\\]*+(?:<\*>[\w\\]*+)++>*", VARIABLE, template)
    template = re.sub(r"<\*>(?:\.<\*>)+|\{<\*>\}<\*>", VARIABLE, template)
    return re.sub(r"\s+", " ", template).strip()


def pattern_id(template: str) -> str:
    """A stable hash (BLAKE2b, 16 hexadecimal digits) of a template."""
    return blake2b(template.encode(), digest_size=8).hexdigest()


def mine(shapes: pl.DataFrame) -> pl.DataFrame:
    """The template of each shape.

    ``shapes`` has ``shape`` (String, distinct, named masks) and ``events`` (Int64). Gives ``shape, template,
    named_template, pattern_id``, a row a shape, whatever the order of the input.
    """
    texts = sorted(set(shapes["shape"].to_list()))
    plain = {text: anonymous(text) for text in texts}
    groups = [group for cut in by_structure(set(plain.values())).values() for group in draw(cut)]
    templates = {text: t for group, t in zip(groups, conclude(groups), strict=True) for text in group.members}
    final = [templates[plain[text]] for text in texts]
    named = _named(texts, final)
    return pl.DataFrame(
        {
            "shape": texts,
            "template": final,
            "named_template": [named[t] for t in final],
            "pattern_id": [pattern_id(t) for t in final],
        },
        schema={"shape": pl.String, "template": pl.String, "named_template": pl.String, "pattern_id": pl.String},
    )


@dataclass(frozen=True)
class Group:
    """Texts of one structure that differ in variables alone."""

    members: tuple[str, ...]
    parts: Words
    """Tokens of their template so far; '' for a unit that went into the number before it."""
    values: frozenset[str]
    """Plain words that the variables stood for."""
    places: frozenset[Words]
    """Words around a variable that stood for plain words: two before, one after."""


def structure(parts: Sequence[str]) -> str:
    """The delimiters of a text, with ``w`` for each word: only texts of one structure are compared."""
    return "".join("w" if _is_word(t) else " " if t.isspace() else t for t in parts)


def by_structure(texts: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """The tokens of each masked text, by structure."""
    forms: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for text in texts:
        parts = tokens(text)
        forms[structure(parts)][text] = parts
    return forms


def draw(cut: Mapping[str, Sequence[str]]) -> list[Group]:
    """Part texts of one structure, given with their tokens, into groups.

    What comes out depends on this set of texts alone, so that what other structures hold changes nothing here.
    """
    texts = sorted(cut)
    form = structure(cut[texts[0]])
    places = [i for i, kind in enumerate(form) if kind == "w"]
    rows = [tuple(cut[text][i] for i in places) for text in texts]
    before = [_context(form, i) for i in places]
    groups = []
    for group in split(rows, list(range(len(rows))), before):
        own = [rows[i] for i in group]
        words = _joined(own)
        parts = list(form)
        for place, word in zip(places, words, strict=True):
            parts[place] = word
        for n in _units(own, words, before):
            parts[places[n] - 1] = parts[places[n]] = ""
        values, around = _stood_for(own, words)
        groups.append(Group(tuple(texts[i] for i in group), tuple(parts), values, around))
    return groups


def conclude(groups: Sequence[Group]) -> list[str]:
    """The template of each group, in the light of all groups: a value in one place is one elsewhere."""
    values = frozenset[str]().union(*(g.values for g in groups))
    places = frozenset[Words]().union(*(g.places for g in groups))
    found = {g.parts: list(g.parts) for g in groups}
    for _ in range(2):
        # What the first round finds out is a value may be one elsewhere.
        more: set[str] = set()
        found = {parts: _with_values(now, values, places, more) for parts, now in found.items()}
        values |= more
    written = {parts: tidy("".join(now)) for parts, now in found.items()}
    merged = alike(set(written.values()))
    return [merged.get(written[g.parts], written[g.parts]) for g in groups]


def _context(structure: Sequence[str], place: int) -> str:
    """The delimiters right before a word ('' at the start)."""
    delimiter = ""
    i = place - 1
    while i >= 0 and structure[i] != "w":
        delimiter = structure[i] + delimiter
        i -= 1
    return delimiter


def split(rows: Sequence[Words], group: list[int], before: Sequence[str]) -> list[list[int]]:
    """Cut a group of rows until each part differs in variables alone."""
    done: list[list[int]] = []
    work = [group]
    while work:
        part = work.pop()
        columns = [sorted({rows[i][p] for i in part}) for p in range(len(before))]
        varied = [p for p, values in enumerate(columns) if len(values) > 1]
        if not varied:
            done.append(part)
            continue
        constant = [p for p, values in enumerate(columns) if len(values) == 1]
        members = [rows[i] for i in part]
        doubtful = [p for p in varied if not varies(members, p, columns[p], before, constant)]
        if not doubtful:
            done.append(part)
            continue
        place = min(doubtful, key=lambda p: (len(columns[p]), p))
        parts: dict[str, list[int]] = defaultdict(list)
        for i in part:
            parts[rows[i][place]].append(i)
        work.extend(parts.values())
    return done


def _joined(rows: Sequence[Words]) -> list[str]:
    """The words that all rows share, a variable where they differ or where the word is a value in itself."""
    words = []
    for values in zip(*rows, strict=True):
        word = values[0] if len(set(values)) == 1 else VARIABLE
        words.append(VARIABLE if is_value(word) else word)
    return words


def _units(rows: Sequence[Words], words: Sequence[str], before: Sequence[str]) -> list[int]:
    """Places of units that vary with the number before them (`3 KB`, `1 MB`): number and unit are one variable."""
    return [
        n
        for n in range(1, len(words))
        if words[n] == words[n - 1] == VARIABLE and before[n] == " " and all(is_unit(row[n]) for row in rows)
    ]


def _stood_for(rows: Sequence[Words], words: Sequence[str]) -> tuple[frozenset[str], frozenset[Words]]:
    """The plain words that the variables of these rows stood for, and the words around such a variable."""
    values: set[str] = set()
    places: set[Words] = set()
    for i, word in enumerate(words):
        if word != VARIABLE:
            continue
        plain = {row[i] for row in rows if row[i].isalpha()}
        if len(plain) >= 3:
            values |= plain
            if i >= 2 and i + 1 < len(words) and VARIABLE not in (words[i - 2], words[i - 1], words[i + 1]):
                places.add((words[i - 2], words[i - 1], words[i + 1]))
    return frozenset(values), frozenset(places)


def _with_values(parts: Sequence[str], values: frozenset[str], known: frozenset[Words], more: set[str]) -> list[str]:
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
    return {template: _name(template, found) for template, found in members.items()}


def _name(template: str, shapes: Sequence[str]) -> str:
    constants = [re.escape(part).replace(r"\ ", r"\s+") for part in template.split(VARIABLE)]
    pattern = re.compile(r"\s*" + "(.*?)".join(constants) + r"\s*", re.DOTALL)
    kinds: list[set[str]] = [set() for _ in constants[1:]]
    # Lazy groups are slow on long text, and nobody reads its names.
    for shape in (s for s in shapes[:20] if len(s) <= MAX_NAMED):
        match = pattern.fullmatch(shape)
        if match is None:
            continue
        for kind, text in zip(kinds, match.groups(), strict=True):
            kind.add(text if _NAMED.fullmatch(text) else VARIABLE)
    named = template.split(VARIABLE)
    out = named[0]
    for kind, constant in zip(kinds, named[1:], strict=True):
        out += (next(iter(kind)) if len(kind) == 1 else VARIABLE) + constant
    return out
