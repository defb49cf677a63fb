"""What can be found again, by words and by meaning."""

import dagster as dg
import polars as pl

from banana_assets.assets.shared import result, table_asset
from banana_assets.backends.search import open_search
from banana_assets.backends.search.collecting import notes_of
from banana_assets.core.search.listing import documents, frame
from banana_assets.core.tables.search import PLANNING_INDEX
from resources import StoreResource


@table_asset(PLANNING_INDEX, group="plans", kinds={"polars", "delta", "sqlite", "chroma"})
def planning_index(
    store: StoreResource,
    log_patterns: pl.DataFrame,
    failure_clusters: pl.DataFrame,
    build_failures: pl.DataFrame,
    builds: pl.DataFrame,
    resource_usage: pl.DataFrame,
    resource_usage_predictions: pl.DataFrame,
    plans: pl.DataFrame,
    plan_outcomes: pl.DataFrame,
    plan_templates: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """Describe what was found in words, secrets masked, and bring the search index to it; embeds only what is new."""
    tables = {
        "log_patterns": log_patterns,
        "failure_clusters": failure_clusters,
        "build_failures": build_failures,
        "builds": builds,
        "resource_usage": resource_usage,
        "resource_usage_predictions": resource_usage_predictions,
        "plans": plans,
        "plan_outcomes": plan_outcomes,
        "plan_templates": plan_templates,
    }
    with store.open() as opened:
        found = documents(tables, notes_of(opened, log_patterns))
    with open_search(store.settings()) as search:
        done = search.update(found)
    return result(
        PLANNING_INDEX,
        frame(found),
        preview=["kind", "title", "helped", "severity", "last_seen"],
        documents=done.documents,
        written=done.written,
        removed=done.removed,
        embedded=done.embedded,
        embedded_next_time=done.waiting,
        index_seconds=round(done.seconds, 2),
        mode=done.mode,
        note=done.note or "nothing is missing",
    )
