"""The store of records and logs as a Dagster resource."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from pydantic import Field

from banana_assets.backends.settings import Settings, load_from
from banana_assets.backends.store import Store, open_store


class StoreResource(dg.ConfigurableResource[None]):
    """The records (builds, log files, test results) and the logs themselves."""

    home: str = Field(description="folder of all data (BANANA_HOME)")

    def settings(self) -> Settings:
        """The settings that hold in this home."""
        return load_from(Path(self.home))

    @contextmanager
    def open(self) -> Iterator[Store]:
        """An open store, closed again at the end of the block."""
        with open_store(self.settings()) as store:
            yield store
