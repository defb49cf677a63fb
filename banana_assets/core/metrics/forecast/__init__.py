"""Forecasts with intervals: of the resource usage table, and of any regular series."""

from banana_assets.core.metrics.forecast.models import Forecast, forecast
from banana_assets.core.metrics.forecast.naive import QUANTILES
from banana_assets.core.metrics.forecast.series import Series, regular

__all__ = ["QUANTILES", "Forecast", "Series", "forecast", "regular"]
