"""Forecasts of series on grids, as the table that ``banana forecast`` writes."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

from banana_assets.core.evidence import plural
from banana_assets.core.metrics.forecast.models import Forecast, forecast
from banana_assets.core.metrics.forecast.series import Series, regular
from banana_assets.core.metrics.readings import Grid

COLUMNS = {"yhat": 2, "lo80": 1, "hi80": 3, "lo95": 0, "hi95": 4}
"""Column to the place of its quantile in QUANTILES."""


def forecast_table(grids: list[Grid], horizon: int, zoned: bool = False) -> tuple[pl.DataFrame, list[str]]:
    """series_id, ts, yhat, lo80, hi80, lo95, hi95 for each grid, and what to say about them.

    ``ts`` is text, with an offset when ``zoned``.
    """
    made = forecast([_series(g) for g in grids], horizon)
    low = [f for f in made if f.confidence == "low"]
    notes = [f"{plural(len(low), 'series', 'series')} too short for a model; confidence low."] if low else []
    form = "%Y-%m-%dT%H:%M:%S+00:00" if zoned else "%Y-%m-%d %H:%M:%S"
    parts = [_rows(f) for f in made]
    return pl.concat(parts).with_columns(pl.col("ts").dt.strftime(form)), notes


def _series(grid: Grid) -> Series:
    known = np.flatnonzero(~np.isnan(grid.values))
    times = grid.begin + known * grid.step
    end = datetime.fromtimestamp(int(times[-1]), UTC).replace(tzinfo=None)
    return regular(grid.name, times, grid.values[known], grid.step, end)


def _rows(made: Forecast) -> pl.DataFrame:
    end, step = made.series.end, made.series.step
    start = np.datetime64(end, "us")
    ahead = np.arange(1, len(made.quantiles) + 1) * np.timedelta64(step, "s")
    return pl.DataFrame(
        {
            "series_id": np.full(len(ahead), made.series.name, dtype=object).tolist(),
            "ts": pl.Series(start + ahead).cast(pl.Datetime("us")),
            **{name: made.quantiles[:, k] for name, k in COLUMNS.items()},
        }
    )
