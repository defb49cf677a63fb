"""``banana anomalies``: series in, a score for each reading out; or the anomalies of what is stored."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from banana_assets.core.errors import InputError
from banana_assets.interfaces.cli.output import Format, write_rows

app = typer.Typer(add_completion=False)

TABLE_ROWS = 50
NAMED = ("source", "pipeline", "branch")
"""The dimensions whose subjects --source is said to name."""


@app.command()
def anomalies(
    file: Annotated[
        Path | None,
        typer.Argument(help="CSV file with the columns series_id,ts,y; - reads stdin. Without one: the stored series."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--output", "--out", "-o", help="CSV file to write.")] = None,
    metric: Annotated[str | None, typer.Option(help="Only that stored metric.")] = None,
    source: Annotated[str | None, typer.Option(help="Only that stored source, pipeline or branch.")] = None,
    least: Annotated[
        float | None, typer.Option(min=0, max=1, help="The least score shown; of stored series 0.5 unless told.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"Most rows; {TABLE_ROWS} in a table of stored series unless told.")
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="How it is written; of a file CSV unless told, of stored series a table."),
    ] = None,
) -> None:
    """Score how unusual each reading is, 0 to 1, from the readings before it: series_id,ts,score.

    Rows come out as they went in. 0.5 and more is worth a look; an anomaly is told once, at its beginning. The first
    fifty readings of a series score 0.

    Without a file the stored resources and hourly system metrics are scored, and the readings that stand out are shown,
    the latest first.
    """
    if file is None:
        _stored(metric, source, 0.5 if least is None else least, limit, out, form)
        return
    if metric is not None or source is not None:
        raise InputError("--metric and --source are for stored series.", "Leave them or the file out.")
    _file(file, least, limit, out, form)


def _file(file: Path, least: float | None, limit: int | None, out: Path | None, form: Format | None) -> None:
    from banana_assets.core.metrics.anomalies.detect import score_readings
    from banana_assets.core.metrics.readings import parse
    from banana_assets.interfaces.cli.series_file import read_text_columns

    readings = parse(read_text_columns(file), str(file))
    table, notes = score_readings(readings)
    for note in (*readings.notes, *notes):
        sys.stderr.write(f"banana anomalies: {note}\n")
    if least is not None:
        table = table.filter(table["score"] >= least)
    if limit is not None and table.height > limit:
        _more(table.height - limit)
        table = table.head(limit)
    if out is not None or form is None:
        table.write_csv(sys.stdout if out is None else out)
    else:
        write_rows(table.to_dicts(), form)


def _more(left: int) -> None:
    sys.stderr.write(f"banana anomalies: {left:,} more (--limit).\n")


def _stored(
    metric: str | None, source: str | None, least: float, limit: int | None, out: Path | None, form: Format | None
) -> None:
    import polars as pl

    from banana_assets.core.tables import METRIC_ANOMALIES, RESOURCE_USAGE, SYSTEM_METRICS
    from banana_assets.interfaces.cli.asked import nearest
    from banana_assets.interfaces.cli.opened import opened_tables

    tables = opened_tables("banana watch")
    if tables.version(RESOURCE_USAGE) is None and tables.version(SYSTEM_METRICS) is None:
        raise InputError("No series is computed yet.", "Run `banana materialize` first.")
    usage, metrics = tables.read(RESOURCE_USAGE), tables.read(SYSTEM_METRICS)
    # What computes takes longer to import than the rest of the command: after what may be refused.
    from banana_assets.core.metrics.anomalies.detect import FIRST_SCORED
    from banana_assets.core.metrics.anomalies.found import score, series

    parts = series(usage, metrics)
    for column, told in (("metric", metric), ("subject", source)):
        if told is not None:
            named = [p for p in parts if column == "metric" or p["dimension"][0] in NAMED]
            names = sorted({p[column][0] for p in named})
            parts = [p for p in parts if p[column][0] == told]
            if not parts:
                word = "metric" if column == "metric" else "source, pipeline or branch"
                raise InputError(f"No stored series has the {word} {told}.", f"There are {nearest(told, names)}.")
    short = sum(p.height <= FIRST_SCORED for p in parts)
    if short:
        sys.stderr.write(f"banana anomalies: {short:,} of {len(parts):,} series too short to score.\n")
    found = pl.concat([METRIC_ANOMALIES.empty(), *(score(p, least) for p in parts)])
    found = found.sort("ts", "score", descending=[True, True])
    table = out is None and form in (None, Format.table)
    most = limit or (TABLE_ROWS if table else max(found.height, 1))
    if found.height > most:
        _more(found.height - most)
        found = found.head(most)
    if out is not None:
        found.write_csv(out)
        return
    columns = ["ts", "subject", "metric", "value", "usual", "score"]
    write_rows(found.to_dicts(), form or Format.table, columns=columns)
    if not found.height:
        sys.stderr.write("banana anomalies: nothing stands out.\n")
