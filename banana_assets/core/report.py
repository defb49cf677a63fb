"""A short report over the tables: what stands out, for people."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import polars as pl

from banana_assets.core.evidence import Citation, plural, seconds_text
from banana_assets.core.plans.text import first_words, place, scores
from banana_assets.core.plans.types import Plan
from banana_assets.core.text import short_path, visible
from banana_assets.core.units import quantity
from banana_assets.core.vocabulary import SEVERITY_RANK

WIDTH = 100
CAUSE_LINES = 12
SURE = 0.8
MOST_LISTED = 3

Frames = Mapping[str, pl.DataFrame]


def overview(frames: Frames) -> str:
    """The worst pattern, the latest explained failure, health, a forecast, the top recommendation and its plan, what
    metadata lack, and what another order of the busiest queue saves.

    ``frames`` maps table names to their rows; what has no rows is left out, with the reason.
    """
    shown = best_explained(frames["build_failures"])
    parts = [
        worst_pattern(frames["log_patterns"]),
        explained_failure(frames["build_failures"], frames["builds"]),
        new_failures(frames["failure_clusters"]),
        flaky_tests(frames["flaky_tests"]),
        health(frames["build_health"]),
        forecast(frames["resource_usage_predictions"]),
        top_recommendation(frames["optimization_recommendations"]),
        plan(frames["plans"], _cluster(frames["failure_clusters"], shown)),
        metadata(frames["metadata_quality"]),
        queue(frames["queue_schedules"]),
    ]
    return visible("\n\n".join(parts))


def _section(title: str, *lines: str) -> str:
    return "\n".join([title, *(f"  {line}".rstrip() for line in lines)])


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH - 2) or [""]


def worst_pattern(patterns: pl.DataFrame) -> str:
    """The open pattern of the highest severity, the more frequent first."""
    if patterns.is_empty():
        return _section("Worst log pattern", "none: no log was ingested")
    patterns = patterns.filter(pl.col("state") == "open")
    if patterns.is_empty():
        return _section("Worst log pattern", "none: each is resolved or muted")
    rank = pl.col("severity").replace_strict(SEVERITY_RANK, return_dtype=pl.Int8)
    row = patterns.sort(rank, "severity_number", "frequency", descending=True).row(0, named=True)
    example = row["examples"][0]
    when = f", last {row['last_seen']:%Y-%m-%d %H:%M:%S} UTC" if row["last_seen"] else ""
    return _section(
        f"Worst log pattern (of {patterns.height:,})",
        *_wrap(row["named_template"])[:3],
        f"{row['severity']}, {row['frequency']:,} times in {', '.join(row['sources'])}{when}",
        f"e.g. {short_path(example['path'])}:{example['line']}",
    )


def best_explained(failures: pl.DataFrame) -> dict[str, Any] | None:
    """The latest failed build (a row of BUILD_FAILURES) that is explained surely and briefly, else the latest."""
    if failures.is_empty():
        return None
    sure = (pl.col("confidence") >= SURE) & (pl.col("category") != "unknown")
    brief = pl.col("cause_text").str.count_matches("\n") < CAUSE_LINES
    return failures.sort(~sure, ~brief, pl.col("failed_at"), "build_id", descending=[False, False, True, False]).row(
        0, named=True
    )


def explained_failure(failures: pl.DataFrame, builds: pl.DataFrame) -> str:
    """That build with its cause lines."""
    row = best_explained(failures)
    if row is None:
        return _section("Failed builds", "none")
    build = builds.filter(pl.col("build_id") == row["build_id"]).row(0, named=True)
    cause = row["cause_text"].splitlines()
    where = ", ".join(
        f"line {s['first']}" if s["first"] == s["last"] else f"lines {s['first']}-{s['last']}" for s in row["cause"]
    )
    shown = [line[: WIDTH - 4] for line in cause[:CAUSE_LINES]]
    more = [f"... {len(cause) - CAUSE_LINES} more lines"] if len(cause) > CAUSE_LINES else []
    return _section(
        f"A failed build explained (of {failures.height:,})",
        f"{build['pipeline']}/{build['job']} {row['build_id']}: {row['category']}, confidence {row['confidence']:.0%}",
        *_wrap(row["reason"]),
        f"Cause, {where}:",
        *(f"  {line}" for line in [*shown, *more]),
    )


def new_failures(clusters: pl.DataFrame) -> str:
    """The failures that are new, the latest first, with the commits that they came with."""
    new = clusters.filter("is_new").sort("first_seen", "cluster_id", descending=[True, False])
    if new.is_empty():
        return _section("New failures", f"none: {clusters.height} known" if clusters.height else "none")
    lines = []
    for row in new.head(MOST_LISTED).iter_rows(named=True):
        commits = ""
        if row["last_green_commit"] and row["first_commit"]:
            commits = f", came with {row['last_green_commit'][:12]}..{row['first_commit'][:12]}"
        lines += _wrap(row["title"])[:2]
        lines.append(
            f"  {plural(row['failures'], 'build')} of {', '.join(row['jobs'])} since {row['first_build']}{commits}"
        )
    return _section(f"New failures ({new.height} of {clusters.height})", *lines)


def flaky_tests(flaky: pl.DataFrame) -> str:
    """The flakiest tests that nobody put in quarantine."""
    known = flaky.filter(pl.col("state") == "flaky", pl.col("quarantine") != "active")
    if known.is_empty():
        return _section("Flaky tests", "none: no test passed and failed on the same commit")
    lines = []
    for row in (
        known.sort("flake_rate_low", "test_id", descending=[True, False]).head(MOST_LISTED).iter_rows(named=True)
    ):
        rate, low, high = (100 * row[name] for name in ("flake_rate", "flake_rate_low", "flake_rate_high"))
        lines += _wrap(row["title"])[:2]
        times = f"{row['flakes']} of {plural(row['runs'], 'run')}"
        lines.append(f"  by chance in {times}: {rate:.1f}% (95 % interval {low:.1f} to {high:.1f})")
    return _section(f"Flaky tests ({known.height})", *lines)


def health(scores: pl.DataFrame) -> str:
    """Health of all pipelines together, and what cost the most points."""
    if scores.is_empty():
        return _section("Health", "unknown: no finished build")
    row = scores.sort(pl.col("pipeline") != "", pl.col("score")).row(0, named=True)
    lines = [
        (
            f"{row['score']:.0f} of 100 (95 % interval {row['score_low']:.0f} to {row['score_high']:.0f}) "
            f"over {row['builds']} builds"
        )
    ]
    for deduction in row["deductions"][:3]:
        lines += _wrap(f"-{deduction['points']:.1f}: {deduction['reason']}")
    return _section("Health", *lines)


def forecast(predictions: pl.DataFrame) -> str:
    """The last step of the forecast of the machine's memory, or of the first series there is."""
    if predictions.is_empty():
        return _section("Forecast", "none: no resource series was ingested")
    named = predictions.filter(pl.col("metric") == "memory_used_bytes")
    chosen = named if named.height else predictions
    row = chosen.sort("source", "metric", "ts").row(-1, named=True)
    unit = row["metric"]
    value, low, high = (quantity(row[k], unit) for k in ("predicted_usage", "lo80", "hi80"))
    return _section(
        f"Forecast (of {predictions.select('source', 'metric').n_unique()} series)",
        f"{row['source']} {unit} at {row['ts']:%Y-%m-%d %H:%M} UTC: {value}, 80 % interval {low} to {high}",
        f"model {row['model']}, confidence {row['confidence']}",
    )


