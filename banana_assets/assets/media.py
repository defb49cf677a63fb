"""Media and other records with a declared schema: what is known of each item, and how good that is."""

from functools import partial
from pathlib import Path

import dagster as dg
import polars as pl

from banana_assets.assets.raw import Arrivals
from banana_assets.assets.shared import input_versions, markdown, result, table_asset, unchanged
from banana_assets.backends.media.filling import fill_gaps
from banana_assets.backends.media.ingesting import ingest_arrivals
from banana_assets.backends.media.records import MediaRecords
from banana_assets.core.media.items import libraries
from banana_assets.core.media.quality import quality
from banana_assets.core.plots.media import items_plot, quality_plot
from banana_assets.core.tables import MEDIA_ITEMS, METADATA_QUALITY
from resources.store import StoreResource
from resources.tables import TablesResource


@table_asset(MEDIA_ITEMS, group="raw", kinds={"file", "delta"})
def media_items(config: Arrivals, store: StoreResource, tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Snapshot of the items in the records, with the values that were accepted."""
    lake = tables.get()
    with store.open() as opened:
        taken = ingest_arrivals(opened, [Path(p) for p in config.paths])
        records = MediaRecords(opened.engine)
        items, _, decided, declared = records.cursor()
        inputs = input_versions(lake, cursor=[str(items), str(decided), str(declared)])
        if same := unchanged(lake, MEDIA_ITEMS, inputs):
            return same
        frame = records.items()
    return result(
        MEDIA_ITEMS,
        frame,
        plot=partial(items_plot, frame),
        preview=["collection", "kind", "title", "uri", "bytes"],
        inputs=inputs,
        ingested=taken.new,
        failed=taken.failed,
    )


@table_asset(METADATA_QUALITY, group="metrics", deps=[media_items])
def metadata_quality(store: StoreResource, tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Judge how complete and valid metadata are, and propose what follows for missing values."""
    lake = tables.get()
    with store.open() as opened:
        schemas = MediaRecords(opened.engine).schemas()
    inputs = input_versions(lake, MEDIA_ITEMS, schemas=str(sorted(map(str, schemas.values()))))
    if same := unchanged(lake, METADATA_QUALITY, inputs):
        return same
    items, before = lake.read(MEDIA_ITEMS), lake.read(METADATA_QUALITY)
    frame = quality(libraries(items, schemas), before)
    with store.open() as opened:
        filled = fill_gaps(opened)
    worst = frame.filter((pl.col("collection") == "") & (pl.col("affected") > 0)).sort("share", descending=True)
    return result(
        METADATA_QUALITY,
        frame,
        plot=partial(quality_plot, frame),
        preview=["collection", "field", "measure", "affected", "of", "statement"],
        inputs=inputs,
        proposed=filled.new,
        worst=dg.MetadataValue.md(markdown(worst.select("field", "measure", "affected", "of", "share"), worst.height)),
    )
