"""Forecasts by a model that somebody chose, for a process that is asked again and again."""

from __future__ import annotations

import polars as pl

from banana_assets.backends.kept import Kept
from banana_assets.core.metrics.forecast.predict import Predictions, predict

KEPT_BYTES = 32 << 20


class ModelForecasts:
    """Made once for the same readings, and kept. Safe to use from several threads."""

    def __init__(self) -> None:
        self._kept: Kept[Predictions] = Kept(KEPT_BYTES)

    def of(self, usage: pl.DataFrame, hours: int, model: str) -> Predictions:
        """The forecasts of these readings (RESOURCE_USAGE) so far ahead (``predict``)."""
        key = (usage.height, int(usage.hash_rows().sum()), hours, model)
        found = self._kept.get(key)
        if found is None:
            found = predict(usage, hours, model)
            self._kept.put(key, found, int(found.table.estimated_size() + found.without.estimated_size()))
        return found
