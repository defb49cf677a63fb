"""What comes more often than it did: log patterns and failing builds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from banana_assets.core.advice.chance import count_tail, dispersion, fisher_tail
from banana_assets.core.advice.finding import Finding
from banana_assets.core.advice.observed import Observed, job_name, target
from banana_assets.core.advice.quoting import example_citation, example_place
from banana_assets.core.advice.rules import FAILING, RISEN
from banana_assets.core.evidence import fact, plural
from banana_assets.core.metrics.changes import rate_changes

LATE_SHARE = 8
FEWEST_EVENTS = 10
FEWEST_HOURS_BEFORE = 12
FEWEST_LATE_HOURS = 2
MOST_CHANCE = 1e-4
"""For all patterns that are looked at; divided by how many they are (Bonferroni)."""

FEWEST_CALM = 100
"""Ordinary events before, from which on they tell the traffic."""

MOST_FAILING_CHANCE = 0.01
"""For all jobs that are looked at, by Fisher's exact test: the change point was chosen because it stands out, so that
its own chance says too little."""

LOOKED_BACK = 300


def pattern_rates(seen: Observed) -> list[Finding]:
    """Patterns whose rate rose in the latest eighth of the hours in which their source wrote anything.

    Only open patterns of severity medium or more. What a new source writes has not risen: it has no past, so a source
    needs twelve hours with events before the latest ones. What grows with the traffic has not risen either: the rate
    is compared by the hour and, where the source writes of its ordinary work (events below a warning), by that, and the
    smaller of the two counts. The chance is that of a count as bursty as the hours before.
    """
    worth = seen.patterns.filter(
        pl.col("severity").is_in(["medium", "high", "critical"]), pl.col("state") == "open"
    ).sort("pattern_id")
    timed = seen.shapes.drop_nulls("hour")
    if not worth.height or not timed.height:
        return []
    of_shape = worth.select("pattern_id", shape_id=pl.col("shapes")).explode("shape_id", empty_as_null=False)
    counted = (
        timed.join(of_shape, on="shape_id", how="inner")
        .group_by("pattern_id", "source", "hour")
        .agg(n=pl.col("events").sum())
        .sort("pattern_id", "source", "hour")
    )
    rows = {row["pattern_id"]: row for row in worth.iter_rows(named=True)}
    volumes = {str(key[0]): group for key, group in seen.hours.partition_by("source", as_dict=True).items()}
    groups = counted.partition_by("pattern_id", "source", as_dict=True, maintain_order=True)
    found = []
    for (pattern, source), group in sorted(groups.items(), key=lambda item: tuple(map(str, item[0]))):
        finding = _risen(rows[str(pattern)], str(source), group, volumes[str(source)], len(groups), seen.files)
        if finding is not None:
            found.append(finding)
    return found


def _risen(
    row: dict[str, Any], source: str, group: pl.DataFrame, volume: pl.DataFrame, tried: int, files: pl.DataFrame
) -> Finding | None:
    late = max(FEWEST_LATE_HOURS, volume.height // LATE_SHARE)
    before = volume.height - late
    if before < FEWEST_HOURS_BEFORE:
        return None
    hours = volume.join(group.select("hour", "n"), on="hour", how="left").with_columns(
        pl.col("n").fill_null(0).cast(pl.Float64)
    )
    counts, calm = hours["n"].to_numpy(), hours["calm"].to_numpy().astype(np.float64)
    now, past = float(counts[before:].sum()), float(counts[:before].sum())
    if now < FEWEST_EVENTS:
        return None
    # What was never seen before may have been missed: its past is taken as one event more than counted.
    expected = (past + 1) * late / before
    if calm[:before].sum() >= FEWEST_CALM:
        expected = max(expected, (past + 1) * float(calm[before:].sum() / calm[:before].sum()))
    severity = RISEN.severity(now / expected)
    if severity is None or count_tail(now, expected, dispersion(counts[:before])) * tried >= MOST_CHANCE:
        return None
    cut: datetime = hours["hour"][before]
    template = row["named_template"]
    short = template if len(template) <= 120 else template[:117] + "..."
    rate, base = now / late, past / before
    times = "never before" if past == 0 else f"{base:.3g} an hour before"
    text = f"`{short}` came {rate:.3g} times an hour since {cut:%F %H:%M} UTC, {times} ({source})."
    evidence = [
        fact(
            f"{now:.0f} events in the latest {plural(late, 'hour')} in which {source} wrote, {past:.0f} in the "
            f"{plural(before, 'hour')} before",
            "log_patterns",
            row["pattern_id"],
        )
    ]
    for example in row["examples"][:1]:
        evidence.append(
            fact(
                example_place(example),
                "log_files",
                str(example["file_id"]),
                example_citation(example, files),
            )
        )
    return Finding(
        kind="pattern_rate",
        subject=f"{source}: {row['pattern_id']}",
        severity=severity,
        description=text,
        value=rate,
        baseline=base,
        unit="events/h",
        since=cut,
        until=hours["hour"][-1],
        rule=RISEN.rule,
        target=target("pattern_rate", source, "", row["pattern_id"]),
        evidence=tuple(evidence),
    )


def failing_jobs(seen: Observed) -> list[Finding]:
    """Jobs whose failure rate rose: by the latest change point of their last builds, if Fisher's exact test agrees."""
    found = []
    jobs = seen.ended.partition_by("pipeline", "job", as_dict=True, maintain_order=True)
    tried = len(jobs)
    for (pipeline, job), group in sorted(jobs.items(), key=lambda item: tuple(map(str, item[0]))):
        runs = group.tail(LOOKED_BACK)
        changes = rate_changes(runs["red"].to_numpy())
        if not changes or changes[-1].low <= 0:
            continue
        change = changes[-1]
        severity = FAILING.severity(change.after - change.before)
        recent = runs[change.start :]
        red = recent.filter("red")
        past = runs[: change.start]
        chance = fisher_tail(red.height, recent.height, past.filter("red").height, past.height)
        if severity is None or chance >= MOST_FAILING_CHANCE / tried:
            continue
        name = job_name(str(pipeline), str(job))
        text = (
            f"{red.height} of {plural(recent.height, 'build')} of {name} failed since "
            f"{recent['at'][0]:%F %H:%M} UTC, {change.before:.0%} before."
        )
        evidence = tuple(
            fact(f"failed, {which}", "builds", red["build_id"][at])
            for at, which in ((0, "the first"), (-1, "the latest"))
        )
        found.append(
            Finding(
                kind="failure_rate",
                subject=name,
                severity=severity,
                description=text,
                value=change.after,
                baseline=change.before,
                unit="1",
                since=recent["at"][0],
                until=recent["at"][-1],
                rule=FAILING.rule,
                target=target("failure_rate", str(pipeline), str(job)),
                evidence=evidence if red.height else evidence[:0],
            )
        )
    return [f for f in found if f.evidence]
