"""What holds things up: every detector's findings in one table."""

from __future__ import annotations

import polars as pl

from banana_assets.core.advice.finding import Finding
from banana_assets.core.advice.load import hot_hours, resource_limits
from banana_assets.core.advice.observed import Observed
from banana_assets.core.advice.paths import critical_paths
from banana_assets.core.advice.queues import queues
from banana_assets.core.advice.rising import failing_jobs, pattern_rates
from banana_assets.core.advice.slowness import slow_steps, slow_tests
from banana_assets.core.tables.advice import BOTTLENECKS
from banana_assets.core.vocabulary import SEVERITIES

DETECTORS = (slow_steps, slow_tests, critical_paths, queues, failing_jobs, resource_limits, hot_hours, pattern_rates)
"""Each says in its docstring what it looks for, and in ``rules`` where its severities begin."""

READ = ("builds", "steps", "tests", "usage", "predictions", "shapes", "patterns", "files")
"""What the detectors look at, of ``OBSERVED``."""


def bottlenecks(seen: Observed) -> pl.DataFrame:
    """BOTTLENECKS out of what was observed, the worst first. Nothing without evidence."""
    found = [finding for detect in DETECTORS for finding in detect(seen)]
    return _table([finding for finding in found if finding.evidence])


def worst_first(found: pl.DataFrame) -> pl.DataFrame:
    """BOTTLENECKS by severity, kind and subject."""
    rank = pl.col("severity").replace_strict({word: k for k, word in enumerate(SEVERITIES)}, return_dtype=pl.Int8)
    return found.sort(rank, "kind", "subject", descending=[True, False, False])


def _table(found: list[Finding]) -> pl.DataFrame:
    if not found:
        return BOTTLENECKS.empty()
    order = {word: -k for k, word in enumerate(SEVERITIES)}
    found = sorted(found, key=lambda f: (order[f.severity], f.kind, f.subject))
    rows = list({f.bottleneck_id: f.row() for f in reversed(found)}.values())[::-1]
    return BOTTLENECKS.conform(pl.DataFrame(rows, schema=BOTTLENECKS.dtypes))
