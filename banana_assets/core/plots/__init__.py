"""Small plots of the tables, as SVG that reads well on white and dark pages.

Each ``*_plot(frame) -> bytes`` is deterministic: the same frame gives the same bytes.
"""

from banana_assets.core.plots.advice import bottlenecks_plot, recommendations_plot
from banana_assets.core.plots.builds import builds_plot, failures_plot
from banana_assets.core.plots.failures import clusters_plot, flaky_plot, history_plot
from banana_assets.core.plots.health import health_plot
from banana_assets.core.plots.patterns import patterns_plot
from banana_assets.core.plots.plans import plan_plot
from banana_assets.core.plots.resources import forecast_plot, usage_plot

__all__ = [
    "bottlenecks_plot",
    "builds_plot",
    "clusters_plot",
    "failures_plot",
    "flaky_plot",
    "forecast_plot",
    "health_plot",
    "history_plot",
    "patterns_plot",
    "plan_plot",
    "recommendations_plot",
    "usage_plot",
]
