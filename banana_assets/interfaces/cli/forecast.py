"""``banana forecast``: series in, their next steps with 80 % and 95 % intervals out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from banana_assets.core.errors import InputError
from banana_assets.interfaces.cli.output import Format, write_rows

if TYPE_CHECKING:
    import polars as pl

    from banana_assets.core.metrics.forecast.predict import Predictions

app = typer.Typer(add_completion=False)

HORIZON = 48
HOURS = 168
BOUNDS = ("lo95", "lo80", "median", "hi80", "hi95")


@app.command()
def forecast(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="CSV file with the columns series_id,ts,y; - reads stdin. Without one: the stored resources."
        ),
    ] = None,
    horizon: Annotated[
        int | None,
        typer.Option(min=1, max=10_000, help=f"Steps past the end of each series of a file; {HORIZON} unless told."),
    ] = None,
    hours: Annotated[
        int | None,
        typer.Option(
            min=1, max=HOURS, help=f"Hours ahead for stored resources, {HOURS} unless told; a third of the past."
        ),
    ] = None,
    metric: Annotated[str | None, typer.Option(help="Only that metric of the stored resources.")] = None,
    source: Annotated[str | None, typer.Option(help="Only that source of the stored resources.")] = None,
    zone: Annotated[
        str | None,
        typer.Option(metavar="ZONE", help="Time zone whose clocks the series of a file follow, like Europe/Berlin."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--output", "--out", "-o", help="CSV file to write.")] = None,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format", "-f", help="How it is written; of a file CSV unless told, of stored resources a table."
        ),
    ] = None,
) -> None:
    """Forecast each series HORIZON steps past its end: series_id,ts,yhat,lo80,hi80,lo95,hi95.

    The step is the most frequent distance of a series' readings. Empty values and NaN are gaps: up to six hours are
    interpolated, longer ones carry the last value forward. Readings out of order are sorted, ones at the same time
    averaged; series with fewer than two are left out. All of that is told on stderr.

    Without a file the stored resources are forecast, each by the model that did best from earlier origins; the table
    says which and why, when 90 % of a limit is crossed, and what to allot.
    """
    if file is None:
        if horizon is not None or zone is not None:
            raise InputError("--horizon and --zone are for a file.", "Give a file, or --hours for stored resources.")
        _stored(_predict(metric, source, hours or HOURS), out, form)
        return
    if hours is not None or metric is not None or source is not None:
        raise InputError("--hours, --metric and --source are for stored resources.", "Leave them or the file out.")
    _file(file, horizon or HORIZON, zone, out, form)


def _file(file: Path, horizon: int, zone: str | None, out: Path | None, form: Format | None) -> None:
    from banana_assets.core.metrics.forecast.table import forecast_table
    from banana_assets.core.metrics.readings import grids, parse
    from banana_assets.interfaces.cli.series_file import read_text_columns

    readings = parse(read_text_columns(file), str(file))
    series, notes = grids(readings, zone)
    table, more = forecast_table(series, horizon, zoned=readings.zoned, zone=zone)
    for note in (*readings.notes, *notes, *more):
        sys.stderr.write(f"banana forecast: {note}\n")
    if out is not None or form is None:
        table.write_csv(sys.stdout if out is None else out)
    else:
        write_rows(table.to_dicts(), form)


def _predict(metric: str | None, source: str | None, hours: int) -> Predictions:
    from banana_assets.core.tables import RESOURCE_USAGE
    from banana_assets.interfaces.cli.asked import nearest
    from banana_assets.interfaces.cli.opened import opened_tables, require

    tables = opened_tables("banana watch")
    require(tables, RESOURCE_USAGE)
    usage = tables.read(RESOURCE_USAGE)
    for column, told in (("metric", metric), ("source", source)):
        if told is not None:
            names = usage[column].unique().sort().to_list()
            if told not in names:
                raise InputError(f"No stored resource has the {column} {told}.", f"There are {nearest(told, names)}.")
            usage = usage.filter(**{column: told})
    # What computes takes longer to import than the rest of the command: after what may be refused.
    from banana_assets.core.metrics.forecast.predict import predict

    return predict(usage, hours)


def _stored(made: Predictions, out: Path | None, form: Format | None) -> None:
    for row in made.without.iter_rows(named=True):
        sys.stderr.write(f"banana forecast: no forecast of {row['metric']} of {row['source']}: {row['reason']}.\n")
    if out is not None:
        _contract(made.table).write_csv(out)
    elif form in (None, Format.table):
        write_rows(_summary(made.table), Format.table)
    else:
        assert form is not None
        write_rows(made.table.drop("actual_usage", "accuracy_score", "inside80", "inside95").to_dicts(), form)


def _contract(table: pl.DataFrame) -> pl.DataFrame:
    """The columns that a forecast of a file has."""
    import polars as pl

    return table.select(
        series_id=pl.concat_str("source", pl.lit("/"), "metric"),
        ts=pl.col("ts").dt.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        yhat="predicted_usage",
        lo80="lo80",
        hi80="hi80",
        lo95="lo95",
        hi95="hi95",
    )


def _summary(table: pl.DataFrame) -> list[dict[str, object]]:
    """A row a series: its last step in the metric's unit, the model and what follows."""
    import polars as pl

    from banana_assets.core.metrics.forecast.allocation import size_text

    last = table.sort("step").group_by("source", "metric", maintain_order=True).last().sort("source", "metric")
    rows = last.select(
        "source",
        "metric",
        "ts",
        "lo95",
        "lo80",
        pl.col("predicted_usage").alias("median"),
        "hi80",
        "hi95",
        "model",
        "confidence",
        pl.col("advice").struct.field("action"),
        pl.col("crossing").struct.field("statement").alias("crossing"),
        pl.col("advice").struct.field("reasoning"),
        "why",
    ).to_dicts()
    return [row | {bound: size_text(row[bound], row["metric"]) for bound in BOUNDS} for row in rows]
