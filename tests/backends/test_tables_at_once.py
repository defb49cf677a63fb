from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import polars as pl
import pytest

from banana_assets.backends.tables import Tables
from banana_assets.core.tables import SYSTEM_METRICS
from tests.interfaces.api.test_listing_api import readings


@pytest.mark.parametrize("attempt", range(4))
def test_whole_tables_written_at_once_hold_the_rows_of_one_writer(tmp_path: Path, attempt: int) -> None:
    both = Barrier(4)

    def write(count: int) -> None:
        lake = Tables(str(tmp_path / "tables"))
        both.wait()
        lake.replace(SYSTEM_METRICS, readings(count))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, [10, 11, 12, 13]))
    found = Tables(str(tmp_path / "tables")).read(SYSTEM_METRICS)
    assert found.height in (10, 11, 12, 13)
    assert found.select(pl.struct(SYSTEM_METRICS.key).is_duplicated().any()).item() is False
