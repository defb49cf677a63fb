"""``banana analyze-system-performance``: one report over builds, logs, resources, bottlenecks and recommendations."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural
from banana_assets.interfaces.cli.asked import Severity
from banana_assets.interfaces.cli.columns import terminal_width
from banana_assets.interfaces.cli.documents import Form, Forms, Output, chosen, parts, write_document
from banana_assets.interfaces.cli.opened import opened, opened_reading
from banana_assets.interfaces.cli.output import on_stdout, say, shown, to_json
from banana_assets.interfaces.cli.running import command_path

if TYPE_CHECKING:
    import polars as pl

    from banana_assets.backends.reading_store import ReadingStore
    from banana_assets.backends.tables import Tables
    from banana_assets.core.advice.observed import Observed

app = typer.Typer(add_completion=False)

WIDEST = 100
"""Columns of a report that goes into a file or to a program."""
FORMS = Forms(Form.text, Form.json, Form.jsonl, Form.markdown)


@app.command()
def analyze(
    days: Annotated[float | None, typer.Option(help="Days looked back on, from the latest time in the data.")] = None,
    hours: Annotated[
        float | None,
        typer.Option(help="Hours looked back on; overrides --days. 24 unless told here or by the settings."),
    ] = None,
    generate_recommendations: Annotated[
        bool, typer.Option("--generate-recommendations", "-r", help="Say what is worth doing, and what came of it.")
    ] = False,
    bottlenecks_only: Annotated[
        bool, typer.Option("--bottlenecks-only", "-b", help="Leave out health, builds, logs, resources and patterns.")
    ] = False,
    use_model: Annotated[
        str | None,
        typer.Option(
            "--use-model",
            "-m",
            help="Ask this model (PROVIDER/NAME or NAME) which log patterns to look at first; every figure is counted. "
            "None asks no model, nor does leaving it out.",
        ),
    ] = None,
    output: Output = None,
    form: Annotated[
        Form | None,
        typer.Option(
            "--format",
            "-f",
            click_type=FORMS,
            help="Text on stdout unless told; in a file by its suffix (.md, .txt, .jsonl), else JSON. jsonl is a line "
            "for each part of the report, or row of it.",
        ),
    ] = None,
    min_severity: Annotated[
        Severity, typer.Option(help="Bottlenecks and patterns at least that severe.")
    ] = Severity.low,
) -> None:
    """Report how builds, logs and resources did in a span of time, and what held them up, with evidence.

    Needs no Dagster, and no language model unless one is named. What was brought in since the last
    `banana materialize` is told.
    """
    begun = time.monotonic()
    told = _span(days, hours)
    from banana_assets.core.advice.performance import performance_report

    with opened_reading("banana ingest logs PATH") as (store, tables):
        seen, frames, behind = _gathered(store, tables, recommend=generate_recommendations)
        report = performance_report(
            seen,
            frames,
            hours=told or float(store.settings.log_analysis_window_hours),
            min_severity=min_severity.value,
            with_recommendations=generate_recommendations,
            bottlenecks_only=bottlenecks_only,
        )
        if use_model is not None:
            report["focus"] = _focus(report.get("patterns", []), use_model)
    head: dict[str, Any] = {
        "analysis_timestamp": datetime.now(UTC),
        "analysis_duration_ms": round(1000 * (time.monotonic() - begun)),
        "behind": behind,
    }
    for line in behind:
        say(f"{command_path()}: {line}")
    on_terminal = sys.stdout.isatty() and (output is None or on_stdout(output))
    text = _written(head | report, chosen(form, output, FORMS), terminal_width() if on_terminal else WIDEST)
    write_document(text, output)


def _span(days: float | None, hours: float | None) -> float | None:
    told = hours if hours is not None or days is None else 24 * days
    # NaN is not above zero either.
    if told is not None and (not told > 0 or told == float("inf")):
        raise InputError("The span to look back on must be above zero.", "Give --hours 24 or --days 7, say.")
    return told


def _gathered(
    store: ReadingStore, tables: Tables, *, recommend: bool
) -> tuple[Observed, dict[str, pl.DataFrame], list[str]]:
    """What was observed, the tables of the report, and in what they are behind the store.

    Builds and test results come from the records. Where the tables do not hold all builds, bottlenecks and
    recommendations are computed anew here, and not taken from their tables.
    """
    from dataclasses import replace

    from banana_assets.backends.observing import observe
    from banana_assets.core.advice.standing import recommendations, with_states
    from banana_assets.core.tables import BOTTLENECKS, BUILD_HEALTH, OPTIMIZATION_RECOMMENDATIONS, PLANS

    computed = tables.version(BOTTLENECKS) is not None
    seen = observe(tables)
    stored = store.builds()
    fresh = stored.sort("build_id").equals(seen.builds.sort("build_id"))
    behind = []
    if not fresh:
        new = stored.join(seen.builds, on="build_id", how="anti").height
        what = f"{plural(new, 'build')} came in" if new else "builds changed"
        behind.append(
            f"{what} since the tables were computed; their failures and steps are not in yet: run `banana materialize`."
        )
        seen = replace(seen, builds=stored, tests=store.test_results())
    read = {t.name: tables.read(t) for t in (BUILD_HEALTH, PLANS, OPTIMIZATION_RECOMMENDATIONS)}
    if computed and fresh:
        found = tables.read(BOTTLENECKS)
    else:
        from banana_assets.core.advice.bottlenecks import bottlenecks

        found = bottlenecks(seen)
    advice, states = read[OPTIMIZATION_RECOMMENDATIONS.name].drop_nulls("created_at"), store.recommendation_states()
    if computed and fresh:
        advice = with_states(advice, states, lambda: seen)
    elif recommend:
        advice = recommendations(found, seen, previous=advice, states=states)
    frames = read | {BOTTLENECKS.name: found, OPTIMIZATION_RECOMMENDATIONS.name: advice}
    files = store.log_files().join(seen.files, on="file_id", how="anti").height
    if files:
        behind.append(f"{plural(files, 'log file')} came in since the tables were computed: run `banana materialize`.")
    return seen, frames, behind


def _focus(patterns: list[dict[str, Any]], model: str) -> dict[str, Any]:
    """What that model would look at first among the patterns of the report."""
    from banana_assets.backends.focusing import focus

    asked = [
        {
            "pattern_id": row["id"],
            "within": row["frequency"],
            "named_template": row["pattern_description"],
            "severity": row["severity"],
            "sources": row["sources"],
        }
        for row in patterns
    ]
    with opened() as (store, _):
        found = focus(store.settings, store.engine, asked, model)
    for note in found.notes:
        say(f"{command_path()}: {shown(note)}")
    return {"patterns": list(found.patterns), "model": found.model, "notes": list(found.notes)}


def _written(report: dict[str, Any], form: Form, width: int) -> str:
    from banana_assets.core.advice.performance_text import as_markdown, as_text
    from banana_assets.core.safety.serving import served

    report = served(report)
    if form is Form.json:
        return to_json(report, indent=True) + "\n"
    if form is Form.jsonl:
        return "".join(to_json(line) + "\n" for line in parts(report))
    return as_markdown(report) if form is Form.markdown else as_text(report, width)
