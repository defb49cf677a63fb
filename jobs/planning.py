"""Planning an answer to failed builds. None of these assets has partitions: one run takes failures of all days."""

import dagster as dg

plan_failures = dg.define_asset_job(
    "plan_failures",
    selection=dg.AssetSelection.assets(
        "builds", "build_failures", "failure_clusters", "plans", "plan_outcomes", "llm_calls", "planning_index"
    ),
    description="Diagnose new failed builds and plan an answer to each; the sensor `failed_builds` asks for it.",
)
