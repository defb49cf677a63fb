"""Table declarations refuse what they must."""

from __future__ import annotations

import polars as pl
import pytest

from banana_assets.core.schema import Column, SchemaError, Table

TABLE = Table(
    "scores",
    "Scores.",
    (
        Column("name", pl.String, "who"),
        Column("score", pl.Float64, "how well", "1", minimum=0, maximum=1),
        Column("grade", pl.String, "in a word", allowed=("good", "bad")),
        Column("note", pl.String, "remarks", nullable=True),
    ),
    key=("name",),
)


def frame(**columns: object) -> pl.DataFrame:
    return pl.DataFrame({"name": ["a", "b"], "score": [0.1, 0.9], "grade": ["bad", "good"]} | columns)


def test_conform_orders_casts_and_fills() -> None:
    rows = TABLE.conform(frame(score=[0, 1]).select("grade", "score", "name"))
    assert rows.schema == TABLE.dtypes
    assert rows["note"].null_count() == 2


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"extra": [1, 2]}, "no column extra"),
        ({"name": ["a", None]}, "no value in name"),
        ({"score": ["x", "y"]}, "do not fit"),
    ],
)
def test_conform_refuses(columns: dict[str, object], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        TABLE.conform(frame(**columns))


def test_conform_names_a_missing_column() -> None:
    with pytest.raises(SchemaError, match="lack the column grade"):
        TABLE.conform(frame().drop("grade"))


def test_violations_are_counted_by_rule() -> None:
    rows = frame(name=["a", "a"], score=[-1.0, 2.0], grade=["bad", "ugly"])
    assert TABLE.violations(TABLE.conform(rows)) == {
        "score below 0": 1,
        "score above 1": 1,
        "grade outside its closed set": 1,
        "repeated key (name)": 1,
    }
    assert TABLE.violations(TABLE.conform(frame())) == {}
    assert TABLE.violations(TABLE.empty()) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"key": ("who",)},
        {"partition_by": ("day",)},
        {"sources": {"who": ("a.b",)}},
        {"columns": (*TABLE.columns, TABLE.columns[0])},
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(changes: dict[str, object]) -> None:
    whole = {"name": "t", "meaning": "m", "columns": TABLE.columns, "key": ("name",)} | changes
    with pytest.raises(ValueError, match=r"declare|refers"):
        Table(**whole)  # type: ignore[arg-type]
