"""Backends as Dagster resources: configuration that the UI shows, and the IO manager."""

from typing import Any

from banana_assets.backends.settings import Settings
from resources.llm import ModelsResource
from resources.store import StoreResource
from resources.tables import TableIOManager, TablesResource


def build_resources(settings: Settings) -> dict[str, Any]:
    """Resource key to resource, for those settings."""
    tables = TablesResource(root=settings.tables_root)
    return {
        "store": StoreResource(home=str(settings.home)),
        "llm": ModelsResource.of(settings),
        "tables": tables,
        "io_manager": TableIOManager(tables=tables),
    }


__all__ = ["ModelsResource", "StoreResource", "TableIOManager", "TablesResource", "build_resources"]
