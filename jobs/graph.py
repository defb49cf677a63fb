"""Jobs that compute assets. Each runs for arrival days; assets that have no partitions are computed whole."""

import dagster as dg

ingest = dg.define_asset_job(
    "ingest",
    selection=dg.AssetSelection.groups("raw"),
    description="Make tables of what came in since the last run.",
)

patterns = dg.define_asset_job(
    "patterns",
    selection=dg.AssetSelection.groups("raw", "patterns"),
    description="Bring log patterns and diagnoses of failed builds up to date.",
)

everything = dg.define_asset_job(
    "everything",
    selection=dg.AssetSelection.all(),
    description="Bring every asset up to date, from raw logs to plans.",
)
