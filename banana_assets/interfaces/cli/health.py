"""``banana health``: how the pipelines are, what cost points, where it goes, and the success metrics."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.text import shortlist
from banana_assets.interfaces.cli.asked import moment, user
from banana_assets.interfaces.cli.columns import prose
from banana_assets.interfaces.cli.opened import opened, opened_reading
from banana_assets.interfaces.cli.output import Format, say, to_json, write_object, write_rows

if TYPE_CHECKING:
    import polars as pl

    from banana_assets.backends.reading_store import ReadingStore
    from banana_assets.backends.store import Store
    from banana_assets.backends.tables import Tables
    from banana_assets.core.metrics.success import Sources, Success

app = typer.Typer(add_completion=False)

MOST_PIPELINES = 20
MOST_REASONS = 8


@app.command()
def health(
    pipeline: Annotated[str | None, typer.Option(help="Only that pipeline.")] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DAY|DURATION", help="Only builds since that day, or so long before the latest: 24h, 7d."),
    ] = None,
    fail_under: Annotated[
        float | None, typer.Option(metavar="SCORE", min=0, max=100, help="Exit with 1 where the score is below that.")
    ] = None,
    set_baseline: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC=VALUE", help="Set a baseline: a value, or FIRST_DAY..LAST_DAY to measure it."),
    ] = None,
    clear_baseline: Annotated[list[str] | None, typer.Option(metavar="METRIC", help="Forget a baseline.")] = None,
    form: Annotated[
        Format, typer.Option("--format", "-f", help="How it is written; jsonl writes a pipeline or metric a line.")
    ] = Format.table,
) -> None:
    """Score the pipelines from 0 to 100, say what cost points, and compare the success metrics with their baselines.

    A baseline is set as `completion_time=420`, or measured over days as `completion_time=2026-01-01..2026-01-31`.
    """
    from banana_assets.core.metrics.runs import ended
    from banana_assets.core.metrics.success import success
    from banana_assets.core.tables import BUILD_FAILURES

    if set_baseline or clear_baseline:
        with opened() as (writable, tables):
            _change_baselines(writable, _sources(writable, tables), set_baseline or [], clear_baseline or [])
    with opened_reading() as (store, tables):
        sources = _sources(store, tables)
        baselines = dict(store.baselines().select("metric", "value").iter_rows())
        diagnosed = tables.version(BUILD_FAILURES) is not None
    runs = ended(sources.builds)
    if not runs.height and not sources.rollups.height:
        raise InputError(
            "There is no build that ended, and no reading.",
            "Run `banana ingest builds PATH`, `banana record -- COMMAND` or `banana watch` first.",
        )
    begin = None if since is None else moment(since, runs["at"].max())  # type: ignore[arg-type]
    chosen = sources.between(begin)
    scores = _scores(tables, chosen, every=begin is None)
    if pipeline is not None:
        scores, chosen = _only(pipeline, scores, chosen)
    measured = success(chosen, baselines)
    _write(scores, measured, form)
    if not scores.height:
        say("banana health: no build has ended" + (f" since {since}." if since else "."))
    elif not diagnosed:
        say("banana health: failures are not diagnosed yet; `banana materialize` does, and counts repeated ones.")
    if fail_under is not None and scores.height and scores["score"][0] < fail_under:
        say(f"banana health: {scores['score'][0]:.1f} is below {fail_under:g}.")
        raise typer.Exit(1)


def _sources(store: ReadingStore, tables: Tables) -> Sources:
    from banana_assets.core.metrics.success import Sources
    from banana_assets.core.tables import BOTTLENECKS, BUILD_FAILURES, PLAN_OUTCOMES, RESOURCE_ROLLUPS

    failures, rollups, bottlenecks = map(tables.read, (BUILD_FAILURES, RESOURCE_ROLLUPS, BOTTLENECKS))
    return Sources(store.builds(), failures, rollups, bottlenecks, tables.read(PLAN_OUTCOMES))


def _scores(tables: Tables, chosen: Sources, *, every: bool) -> pl.DataFrame:
    """BUILD_HEALTH of those builds, all together first: the stored one where it was computed of the same builds."""
    from banana_assets.core.tables import BUILD_HEALTH, BUILDS, FAILURE_CLUSTERS, FLAKY_TESTS, TEST_RESULTS

    if every and tables.version(BUILD_HEALTH) is not None:
        computed_of = tables.read(BUILDS)
        if computed_of.sort("build_id").equals(chosen.builds.sort("build_id")):
            return tables.read(BUILD_HEALTH)
    # Finding changes needs libraries that take long to import.
    from banana_assets.core.metrics.health import build_health

    results, clusters, flaky = map(tables.read, (TEST_RESULTS, FAILURE_CLUSTERS, FLAKY_TESTS))
    return build_health(chosen.builds, chosen.failures, results, clusters=clusters, flaky=flaky)


def _only(pipeline: str, scores: pl.DataFrame, sources: Sources) -> tuple[pl.DataFrame, Sources]:
    """The row and the sources of that pipeline; what is read of hosts belongs to none and stays."""
    from dataclasses import replace

    names = scores["pipeline"].to_list()
    if pipeline not in names[1:]:
        raise InputError(f"No build of {pipeline} has ended.", f"There are {shortlist(names[1:])}.")
    mine = sources.builds.filter(pipeline=pipeline)
    return scores.filter(pipeline=pipeline), replace(sources, builds=mine)


def _change_baselines(store: Store, sources: Sources, told: list[str], forgotten: list[str]) -> None:
    from banana_assets.core.metrics.success import DEFINITIONS, measure

    known = {d.name: d for d in DEFINITIONS if d.of_baseline}
    changes: list[tuple[str, float]] = []
    for text in told:
        name, equal, value = text.partition("=")
        _known(name, known)
        if not equal:
            raise InputError(f"{text!r} has no value.", f"Write {name}=120, or {name}=2026-01-01..2026-01-31.")
        if ".." in value:
            found, why = measure(name, sources.between(*_span(value)))
            if found is None:
                raise InputError(f"{name} cannot be measured from {value}: {why}.", "Name another span, or a value.")
            changes.append((name, found.value))
        else:
            changes.append((name, _positive(name, value)))
    for name in forgotten:
        _known(name, known)
        if not store.remove_baseline(name):
            say(f"banana health: {name} had no baseline.")
    for name, number in changes:
        store.set_baseline(name, number, set_by=user(), set_at=datetime.now(UTC))
        say(f"banana health: the baseline of {name} is {number:.6g} {known[name].unit} now.")


def _known(name: str, known: dict[str, Any]) -> None:
    if name not in known:
        raise InputError(f"{name!r} has no baseline.", f"Those with one are {', '.join(known)}.")


def _positive(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise InputError(f"The baseline of {name} cannot be {value!r}.", "Write a number above 0.")
    return number


def _span(value: str) -> tuple[datetime, datetime]:
    """From the first day's beginning to the last day's end."""
    from datetime import timedelta

    first, _, last = value.partition("..")
    begin, end = moment(first, None), moment(last, None)
    if end.time() == datetime.min.time():
        end += timedelta(days=1)
    if begin >= end:
        raise InputError(f"{value} ends before it begins.", "Write FIRST_DAY..LAST_DAY.")
    return begin, end


def _write(scores: pl.DataFrame, measured: list[Success], form: Format) -> None:
    from banana_assets.core.metrics.health_answer import system_health

    rows = scores.to_dicts()
    if form is Format.json:
        write_object({"system_health": system_health(rows), "pipelines": rows, "success_metrics": measured}, form)
        return
    if form is Format.jsonl:
        for row in rows:
            sys.stdout.write(to_json({"kind": "pipeline"} | row) + "\n")
        for metric in measured:
            sys.stdout.write(to_json({"kind": "success_metric"} | asdict(metric)) + "\n")
        return
    if rows:
        _write_scores(rows)
    sys.stdout.write("Success metrics\n")
    write_rows([_told(m) for m in measured], form)


def _write_scores(rows: list[dict[str, Any]]) -> None:
    whole = rows[0]
    named = whole["pipeline"] or "all pipelines"
    goes = f", {whole['direction']} ({whole['change']:+.1f})" if whole["direction"] else ""
    interval = f"95 % interval {whole['score_low']:.0f} to {whole['score_high']:.0f}"
    head = f"Health of {named}: {whole['score']:.0f} of 100 ({interval}){goes}"
    sys.stdout.write("\n".join(prose(head)) + "\n\n")
    shown = rows[: MOST_PIPELINES + 1]
    if len(shown) > 2:
        cells = [
            {
                "pipeline": row["pipeline"] or "all",
                "score": round(row["score"], 1),
                "low": round(row["score_low"], 1),
                "high": round(row["score_high"], 1),
                "change": None if row["change"] is None else round(row["change"], 1),
                "direction": row["direction"],
                "builds": row["builds"],
                "as of": row["as_of"],
            }
            for row in [shown[0], *sorted(shown[1:], key=lambda r: r["score"])]
        ]
        write_rows(cells, Format.table)
        sys.stdout.write("\n")
    if len(rows) > len(shown):
        say(f"banana health: {len(rows) - len(shown)} more pipelines (--format json shows all).")
    if whole["deductions"]:
        sys.stdout.write("What cost points\n")
        for deduction in whole["deductions"][:MOST_REASONS]:
            lead = f"  -{deduction['points']:.1f}  "
            sys.stdout.write("\n".join(prose(deduction["reason"], lead, " " * len(lead))) + "\n")
        sys.stdout.write("\n")


def _told(metric: Success) -> dict[str, Any]:
    """A success metric as people read it."""
    ratio = f"{metric.ratio:.0%} of the baseline" if metric.ratio is not None else ""
    return {
        "metric": metric.name,
        "now": _amount(metric, metric.value) if metric.value is not None else "not measured yet",
        "baseline": None if metric.baseline is None else _amount(metric, metric.baseline),
        "target": metric.target,
        "met": {True: "yes", False: "no", None: ""}[metric.met],
        "of": metric.observations or None,
        "note": "; ".join(part for part in (metric.over, metric.missing or ratio) if part),
    }


def _amount(metric: Success, value: float) -> str:
    if metric.unit == "1":
        return f"{value:.1%}"
    return f"{value:.3g} {'%' if metric.unit == 'percent' else metric.unit}"
