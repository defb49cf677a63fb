"""One layout of delimited log lines: its fields in order, and how they are induced from lines that share it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from banana_assets.core.logs.severity import LEVEL_WORDS
from banana_assets.core.logs.timestamps import COMPLETE, FORMATS, TimeFormat, loose, order_of

_MOST, _NEARLY_ALL, _SOME = 0.9, 0.98, 0.6
_SAMPLE = 200
_HEAD = 120
"""Characters at the start of a line in which a header's first time is looked for."""

_LETTER = "[VDIWEFTCNA]"
_NUMBER = r"-?\d+"
_IP = r"\d+\.\d+\.\d+\.\d+(?::\d+)?"
_BRACKET = r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]"
_PAREN = r"\([^()]*\)"
_TAG_TAIL = r"(?:\[(?P<process>[^\[\]\s]*)\])?(?: ?\(\s*[^()\s]*\)| \d[\d.]*)? ?:"
_TAG_NAME = r"[^\s\[\]:][^\s\[\]]*?(?: [A-Z][^\s\[\]:]*){0,3}?"
_TAG = r"(?:-+ )?" + _TAG_NAME + _TAG_TAIL.replace("?P<process>", "?:")
_WORD = r"\S+"
_CELL = r"[^|\t]*"
_END = r"(?![A-Za-z0-9])"
_WRAPPED_LEVEL = rf"(?:[a-z]\w*:)?(?:{LEVEL_WORDS}|(?i:note|system))"
"""A level in brackets, also behind the name of a module (``[core:error]``)."""
_REPORT = r"(?:DEBUG\d?|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC|DETAIL|HINT|STATEMENT|CONTEXT|QUERY)"
"""Severities of a database server's reports, and the names of what it adds to them."""
_SEPARATORS = (r"\s*\|\s*", r",\s+", r"\s*:\s+", r"\s+-{2}\s+:\s+", r"\s+-{1,2}\s+", r"\s+")
_WRAPS = {"[": "]", "(": ")", "<": ">", '"': '"'}
_OPEN = "[..."
"""Wrap of a time that shares its brackets with the fields after it, as in ``[08:00:05 WARN web]``."""
_CLOSE = r"\s*\]:?\s*"


@dataclass(frozen=True)
class Part:
    """One field of a header: its kind, the expression of its text, what encloses it and what follows it.

    ``name`` is the field of an event that it fills, or ''. ``certain`` parts are header by themselves, the others
    only when a certain one follows.
    """

    kind: str
    pattern: str
    certain: bool
    separator: str = r"\s+"
    wrap: str = ""
    name: str = ""
    optional: bool = False
    time: TimeFormat | None = None

    def expression(self, group: bool) -> str:
        """The part with its enclosing characters and separator, its text in a group named after the field."""
        text = self.pattern
        if group and self.name == "tag":
            text = rf"(?:-+ )?(?P<component>{_TAG_NAME})" + _TAG_TAIL
        elif group and self.name:
            text = f"(?P<{self.name}>{text})"
        if self.wrap == _OPEN:
            text = rf"\[\s*{text}"
        elif self.wrap:
            text = rf"{re.escape(self.wrap)}\s*{text}\s*{re.escape(_WRAPS[self.wrap])}"
        whole = f"{text}{self.separator}"
        return f"(?:{whole})?" if self.optional else whole


