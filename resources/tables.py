"""The Delta tables as a Dagster resource, and the IO manager that writes an asset's frame to the table of its name."""

from collections.abc import Iterable
from datetime import date

import dagster as dg
import polars as pl
from pydantic import Field, PrivateAttr

from banana_assets.backends.tables import Tables
from banana_assets.core.schema import Table
from banana_assets.core.tables import TABLES


class TablesResource(dg.ConfigurableResource[Tables]):
    """Where the Delta tables are, and how to reach them."""

    root: str = Field(description="folder or object store that holds a folder a table")
    storage_options: dict[str, str] = Field(default_factory=dict, description="options of the object store")
    _tables: Tables | None = PrivateAttr(default=None)
    _run_id: str | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Keep which run this is, for what it writes."""
        self._run_id = context.run.run_id if context.run else None

    def get(self) -> Tables:
        """The client; made once."""
        if self._tables is None:
            self._tables = Tables(self.root, self.storage_options or None, self._run_id)
        return self._tables


class TableIOManager(dg.ConfigurableIOManager):
    """Writes a frame to the Delta table named like the asset, whole or by arrival day, and reads it back.

    An asset that yields no value has written its table itself. Inputs annotated ``pl.LazyFrame`` are scanned,
    others read. A partitioned asset reads the partitions it is mapped to; an unpartitioned one reads all.
    """

    tables: dg.ResourceDependency[TablesResource]

    def handle_output(self, context: dg.OutputContext, obj: pl.DataFrame | None) -> None:
        """Replace the table's rows, or those of the run's arrival days, by the frame."""
        if obj is None:
            return
        table = _table(context.asset_key)
        days = _days(context.asset_partition_keys) if context.has_asset_partitions else None
        written = self.tables.get().replace(table, obj, days)
        context.add_output_metadata(
            {
                "delta_version": written.version,
                "rows_changed": written.changed,
                "dagster/uri": self.tables.get().uri(table),
            }
        )

    def load_input(self, context: dg.InputContext) -> pl.DataFrame | pl.LazyFrame:
        """The upstream table, restricted to the mapped days where both assets are partitioned."""
        table = _table(context.asset_key)
        frame = self.tables.get().scan(table)
        if context.has_asset_partitions:
            mapped = set(context.asset_partition_keys)
            # All partitions means all rows: also those of days before the first partition.
            if mapped != set(context.asset_partitions_def.get_partition_keys()):
                frame = frame.filter(pl.col("arrival_day").is_in(_days(mapped)))
        lazy = context.dagster_type.typing_type is pl.LazyFrame
        return frame if lazy else frame.collect().sort(table.key, nulls_last=True, maintain_order=True)


def _table(key: dg.AssetKey) -> Table:
    return TABLES[key.path[-1]]


def _days(keys: Iterable[str]) -> list[date]:
    return sorted(date.fromisoformat(key) for key in keys)
