"""A row is traced to the run that wrote it, through later writes and after files were joined."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from banana_assets.backends.provenance import written
from banana_assets.backends.tables import Tables
from banana_assets.core.schema import Column, Table

T = Table("t", "A table.", (Column("id", pl.String, "which"), Column("n", pl.Int64, "how many")), key=("id",))


def put(root: Path, run: str | None, *ids: str) -> None:
    lake = Tables(str(root), run_id=run)
    lake.put(T, "id", lambda: lake.lacking(T, "id", ids), lambda new: [pl.DataFrame({"id": new, "n": [1] * len(new)})])


def run_of(root: Path, key: str) -> str | None:
    found = written(Tables(str(root)), T, pl.col("id") == key)
    return found.run_id if found else "nothing"


def test_each_row_knows_its_run(tmp_path: Path) -> None:
    assert written(Tables(str(tmp_path)), T) is None
    for n in range(5):
        put(tmp_path, f"run-{n}", f"a{n}", f"b{n}")
    put(tmp_path, None, "c")
    assert [run_of(tmp_path, f"b{n}") for n in range(5)] == [f"run-{n}" for n in range(5)]
    assert run_of(tmp_path, "c") is None
    assert run_of(tmp_path, "none") == "nothing"
    whole = written(Tables(str(tmp_path)), T)
    assert whole is not None
    assert whole.version == Tables(str(tmp_path)).version(T)


def test_joining_files_hides_no_run(tmp_path: Path) -> None:
    for n in range(3):
        put(tmp_path, f"run-{n}", f"a{n}")
    Tables(str(tmp_path)).compact(T)
    put(tmp_path, "run-3", "a3")
    Tables(str(tmp_path)).compact(T)
    for n in range(4):
        found = written(Tables(str(tmp_path)), T, pl.col("id") == f"a{n}")
        assert found is not None
        assert (found.run_id, found.joined) == (f"run-{n}", True)
