"""What a terminal leaves standing of a CI log, line by line, with the original line numbers.

CI systems wrap what tools print: a byte order mark, a timestamp before each line, colours, progress bars that overwrite
themselves with carriage returns, fold and section markers, workflow commands. All of it is taken off here once, so
that no rule has to know it. Line i of the cleaned log is line i of the original: nothing is dropped or joined.
"""

# ruff: noqa: E501 - a pattern or sentence is read in one piece

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

LINE_CHARACTERS = 4_000
"""A line is looked at up to here; what a tool says stands at its beginning."""

# ECMA-48 control sequences, OSC strings, charset selections; also as `cat -v` writes the escape character, and with
# the escape character lost on the way (only the unmistakable colour form).
_ANSI = (
    r"(?:\x1b|\^\[)\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-Za-z]|\x1b[=>78cDEHM]"
    r"|\[(?:0|1|22|39|[0-9]{1,2};[0-9;]{1,12})m"
)
_COLOURED = r"\x1b|\^\[\[|\[(?:\d{1,2}|\d{1,2};[\d;]+)m"
_STAMP = (
    # GitHub Actions, Azure Pipelines; GitLab adds a stream marker (00O, 01E, with + for a continued line)
    r"^(?:\x{feff}|ï»¿)?\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)\]?(?: [0-9a-f]{2}[OE][ +])?(?: |$)"
    # Taskcluster: [task 2020-01-01T00:00:00.000Z]
    r"|^\[[a-z-]+(?::[a-z-]+)?[ :]\d{4}-\d\d-\d\dT?\s?\d\d:\d\d:\d\d(?:\.\d+)?Z?\] ?"
    r"|^(?:\x{feff}|ï»¿)"
)
_CLOCK = r"^\[?\d\d:\d\d:\d\d(?:[.,]\d{1,6})?\]? +"
# BuildKit numbers its steps, Ant names the task that prints, compose and turbo name the service.
_WRAPPER = re.compile(r"^(?:#\d+ \d+\.\d+ ?|\s*\[(?:exec|javac|java|ant|groovyc|scalac|shell)\] ?)")
_WRAPPED = r"^(?:#|::|\s*\[(?:exec|javac|java|ant|groovyc|scalac|shell)\])"
_ERASED = "\x1b[0K"
_FOLDS = ("travis_fold:", "travis_time:", "section_start:", "section_end:")
_FOLD = r"travis_(?:fold|time):|section_(?:start|end):"
_MARKER = re.compile(r"^(?:##\[([a-z]+)\]|::([a-z-]+)(?: [^:]*)?::)")


@dataclass(frozen=True, slots=True)
class CleanLog:
    """A log, cleaned.

    ``texts[i]`` is what stands of line ``i + 1``, ``series`` the same as a polars series; ``times`` holds the first and
    the last timestamp that the CI system put before a line, empty where it puts none; ``markers`` maps a 0-based line to its workflow command (``group``, ``endgroup``, ``error``, ``warning``...);
    ``controls`` maps a 0-based line to the parts of it that held fold and section markers.
    """

    series: pl.Series
    texts: list[str]
    times: tuple[str, str]
    markers: dict[int, str]
    controls: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)


def clean(lines: Sequence[str]) -> CleanLog:
    """Clean the raw lines of a log as split at LF (line 1 is index 0)."""
    controls: dict[int, tuple[str, ...]] = {}
    # A line of any length costs its own bytes once: only what may be looked at is copied.
    if max(map(len, lines), default=0) > LINE_CHARACTERS:
        lines = [line if len(line) <= LINE_CHARACTERS else _standing(line, i, controls) for i, line in enumerate(lines)]
    raw = pl.Series("text", lines, dtype=pl.String)
    series = _without(_terminal(raw, controls), _COLOURED, _ANSI)
    times = ("", "")
    if _some(series, _STAMP):
        series, times = _without_stamps(series)
    if _mostly(series, _CLOCK):
        series = series.str.replace(_CLOCK, "")
    series = series.str.strip_chars_end()
    texts = _texts(lines, raw, series)
    wrapped = series.str.contains(_WRAPPED).arg_true().to_list()
    markers = _take_markers(wrapped, texts)
    for i in wrapped:
        texts[i] = _WRAPPER.sub("", texts[i], count=1)
    if wrapped:
        series = series.scatter(wrapped, [texts[i] for i in wrapped])
    return CleanLog(series, texts, times, markers, controls)


