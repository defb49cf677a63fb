"""What came in. The records say what there is; these assets make tables of it, reading only what is new."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import dagster as dg
import polars as pl
from pydantic import Field

from banana_assets.assets.shared import Audit, partition_days, result, table_asset, written
from banana_assets.backends import derive
from banana_assets.backends.ingest import ingest_builds, ingest_logs
from banana_assets.core.plots.builds import builds_plot
from banana_assets.core.tables import BUILDS, LOG_EVENTS, LOG_FILES, RESOURCE_SAMPLES, TEST_RESULTS
from resources.store import StoreResource
from resources.tables import TablesResource


class Arrivals(dg.Config):
    """Paths to ingest before the table is made: what the sensor saw in the watched folder."""

    paths: list[str] = Field(default_factory=list, description="files and folders")


@table_asset(LOG_FILES, group="raw", kinds={"file", "delta"})
def log_files(config: Arrivals, store: StoreResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Snapshot of the log files in the records."""
    with store.open() as opened:
        taken = ingest_logs(opened, [Path(p) for p in config.paths])
        frame = opened.log_files()
    return result(
        LOG_FILES, frame, preview=["source", "path", "lines", "bytes"], ingested=taken.new, failed=taken.failed
    )


@table_asset(LOG_EVENTS, group="raw", daily=True, deps=[log_files])
def log_events(
    context: dg.AssetExecutionContext, store: StoreResource, tables: TablesResource
) -> dg.MaterializeResult[None]:
    """Parse the files of these arrival days that have no events yet."""
    lake = tables.get()
    audit = Audit(LOG_EVENTS)
    with store.open() as opened:
        files = lake.scan(LOG_FILES).filter(pl.col("arrival_day").is_in(partition_days(context))).collect()
        new = lake.lacking(LOG_EVENTS, "file_id", files["file_id"].to_list())

        def rows(ids: Sequence[int]) -> Iterator[pl.DataFrame]:
            return audit.watch(derive.log_events(opened, files.filter(pl.col("file_id").is_in(ids))))

        for group in derive.in_commits(files.filter(pl.col("file_id").is_in(new)).sort("file_id")):
            audit.add(lake.put(LOG_EVENTS, "file_id", partial(lake.lacking, LOG_EVENTS, "file_id", group), rows))
    return written(
        LOG_EVENTS,
        lake.scan(LOG_EVENTS),
        audit,
        preview=["file_id", "first_line", "ts", "severity_text", "component", "message"],
    )


@table_asset(BUILDS, group="raw", kinds={"file", "delta"})
def builds(config: Arrivals, store: StoreResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Snapshot of the builds in the records."""
    with store.open() as opened:
        taken = ingest_builds(opened, [Path(p) for p in config.paths])
        frame = opened.builds()
    return result(
        BUILDS,
        frame,
        plot=partial(builds_plot, frame),
        preview=["build_id", "pipeline", "job", "status", "duration_seconds"],
        ingested=taken.new,
        failed=taken.failed,
    )


@table_asset(TEST_RESULTS, group="raw", daily=True, deps=[builds])
def test_results(
    context: dg.AssetExecutionContext, store: StoreResource, tables: TablesResource
) -> dg.MaterializeResult[pl.DataFrame]:
    """Test results of the builds that arrived on these days."""
    known = tables.get().scan(BUILDS).select("build_id").collect()
    with store.open() as opened:
        frame = pl.concat([opened.test_results(day) for day in partition_days(context)])
    # Builds go on arriving: what came after the table of builds was made comes with the next one.
    frame = frame.join(known, on="build_id", how="semi", maintain_order="left")
    return result(TEST_RESULTS, frame, preview=["build_id", "suite", "name", "status", "duration_seconds"])


@table_asset(RESOURCE_SAMPLES, group="raw", kinds={"file", "delta"}, daily=True, deps=[builds])
def resource_samples(
    context: dg.AssetExecutionContext, store: StoreResource, tables: TablesResource
) -> dg.MaterializeResult[None]:
    """Read the resource series of these arrival days that are not in the table yet."""
    lake = tables.get()
    audit = Audit(RESOURCE_SAMPLES)
    with store.open() as opened:
        series = [i for day in partition_days(context) for i in opened.resource_series(day)["series_id"]]
        audit.add(
            lake.put(
                RESOURCE_SAMPLES,
                "series_id",
                lambda: lake.lacking(RESOURCE_SAMPLES, "series_id", series),
                lambda ids: audit.watch(opened.read_samples(series_id) for series_id in ids),
            )
        )
    return written(RESOURCE_SAMPLES, lake.scan(RESOURCE_SAMPLES), audit, preview=["source", "metric", "ts", "value"])
