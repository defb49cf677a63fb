"""New files in the watched folder ask for ingestion.

The folder has three parts: ``logs`` for application logs, ``builds`` for CI logs with or without a manifest, ``media``
for podcasts, music and video, a folder a collection.
"""

import dagster as dg

from banana_assets.backends.watching import changes
from jobs.graph import everything
from resources.store import StoreResource

PARTS = {"logs": "log_files", "builds": "builds", "media": "media_items"}


@dg.sensor(
    job=everything,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ingests files that are new or have grown in BANANA_WATCH_FOLDER (logs/, builds/ and media/).",
)
def new_files(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """One run for all files that came or grew since the last look; a file still being written waits a look."""
    folder = store.settings().watch_folder
    if folder is None:
        return dg.SkipReason("No folder is watched: BANANA_WATCH_FOLDER names one.")
    seen = changes(folder, context.cursor)
    if not seen.settled:
        return dg.SensorResult(skip_reason=f"Nothing new in {folder}.", cursor=seen.cursor)
    configs = {
        asset: {"config": {"paths": [str(p) for p in seen.settled if p.is_relative_to(folder / part)]}}
        for part, asset in PARTS.items()
    }
    request = dg.RunRequest(run_key=seen.key, run_config={"ops": configs}, partition_key=seen.today.isoformat())
    return dg.SensorResult(run_requests=[request], cursor=seen.cursor)