def _texts(lines: Sequence[str], raw: pl.Series, series: pl.Series) -> list[str]:
    """The series as a list, whose strings are those of ``lines`` wherever nothing was taken off."""
    changed = (raw != series).arg_true()
    if len(changed) > len(series) / 2:
        return series.to_list()
    texts = list(lines)
    for i, text in zip(changed.to_list(), series.gather(changed).to_list(), strict=True):
        texts[i] = text
    return texts


def _terminal(series: pl.Series, controls: dict[int, tuple[str, ...]]) -> pl.Series:
    """The lines without what carriage returns overwrite and without fold and section markers, which go to ``controls``."""
    marked = series.str.contains("\r", literal=True)
    if marked.any():
        series = series.str.strip_chars_end("\r")
        marked = series.str.contains("\r", literal=True)
    folds = series.str.contains(_FOLD)
    places = (marked & ~folds).arg_true()
    series = series.clone()
    if len(places):
        overwritten = series.gather(places)
        last = overwritten.str.extract(r"([^\r]*)$", 1)
        # Where the last part shows nothing, one before it still stands.
        blank = last.str.strip_chars().is_in(["", _ERASED]).arg_true()
        shown = [_standing(line, -1, controls) for line in overwritten.gather(blank).to_list()]
        series = series.scatter(places, last.scatter(blank, shown))
    places = folds.arg_true()
    left = []
    for i, line in zip(places.to_list(), series.gather(places).to_list(), strict=True):
        if "\r" in line:
            line = _standing(line, i, controls)
        elif line.startswith(_FOLDS):
            controls[i], line = (line,), ""
        left.append(line)
    return series.scatter(places, left) if left else series


def _without(series: pl.Series, touched: str, taken: str) -> pl.Series:
    """The lines without what the pattern ``taken`` matches, which only stands in those that hold ``touched``."""
    places = series.str.contains(touched).arg_true()
    return series.clone().scatter(places, series.gather(places).str.replace_all(taken, "")) if len(places) else series


def _without_stamps(series: pl.Series) -> tuple[pl.Series, tuple[str, str]]:
    """The lines without the CI system's timestamps, and the first and last of those."""
    places = series.str.contains(_STAMP).arg_true()
    if not len(places):
        return series, ("", "")
    stamped = series.gather(places)
    bare = stamped.str.replace(_STAMP, "")
    # The first that is more than a byte order mark, from either end.
    times = tuple(
        next((stamp for i in some if (stamp := _stamp(stamped[i], bare[i]))), "")
        for some in (range(len(bare))[:20], range(len(bare))[:-21:-1])
    )
    # GitHub's first line carries a byte order mark before and sometimes after the timestamp.
    return series.clone().scatter(places, bare.str.strip_chars_start("\ufeff")), (times[0], times[1])


def _stamp(line: str, bare: str) -> str:
    return line.removesuffix(bare).strip("\ufeffï»¿[] ")


def _take_markers(lines: Sequence[int], texts: list[str]) -> dict[int, str]:
    """The workflow commands of ``lines``; they are taken off ``texts``."""
    markers: dict[int, str] = {}
    for i in lines:
        match = _MARKER.match(texts[i])
        if match is not None:
            markers[i] = match[1] or match[2]
            texts[i] = texts[i][match.end() :]
    return markers


def _some(series: pl.Series, pattern: str) -> bool:
    """Whether any of the first lines, or of some spread over the log, is like the pattern."""
    step = max(1, len(series) // 2_000)
    return bool(series.head(200).str.contains(pattern).any() or series.gather_every(step).str.contains(pattern).any())


def _folds(part: str) -> bool:
    return ("travis_" in part or "section_" in part) and any(fold in part for fold in _FOLDS)


def _standing(line: str, index: int, controls: dict[int, tuple[str, ...]]) -> str:
    """The last written part of a line that carriage returns overwrite, at most ``LINE_CHARACTERS`` long."""
    body = line.rstrip("\r")
    if _folds(body[:4_000]):
        parts = body.split("\r")
        controls[index] = tuple(p.removeprefix(_ERASED) for p in parts if _folds(p))
        parts = [p for p in parts if p.removeprefix(_ERASED) not in controls[index]]
        if not parts:
            return ""
        body = "\r".join(parts)
    end = len(body)
    while end > 0:
        start = body.rfind("\r", 0, end) + 1
        part = body[start : min(end, start + LINE_CHARACTERS)]
        if part.strip() and part.strip() != _ERASED:
            return part
        end = start - 1
    return ""


def _mostly(series: pl.Series, pattern: str) -> bool:
    head = series.head(20_000)
    filled = head.filter(head.str.len_bytes() > 0)
    return len(filled) > 20 and int(filled.head(5_000).str.contains(pattern).sum()) > 0.6 * min(len(filled), 5_000)
