"""Two builds of the store compared: a failed one with the last green one of its job, unless others are named."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import polars as pl

from banana_assets.backends.codebase.changing import Changes, changed, wire_changes, wire_lines
from banana_assets.backends.codebase.failed import cause_of
from banana_assets.backends.explaining import build_lines
from banana_assets.backends.lookup import explained, find_build
from banana_assets.backends.quotes import Compared
from banana_assets.backends.reading_store import ReadingStore
from banana_assets.backends.tables import Tables
from banana_assets.core.builds.comparing import StepPair, Stretch, TestPair, new_stretches, paired_steps, paired_tests
from banana_assets.core.builds.greens import last_green
from banana_assets.core.builds.testruns import BAD, identified
from banana_assets.core.builds.timing import TimedStep, timed_steps
from banana_assets.core.builds.titles import title_of
from banana_assets.core.codebase.suspects import Cause
from banana_assets.core.errors import ContradictionError, MissingError
from banana_assets.core.evidence import Citation
from banana_assets.core.tables import BUILD_FAILURES, BUILD_STEPS

MOST_STRETCHES = 40
QUOTED_LINES = 12
STEP = tuple(field.name for field in fields(TimedStep))
TOLD = (
    "build_id", "pipeline", "job", "branch", "status", "exit_code", "command", "queued_at", "started_at",
    "finished_at", "arrived_at", "duration_seconds", "log_sha256", "log_lines",
)  # fmt: skip
"""What is told of each of the two, of the columns of BUILDS, beside its commit."""


@dataclass(frozen=True)
class Said:
    """What only one of two logs says, with its first lines as they stand there."""

    stretch: Stretch
    citation: Citation


@dataclass(frozen=True)
class Side:
    """One of the two: its row of BUILDS, that of BUILD_FAILURES where it failed and has a log, its test results
    (TEST_RESULTS with ``title``) and its steps."""

    build: dict[str, Any]
    failure: dict[str, Any] | None
    results: pl.DataFrame
    steps: tuple[TimedStep, ...]

    @property
    def tests(self) -> dict[str, int]:
        """How many tests ended in each way."""
        return dict(self.results.group_by("status").len().sort("status").iter_rows())

    @property
    def cause(self) -> str | None:
        """Why it failed, in a line."""
        return title_of(self.failure["reason"], self.failure["cause_text"]) if self.failure else None


@dataclass(frozen=True)
class Comparison:
    """What differs between a build and the one that it is compared with.

    ``new`` is said by the log of ``head`` alone and ``gone`` by that of ``base`` alone, ``new_total`` and
    ``gone_total`` how many such there are. ``notes`` say what makes them hard to compare.
    """

    base: Side
    head: Side
    steps: tuple[StepPair, ...]
    tests: tuple[TestPair, ...]
    new: tuple[Said, ...]
    new_total: int
    gone: tuple[Said, ...]
    gone_total: int
    changes: Changes
    notes: tuple[str, ...]


def compared(
    store: ReadingStore, tables: Tables, quotes: Compared, told: str | None, against: str | None, root: Path
) -> Comparison:
    """Compare the build of that id (or a part of it), the newest failed one where none is told, with another.

    That is the last green build of the same job before it, unless told. ``root`` is where the sources may be. Raises
    InputError when there is no such build.
    """
    builds = store.builds()
    head_build = find_build(builds, told or None)
    if against is None:
        green = last_green(builds, head_build)
        if green is None:
            job = f"{head_build['pipeline']}/{head_build['job']}"
            raise MissingError(f"No build of {job} was green before {head_build['build_id']}.", "Name another build.")
        base_build = green
    else:
        base_build = find_build(builds, against)
    if base_build["build_id"] == head_build["build_id"]:
        raise ContradictionError(f"{head_build['build_id']} is compared with itself.", "Name two builds.")
    base, head = (_side(store, tables, build, builds) for build in (base_build, head_build))
    before, after = (_texts(quotes, side) for side in (base, head))
    new = new_stretches(after, before, _spans(head))
    gone = new_stretches(before, after, _spans(base))
    failed = head.results.filter(pl.col("status").is_in(BAD))["title"].to_list()
    cause = cause_of(head.failure, failed) if head.failure else Cause()
    names = (f"build {base.build['build_id']}", f"build {head.build['build_id']}")
    return Comparison(
        base=base,
        head=head,
        steps=tuple(paired_steps(base.steps, head.steps)),
        tests=tuple(paired_tests(base.results, head.results)),
        new=_said(quotes, head, new),
        new_total=len(new),
        gone=_said(quotes, base, gone),
        gone_total=len(gone),
        changes=changed(root, base.build["commit_sha"], head.build["commit_sha"], cause, names),
        notes=tuple(_notes(base.build, head.build)),
    )


def _side(store: ReadingStore, tables: Tables, build: dict[str, Any], builds: pl.DataFrame) -> Side:
    mine = pl.col("build_id") == build["build_id"]
    same_log = pl.col("log_sha256") == pl.lit(build["log_sha256"], dtype=pl.String)
    failure = None
    if build["status"] in ("failed", "error") and build["log_sha256"]:
        rows = tables.scan(BUILD_FAILURES).filter(mine, same_log).collect()
        failure = rows.row(0, named=True) if rows.height else explained(store, build, builds)
    results = store.test_results_of([build["build_id"]]).with_columns(pipeline=pl.lit(build["pipeline"]))
    known = tables.scan(BUILD_STEPS).filter(mine, same_log).sort("position").collect()
    steps = [TimedStep(**{name: row[name] for name in STEP}) for row in known.iter_rows(named=True)]
    if not steps and build["log_sha256"]:
        steps = timed_steps(build_lines(store, build["build_id"]))
    return Side(build, failure, identified(results), tuple(steps))


def _texts(quotes: Compared, side: Side) -> tuple[str, ...]:
    sha256 = side.build["log_sha256"]
    log = quotes.log(sha256) if sha256 else None
    return tuple(log.texts) if log else ()


def _spans(side: Side) -> list[tuple[int, int]]:
    return [(span["first"], span["last"]) for span in side.failure["cause"]] if side.failure else []


def _said(quotes: Compared, side: Side, stretches: list[Stretch]) -> tuple[Said, ...]:
    name, sha256 = side.build["build_id"], side.build["log_sha256"]
    found = []
    for one in stretches[:MOST_STRETCHES]:
        last = min(one.last_line, one.first_line + QUOTED_LINES - 1)
        citation = quotes.read(name, sha256, one.first_line, last)
        found += [Said(one, citation)] if citation is not None else []
    return tuple(found)


def _notes(base: dict[str, Any], head: dict[str, Any]) -> list[str]:
    notes = []
    if (base["pipeline"], base["job"]) != (head["pipeline"], head["job"]):
        notes.append("They are builds of different jobs.")
    if base["branch"] != head["branch"]:
        notes.append(f"They are of different branches: {base['branch'] or 'none'} and {head['branch'] or 'none'}.")
    notes += [
        f"{build['build_id']} came without a log, so only the other's lines are known."
        for build in (base, head)
        if build["log_sha256"] is None
    ]
    return notes


def wire_comparison(found: Comparison) -> dict[str, Any]:
    """The comparison as JSON, with all that differs; the lines of changed files are left out."""
    return {
        "base": _wire_side(found.base),
        "head": _wire_side(found.head),
        "steps": [_wire_step(pair) for pair in found.steps],
        "tests": [asdict(pair) for pair in found.tests],
        "tests_total": len(found.tests),
        "new_lines": _wire_said(found.new),
        "new_lines_total": found.new_total,
        "missing_lines": _wire_said(found.gone),
        "missing_lines_total": found.gone_total,
        "changes": wire_changes(found.changes, lines=False),
        "notes": list(found.notes),
    }


def _wire_side(side: Side) -> dict[str, Any]:
    category = side.failure["category"] if side.failure else None
    return {name: side.build[name] for name in TOLD} | {
        "commit": side.build["commit_sha"],
        "category": category,
        "cause": side.cause,
        "tests": side.tests,
    }


def _wire_step(pair: StepPair) -> dict[str, Any]:
    lines = {name: wire_lines(span) if span else None for name, span in vars(pair).items() if name.endswith("_lines")}
    return asdict(pair) | lines | {"longer_seconds": pair.longer}


def _wire_said(said: tuple[Said, ...]) -> list[dict[str, Any]]:
    return [asdict(one.stretch) | {"citation": dict(one.citation)} for one in said]
