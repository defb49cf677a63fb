"""Keeping the tables small and quick: joining small files and dropping old versions."""

import dagster as dg

from banana_assets.core.tables import TABLES
from resources.tables import TablesResource


@dg.op(description="Join small files of every table and drop those that no version of the last week needs.")
def compact_tables(context: dg.OpExecutionContext, tables: TablesResource) -> None:
    """Compact and vacuum every table."""
    for table in TABLES.values():
        figures = tables.get().compact(table)
        context.log.info(f"{table.name}: {figures}")


@dg.job(description="Join small files and drop old versions of all tables.")
def maintenance() -> None:
    """Compact and vacuum."""
    compact_tables()
