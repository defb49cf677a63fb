"""Two builds of a job side by side: steps, tests, and what the log of one says that the other's does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from banana_assets.core.builds.fingerprint import masked
from banana_assets.core.builds.testruns import BAD
from banana_assets.core.builds.timing import TimedStep

LEAST_SHAPE = 4
"""Shorter lines, such as lone brackets, say nothing."""

GAP = 2

MUCH_SLOWER = 1.5
LEAST_SECONDS = 1.0
"""A test is told for its time alone where it took so many times as long, and so much longer."""


@dataclass(frozen=True)
class StepPair:
    """A step in the build compared with (``base``) and in the one that is looked at (``head``): how long it took (s)
    and its lines. None where that build has no such step, or its log does not tell the time."""

    name: str
    base_seconds: float | None
    head_seconds: float | None
    base_lines: tuple[int, int] | None
    head_lines: tuple[int, int] | None

    @property
    def longer(self) -> float | None:
        """How much longer it took (s), negative for shorter."""
        if self.base_seconds is None or self.head_seconds is None:
            return None
        return self.head_seconds - self.base_seconds


@dataclass(frozen=True)
class TestPair:
    """A test that ended otherwise, ran in one of them alone, or took much longer; None where it did not run."""

    title: str
    base: str | None
    head: str | None
    base_seconds: float | None
    head_seconds: float | None
    message: str | None


@dataclass(frozen=True)
class Stretch:
    """Lines of a log (from 1, both ends inclusive) that the other has not, with no more than GAP others between.

    ``kinds`` counts those that differ by more than what varies between runs; lines like them that come later count in
    ``repeats`` alone.
    """

    first_line: int
    last_line: int
    kinds: int
    repeats: int


def paired_steps(base: Sequence[TimedStep], head: Sequence[TimedStep]) -> list[StepPair]:
    """The steps of both, in the order of ``head``, then those that are gone; the nth of a name goes with the nth."""
    there = dict(_counted(base))
    pairs = [_pair(there.pop(key, None), step) for key, step in _counted(head)]
    return pairs + [_pair(step, None) for step in there.values()]


def _counted(steps: Iterable[TimedStep]) -> list[tuple[tuple[str, int], TimedStep]]:
    seen: Counter[str] = Counter()
    found = []
    for step in steps:
        found.append(((step.step, seen[step.step]), step))
        seen[step.step] += 1
    return found


def _pair(base: TimedStep | None, head: TimedStep | None) -> StepPair:
    step = head or base
    assert step is not None
    return StepPair(
        step.name,
        base.duration_seconds if base else None,
        head.duration_seconds if head else None,
        (base.first_line, base.last_line) if base else None,
        (head.first_line, head.last_line) if head else None,
    )


def paired_tests(base: pl.DataFrame, head: pl.DataFrame) -> list[TestPair]:
    """What differs between the results of two builds (TEST_RESULTS with ``title``).

    First the tests that fail now, then those that failed before, those that took much longer, and those that came or
    went, each in order of their titles.
    """
    key = ["suite", "classname", "name"]
    wanted = [*key, "title", "status", "duration_seconds", "message"]
    both = base.select(wanted).join(head.select(wanted), on=key, how="full", suffix="_head", coalesce=True)
    longer = pl.col("duration_seconds_head") - pl.col("duration_seconds")
    slower = (longer >= LEAST_SECONDS) & (pl.col("duration_seconds_head") >= MUCH_SLOWER * pl.col("duration_seconds"))
    fails, failed = pl.col("status_head").is_in(BAD), pl.col("status").is_in(BAD)
    rank = pl.when(fails).then(0).when(failed).then(1).when(slower).then(2).otherwise(3)
    differs = pl.col("status").ne_missing(pl.col("status_head")) | slower.fill_null(value=False)
    rows = both.filter(differs).with_columns(rank=rank, title=pl.coalesce("title_head", "title")).sort("rank", "title")
    return [
        TestPair(
            row["title"],
            row["status"],
            row["status_head"],
            row["duration_seconds"],
            row["duration_seconds_head"],
            row["message_head"],
        )
        for row in rows.iter_rows(named=True)
    ]


def new_stretches(texts: Sequence[str], against: Iterable[str], cause: Sequence[tuple[int, int]] = ()) -> list[Stretch]:
    """What the lines say that those of ``against`` do not, whatever the numbers, times, ids and folders in them.

    First what stands in ``cause`` (line ranges, from 1), then what repeats least, the earlier first.
    """
    known = {masked(text) for text in against}
    counts: Counter[str] = Counter()
    firsts: dict[str, int] = {}
    for number, text in enumerate(texts, 1):
        shape = masked(text)
        if len(shape) >= LEAST_SHAPE and shape not in known:
            counts[shape] += 1
            firsts.setdefault(shape, number)
    found: list[Stretch] = []
    for shape, number in firsts.items():
        more = counts[shape] - 1
        last = found[-1] if found else None
        if last is not None and number - last.last_line <= GAP + 1:
            found[-1] = Stretch(last.first_line, number, last.kinds + 1, last.repeats + more)
        else:
            found.append(Stretch(number, number, 1, more))

    def place(one: Stretch) -> tuple[bool, float, int]:
        inside = any(first <= one.last_line and one.first_line <= last for first, last in cause)
        return (not inside, 0.0 if inside else one.repeats / one.kinds, one.first_line)

    return sorted(found, key=place)
