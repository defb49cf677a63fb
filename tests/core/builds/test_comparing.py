"""Two builds side by side."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.builds.comparing import Stretch, new_stretches, paired_steps, paired_tests
from banana_assets.core.builds.timing import TimedStep


def step(name: str, seconds: float | None, first: int = 1) -> TimedStep:
    return TimedStep(name, name, first, first + 1, None, seconds, name)


def results(**status: tuple[str, float]) -> pl.DataFrame:
    rows = [
        {"suite": "s", "classname": "c", "name": name, "title": f"c::{name}", "status": how, "duration_seconds": took,
         "message": f"{name} said no" if how == "failed" else None}
        for name, (how, took) in status.items()
    ]  # fmt: skip
    names = ("suite", "classname", "name", "title", "status", "message")
    schema = dict.fromkeys(names, pl.String) | {"duration_seconds": pl.Float64}
    return pl.DataFrame(rows, schema=schema)


def test_steps_of_the_same_name_go_together_in_their_order() -> None:
    base = [step("setup", 1), step("test", 2), step("test", 3), step("clean", 1)]
    head = [step("setup", 2), step("lint", 1), step("test", 5), step("test", None)]
    found = paired_steps(base, head)
    assert [(p.name, p.base_seconds, p.head_seconds) for p in found] == [
        ("setup", 1, 2), ("lint", None, 1), ("test", 2, 5), ("test", 3, None), ("clean", 1, None),
    ]  # fmt: skip
    assert [p.longer for p in found] == [1, None, 3, None, None]


def test_tests_that_fail_now_come_first() -> None:
    base = results(
        same=("passed", 0.1), mended=("failed", 0.1), broken=("passed", 0.1), slow=("passed", 1), gone=("passed", 0)
    )
    head = results(
        same=("passed", 0.1), mended=("passed", 0.1), broken=("failed", 0.1), slow=("passed", 3), fresh=("passed", 0)
    )
    found = paired_tests(base, head)
    assert [(p.title, p.base, p.head) for p in found] == [
        ("c::broken", "passed", "failed"),
        ("c::mended", "failed", "passed"),
        ("c::slow", "passed", "passed"),
        ("c::fresh", None, "passed"),
        ("c::gone", "passed", None),
    ]
    assert found[0].message == "broken said no"


def test_lines_that_differ_by_what_varies_are_not_new() -> None:
    green = ["build 17 at 2026-03-01T10:00:00Z", "compiling /home/a/x.c", "done in 3.1 s"]
    red = [
        "build 18 at 2026-03-02T10:00:00Z",
        "compiling /srv/b/x.c",
        "error: no semicolon",
        "error: no brace",
        "done in 9.9 s",
    ]
    assert new_stretches(red, green) == [Stretch(3, 4, 2, 0)]
    assert new_stretches(green, red) == []


def test_the_cause_comes_first_and_what_repeats_last() -> None:
    texts = [*["warning: cache is cold"] * 5, "", "", "", "note of no weight", "", "", "", "fatal: disk is full"]
    found = new_stretches(texts, [], cause=[(13, 13)])
    assert [(one.first_line, one.repeats) for one in found] == [(13, 0), (9, 0), (1, 4)]


LINES = st.lists(st.text(alphabet="abc 1:/\n", max_size=12).map(lambda text: text.replace("\n", " ")), max_size=30)


@given(LINES, LINES)
def test_stretches_lie_in_the_log_and_do_not_overlap(texts: list[str], against: list[str]) -> None:
    found = sorted(new_stretches(texts, against), key=lambda one: one.first_line)
    for one in found:
        assert 1 <= one.first_line <= one.last_line <= len(texts)
        assert one.kinds >= 1
    assert all(before.last_line < after.first_line for before, after in pairwise(found))
    assert new_stretches(texts, texts) == []
