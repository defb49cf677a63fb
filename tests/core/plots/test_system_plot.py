"""The plot of system metrics is drawn the same from the same rows, and says when there is nothing."""

from __future__ import annotations

import datetime as dt

import polars as pl

from banana_assets.core.plots.system import metrics_plot
from banana_assets.core.tables import SYSTEM_METRICS


def rows(metric: str, days: int) -> list[dict[str, object]]:
    start = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    return [
        {
            "granularity": grain,
            "ts": start + dt.timedelta(days=d),
            "metric": metric,
            "dimension": "all",
            "subject": "",
            "unit": "",
            "value": float(d),
            "observations": 1,
        }
        for grain in ("hour", "day")
        for d in range(days)
    ]


def test_it_is_the_same_again() -> None:
    frame = SYSTEM_METRICS.conform(pl.DataFrame([*rows("log_events", 3), *rows("builds", 30)]))
    first = metrics_plot(frame)
    assert first == metrics_plot(frame)
    assert first.startswith(b"<?xml")
    assert first != metrics_plot(frame.filter(pl.col("metric") == "builds"))


def test_without_rows_it_is_still_a_picture() -> None:
    assert metrics_plot(SYSTEM_METRICS.empty()).startswith(b"<?xml")
