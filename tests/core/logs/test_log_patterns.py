from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from banana_assets.core.logs.events import EVENT_SCHEMA
from banana_assets.core.logs.masks import shape_ids
from banana_assets.core.logs.miner import Rows, by_structure
from banana_assets.core.logs.patterns import SHAPE_SCHEMA, patterns, severity_word, shapes, typical_severity
from banana_assets.core.logs.states import STATES
from banana_assets.core.tables.patterns import LOG_PATTERNS, LOG_SHAPES

FILES = pl.DataFrame(
    {
        "file_id": [1, 2, 3],
        "path": ["a.log", "b.log", "c.log"],
        "arrived_at": [datetime(2024, 1, n, 20, tzinfo=UTC) for n in (1, 2, 3)],
    }
)


def some_events(messages: list[str], severity: int = 9) -> pl.DataFrame:
    n = len(messages)
    start = datetime(2024, 1, 1, 10, 30, tzinfo=UTC)
    return pl.DataFrame(
        {
            "first_line": range(1, n + 1),
            "last_line": range(1, n + 1),
            "ts": [start + timedelta(minutes=20 * i) for i in range(n)],
            "severity_number": [severity] * n,
            "severity_text": ["INFO"] * n,
            "host": [None] * n,
            "component": ["a"] * n,
            "process": [None] * n,
            "thread": [None] * n,
            "message": messages,
            "shape_id": shape_ids(pl.Series(messages)),
        },
        schema=EVENT_SCHEMA,
    )


def stored(counted: pl.DataFrame, file_id: int) -> pl.DataFrame:
    return LOG_SHAPES.conform(
        counted.with_columns(arrival_day=date(2024, 1, file_id), file_id=pl.lit(file_id), source=pl.lit(f"s{file_id}"))
    )


def test_shapes_count_by_hour_and_keep_the_first_example():
    found = shapes(some_events(["took 1 ms", "took 2 ms", "took 3 ms", "other"]))
    assert found.schema == SHAPE_SCHEMA
    rows = found.filter(pl.col("shape") == "took <number> ms").select("hour", "events", "first_line", "example").rows()
    assert rows == [
        (datetime(2024, 1, 1, 10, tzinfo=UTC), 2, 1, "took 1 ms"),
        (datetime(2024, 1, 1, 11, tzinfo=UTC), 1, 3, "took 3 ms"),
    ]
    assert found["events"].sum() == 4


def test_patterns_join_files_and_lose_no_event():
    one = stored(shapes(some_events(["user 1 logged in", "disk full"] * 5)), 1)
    two = stored(shapes(some_events(["user 7 logged in", "seen once"], severity=17)), 2)
    found = patterns(pl.concat([one, two]), FILES)
    assert LOG_PATTERNS.violations(found) == {}
    assert found["frequency"].sum() == 12
    top = found.filter(pl.col("template") == "user <*> logged in").row(0, named=True)
    assert (top["frequency"], top["files"], top["sources"], top["severity"]) == (6, 2, ["s1", "s2"], "high")
    assert top["first_arrived"] == date(2024, 1, 1)
    assert top["examples"][0] == {"file_id": 1, "path": "a.log", "line": 1, "text": "user 1 logged in"}
    assert found.filter(pl.col("template") == "seen once").height == 1


@pytest.mark.parametrize(
    ("number", "count", "word"),
    [
        (9, 10**6, "low"),
        (0, 5, "low"),
        (13, 1, "medium"),
        (13, 1_000, "high"),
        (17, 1, "high"),
        (17, 100, "critical"),
        (21, 1, "critical"),
    ],
)
def test_severity_rises_with_number_and_frequency(number, count, word):
    frame = pl.DataFrame({"n": [number], "c": [count]})
    assert frame.select(severity_word(pl.col("n"), pl.col("c"))).item() == word


def test_nothing_gives_nothing():
    assert shapes(pl.DataFrame(schema=EVENT_SCHEMA)).schema == SHAPE_SCHEMA
    empty = patterns(LOG_SHAPES.empty(), FILES.clear())
    assert empty.schema == LOG_PATTERNS.dtypes


def test_patterns_know_what_people_decided_and_where_they_came_from():
    counted = [stored(shapes(some_events(["user 1 logged in", "disk full"])), n) for n in (1, 2)]
    first = patterns(counted[0], FILES)
    assert set(first["state"]) == {"open"}
    assert first["formerly"].list.len().sum() == 0
    (known,) = first.filter(pl.col("template") == "disk full")["pattern_id"]
    row = {"pattern_id": known, "state": "resolved", "changed_at": datetime(2023, 12, 31, tzinfo=UTC)}
    states = pl.DataFrame([row], schema=STATES)
    second = patterns(pl.concat(counted), FILES, previous=first, states=states)
    reopened = second.filter(pl.col("pattern_id") == known).row(0, named=True)
    assert (reopened["state"], reopened["regressed"]) == ("open", True)
    assert second.equals(patterns(pl.concat(counted), FILES, previous=second, states=states))


def test_a_template_that_changes_with_new_lines_keeps_its_trace():
    levels = ["level low set", "level mid set"]
    first = patterns(stored(shapes(some_events(levels)), 1), FILES)
    more = [f"level l{chr(97 + n)}{chr(97 + n)} set" for n in range(20)]
    both = pl.concat([stored(shapes(some_events(levels)), 1), stored(shapes(some_events(more)), 2)])
    second = patterns(both, FILES, previous=first)
    assert first["template"].to_list() != second["template"].to_list()
    (told,) = second.filter(pl.col("formerly").list.len() > 0)["formerly"].to_list()
    assert {f["template"] for f in told} == set(levels)
    assert {(f["kind"], f["changed_on"]) for f in told} == {("merged", date(2024, 1, 2))}
    assert second.filter("is_new").is_empty()  # its first lines came on the day before


def test_one_odd_event_does_not_decide_the_severity_of_thousands() -> None:
    frame = pl.DataFrame({"id": [1, 1, 2, 2], "severity": [9, 21, 9, 17], "events": [9_999, 1, 8, 2]})
    found = frame.group_by("id").agg(s=typical_severity(pl.col("severity"), pl.col("events"))).sort("id")
    assert found["s"].to_list() == [9, 17]


def test_only_new_shapes_are_mined(monkeypatch: pytest.MonkeyPatch) -> None:
    mined: list[list[str]] = []

    def noting(shapes: Iterable[tuple[int, str]]) -> dict[str, Rows]:
        chosen = list(shapes)
        mined.append([shape for _, shape in chosen])
        return by_structure(chosen)

    monkeypatch.setattr("banana_assets.core.logs.incremental.by_structure", noting)
    one = stored(shapes(some_events(["user 1 logged in", "disk full"] * 5)), 1)
    first = patterns(one, FILES)
    again = patterns(one, FILES, previous=first)
    assert again.equals(first)
    assert [len(batch) for batch in mined] == [2]
    older = first.with_columns(rules_version=pl.lit(0, dtype=pl.Int32))
    assert patterns(one, FILES, previous=older).equals(first)
    before_groups = first.with_columns(groups=pl.lit(None, dtype=LOG_PATTERNS.dtypes["groups"]))
    assert patterns(one, FILES, previous=before_groups).equals(first)
    more = pl.concat([one, stored(shapes(some_events(["seen once"])), 2)])
    assert patterns(more, FILES, previous=first)["frequency"].sum() == 11
    assert [len(batch) for batch in mined] == [2, 2, 2, 1]
