"""The one Definitions object: what `dagster dev` loads."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from banana_assets.assets import (
    advice,
    checks,
    media,
    metrics,
    models,
    outcomes,
    patterns,
    plans,
    raw,
    scheduling,
    search,
)
from banana_assets.backends.settings import Settings, load
from jobs import JOBS, SCHEDULES
from resources import build_resources
from sensors import SENSORS

ASSET_MODULES = [raw, patterns, media, metrics, scheduling, advice, plans, models, outcomes, search]
"""The five groups, in lineage order."""

EXECUTORS = {"in_process": dg.in_process_executor, "multiprocess": dg.multiprocess_executor}

# Hourly runs keep everything fresh; a day without one is worth a warning.
freshness = dg.FreshnessPolicy.time_window(warn_window=timedelta(hours=3), fail_window=timedelta(days=1))


def build_definitions(settings: Settings) -> dg.Definitions:
    """The definitions with the resources of those settings; tests pass settings of their own."""
    loaded = dg.load_assets_from_modules(ASSET_MODULES)
    assets = [asset for asset in loaded if isinstance(asset, dg.AssetsDefinition)]
    return dg.Definitions(
        assets=dg.map_asset_specs(lambda spec: dg.apply_freshness_policy(spec, freshness), assets),
        asset_checks=dg.load_asset_checks_from_modules([checks, models]),
        jobs=JOBS,
        schedules=SCHEDULES,
        sensors=SENSORS,
        resources=build_resources(settings),
        executor=EXECUTORS[settings.executor],
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of this process's settings."""
    return build_definitions(load())
