"""Finding and masking secrets in text that others wrote: the name stays, the value goes.

The one place where it is decided what a secret is. Text is looked at as it stands and as it would be read: without
colours, invisible characters and lone carriage returns, with percent, JSON and HTML escapes undone, and with runs of
base64 decoded. Numbers that only might be personal (card numbers, e-mail addresses) are no secrets here and stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from banana_assets.core.safety import assigned, views
from banana_assets.core.safety.kinds import RULES
from banana_assets.core.safety.views import View
from banana_assets.core.text import Late

ASSIGNED = ("password", "token", "api_key", "secret", "credential")
KINDS = tuple(dict.fromkeys([*(rule.kind for rule in RULES), "private_key", *ASSIGNED]))
"""Every kind that ``find`` knows."""

DEEPEST = 3
"""So many layers of encoding are undone, one in the other."""

_PRIVATE_KEY = r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|Private-Lines: [0-9]+"
_KEY_CHARACTERS = 24_000
"""A private key with a timestamp before each line is shorter than this."""

_BODY = Late(
    rb"(?:[^\r\n]{0,60}?[A-Za-z0-9+/=]{16,}(?:\\+[rn])*[ \t]*(?:\r?\n|$)|[ \t]*\r?\n"
    rb"|(?:Proc-Type|DEK-Info|Comment|Version):[^\n]*\n)+"
)
_NEXT_FIELD = Late(r"[;,][ ]?[A-Za-z_][\w .-]*=|&[A-Za-z_][\w.-]*=|[,}\]]+$")
_MARK = Late(r"\[masked (?:" + "|".join(KINDS) + r")\]")


class Secret(NamedTuple):
    """A secret's kind, and where its value stands in the text: ``text[start:end]``."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without its secrets, and how many there were by kind."""

    text: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MaskedLines:
    """Lines without their secrets, as many as before, and how many secrets there were by kind."""

    lines: tuple[str, ...]
    counts: Mapping[str, int]


def find(text: str) -> tuple[Secret, ...]:
    """The secrets of a text in order, none overlapping another. What is masked already is no secret."""
    return _merged(text, _found(text, DEEPEST))


def mask(text: str) -> Masked:
    """The text with each secret's value as ``[masked <kind>]``; line breaks stay. Masking twice changes nothing."""
    counts: Counter[str] = Counter()
    # What is masked changes what stands around another value, so that one more may be found.
    while found := find(text):
        text = _replaced(text, found)
        counts.update(secret.kind for secret in found)
    return Masked(text, dict(counts))


def mask_lines(lines: Iterable[str]) -> MaskedLines:
    """The lines of one text, masked together: a key over several lines is seen as one."""
    masked = mask("\n".join(lines))
    return MaskedLines(tuple(masked.text.split("\n")), masked.counts)


def _replaced(text: str, found: Sequence[Secret]) -> str:
    parts, at = [], 0
    for kind, start, end in found:
        parts.append(text[at:start])
        parts.append("\n".join(_mark(kind, part) for part in text[start:end].split("\n")))
        at = end
    return "".join([*parts, text[at:]])


def _mark(kind: str, part: str) -> str:
    """The mask of one line's part of a value; white space around it stays."""
    bare = part.strip()
    return part.replace(bare, f"[masked {kind}]", 1) if bare else part


def _found(text: str, depth: int) -> Iterator[Secret]:
    yield from _direct(text)
    layers: list[View] = []
    for view in views.layers(text):
        layers.append(view)
        text = view.text
        yield from _traced(_direct(text), layers)
    if depth and (inner := views.decoded(text)):
        yield from _traced(_found(inner.text, depth - 1), [*layers, inner])


def _traced(found: Iterable[Secret], layers: Sequence[View]) -> Iterator[Secret]:
    """Where secrets of the innermost view stand in the text."""
    for kind, start, end in found:
        spans = [(start, end)]
        for view in reversed(layers):
            spans = [span for first, last in spans for span in view.spans(first, last)]
        for first, last in spans:
            yield Secret(kind, first, last)


