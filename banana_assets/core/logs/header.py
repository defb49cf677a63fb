"""The header of log lines, learned from the lines themselves: where time, level, component and message stand.

Delimited headers are induced field by field: among lines whose first time stands in the same place, the next field
is of whatever kind nearly all of them have there (time, level, number, bracketed text, tag, word). A word is header
only when something certain (time, level, tag) follows it; so the walk ends where messages begin to differ.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl

from banana_assets.core.logs.layout import Layout, induce, seed
from banana_assets.core.logs.timestamps import FORMATS, TimeFormat, order_of

FIELDS = ("ts", "level", "host", "component", "process", "thread", "message")

_KEYS = {
    "ts": (
        "ts",
        "time",
        "timestamp",
        "@timestamp",
        "datetime",
        "date",
        "t",
        "eventtime",
        "event_time",
        "created",
        "t.$date",
    ),
    "level": (
        "level",
        "severity",
        "lvl",
        "loglevel",
        "log_level",
        "levelname",
        "log.level",
        "severity_text",
        "priority",
        "s",
    ),
    "message": ("message", "msg", "body", "event", "log", "text", "short_message", "textpayload"),
    "component": (
        "logger",
        "component",
        "name",
        "module",
        "caller",
        "logger_name",
        "unit",
        "source",
        "target",
        "scope",
        "c",
    ),
    "host": ("host", "hostname", "host.name", "node", "instance", "_hostname"),
    "process": ("pid", "process", "process_id", "process.pid", "_pid"),
    "thread": ("thread", "thread_name", "threadname", "tid", "thread_id", "ctx"),
}
"""What structured loggers call the fields (zap, logrus, bunyan, pino, structlog, ECS, OpenTelemetry, journald)."""

_PAIR = re.compile(r'([A-Za-z_@][\w.@-]*)=("(?:[^"\\]|\\.)*"|[^\s"=]*)(?=\s|$)')
_ANSI = r"(?:\x1b\[[0-9;]*[A-Za-z])"


@dataclass(frozen=True)
class Header:
    """How the lines of one log are put together.

    ``kind`` is ``json``, ``logfmt``, ``delimited`` or ``none``. ``layouts`` (delimited) are tried in order, ``keys``
    (json, logfmt) maps a field of ``FIELDS`` to the key that holds it, ``time`` is the format of that key's times.
    ``confidence`` is the share of the sample's lines that the header fits (0..1).
    """

    kind: str
    confidence: float
    layouts: tuple[Layout, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    time: TimeFormat | None = None
    fields: frozenset[str] = field(default_factory=frozenset)

    def describe(self) -> str:
        """What was found, for a person."""
        share = f"{self.confidence:.0%} of the lines"
        if self.kind == "none":
            return "no header found; each line is a message"
        if self.kind in ("json", "logfmt"):
            named = ", ".join(f"{name} in `{key}`" for name, key in self.keys)
            return f"{self.kind} ({share}): {named or 'no known field'}"
        return f"delimited ({share}): " + "; ".join(layout.describe() for layout in self.layouts)


def prefix_pattern(patterns: Iterable[str]) -> str:
    """One anchored expression out of several, behind an optional byte order mark or colour code."""
    return rf"^(?:\x{{FEFF}}|{_ANSI})*(?:{'|'.join(patterns)})"


NO_HEADER = Header("none", 0.0)


def learn_header(sample: pl.Series, most: int = 1_500) -> Header:
    """The header that the sampled lines share.

    ``sample`` holds lines (String) from all over the log, of which ``most``, evenly spread, are looked at. Lines that
    fit no header (stack traces, banners) lower ``confidence`` alone. An empty sample gives the header of kind ``none``.
    """
    some = sample.gather_every(max(1, len(sample) // most))
    lines = [re.sub(rf"^(?:\ufeff|{_ANSI})+", "", line)[:1000] for line in some.drop_nulls() if line.strip()]
    if not lines:
        return NO_HEADER
    for learn in (_learn_json, _learn_logfmt):
        found = learn(lines)
        if found:
            return found
    return _learn_delimited(lines)


def _learn_json(lines: Sequence[str]) -> Header | None:
    objects = []
    for line in lines:
        if line.startswith("{"):
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                objects.append(_flat(value))
    if len(objects) < 0.5 * len(lines):
        return None
    return _structured("json", objects, len(lines))


def _flat(value: dict[str, object], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, inner in value.items():
        if isinstance(inner, dict):
            flat |= _flat(inner, f"{prefix}{key}.")
        elif inner is not None:
            flat[f"{prefix}{key}"] = inner if isinstance(inner, str) else json.dumps(inner)
    return flat


def _learn_logfmt(lines: Sequence[str]) -> Header | None:
    found = [dict(_PAIR.findall(line)) for line in lines if _PAIR.match(line)]
    rows = [{k: v.strip('"') for k, v in pairs.items()} for pairs in found if len(pairs) >= 2]
    if len(rows) < 0.6 * len(lines):
        return None
    header = _structured("logfmt", rows, len(lines))
    # Without a message or a level these are the key=value pairs of some message.
    return header if {"message", "level"} & {name for name, _ in header.keys} else None


def _structured(kind: str, rows: Sequence[dict[str, str]], lines: int) -> Header:
    """The header of parsed lines: for each field the first known key that most rows with known keys have."""
    counts = Counter(key for row in rows for key in row)
    known = {key.lower(): key for key, n in counts.items() if n >= 0.3 * len(rows)}
    keys: dict[str, str] = {}
    for name, choices in _KEYS.items():
        for choice in choices:
            if choice in known and known[choice] not in keys.values():
                keys[name] = known[choice]
                break
    time = None
    if "ts" in keys:
        texts = [row[keys["ts"]] for row in rows if keys["ts"] in row]
        time = time_format(texts)
    ordered = tuple((name, keys[name]) for name in FIELDS if name in keys)
    return Header(kind, len(rows) / lines, keys=ordered, time=time, fields=frozenset(keys))


def time_format(texts: Sequence[str]) -> TimeFormat | None:
    """The first format that most of the texts begin with."""
    for name, pattern in FORMATS.items():
        if sum(1 for t in texts if re.match(pattern, t)) > 0.6 * len(texts):
            return TimeFormat(name, order_of(name, texts))
    return None


def _learn_delimited(lines: Sequence[str]) -> Header:
    """Layouts, the most frequent first, until what remains has none that a fair share of its lines agree on."""
    seeds = [seed(line) for line in lines]
    layouts: list[Layout] = []
    rest = list(range(len(lines)))
    for place, count in Counter(s for s in seeds if s is not None).most_common(16):
        enough = max(2, len(lines) // 50) if layouts else max(1, len(lines) // 10)
        if count < enough:
            break
        group = [lines[i] for i in rest if seeds[i] == place]
        if len(group) < enough:
            continue
        layout = induce(group)
        if layout is None:
            continue
        matches = _matcher(layout)
        if sum(1 for line in group if matches(line)) < 0.8 * len(group):
            continue
        layouts.append(layout)
        rest = [i for i in rest if not matches(lines[i])]
    if not layouts:
        return NO_HEADER
    # The stricter layouts first: one made of words would swallow their lines.
    layouts.sort(key=lambda layout: -layout.strictness)
    confidence = 1 - len(rest) / len(lines)
    return Header("delimited", confidence, tuple(layouts), fields=frozenset(n for one in layouts for n in one.names))


def _matcher(layout: Layout) -> Callable[[str], re.Match[str] | None]:
    return re.compile(layout.pattern(groups=False)).match
