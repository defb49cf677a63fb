"""What holds things up: every detector's findings in one table."""

from __future__ import annotations

import polars as pl

from banana_assets.core.advice.finding import Finding
from banana_assets.core.advice.load import hot_hours, pattern_rates, resource_limits
from banana_assets.core.advice.slowness import queues, slow_jobs, slow_tests
from banana_assets.core.tables.advice import BOTTLENECKS
from banana_assets.core.vocabulary import SEVERITIES


def bottlenecks(
    builds: pl.DataFrame,
    usage: pl.DataFrame,
    shapes: pl.DataFrame,
    patterns: pl.DataFrame,
    test_results: pl.DataFrame | None = None,
    predictions: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """BOTTLENECKS out of BUILDS, RESOURCE_USAGE, LOG_SHAPES, LOG_PATTERNS, TEST_RESULTS, RESOURCE_USAGE_PREDICTIONS.

    Each detector states its rule in ``rule``; the docstrings of ``slow_jobs``, ``slow_tests``, ``queues``,
    ``resource_limits``, ``hot_hours`` and ``pattern_rates`` say what they look for. Worst first.
    """
    found = [
        *slow_jobs(builds),
        *(slow_tests(builds, test_results) if test_results is not None else []),
        *queues(builds),
        *resource_limits(usage, predictions),
        *hot_hours(builds, shapes),
        *pattern_rates(shapes, patterns),
    ]
    return _table(found)


def _table(found: list[Finding]) -> pl.DataFrame:
    if not found:
        return BOTTLENECKS.empty()
    order = {word: -k for k, word in enumerate(SEVERITIES)}
    found = sorted(found, key=lambda f: (order[f.severity], f.kind, f.subject))
    rows = list({f.bottleneck_id: f.row() for f in reversed(found)}.values())[::-1]
    return BOTTLENECKS.conform(pl.DataFrame(rows, schema=BOTTLENECKS.dtypes))
