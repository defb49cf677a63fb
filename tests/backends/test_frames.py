"""Tables kept in memory are as fresh as those that are read anew."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from banana_assets.backends import frames
from banana_assets.backends.frames import KeptTables
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import LLM_CALLS


def calls(*ids: str) -> pl.DataFrame:
    made = []
    for n in ids:
        one: dict[str, object] = {column.name: None for column in LLM_CALLS.columns}
        for column in LLM_CALLS.columns:
            if column.nullable:
                continue
            value: object = n
            if column.allowed:
                value = column.allowed[0]
            elif column.dtype == pl.String:
                value = n
            elif column.dtype == pl.Boolean:
                value = False
            elif column.dtype.is_numeric():
                value = 0
            elif isinstance(column.dtype, pl.List):
                value = []
            else:
                value = datetime(2026, 3, 1, tzinfo=UTC)
            one[column.name] = value
        made.append(one)
    return pl.DataFrame(made, schema=LLM_CALLS.dtypes)


def test_what_another_writes_is_seen_with_the_next_read(tmp_path: Path) -> None:
    writer, reader = Tables(str(tmp_path)), KeptTables(str(tmp_path))
    assert reader.version(LLM_CALLS) is None
    assert reader.read(LLM_CALLS).is_empty()
    for ids in (["a"], ["a", "b"], []):
        writer.replace(LLM_CALLS, calls(*ids))
        assert reader.version(LLM_CALLS) == writer.version(LLM_CALLS)
        assert reader.read(LLM_CALLS).equals(writer.read(LLM_CALLS))
        assert reader.scan(LLM_CALLS).collect().height == len(ids)


def test_a_version_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Tables(str(tmp_path)).replace(LLM_CALLS, calls("a"))
    reader = KeptTables(str(tmp_path))
    first = reader.read(LLM_CALLS)
    monkeypatch.setattr(Tables, "_open", None)
    assert reader.read(LLM_CALLS) is first


def test_a_large_table_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "WHOLE_BYTES", 1)
    Tables(str(tmp_path)).replace(LLM_CALLS, calls("a", "b"))
    reader = KeptTables(str(tmp_path))
    assert reader.read(LLM_CALLS) is not reader.read(LLM_CALLS)
    assert reader.scan(LLM_CALLS).collect().height == 2


def test_the_version_is_told_by_the_newest_entry_of_a_log_that_was_cleaned(tmp_path: Path) -> None:
    writer, reader = Tables(str(tmp_path)), KeptTables(str(tmp_path))
    for n in range(3):
        writer.replace(LLM_CALLS, calls(*"ab"[: n % 2 + 1]))
    (tmp_path / LLM_CALLS.name / "_delta_log" / "00000000000000000000.json").unlink()
    assert reader.version(LLM_CALLS) == 3


def test_a_table_that_was_thrown_away_and_made_anew_is_read_anew(tmp_path: Path) -> None:
    writer, reader = Tables(str(tmp_path)), KeptTables(str(tmp_path))
    writer.replace(LLM_CALLS, calls("a"))
    first = reader.read(LLM_CALLS)
    shutil.rmtree(tmp_path / LLM_CALLS.name)
    assert reader.read(LLM_CALLS).is_empty()
    writer.replace(LLM_CALLS, calls("b"))
    assert reader.read(LLM_CALLS).equals(writer.read(LLM_CALLS))
    assert not reader.read(LLM_CALLS).equals(first)


def test_elsewhere_than_in_a_folder_the_version_is_asked_for_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now: list[float] = [0.0]
    asked: list[str] = []
    monkeypatch.setattr(Tables, "version", lambda self, table: asked.append(table.name) or len(asked))
    reader = KeptTables("memory://nowhere", clock=lambda: now[0])
    assert [reader.version(LLM_CALLS) for _ in range(3)] == [1, 1, 1]
    now[0] = 1.5
    assert reader.version(LLM_CALLS) == 2
