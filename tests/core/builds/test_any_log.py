# ruff: noqa: E501 - lines of logs are shown as they are written
"""What holds for a diagnosis of any bytes: no traceback, ranges inside the log, the pack in its budget and true."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banana_assets.core.builds.cleaning import clean
from banana_assets.core.builds.diagnosis import Diagnosis, diagnose
from banana_assets.core.builds.findings import MOST_OF_A_KIND, findings
from banana_assets.core.builds.hints import in_ascii, matching
from banana_assets.core.builds.problems import find_problems
from banana_assets.core.builds.testlogs.runners import LINES
from banana_assets.core.builds.tools import RULES
from banana_assets.core.builds.tools.table import without_lookaround
from banana_assets.core.vocabulary import FAILURE_CATEGORIES

RECORDED = sorted(Path(__file__).parent.glob("output/*.txt")) + sorted(Path(__file__).parent.glob("runs/*.txt"))
PIECES = [line for path in RECORDED for line in path.read_text(encoding="utf-8").split("\n")[:12]]
MARKS = [
    "##[group]Run x", "##[endgroup]", "##[error]Process completed with exit code 1.", "::error file=a,line=1::b", "$ make",
    "section_start:1:a\r\x1b[0K", "section_end:1:a\r\x1b[0K", "travis_fold:start:a\r\x1b[0K", "travis_fold:end:a\r\x1b[0K",
    'The command "x" exited with 1.', "[Pipeline] { (a)", "[Pipeline] }", "ERROR: Job failed: exit code 1", "", "\r", "\ufeff", "\x00", "a\rb\r",
]  # fmt: skip
_NUMBERED = re.compile(r"^(\d+): (.*?)(?: \[and \d+ more lines like this\])?$")


def holds(lines: Sequence[str], found: Diagnosis, budget: int) -> None:
    count = max(1, len(lines))
    assert found.category in (*FAILURE_CATEGORIES, "")
    assert 0 <= found.confidence <= 1
    assert found.pack.strip()
    assert found.pack_tokens <= budget
    assert len(found.pack) <= budget * 4
    for ranges in (found.cause, found.evidence):
        assert all(1 <= first <= last <= count for first, last in ranges)
        assert all(this[1] < following[0] for this, following in pairwise(ranges))
    texts = clean(lines or [""]).texts
    shown = {n for first, last in found.evidence for n in range(first, last + 1)}
    for row in found.pack.split("\n"):
        if (match := _NUMBERED.match(row)) and int(match[1]) in shown:
            text = texts[int(match[1]) - 1].replace("\t", " ")
            assert all(part in text for part in match[2].split(" … "))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(PIECES + MARKS * 20), max_size=80), st.integers(50, 400))
def test_lines_of_tools_in_any_order(lines: list[str], budget: int) -> None:
    holds(lines, diagnose(lines, budget=budget, exit_code=1), budget)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    lines = data.decode("utf-8", "replace").split("\n")
    holds(lines, diagnose(lines), 2000)
    find_problems(lines)


@pytest.mark.parametrize("path", RECORDED[::12], ids=lambda path: path.stem)
def test_a_recording_cut_anywhere(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    for cut in range(0, len(lines), max(1, len(lines) // 4)):
        holds(lines[cut:], diagnose(lines[cut:], budget=300), 300)


def test_the_wide_patterns_match_what_the_patterns_do() -> None:
    for rule in RULES:
        assert not re.search(r"\(\?<?[=!]", rule.wide)
        wide = re.compile(rule.wide, re.ASCII)
        assert all(wide.search(line) for line in PIECES if rule.regex.search(line)), rule.pattern


def test_lookaround_is_taken_out_whole() -> None:
    assert without_lookaround(r"^(?!a(?:b|[)])c)d(?P<x>e)(?<!\))f\(?=g") == r"^d(?P<x>e)f\(?=g"


def test_all_patterns_together_find_what_each_does() -> None:
    patterns = [entry.wide for entry in (*RULES, *LINES)]
    series = pl.Series("text", [*PIECES, "٣.py:٣: x", "naïve.c:1:2: error: é"], dtype=pl.String)
    lines = pl.Series("line", range(len(series)), dtype=pl.UInt32)
    each = [re.compile(pattern, re.ASCII) for pattern in patterns]
    expected = [i for i, text in enumerate(series.to_list()) if any(pattern.search(text) for pattern in each)]
    assert matching(series, lines, patterns).to_list() == expected


def test_classes_mean_ascii() -> None:
    assert in_ascii(r"^(?P<a>\w+)\\d[^\s\]]\S\b[.\d]") == r"^(?:[0-9A-Za-z_]+)\\d[^ \t-\r\]][^ \t-\r](?-u:\b)[.0-9]"


def test_of_very_many_alike_lines_the_first_and_the_last_are_looked_at() -> None:
    many = [f"src/a{i}.c:{i}:1: error: x{i} undeclared" for i in range(1, 3 * MOST_OF_A_KIND)]
    middle = len(many) // 2
    log = [*many[:middle], "src/b.java:3: error: cannot find symbol", *many[middle:]]
    found = findings(clean(log))
    assert len(found) <= 2 * MOST_OF_A_KIND
    assert (found[0].anchor, found[-1].anchor) == (0, len(log) - 1)