def _direct(text: str) -> Iterator[Secret]:
    """Secrets of the text as it stands."""
    gates = _gates()
    # One byte a character, so that places in the bytes are places in the text.
    data = text.encode("ascii", "replace")
    for i in sorted(gates.Match(data) or range(len(RULES) + 2)):
        if i < len(RULES):
            kind, pattern = RULES[i].kind, _compiled("(?m)" + RULES[i].pattern)
            for m in pattern.finditer(data):
                start, end = m.span(pattern.groupindex["v"])
                if not assigned.placeholder(text[start:end]):
                    yield Secret(kind, start, end)
        elif i == len(RULES):
            for pattern in assigned.PATTERNS:
                yield from _assigned(_compiled("(?m)" + pattern), data)
        elif i == len(RULES) + 1:
            yield from _private_keys(_compiled(_PRIVATE_KEY), data)


def _assigned(pattern: Any, data: bytes) -> Iterator[Secret]:
    for m in pattern.finditer(data):
        spans = {group: m.span(i) for group, i in pattern.groupindex.items()}
        (named, named_end), (joined, joined_end) = spans["n"], spans["s"]
        group = next(g for g in assigned.VALUES if spans.get(g, (-1, -1))[0] >= 0)
        start, end = spans[group]
        value = data[start:end].decode()
        if group == "v":
            value = _bare(value, data[max(0, named - 1) : named].decode())
            end = start + len(value)
        if not value:
            continue
        line_end = data.find(b"\n", end)
        rest = data[end : min(line_end if line_end >= 0 else len(data), end + 80)].decode()
        name = data[named:named_end].decode()
        if assigned.holds_secret(name, data[joined:joined_end].decode(), value, quoted=group != "v", rest=rest):
            yield Secret(assigned.kind_of(name), start, end)


def _bare(value: str, before: str) -> str:
    """An unquoted value without what cannot be part of it: the next parameter of an address or connection string."""
    if before in ("?", "&"):
        value = value.split("&", 1)[0]
    if value[:1] in ("", "[", "(", "{", "<"):
        return value
    cut = _NEXT_FIELD.search(value)
    if cut:
        value = value[: cut.start()]
    return value.rstrip(",;)]}\\") or value


def _private_keys(pattern: Any, data: bytes) -> Iterator[Secret]:
    """The body of each key, to its END line, or as far as lines look like one where the end was cut off."""
    for m in pattern.finditer(data):
        start = m.end()
        limit = min(len(data), start + _KEY_CHARACTERS)
        stop = data.find(b"-----END", start, limit)
        again = data.find(b"-----BEGIN", start, limit)
        if stop < 0 or 0 <= again < stop:
            stop = _cut_off(data, start, again if again >= 0 else limit)
        if data[start:stop].strip(b" \r\n\\rnt\"'.*") and data[start:stop].strip():
            yield Secret("private_key", start, stop)


def _cut_off(data: bytes, start: int, limit: int) -> int:
    body = _BODY.match(data[start:limit])
    return start + (body.end() if body else 0)


@cache
def _gates() -> Any:
    import re2

    gates = re2.Set.SearchSet(_options())
    for gate in [*(rule.gate for rule in RULES), assigned.GATE, _PRIVATE_KEY]:
        gates.Add(gate)
    # It always matches: a Set that answers without it has run out of memory and tells so in no other way.
    gates.Add("")
    gates.Compile()
    return gates


@cache
def _compiled(pattern: str) -> Any:
    import re2

    return re2.compile(pattern, _options())


@cache
def _options() -> Any:
    import re2

    options = re2.Options()
    options.max_mem = 64 << 20
    options.log_errors = False
    return options


def _merged(text: str, found: Iterable[Secret]) -> tuple[Secret, ...]:
    """Overlapping finds as one, named by the first; what is masked already is cut out."""
    merged: list[Secret] = []
    order = {kind: i for i, kind in enumerate(KINDS)}
    for kind, start, end in sorted(_outside_marks(text, found), key=lambda s: (s.start, order[s.kind])):
        if merged and start < merged[-1].end:
            last = merged[-1]
            first = last.kind if order[last.kind] <= order[kind] else kind
            merged[-1] = Secret(first, last.start, max(last.end, end))
        else:
            merged.append(Secret(kind, start, end))
    return tuple(merged)


def _outside_marks(text: str, found: Iterable[Secret]) -> Iterator[Secret]:
    marks = [m.span() for m in _MARK.finditer(text)] if "[masked " in text else []
    for kind, start, end in found:
        for first, last in marks:
            if first < end and start < last:
                if start < first and text[start:first].strip(" \t\r\n\"'\\,;:=&"):
                    yield Secret(kind, start, first)
                start = last
        if start < end and text[start:end].strip(" \t\r\n\"'\\,;:=&]"):
            yield Secret(kind, start, end)
