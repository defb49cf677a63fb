"""What the tables know, for whoever plans: a frame a table, empty where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from banana_assets.core.plans.needs import Job, Room, job_minutes, rooms
from banana_assets.core.plans.types import Requirement
from banana_assets.core.tables.advice import BOTTLENECKS, OPTIMIZATION_RECOMMENDATIONS, RESOURCE_USAGE_PREDICTIONS
from banana_assets.core.tables.failures import FAILURE_CLUSTERS, FLAKY_TESTS, TEST_HISTORY
from banana_assets.core.tables.patterns import BUILD_FAILURES, LOG_PATTERNS
from banana_assets.core.tables.raw import BUILDS, LOG_FILES


@dataclass(frozen=True)
class Knowledge:
    """The tables of these names. ``needs``: the highest use of each job's measured builds (``needs.job_needs``)."""

    builds: pl.DataFrame = field(default_factory=BUILDS.empty)
    failures: pl.DataFrame = field(default_factory=BUILD_FAILURES.empty)
    clusters: pl.DataFrame = field(default_factory=FAILURE_CLUSTERS.empty)
    tests: pl.DataFrame = field(default_factory=TEST_HISTORY.empty)
    flaky: pl.DataFrame = field(default_factory=FLAKY_TESTS.empty)
    patterns: pl.DataFrame = field(default_factory=LOG_PATTERNS.empty)
    files: pl.DataFrame = field(default_factory=LOG_FILES.empty)
    bottlenecks: pl.DataFrame = field(default_factory=BOTTLENECKS.empty)
    recommendations: pl.DataFrame = field(default_factory=OPTIMIZATION_RECOMMENDATIONS.empty)
    predictions: pl.DataFrame = field(default_factory=RESOURCE_USAGE_PREDICTIONS.empty)
    needs: Mapping[Job, tuple[Requirement, ...]] = field(default_factory=dict)

    @cached_property
    def minutes(self) -> Mapping[Job, float]:
        """The median time (minutes) of each job's latest builds."""
        return job_minutes(self.builds)

    @cached_property
    def rooms(self) -> tuple[Room, ...]:
        """What the forecasts leave of each machine's resources."""
        return rooms(self.predictions, self.builds["pipeline"].unique().to_list())

    @property
    def severity(self) -> Mapping[str, str]:
        """The severity of each bottleneck by its id."""
        return dict(self.bottlenecks.select("bottleneck_id", "severity").iter_rows())
