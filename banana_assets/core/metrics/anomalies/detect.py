"""One score a reading: the five measures against their own past, joined and debounced."""

from __future__ import annotations

from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from banana_assets.core.evidence import plural
from banana_assets.core.metrics.anomalies.scores import raw_scores, running_quantile
from banana_assets.core.metrics.readings import Readings

Floats = NDArray[np.float64]

TAIL = 0.99
LEAST_DEVIATION = 3.0
FIRST_SCORED = 50
QUIET = 100
ALARM = 3.8
DAY = 86400
MOST_A_DAY = 2000
FREE_PERIOD = 288
STEP_READINGS = 100


def anomaly_scores(values: Floats, period: int) -> Floats:
    """A score in 0..1 for each value, from it and the ones before alone; 0.5 and more is worth a look.

    Each measure of ``raw_scores`` is divided by its own 99th percentile so far (at least 3): a deviation is unusual
    only against the deviations that this series is used to. The scores of a value are joined as their greatest plus
    the sum of their two greatest. Debounced: a value that does not exceed the hundred before it scores 0, since an
    anomaly is told once. The joined score s becomes s / (s + 3.8). The first fifty values score 0.
    """
    if len(values) <= FIRST_SCORED:
        return np.zeros(len(values))
    raw = raw_scores(values, period)
    usual = np.stack([running_quantile(r, TAIL, FIRST_SCORED) for r in raw])
    scaled = np.where(np.isnan(usual), 0.0, raw / np.maximum(np.nan_to_num(usual), LEAST_DEVIATION))
    ordered = np.sort(scaled, axis=0)
    joined = 2 * ordered[-1] + ordered[-2]
    before = pl.Series(joined).shift(1).rolling_max(QUIET, min_samples=1).fill_null(0.0).to_numpy()
    peaks = np.where(joined > before, joined, 0.0)
    return np.asarray(peaks / (peaks + ALARM))


def readings_a_day(seconds: NDArray[np.int64]) -> int:
    """Readings in a day by the median distance of the first hundred; 288 where a day says nothing (finer than 2,000 a
    day), seven for daily ones."""
    steps = np.diff(seconds[: STEP_READINGS + 1])
    steps = steps[steps > 0]
    if not len(steps):
        return FREE_PERIOD
    count = round(DAY / float(np.median(steps)))
    if count > MOST_A_DAY:
        return FREE_PERIOD
    return max(7, count)


def score_readings(readings: Readings) -> tuple[pl.DataFrame, list[str]]:
    """series_id, ts (text as given), score: one row a reading in the order of the input, and what was odd.

    Readings are scored in the order of their times; ones without a value score 0 and are left out of the past.
    """
    frame = readings.frame
    notes = []
    unordered = frame.filter(pl.col("ts") < pl.col("ts").shift(1).over("series_id")).height
    if unordered:
        notes.append(f"{plural(unordered, 'reading')} out of order; scored in the order of their times.")
    read = frame.drop_nulls("y")
    repeated = read.height - read.select("series_id", "ts").n_unique()
    if repeated:
        notes.append(f"{plural(repeated, 'reading')} at a time that was read before; each scored in the order given.")
    score = np.zeros(frame.height)
    for (_,), group in frame.partition_by("series_id", as_dict=True, maintain_order=True).items():
        known = group.drop_nulls("y").sort("ts", maintain_order=True)
        if not known.height:
            continue
        period = readings_a_day(known["ts"].dt.epoch("s").to_numpy())
        score[known["row"].to_numpy()] = anomaly_scores(known["y"].to_numpy().astype(np.float64), period)
    short = int(cast("int", (frame.group_by("series_id").len()["len"] <= FIRST_SCORED).sum()))
    if short:
        notes.append(f"{plural(short, 'series', 'series')} of fifty readings or fewer not scored.")
    table = frame.select("series_id", pl.col("text").alias("ts")).with_columns(score=pl.Series(score))
    return table, notes
