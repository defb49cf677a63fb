"""Two builds of the store compared: a failed one with the last green one of its job, unless others are named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from banana_assets.backends.codebase.changing import Changes, changed
from banana_assets.backends.codebase.failed import cause_of
from banana_assets.backends.lookup import BuildDetail, build_detail, find_build
from banana_assets.backends.quotes import Compared
from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.core.builds.comparing import StepPair, Stretch, TestPair, new_stretches, paired_steps, paired_tests
from banana_assets.core.builds.greens import last_green
from banana_assets.core.builds.testruns import identified
from banana_assets.core.errors import ContradictionError, MissingError
from banana_assets.core.evidence import Citation

MOST_STRETCHES = 40
QUOTED_LINES = 12


@dataclass(frozen=True)
class Said:
    """What only one of two logs says, with its first lines as they stand there."""

    stretch: Stretch
    citation: Citation


@dataclass(frozen=True)
class Comparison:
    """What differs between a build and the one that it is compared with.

    ``new`` is said by the log of ``head`` alone and ``gone`` by that of ``base`` alone, ``new_total`` and
    ``gone_total`` how many such there are. ``notes`` say what makes them hard to compare.
    """

    base: BuildDetail
    head: BuildDetail
    steps: tuple[StepPair, ...]
    tests: tuple[TestPair, ...]
    new: tuple[Said, ...]
    new_total: int
    gone: tuple[Said, ...]
    gone_total: int
    changes: Changes
    notes: tuple[str, ...]


def compared(
    store: Store, tables: Tables, quotes: Compared, told: str | None, against: str | None, root: Path
) -> Comparison:
    """Compare the build of that id (or a part of it), the newest failed one where none is told, with another.

    That is the last green build of the same job before it, unless told. ``root`` is where the sources may be. Raises
    InputError when there is no such build.
    """
    builds = store.builds()
    head_build = find_build(builds, told or _newest_failed(builds))
    if against is None:
        green = last_green(builds, head_build, log=True)
        if green is None:
            job = f"{head_build['pipeline']}/{head_build['job']}"
            raise MissingError(f"No build of {job} was green before {head_build['build_id']}.", "Name another build.")
        base_build = green
    else:
        base_build = find_build(builds, against)
    if base_build["build_id"] == head_build["build_id"]:
        raise ContradictionError(f"{head_build['build_id']} is compared with itself.", "Name two builds.")
    base, head = (build_detail(store, tables, build["build_id"]) for build in (base_build, head_build))
    before, after = (_texts(quotes, detail) for detail in (base, head))
    new = new_stretches(after, before, _spans(head))
    gone = new_stretches(before, after, _spans(base))
    return Comparison(
        base=base,
        head=head,
        steps=tuple(paired_steps(base.steps, head.steps)),
        tests=tuple(paired_tests(_results(store, base), _results(store, head))),
        new=_said(quotes, head, new),
        new_total=len(new),
        gone=_said(quotes, base, gone),
        gone_total=len(gone),
        changes=changed(root, base.build["commit_sha"], head.build["commit_sha"], cause_of(head)),
        notes=tuple(_notes(base.build, head.build)),
    )


def _newest_failed(builds: pl.DataFrame) -> str:
    failed = builds.filter(status="failed").sort(pl.coalesce("finished_at", "arrived_at"))
    if failed.is_empty():
        raise MissingError("No failed build is in the data.", "`banana ingest builds PATH` brings some in.")
    return str(failed["build_id"][-1])


def _texts(quotes: Compared, detail: BuildDetail) -> tuple[str, ...]:
    sha256 = detail.build["log_sha256"]
    log = quotes.log(sha256) if sha256 else None
    return tuple(log.texts) if log else ()


def _spans(detail: BuildDetail) -> list[tuple[int, int]]:
    return [(span["first"], span["last"]) for span in detail.failure["cause"]] if detail.failure else []


def _said(quotes: Compared, detail: BuildDetail, stretches: list[Stretch]) -> tuple[Said, ...]:
    name, sha256 = detail.build["build_id"], detail.build["log_sha256"]
    found = []
    for one in stretches[:MOST_STRETCHES]:
        last = min(one.last_line, one.first_line + QUOTED_LINES - 1)
        citation = quotes.read(name, sha256, one.first_line, last)
        found += [Said(one, citation)] if citation is not None else []
    return tuple(found)


def _results(store: Store, detail: BuildDetail) -> pl.DataFrame:
    build = detail.build
    return identified(store.test_results_of([build["build_id"]]).with_columns(pipeline=pl.lit(build["pipeline"])))


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
