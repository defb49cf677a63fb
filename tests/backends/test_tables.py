"""The Delta tables keep their schemas, and two writers never lose or double a row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from banana_assets.backends.tables import Tables
from banana_assets.core.errors import InputError, StoreError
from banana_assets.core.schema import Column, SchemaError, Table
from banana_assets.core.tables import LOG_EVENTS, RESOURCE_SAMPLES, TABLES, TEST_RESULTS

DAY = dt.date(2026, 3, 1)


def events(file_id: int, lines: int, day: dt.date = DAY) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "arrival_day": [day] * lines,
            "file_id": [file_id] * lines,
            "first_line": range(1, lines + 1),
            "last_line": range(1, lines + 1),
            "severity_number": [9] * lines,
            "message": [f"line {i}" for i in range(lines)],
            "shape_id": [5] * lines,
        }
    )


def not_there(tables: Tables, wanted: Sequence[int]) -> Callable[[], list[int]]:
    return lambda: tables.lacking(LOG_EVENTS, "file_id", wanted)


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(str(tmp_path / "tables"))


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_an_empty_frame_of_every_table_is_written_and_read_back(tables: Tables, table: Table) -> None:
    tables.replace(table, table.empty())
    assert tables.read(table).schema == table.dtypes
    assert tables.read(table).is_empty()


def test_a_table_that_was_never_written_reads_as_empty(tables: Tables) -> None:
    assert tables.read(LOG_EVENTS).schema == LOG_EVENTS.dtypes
    assert tables.version(LOG_EVENTS) is None


def test_the_same_content_makes_no_new_version(tables: Tables) -> None:
    first = tables.replace(LOG_EVENTS, events(1, 3))
    again = tables.replace(LOG_EVENTS, events(1, 3).sample(fraction=1, shuffle=True, seed=1))
    assert first.changed
    assert not again.changed
    assert again.version == first.version


def test_a_day_is_replaced_and_the_others_stay(tables: Tables) -> None:
    other = DAY + dt.timedelta(days=1)
    tables.replace(LOG_EVENTS, pl.concat([events(1, 3), events(2, 2, other)]))
    tables.replace(LOG_EVENTS, events(3, 4), days=[DAY])
    assert tables.read(LOG_EVENTS)["file_id"].to_list() == [2, 2, 3, 3, 3, 3]
    tables.replace(LOG_EVENTS, LOG_EVENTS.empty(), days=[other])
    assert tables.read(LOG_EVENTS)["file_id"].unique().to_list() == [3]


def test_only_what_is_missing_is_put(tables: Tables) -> None:
    asked: list[Sequence[int]] = []

    def rows(ids: Sequence[int]) -> list[pl.DataFrame]:
        asked.append(ids)
        return [events(i, 2) for i in ids]

    tables.put(LOG_EVENTS, "file_id", not_there(tables, [1, 2]), rows)
    tables.put(LOG_EVENTS, "file_id", not_there(tables, [1, 2, 3]), rows)
    done = tables.put(LOG_EVENTS, "file_id", not_there(tables, [1, 2, 3]), rows)
    assert asked == [[1, 2], [3]]
    assert not done.changed
    assert tables.read(LOG_EVENTS).height == 6


def test_a_writer_that_comes_second_adds_only_the_rest(tables: Tables) -> None:
    rival = Tables(tables.root)
    tables.replace(LOG_EVENTS, events(9, 1))

    def rows(ids: Sequence[int]) -> list[pl.DataFrame]:
        if ids == [1, 2]:  # while the first writer computes, another one commits file 1
            rival.put(LOG_EVENTS, "file_id", not_there(rival, [1]), lambda ids: [events(i, 2) for i in ids])
        return [events(i, 2) for i in ids]

    tables.put(LOG_EVENTS, "file_id", not_there(tables, [1, 2]), rows)
    assert tables.read(LOG_EVENTS)["file_id"].to_list() == [1, 1, 2, 2, 9]


def test_an_error_for_people_comes_through_the_writer_and_leaves_nothing(tables: Tables) -> None:
    def rows(ids: Sequence[int]) -> list[pl.DataFrame]:
        def generate():
            yield events(1, 2)
            raise InputError("The log is cut off.", "Copy it again.")

        return generate()  # type: ignore[return-value]

    with pytest.raises(InputError, match="cut off"):
        tables.put(LOG_EVENTS, "file_id", lambda: [1], rows)
    assert tables.read(LOG_EVENTS).is_empty()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop("message"), "lack the column message"),
        (lambda f: f.with_columns(message=pl.lit(None, dtype=pl.String)), "no value in message"),
        (lambda f: f.with_columns(extra=pl.lit(1)), "no column extra"),
        (lambda f: f.with_columns(file_id=pl.lit("x")), "do not fit their types"),
    ],
)
def test_rows_that_break_the_schema_are_refused(
    tables: Tables, change: Callable[[pl.DataFrame], pl.DataFrame], message: str
) -> None:
    with pytest.raises(SchemaError, match=message):
        tables.replace(LOG_EVENTS, change(events(1, 2)))
    assert tables.version(LOG_EVENTS) is None


def test_a_new_column_joins_a_stored_table(tables: Tables) -> None:
    old = Table("notes", "Notes.", (Column("id", pl.Int64, "which"),), key=("id",))
    new = Table("notes", "Notes.", (*old.columns, Column("text", pl.String, "what", nullable=True)), key=("id",))
    tables.replace(old, pl.DataFrame({"id": [1]}))
    assert tables.read(new).to_dicts() == [{"id": 1, "text": None}]
    tables.put(new, "id", lambda: [2], lambda _: [pl.DataFrame({"id": [2], "text": ["b"]})])
    assert tables.read(new).to_dicts() == [{"id": 1, "text": None}, {"id": 2, "text": "b"}]


def test_sql_runs_over_tables_written_and_not_written(tables: Tables) -> None:
    tables.replace(LOG_EVENTS, events(1, 3))
    counts = tables.query(
        "select (select count(*) from log_events) as events, (select count(*) from test_results) as results",
        [LOG_EVENTS, TEST_RESULTS],
    )
    assert counts.to_dicts() == [{"events": 3, "results": 0}]


def test_compaction_joins_files_and_keeps_rows(tables: Tables) -> None:
    for i in range(1, 6):
        tables.put(LOG_EVENTS, "file_id", lambda i=i: [i], lambda ids: [events(i, 2) for i in ids])
    before = tables.read(LOG_EVENTS)
    assert tables.compact(LOG_EVENTS)["files"] == 1
    assert tables.read(LOG_EVENTS).equals(before)
    assert tables.compact(RESOURCE_SAMPLES) == {"files": 0, "joined": 0, "vacuumed": 0}


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "tables").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="Check free space and permissions"):
        Tables(str(tmp_path / "tables")).replace(LOG_EVENTS, events(1, 1))
