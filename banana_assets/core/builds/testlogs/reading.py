"""Test results from what the test runners print."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from operator import itemgetter

import polars as pl

from banana_assets.core.builds.cleaning import CleanLog
from banana_assets.core.builds.hints import MANY, Hits, in_order, matching, search
from banana_assets.core.builds.results import TestResult, cut, merge_attempts
from banana_assets.core.builds.testlogs.runners import LINES, Line

MOST_TESTS = 10_000
"""Lines about tests that are read of one log."""
_TITLE = re.compile(
    r"^_{3,} (?:ERROR (?:at (?P<when>setup|teardown) of|(?P<collecting>collecting)) )?(?P<title>\S.*?) _{3,}$"
)
_PLACE = re.compile(r"^(?P<file>\S+\.py):(?P<line>\d+): (?:\w[\w.]*|in .*)?$")
_OWNER = re.compile(r"^self = <(?P<module>[\w.]+)\.\w+ testMethod=\w+>$")
"""How unittest's cases show themselves: by the module that holds them, whatever file the failure was raised in."""
_FAILING = " failing"
_MOCHA_FAILING = re.compile(r"^\s*(\d+) failing(?: \(.*\))?$")
_MOCHA_TITLE = re.compile(r"^(\s*)(\d+)\) (.*)$")


@cache
def _by_hint() -> dict[str, list[Line]]:
    table: dict[str, list[Line]] = defaultdict(list)
    for entry in LINES:
        for hint in entry.hints:
            table[hint].append(entry)
    return table


@cache
def test_hints() -> tuple[str, ...]:
    """The literals that lines about one test are known by."""
    return (*sorted(_by_hint()), _FAILING)


@lru_cache(1024)
def _entries(words: tuple[str, ...]) -> tuple[Line, ...]:
    table = _by_hint()
    held = {id(entry) for word in words for entry in table.get(word, ())}
    return tuple(entry for entry in LINES if id(entry) in held)


def read_tests(log: CleanLog, hits: Hits | None = None) -> tuple[TestResult, ...]:
    """The tests that the log names, each (suite, classname, name) once; its outcomes are attempts.

    ``hits`` spares the search for ``test_hints`` where somebody did it already.
    """
    known = search(log.series, test_hints()) if hits is None else hits
    found = [*_from_lines(log, known), *_pytest_titles(log), *_mocha(log, known)]
    found.sort(key=itemgetter(0))
    listed = {r.name for _, r, titled in found if not titled and r.suite.endswith(".py")}
    return merge_attempts(_once(r for _, r, titled in found if not (titled and r.name in listed)))


def _once(results: Iterator[TestResult]) -> Iterator[TestResult]:
    """Runners name a failed test again in their summary: a bad result that only repeats one is no attempt."""
    bad: set[tuple[str, str, str]] = set()
    for result in results:
        key = result.key
        if result.bad:
            if key in bad:
                continue
            bad.add(key)
        else:
            bad.discard(key)
        yield result


def _from_lines(log: CleanLog, hits: Hits) -> Iterator[tuple[int, TestResult, bool]]:
    for i, result in _read(log, _candidates(log, hits)):
        yield i, result, False


def _read(log: CleanLog, candidates: Iterable[tuple[int, tuple[Line, ...]]]) -> Iterator[tuple[int, TestResult]]:
    count = 0
    for i, entries in candidates:
        text = log.texts[i]
        if len(text) > 1_000:
            continue
        for entry in entries:
            match = entry.regex.match(text)
            status = entry.outcome(match) if match is not None else ""
            if match is None or not status:
                continue
            groups = match.groupdict()
            name = groups["name"].strip()
            # Since Python 3.11 unittest repeats the method in the parentheses.
            owner = (groups.get("cls") or "").removesuffix(f".{name}")
            yield i, TestResult(groups.get("suite") or "", owner, name, status)
            count += 1
            break
        if count >= MOST_TESTS:
            return


