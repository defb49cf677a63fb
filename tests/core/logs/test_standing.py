from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from banana_assets.core.logs.standing import new_and_severe, new_ones, rarity, trend
from tests.core.metrics.frames import patterns

START = datetime(2026, 3, 1, tzinfo=UTC)


def rows(*told: tuple[str, str, int | None, int, int]) -> pl.DataFrame:
    """Shapes out of (pattern, source, hour, events, arrival day of March)."""
    return pl.DataFrame(
        [
            {
                "pattern_id": pattern,
                "source": source,
                "hour": None if hour is None else START + timedelta(hours=hour),
                "events": events,
                "arrival_day": date(2026, 3, day),
            }
            for pattern, source, hour, events, day in told
        ],
        schema_overrides={"hour": pl.Datetime("us", "UTC"), "events": pl.Int64},
    )


def members(shapes: pl.DataFrame) -> pl.DataFrame:
    return shapes.select("pattern_id", "source").unique()


def rarities(shapes: pl.DataFrame) -> dict[str, float]:
    return dict(rarity(shapes, members(shapes)).rows())


def trends(shapes: pl.DataFrame) -> dict[str, float]:
    return dict(trend(shapes).rows())


def test_rarity_is_one_for_a_single_event_and_zero_for_all_there_is() -> None:
    found = rarities(rows(("once", "a", 0, 1, 1), ("often", "a", 0, 99, 1), ("all", "b", 0, 50, 1)))
    assert found["once"] == pytest.approx(1)
    assert found["often"] == pytest.approx(0.0022, abs=1e-4)
    assert found["all"] == 0


def test_rarity_is_told_within_the_sources_that_write_it() -> None:
    small = rows(("x", "small", 0, 10, 1), ("y", "small", 0, 90, 1))
    beside = pl.concat([small, rows(("z", "large", 0, 10**6, 1))])
    assert rarities(small)["x"] == rarities(beside)["x"] == pytest.approx(0.5)


def test_a_single_event_in_all_has_a_rarity() -> None:
    assert rarities(rows(("x", "a", None, 1, 1))) == {"x": 0.0}


def test_an_even_rate_has_the_trend_one() -> None:
    assert trends(rows(*(("x", "a", h, 5, 1) for h in range(8)))) == {"x": pytest.approx(1)}


def test_a_rising_a_falling_and_a_fresh_pattern() -> None:
    steady = [("s", "a", h, 10, 1) for h in range(8)]
    found = trends(
        rows(*steady, ("up", "a", 1, 12, 1), ("up", "a", 7, 24, 1), ("down", "a", 0, 40, 1), ("fresh", "a", 6, 30, 1))
    )
    assert found["up"] == pytest.approx(24.5 * 3 / 13.5)
    assert found["down"] == pytest.approx(0.5 * 3 / 41.5)
    assert found["fresh"] == pytest.approx(30.5 * 3 / 1.5)


def test_hours_without_any_log_do_not_count() -> None:
    near = rows(*(("x", "a", h, 5, 1) for h in range(8)))
    apart = rows(*(("x", "a", h * 50, 5, 1) for h in range(8)))
    assert trends(near) == trends(apart)


def test_too_little_has_no_trend() -> None:
    few = rows(*(("few", "a", h, 2, 1) for h in range(8)), ("other", "a", 0, 500, 1))
    assert "few" not in trends(few)
    assert trends(rows(*(("short", "a", h, 500, 1) for h in range(3)))) == {}
    assert trends(rows(("timeless", "a", None, 500, 1))) == {}


def test_new_is_what_a_known_source_writes_for_the_first_time() -> None:
    shapes = rows(
        ("old", "a", 0, 1, 1),
        ("old", "a", 0, 1, 2),
        ("new", "a", 0, 1, 2),
        ("first logs", "b", 0, 1, 2),
        ("shared", "a", 0, 1, 2),
        ("shared", "b", 0, 1, 2),
    )
    assert set(new_ones(shapes, members(shapes))["pattern_id"]) == {"new", "shared"}
    first = shapes.filter(pl.col("arrival_day") == date(2026, 3, 1))
    assert new_ones(first, members(first)).is_empty()


def test_new_severe_patterns_are_named_with_a_place_to_look() -> None:
    told = patterns(
        [
            {"pattern_id": "p1", "is_new": True},
            {"pattern_id": "p2", "is_new": True, "severity": "low"},
            {"pattern_id": "p3", "is_new": True, "state": "muted"},
            {"pattern_id": "p4"},
            {
                "pattern_id": "p5",
                "is_new": True,
                "severity": "critical",
                "severity_number": 21,
                "examples": [{"file_id": 7, "path": None, "line": 9, "text": "x"}],
            },
        ]
    )
    found = new_and_severe(told)
    assert found.select("pattern_id", "example").rows() == [("p5", "file 7:9"), ("p1", "api.log:3")]
