"""What logs did in a span: the end is the latest event, times of the future are none, lines without one count too."""

from __future__ import annotations

import polars as pl
import pytest

from banana_assets.core.logs.triage import MOST_SHOWN, chosen, request
from banana_assets.core.logs.window import patterns_within, window
from banana_assets.core.tables import LOG_FILES, LOG_SHAPES
from tests.core.metrics.frames import at, patterns, shapes


def files(*hours: float) -> pl.DataFrame:
    rows = [{"file_id": n, "arrived_at": at(hour)} for n, hour in enumerate(hours, 1)]
    return pl.DataFrame(rows, schema={name: LOG_FILES.dtypes[name] for name in ("file_id", "arrived_at")})


def cell(hour: int | None, **row: object) -> dict[str, object]:
    timed = {} if hour is None else {"hour": at(hour), "first_ts": at(hour), "last_ts": at(hour + 0.5)}
    return {"hour": None, "first_ts": None, "last_ts": None} | timed | row


def test_the_span_ends_with_the_latest_event_and_begins_with_a_whole_hour() -> None:
    found = window(shapes([cell(1, events=2), cell(8, events=3), cell(9, events=4)]), files(100), 1)
    assert (found.begin, found.counted, found.end, found.first) == (at(8.5), at(8), at(9.5), at(1))
    assert (found.events, found.errors, found.warnings) == (7, 7, 0)


def test_a_time_of_the_future_is_no_later_than_the_arrival() -> None:
    found = window(shapes([cell(1), cell(500)]), files(20), 24)
    assert found.end == at(20)
    assert found.events == 2


def test_lines_without_a_time_count_by_their_arrival() -> None:
    found = window(shapes([cell(10, events=5), cell(None, file_id=2, events=7)]), files(11, 4), 3)
    assert (found.end, found.events, found.untimed) == (at(10.5), 5, 0)
    later = window(shapes([cell(10, events=5), cell(None, file_id=2, events=7)]), files(11, 12), 3)
    assert (later.events, later.untimed) == (12, 7)
    alone = window(shapes([cell(None, events=7)]), files(4), 3)
    assert (alone.end, alone.first, alone.events) == (at(4), None, 7)


def test_nothing_and_all_time() -> None:
    nothing = window(LOG_SHAPES.empty(), files(), 24)
    assert (nothing.begin, nothing.end, nothing.events) == (None, None, 0)
    assert window(shapes([cell(1), cell(9)]), files(10), 1e9).begin is None


@pytest.mark.parametrize(("least", "shown"), [(0, ["p2", "p1"]), (17, ["p2"])])
def test_patterns_count_what_came_in_the_span(least: int, shown: list[str]) -> None:
    rows = [cell(1, events=9), cell(20, severity_number=9), cell(20, shape_id=2, events=4)]
    known = patterns([{"severity": "low"}, {"pattern_id": "p2", "shapes": [2], "template": "b", "severity": "high"}])
    found = patterns_within(window(shapes(rows), files(30), 2), known, least)
    assert found["pattern_id"].to_list() == shown
    assert found["within"].to_list() == [4, 1][: len(shown)]
    assert found["last_within"][0] == at(20.5)
    assert found["frequency"].to_list() == [40] * len(shown)


def test_a_model_can_only_name_lines_that_it_was_shown() -> None:
    rows = [{"severity": "high", "within": n, "sources": ["api"], "named_template": f"no\n{n}"} for n in range(60)]
    asked = request(rows)
    assert len(asked.data.split("\n")) == MOST_SHOWN
    assert asked.schema["properties"]["first"]["items"]["maximum"] == MOST_SHOWN
    assert chosen({"first": [2, 1, 2]}, ["a", "b", "c"]) == ["b", "a"]
