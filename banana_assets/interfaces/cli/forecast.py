"""``banana forecast``: series in, their next steps with 80 % and 95 % intervals out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def forecast(
    source: Annotated[Path, typer.Argument(help="CSV file with the columns series_id,ts,y; - reads stdin.")],
    horizon: Annotated[int, typer.Option(min=1, max=10_000, help="Steps past the end of each series.")] = 48,
    out: Annotated[Path | None, typer.Option(help="CSV file to write; stdout unless told.")] = None,
) -> None:
    """Forecast each series HORIZON steps past its end: series_id,ts,yhat,lo80,hi80,lo95,hi95.

    The step is the most frequent distance of a series' readings. Empty values and NaN are gaps: up to six hours are
    interpolated, longer ones carry the last value forward. Readings out of order are sorted, ones at the same time
    averaged; both are told on stderr.
    """
    from banana_assets.core.metrics.forecast.table import forecast_table
    from banana_assets.core.metrics.readings import grids, parse
    from banana_assets.interfaces.cli.series_file import read_text_columns

    readings = parse(read_text_columns(source), str(source))
    series, notes = grids(readings)
    table, more = forecast_table(series, horizon, zoned=readings.zoned)
    for note in (*readings.notes, *notes, *more):
        sys.stderr.write(f"banana forecast: {note}\n")
    table.write_csv(sys.stdout if out is None else out)