def _candidates(log: CleanLog, hits: Hits) -> Iterator[tuple[int, tuple[Line, ...]]]:
    """The lines that may be about a test, in order, with the forms that they may have.

    Of more than ``MANY`` lines that can only say that a test passed or was skipped, those are left out whose test has
    not failed elsewhere in the log.
    """
    parts: list[tuple[tuple[Line, ...], pl.Series]] = []
    passing: list[tuple[tuple[Line, ...], pl.Series]] = []
    for kind, lines in zip(hits.kinds, hits.lines, strict=True):
        entries = _entries(kind)
        if not entries:
            continue
        if len(lines) <= MANY:
            parts.append((entries, lines))
        elif _settled(kind):
            passing.append((entries, lines))
        else:
            parts.append((entries, matching(log.series, lines, [entry.wide for entry in entries])))
    if passing:
        failed = {result.name for _, result in _read(log, in_order(parts)) if result.bad}
        for entries, lines in passing if failed else ():
            names = log.series.gather(lines).str.contains_any(sorted(failed))
            parts.append((entries, lines.filter(names)))
    return in_order(parts)


def _settled(kind: tuple[str, ...]) -> bool:
    """Whether lines that hold these literals can only be about tests that did not fail."""
    words = [word.strip(" -[]") for word in kind if word in _by_hint()]
    return any(word in _GOOD for word in words) and all(word in _GOOD or word in _NEUTRAL for word in words)


_GOOD = frozenset(("pass", "passed", "ok", "... ok", "skip", "skipped", "... ignored", "xfail", "xpass"))
_NEUTRAL = frozenset(("...", "gw", "test", "test case '"))


def _pytest_titles(log: CleanLog) -> Iterator[tuple[int, TestResult, bool]]:
    """Failures by the titles of their sections, for runs without the short summary."""
    lines = log.series.str.starts_with("___").arg_true().to_list()
    titles = [(i, m) for i in lines if (m := _TITLE.match(log.texts[i])) is not None]
    for (i, match), following in zip(titles, [*(j for j, _ in titles[1:]), len(log)], strict=False):
        title = match["title"]
        if match["collecting"]:
            yield i, TestResult(title, "", title, "error"), True
            continue
        place, message, module = None, None, ""
        for j in range(i + 1, min(following, i + 1_000)):
            text = log.texts[j]
            if text.startswith("="):
                break
            if not module and (owner := _OWNER.match(text)) is not None:
                module = owner["module"].replace(".", "/") + ".py"
            here = _PLACE.match(text)
            if here is not None and "site-packages/" not in here["file"]:
                place = place or here
            if message is None and text.startswith("E  "):
                message = text[1:].strip()
        if place is None and message is None:
            continue
        doctest = title.startswith("[doctest] ")
        *classes, name = re.split(r"\.(?![^\[]*\])", title.removeprefix("[doctest] "))
        yield (
            i,
            TestResult(
                module or (place["file"] if place else ""),
                ("." if doctest else "::").join(classes),
                name,
                "error" if match["when"] else "failed",
                message=cut(message),
                file=place["file"] if place else None,
                line=int(place["line"]) if place else None,
            ),
            True,
        )


def _mocha(log: CleanLog, hits: Hits) -> Iterator[tuple[int, TestResult, bool]]:
    """The numbered failures after ``N failing``: suites and test on lines of their own, a colon at the end."""
    for start, _ in hits.of(lambda kind: _FAILING in kind):
        count = _MOCHA_FAILING.match(log.texts[start])
        if count is None:
            continue
        wanted, i = 1, start + 1
        while wanted <= int(count[1]) and i < min(len(log), start + 20_000):
            title = _MOCHA_TITLE.match(log.texts[i])
            if title is None or int(title[2]) != wanted:
                i += 1
                continue
            parts = [title[3]]
            j = i + 1
            while not parts[-1].endswith(":") and j < min(len(log), i + 8) and log.texts[j].strip():
                parts.append(log.texts[j].strip())
                j += 1
            parts[-1] = parts[-1].removesuffix(":")
            yield i, TestResult("", " ".join(parts[:-1]), parts[-1], "failed"), False
            wanted, i = wanted + 1, j
