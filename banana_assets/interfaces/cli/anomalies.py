"""``banana anomalies``: series in, a score for each reading out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def anomalies(
    source: Annotated[Path, typer.Argument(help="CSV file with the columns series_id,ts,y; - reads stdin.")],
    out: Annotated[Path | None, typer.Option(help="CSV file to write; stdout unless told.")] = None,
) -> None:
    """Score how unusual each reading is, 0 to 1, from the readings before it: series_id,ts,score.

    Rows come out as they went in. 0.5 and more is worth a look; an anomaly is told once, at its beginning. The first
    fifty readings of a series score 0.
    """
    from banana_assets.core.metrics.anomalies import score_readings
    from banana_assets.core.metrics.readings import parse
    from banana_assets.interfaces.cli.series_file import read_text_columns

    readings = parse(read_text_columns(source), str(source))
    table, notes = score_readings(readings)
    for note in (*readings.notes, *notes):
        sys.stderr.write(f"banana anomalies: {note}\n")
    table.write_csv(sys.stdout if out is None else out)
