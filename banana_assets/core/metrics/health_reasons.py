"""Why points are lost: each deduction in words, with the row that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from banana_assets.core.evidence import Evidence, fact, plural, seconds_text
from banana_assets.core.metrics.health_window import POINTS, Window

LEAST_POINTS = 0.05
"""Deductions below this are not made."""


@dataclass(frozen=True)
class Deduction:
    """Points lost, why, and the row that shows it."""

    points: float
    reason: str
    evidence: Evidence


def deductions_of(name: str, runs: pl.DataFrame, window: Window, points: Mapping[str, float]) -> list[Deduction]:
    """The points (POINTS) in words, each with a row that shows it; tiny ones are left out.

    ``runs`` are the pipeline's builds as ``runs.ended`` gives them, with line, tested, flaky, flaky_test, known, again
    and fingerprint.
    """
    recent = runs.slice(window.first, window.builds)
    makers = {
        "failures": lambda: _failure_rate(recent, points["failures"] / POINTS["failures"]),
        "red": lambda: _time_red(name, window, recent),
        "slower": lambda: _slower(runs, window),
        "flaky": lambda: _flaky(recent),
        "repeated": lambda: _repeated(recent),
    }
    found = []
    for kind, lost in points.items():
        if lost >= LEAST_POINTS:
            text, table, key = makers[kind]()
            found.append(Deduction(lost, text, fact(text, table, key)))
    return found


_Why = tuple[str, str, str]
"""The reason in words, and the table and key of the row that shows it."""


def _failure_rate(recent: pl.DataFrame, rate: float) -> _Why:
    failed = recent.filter("red")["build_id"]
    text = f"{len(failed)} of the last {plural(recent.height, 'build')} failed"
    if len(failed):
        return f"{text}; the rate, shrunk to what is usual here, is {rate:.0%}", "builds", failed[-1]
    text = f"too few builds to be sure: {text}, and where others stand it may be {rate:.0%}"
    return text, "builds", recent["build_id"][-1]


def _time_red(name: str, window: Window, recent: pl.DataFrame) -> _Why:
    share, of = (found[0] for found in window.red_shares(np.ones((1, window.builds))))
    worst = int(np.argmax(share * of))
    members = recent["line"].to_numpy() == window.lines[worst]
    line = recent.filter(pl.Series(members))
    seconds = float(window.stays[members].sum())
    job, branch = line["job"][-1] or name, line["branch"][-1]
    if seconds > 0:
        red = float(window.stays[members & recent["red"].to_numpy()].sum())
        text = f"{job} was red for {seconds_text(red)} of {seconds_text(seconds)}"
    else:
        text = f"{job} is red since its first build"
    if window.red_now[worst] and seconds > 0:
        text += " and still is"
    failed = line.filter("red")["build_id"]
    return text + (f" on {branch}" if branch else ""), "builds", failed[-1]


def _slower(runs: pl.DataFrame, window: Window) -> _Why:
    found = window.slowing
    assert found is not None
    text = (
        f"{found.job} takes {seconds_text(float(np.median(found.now)))} in its last "
        f"{plural(len(found.now), 'build')}, {seconds_text(float(np.median(found.before)))} before (x{found.ratio:.2f})"
    )
    return text, "builds", runs["build_id"][found.last]


def _flaky(recent: pl.DataFrame) -> _Why:
    tested, flaky = recent.filter("tested"), recent.filter("flaky")
    test, times = flaky.group_by("flaky_test").len().sort(["len", "flaky_test"], descending=[True, False]).row(0)
    text = (
        f"in {flaky.height} of {plural(tested.height, 'build')} with tests some failed by chance, "
        f"{test} in {plural(times, 'build')}"
    )
    return text, "builds", flaky["build_id"][-1]


def _repeated(recent: pl.DataFrame) -> _Why:
    known, again = recent.filter("known"), recent.filter("again")
    top = again.group_by("fingerprint").agg(n=pl.len(), key=pl.col("build_id").last())
    fingerprint, n, key = top.sort(["n", "fingerprint"], descending=[True, False]).row(0)
    text = (
        f"{again.height} of {plural(known.height, 'failure')} had failed the same way before, "
        f"{fingerprint[:12]} {plural(n, 'time')} again"
    )
    return text, "build_failures", key