@dataclass(frozen=True)
class Layout:
    """The parts before the message, in order."""

    parts: tuple[Part, ...]

    def pattern(self, *, groups: bool) -> str:
        """The expression of the header, from the start of the line to the first character of the message."""
        return "".join(part.expression(groups) for part in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """Fields that it fills."""
        named = [n for p in self.parts for n in (("component", "process") if p.name == "tag" else (p.name,)) if n]
        return tuple(dict.fromkeys(named))

    @property
    def time(self) -> TimeFormat | None:
        """The format of its ``ts`` field."""
        return next((part.time for part in self.parts if part.name == "ts"), None)

    @property
    def strictness(self) -> int:
        """How little else it would fit: certain parts count for it, bare words against it."""
        return sum(2 if part.certain else -1 for part in self.parts)

    def describe(self) -> str:
        """The parts in words."""
        return (
            ", ".join(f"{p.name or 'skipped'} ({p.time.name if p.time else p.kind})" for p in self.parts) + ", message"
        )


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def seed(line: str) -> tuple[str, int, str] | None:
    """Where a line's first time stands: (format, words before it, what encloses and follows it); lines of one layout
    agree.

    Lines without a time but with a level word or an uptime at their start have a place too; others none.
    """
    head = line[:_HEAD]
    first: tuple[int, str, int] | None = None
    for name, pattern in FORMATS.items():
        match = _compiled(rf"(?<![A-Za-z0-9.:_/=-]){pattern}{_END}").search(head)
        if match and _plausible(name, match) and (first is None or match.start() < first[0]):
            first = (match.start(), name, match.end())
    if first is not None:
        before = head[: first[0]]
        words = len(before.split()) - (1 if before and not before[-1].isspace() else 0)
        if words <= 8 and not re.search(r"\w\s?[(=:]\s?$|\b(?:at|on|since|until|from|to)\s$", before):
            after = _compiled(rf"([\])]?\s*[-|,:]*)\s*[\[(]?({LEVEL_WORDS}(?![A-Za-z0-9_.=-]))?").match(line, first[2])
            follows = f"{after[1].strip()}{'level' if after[2] else ''}" if after else ""
            return first[1], words, f"{before[-1:].strip()}…{follows}"
    level = _compiled(rf"^(\W{{0,2}}){LEVEL_WORDS}(?![A-Za-z0-9_.=-])(\W?)").match(head)
    if level:
        return "level", 0, f"{level[1]}…{level[2].strip()}"
    if _compiled(r"^[VDIWEFA]/\S").match(head):
        return "letter", 0, "/"
    if _compiled(r"^\[\s*\d+\.\d+s?\]").match(head):
        return "uptime", 0, "["
    return None


def _plausible(name: str, match: re.Match[str]) -> bool:
    limits = {"m": 12, "d": 31, "H": 23, "M": 59, "S": 60}
    found = match.groupdict()
    if name == "epoch":
        before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
        return before in ("", " ", "[", "(", "\t", "|") and after in ("", " ", "]", ")", "\t", ",", ":", "|")
    return all(int(found[g]) <= most for g, most in limits.items() if found.get(g))


def induce(lines: Sequence[str]) -> Layout | None:
    """The longest header that nearly all of the lines share, or None where nothing certain stands at their start."""
    step = max(1, len(lines) // _SAMPLE)
    rest = list(lines[::step])[:_SAMPLE]
    parts: list[Part] = []
    while len(parts) < 16:
        found = _next(rest, parts)
        if found is None:
            break
        part, rest = found
        parts.append(part)
        if part.kind == "tag" or len(rest) < 1:
            break
    while parts and not parts[-1].certain:
        parts.pop()
    if not any(part.certain for part in parts):
        return None
    return Layout(_named(_last_separator(parts, lines)))


def _last_separator(parts: list[Part], lines: Sequence[str]) -> list[Part]:
    """The separator before the message takes no more blanks than every line has: further ones indent the message."""
    last = parts[-1]
    if not last.separator.endswith(r"\s+"):
        return parts
    before = "".join(p.expression(False) for p in parts[:-1]) + replace(last, separator="").expression(False)
    reach = _compiled(before + last.separator[: -len(r"\s+")])
    blanks = []
    for line in lines[:_SAMPLE]:
        match = reach.match(line)
        if match and (tail := line[match.end() :]).strip():
            blanks.append(len(tail) - len(tail.lstrip()))
    width = min((n for n in blanks if n), default=1)
    return [*parts[:-1], replace(last, separator=last.separator[: -len(r"\s+")] + rf"(?:\s{{1,{width}}}|$)")]


def _next(rest: list[str], parts: list[Part]) -> tuple[Part, list[str]] | None:
    """The part that most of the rests of lines begin with, and what then remains of the lines."""
    heads = Counter(text[:1] for text in rest)
    head, count = heads.most_common(1)[0]
    wraps = [""] + ([head] if head in _WRAPS and count >= _MOST * len(rest) else [])
    anchored = any(part.certain for part in parts)
    if _is_open(parts):
        return _inside(rest)
    if found := _time(rest, wraps, anchored):
        return found
    if head == "[" and (found := _try(rest, Part("uptime", r"\d+\.\d+s?", True, wrap="["))):
        return found
    if (
        head == "<"
        and not parts
        and (found := _try(rest, Part("priority", r"\d+", True, wrap="<"), (r"\d?\s+", r"\s*")))
    ):
        return found
    after_time = bool(parts) and parts[-1].kind == "time"
    for wrap in wraps:
        known = _WRAPPED_LEVEL if wrap else LEVEL_WORDS
        if (found := _try(rest, Part("level", known + r"(?![A-Za-z0-9_-])", True, wrap=wrap))) and (
            wrap or after_time or found[0].separator in _SEPARATORS[:5] or _shouted(rest)
        ):
            part, left = found
            return replace(part, pattern=known), left
        if not parts and (found := _try(rest, Part("level", LEVEL_WORDS, True), (":",))):
            # Python's default: LEVEL:logger:message
            return found
        others = _SEPARATORS if anchored or wrap else ()
        if (others or not parts) and (
            found := _try(rest, Part("level", _LETTER, True, wrap=wrap), ("/", *others), _NEARLY_ALL)
        ):
            return found
    if anchored and (found := _try(rest, Part("level", _REPORT, True), (r":\s+",), _NEARLY_ALL)):
        return found
    for kind, pattern in (("address", _IP), ("number", _NUMBER)):
        for wrap in wraps:
            if found := _try(rest, Part(kind, pattern, bool(wrap), wrap=wrap), share=_NEARLY_ALL):
                part, left = found
                # A process id stands beside other header fields and before messages of several kinds.
                beside = kind == "number" and bool(parts) and parts[-1].certain and _several(left)
                return replace(part, certain=part.certain or beside), left
    if anchored:
        for kind, pattern in (("bracket", _BRACKET), ("parenthesis", _PAREN)):
            if found := _try(rest, Part(kind, pattern, True)):
                return found
    if (anchored or not parts) and (found := _try(rest, Part("cell", _CELL, anchored), (r"\s*\|\s*", r"\t"), 0.95)):
        cells = [text[: len(text) - len(left)] for text, left in zip(rest, found[1], strict=False)]
        if sum(len(c) <= 60 and len(c.split()) <= 3 for c in cells) >= _MOST * len(cells):
            return found
    if parts and parts[-1].kind == "level" and parts[-1].separator == ":":
        return _try(rest, Part("program", r"[^\s:]+", True), (":",))
    if parts and parts[0].kind == "priority" and len(parts) in (2, 3, 4, 5, 6):
        # RFC 5424: after the time come host, program, process, message id and structured data, "-" where unknown.
        return _try(rest, Part("word", _WORD, True), (r"\s+",))
    if anchored:
        if found := _try(rest, Part("source", r"[^\s\[\]]+", True), (r"\]\s+",)):
            return found
        tag = Part("tag", _TAG, True)
        if found := _try(rest, tag, (r"(?:\s+|$)",), _SOME):
            share = sum(1 for t in rest if _compiled(_TAG + r"(?:\s|$)").match(t)) / len(rest)
            if share >= _MOST or any(p.kind == "word" for p in parts[-1:]):
                part, left = found
                return replace(part, separator=r"\s+", optional=share < 1), left
        if (found := _try(rest, Part("program", r"\S+(?:\s\*?\S+)?", True), (r"\s+-{1,2}\s+",), 0.95)) and _few(
            rest, 0.3
        ):
            return found
        if (found := _try(rest, Part("column", _WORD, True), (r"\s{2,}", r"\t\s*"))) and _few(rest, 0.1):
            return _try(rest, replace(found[0]), (r"\s+:\s+", r"\s+"))
    words = 0
    for earlier in reversed(parts):
        if earlier.certain:
            break
        words += 1
    if words >= 6:
        return None
    return _try(rest, Part("word", _WORD, False), (r"\s+",))


def _time(rest: list[str], wraps: Iterable[str], anchored: bool) -> tuple[Part, list[str]] | None:
    """The time that the lines go on with: bare, enclosed, or after a bracket that further fields share with it."""
    ways: list[tuple[str, tuple[str, ...]]] = [(wrap, _SEPARATORS) for wrap in wraps]
    if "[" in wraps and not anchored:
        ways.append((_OPEN, (r",\s+", r"\s*:\s+", r"\s+")))
    for wrap, separators in ways:
        for name, pattern in FORMATS.items():
            if (name not in ("time", "epoch") or wrap or not anchored or name == "epoch") and (
                found := _try(rest, Part(name, pattern + _END, True, wrap=wrap), separators)
            ):
                part, left = found
                texts = [m[1] for t in rest if (m := re.match(rf"\W{{0,2}}\s*({_plain(pattern)})", t))]
                form = TimeFormat(name, order_of(name, texts))
                return replace(part, kind="time", pattern=loose(name), time=form, name="ts"), left
    return None


def _is_open(parts: Sequence[Part]) -> bool:
    """Whether the last bracket that a time opened is not closed yet."""
    return next((p.separator != _CLOSE for p in reversed(parts) if p.separator == _CLOSE or p.wrap == _OPEN), False)


def _inside(rest: list[str]) -> tuple[Part, list[str]] | None:
    """The next field in the bracket that a time opened: a level or a word."""
    level = Part("level", LEVEL_WORDS + r"(?![A-Za-z0-9_-])", True)
    if found := _try(rest, level, (_CLOSE, "/", *_SEPARATORS)):
        return replace(found[0], pattern=LEVEL_WORDS), found[1]
    if found := _try(rest, Part("word", r"[^\s\[\]]+", False), (_CLOSE, r"\s+")):
        # What closes the bracket ends a header.
        return replace(found[0], certain=found[0].separator == _CLOSE), found[1]
    return None


def _plain(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


def _try(
    rest: list[str], part: Part, separators: Iterable[str] = _SEPARATORS, share: float = _MOST
) -> tuple[Part, list[str]] | None:
    """The part with the first separator that enough lines have after it, and what then remains of those lines."""
    spare = int((1 - share) * len(rest) + 1e-9)
    if _ends(replace(part, separator=""), rest, spare) is None:
        return None
    glued = ("",) if part.wrap == "[" or part.kind == "bracket" else ()
    for separator in (*separators, *glued):
        ends = _ends(replace(part, separator=separator), rest, spare)
        if ends is not None:
            return replace(part, separator=separator), [text[end:] for text, end in zip(rest, ends, strict=True) if end]
    return None


def _ends(part: Part, rest: list[str], spare: int) -> list[int] | None:
    """Where the part ends in each text (0 where it is missing); None as soon as more than ``spare`` miss it."""
    match = _compiled(part.expression(False)).match
    ends = []
    for text in rest:
        found = match(text)
        if found is None:
            spare -= 1
            if spare < 0:
                return None
        ends.append(found.end() if found else 0)
    return ends


def _several(rest: Sequence[str]) -> bool:
    """Whether what follows begins with several different words."""
    return len({re.sub(r"\d+", "0", text.split(maxsplit=1)[0]) for text in rest if text.strip()}) >= 3


def _shouted(rest: Sequence[str]) -> bool:
    """Whether the first words are written as levels are (upper case or capitalised), not as words of a sentence."""
    words = [text.split(maxsplit=1)[0] for text in rest if text.strip()]
    return sum(w[:1].isupper() for w in words) >= _MOST * len(words) and sum(w.isupper() for w in words) >= 0.5 * len(
        words
    )


def _few(rest: Sequence[str], share: float) -> bool:
    """Whether the first words have few distinct values for so many lines."""
    words = {text.split(maxsplit=1)[0] for text in rest if text.strip()}
    return len(words) <= max(3, share * len(rest))


def _named(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Say which field of an event each part fills, by its kind and place; every field once."""
    times = [i for i, p in enumerate(parts) if p.time]
    best = max(times, key=lambda i: (COMPLETE.get(parts[i].time.name, 3), i), default=None)  # type: ignore[union-attr]
    first_time = times[0] if times else -1
    level = next((i for i, p in enumerate(parts) if p.kind == "level"), None)
    tag = next((i for i, p in enumerate(parts) if p.kind == "tag"), None)
    names: dict[int, str] = {}

    def give(name: str, places: Iterable[int]) -> None:
        if name not in names.values() and not (tag is not None and name in ("component",)):
            place = next((i for i in places if i not in names), None)
            if place is not None:
                names[place] = name

    if best is not None:
        names[best] = "ts"
    if level is not None:
        names[level] = "level"
    if tag is not None:
        names[tag] = "tag"

    def of(*kinds: str, after: int = -1) -> list[int]:
        return [i for i, p in enumerate(parts) if p.kind in kinds and i > after]

    give("component", of("program", "column", "source"))
    words = of("word")
    if level is not None:
        give("component", [i for i in words if i > level])
    give("component", of("cell", after=first_time))
    if tag is not None or len(words) > 1:
        give("host", [i for i in words if i > first_time])
    give("host", of("address"))
    if times:
        give("host", [i for i in words if i < first_time and parts[i].separator == r"\s+"][-1:])
    give("component", [i for i in reversed(words) if i > first_time])
    numbers = of("number", after=first_time)
    if tag is None:
        give("process", numbers)
    give("thread", numbers)
    give("thread", of("bracket", "parenthesis"))
    give("component", of("bracket"))
    return tuple(replace(part, name=names.get(i, "")) for i, part in enumerate(parts))
