"""How sure a recommendation is: as sure as the diagnosis, or the forecast, that it rests on."""

from __future__ import annotations

import polars as pl


def with_confidence(known: pl.DataFrame, failures: pl.DataFrame, predictions: pl.DataFrame) -> pl.DataFrame:
    """OPTIMIZATION_RECOMMENDATIONS with ``confidence`` in 0..1, null for those that rest on what was counted.

    ``failures`` (BUILD_FAILURES) has ``fingerprint, confidence``; ``predictions`` (RESOURCE_USAGE_PREDICTIONS) has
    ``source, metric, current, confidence_score``.
    """
    sure = dict(failures.group_by("fingerprint").agg(pl.col("confidence").median()).iter_rows())
    ahead = predictions.filter("current").select("source", "metric", "confidence_score").unique(["source", "metric"])
    of_series = {(source, metric): score for source, metric, score in ahead.iter_rows()}
    told: list[float | None] = []
    for target in known["target"].to_list():
        if target["measure"] == "fingerprint_rate":
            told.append(sure.get(target["item"]))
        elif target["measure"] == "resource_peak":
            told.append(of_series.get((target["pipeline"], target["item"])))
        else:
            told.append(None)
    return known.with_columns(confidence=pl.Series(told, dtype=pl.Float64))
