from __future__ import annotations

from datetime import date

import polars as pl

from banana_assets.core.logs.lineage import formerly
from banana_assets.core.tables.patterns import FORMER

DAY, LATER = date(2026, 3, 2), date(2026, 3, 3)

Told = dict[str, list[tuple[str, str]]]


def table(members: dict[str, list[int]], told: pl.DataFrame | None = None) -> pl.DataFrame:
    frame = pl.DataFrame({"pattern_id": list(members), "shapes": list(members.values())}).with_columns(
        template="text of " + pl.col("pattern_id")
    )
    if told is None:
        return frame.with_columns(formerly=pl.lit([], dtype=pl.List(FORMER)))
    return frame.join(told, on="pattern_id", how="left").with_columns(pl.col("formerly").fill_null([]))


def seen(told: pl.DataFrame) -> Told:
    return {key: [(f["pattern_id"], f["kind"]) for f in rows] for key, rows in told.rows()}


def test_growth_and_new_patterns_come_from_nothing() -> None:
    assert formerly(table({"a": [1, 2], "b": [3]}), table({"a": [1]}), DAY).is_empty()
    assert formerly(
        table({"a": [1]}),
        table({}).cast({"shapes": pl.List(pl.Int64), "pattern_id": pl.String, "template": pl.String}),
        DAY,
    ).is_empty()


def test_a_new_text_for_the_same_shapes_is_a_renaming() -> None:
    told = formerly(table({"b": [1, 2, 3]}), table({"a": [1, 2]}), DAY)
    assert seen(told) == {"b": [("a", "renamed")]}
    assert told["formerly"].to_list()[0][0] == {
        "pattern_id": "a",
        "template": "text of a",
        "kind": "renamed",
        "changed_on": DAY,
    }


def test_patterns_that_become_one_are_merged() -> None:
    before = table({"a": [1], "b": [2]})
    assert seen(formerly(table({"c": [1, 2]}), before, DAY)) == {"c": [("a", "merged"), ("b", "merged")]}
    assert seen(formerly(table({"a": [1, 2]}), before, DAY)) == {"a": [("b", "merged")]}


def test_parts_of_one_pattern_are_split_whether_it_stays_or_not() -> None:
    before = table({"a": [1, 2, 3]})
    assert seen(formerly(table({"a": [1], "b": [2, 3]}), before, DAY)) == {"b": [("a", "split")]}
    assert seen(formerly(table({"b": [1], "c": [2, 3]}), before, DAY)) == {"b": [("a", "split")], "c": [("a", "split")]}


def test_the_trace_goes_along_and_the_same_again_changes_nothing() -> None:
    first = table({"a": [1]})
    told = formerly(table({"b": [1]}), first, DAY)
    second = table({"b": [1]}, told)
    assert formerly(table({"b": [1]}), second, LATER).equals(told)
    third = formerly(table({"c": [1]}), second, LATER)
    assert seen(third) == {"c": [("a", "renamed"), ("b", "renamed")]}
    assert [f["changed_on"] for f in third["formerly"].to_list()[0]] == [DAY, LATER]


def test_to_and_fro_is_told_once() -> None:
    told = formerly(table({"b": [1]}), table({"a": [1]}), DAY)
    back = formerly(table({"a": [1]}), table({"b": [1]}, told), LATER)
    assert seen(back) == {"a": [("b", "renamed")]}