def top_recommendation(recommendations: pl.DataFrame) -> str:
    """The open recommendation of the highest impact, with the first fact it rests on."""
    still_open = recommendations.filter(pl.col("status") == "open")
    if still_open.is_empty():
        return _section("Top recommendation", "none: nothing in the data asks for one")
    row = still_open.sort("impact_score", "recommendation_id", descending=[True, False]).row(0, named=True)
    parts = ", ".join(f"{part['name']} {part['value']:.0%}" for part in row["impact_parts"])
    return _section(
        f"Top recommendation (of {still_open.height})",
        *_wrap(row["description"]),
        *_wrap(f"impact {row['impact_score']:.1f} of 10: {parts}"),
        f"difficulty {row['implementation_difficulty']}",
        *_wrap(f"because {_reason(row)}"),
    )


def metadata(quality: pl.DataFrame) -> str:
    """How complete the metadata of all collections are, and what is missing most."""
    missing = quality.filter(pl.col("measure") == "missing")
    whole = missing.filter(pl.col("collection") == "", pl.col("field") == "")
    if whole.is_empty():
        return _section("Metadata", "none: no media were ingested")
    lines = _wrap(str(whole["statement"][0]))
    fields = missing.filter(pl.col("collection") == "", pl.col("field") != "", pl.col("affected") > 0)
    for statement in fields.sort("share", "field", descending=[True, False]).head(MOST_LISTED)["statement"]:
        lines += _wrap(statement)
    return _section("Metadata", *lines)


def queue(schedules: pl.DataFrame) -> str:
    """What another order of the queue that waits most would have saved."""
    if schedules.is_empty():
        return _section("Queue", "none: no build or task has ended")
    busiest = schedules.sort("first_come_wait", "queue", descending=[True, False]).row(0, named=True)
    return _section(f"Queue (of {schedules.height})", str(busiest["queue"]), *_wrap(busiest["statement"]))


def _reason(row: dict[str, Any]) -> str:
    """The first fact that the description does not say itself, one with a quoted line before others."""
    new = [e for e in row["evidence"] if e["fact"] not in row["description"]] or row["evidence"]
    told = next((e for e in new if e["citation"]), new[0])
    cited = told["citation"]
    if cited is None:
        return f"{told['fact']} ({told['table']} {told['key']})"
    return f"{told['fact']} ({cited['build_id'] or 'log ' + cited['sha256'][:12]}, line {cited['first_line']})"


def _cluster(clusters: pl.DataFrame, failure: dict[str, Any] | None) -> str | None:
    if failure is None:
        return None
    mine = clusters.filter(pl.col("builds").list.contains(failure["build_id"]))
    return str(mine["cluster_id"][0] if mine.height else failure["fingerprint"])


def plan(plans: pl.DataFrame, subject: str | None = None) -> str:
    """The plan for that subject (a cluster_id), else the first one that did not abstain, step by step."""
    made = plans.filter(pl.col("status") != "abstained").sort(pl.col("subject") != (subject or ""), maintain_order=True)
    if made.is_empty():
        return _section("Plan", "none: nothing to plan for")
    shown = Plan.of_row(made.row(0, named=True))
    lines = _wrap(f"{shown.goal}: {shown.approach}")
    seen: list[Citation] = []
    for number, step in enumerate(shown.subtasks, 1):
        told = f"{number}. {step.description} ({seconds_text(60 * step.estimated_minutes)})"
        lines += textwrap.wrap(told, WIDTH - 2, subsequent_indent="   ")
        new = [c for c in step.citations if c not in seen]
        seen += new
        lines += [f"   [{place(c)}] {first_words(c)}"[: WIDTH - 2] for c in new[:MOST_LISTED]]
    lines += _wrap(f"Prediction: {shown.prediction.statement}")
    lines += _wrap(f"Scores: {'; '.join(scores(shown))}")
    return _section(f"Plan (of {made.height})", *lines)
