"""Forecasts of series on grids, as the table that ``banana forecast`` writes."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

from banana_assets.core.evidence import plural
from banana_assets.core.metrics.forecast.models import Forecast, forecast
from banana_assets.core.metrics.forecast.series import Series, regular
from banana_assets.core.metrics.readings import Grid, local

COLUMNS = {"yhat": 2, "lo80": 1, "hi80": 3, "lo95": 0, "hi95": 4}
"""Column to the place of its quantile in QUANTILES."""


def forecast_table(
    grids: list[Grid], horizon: int, zoned: bool = False, zone: str | None = None
) -> tuple[pl.DataFrame, list[str]]:
    """series_id, ts, yhat, lo80, hi80, lo95, hi95 for each grid, and what to say about them.

    ``ts`` is text, in UTC, with an offset when ``zoned``. ``zone`` is that of the grids' clocks.
    """
    # Clocks that are put forward within the horizon skip an hour of the grid.
    more = 0 if zone is None else max(-(-3600 // g.step) for g in grids)
    made = forecast([_series(g) for g in grids], horizon + more)
    low = [f for f in made if f.confidence == "low"]
    notes = [f"{plural(len(low), 'series', 'series')} too short for a model; confidence low."] if low else []
    form = "%Y-%m-%dT%H:%M:%S+00:00" if zoned else "%Y-%m-%d %H:%M:%S"
    parts = [_rows(f, g, horizon, zone) for f, g in zip(made, grids, strict=True)]
    return pl.concat(parts).with_columns(pl.col("ts").dt.strftime(form)), notes


def _series(grid: Grid) -> Series:
    known = np.flatnonzero(~np.isnan(grid.values))
    times = grid.begin + known * grid.step
    end = datetime.fromtimestamp(int(times[-1]), UTC).replace(tzinfo=None)
    return regular(grid.name, times, grid.values[known], grid.step, end)


def _rows(made: Forecast, grid: Grid, horizon: int, zone: str | None) -> pl.DataFrame:
    ahead = np.arange(1, horizon + 1) * grid.step
    times = pl.Series((grid.last + ahead) * 1_000_000).cast(pl.Datetime("us"))
    end = np.datetime64(made.series.end, "s").astype(np.int64)
    shown = local(times, zone).dt.epoch("s").to_numpy()
    at = ahead // grid.step if zone is None else np.rint((shown - end) / grid.step).astype(np.int64)
    quantiles = made.quantiles[np.clip(at, 1, len(made.quantiles)) - 1]
    return pl.DataFrame(
        {
            "series_id": pl.repeat(made.series.name, horizon, eager=True),
            "ts": times,
            **{name: quantiles[:, k] for name, k in COLUMNS.items()},
        }
    )
