from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl

from banana_assets.core.logs.states import STATES, with_states
from tests.core.metrics.frames import patterns

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def shown(row: dict[str, object], *decisions: dict[str, object]) -> tuple[str, bool]:
    whole = [{"changed_at": AT, "changed_by": "ann", "pattern_id": "p1"} | d for d in decisions]
    frame = patterns([{"last_seen": AT - HOUR, "last_arrived": AT - HOUR, "pattern_id": "p1"} | row])
    out = with_states(frame, pl.DataFrame(whole, schema=STATES))
    assert out.height == 1
    assert set(out.columns) == set(frame.columns)
    return out["state"][0], out["regressed"][0]


def former(*ids: str) -> list[dict[str, object]]:
    return [{"pattern_id": i, "template": i, "kind": "merged", "changed_on": AT.date()} for i in ids]


def test_without_a_decision_a_pattern_is_open() -> None:
    assert shown({}) == ("open", False)
    assert shown({}, {"pattern_id": "other", "state": "muted"}) == ("open", False)


def test_a_decision_holds_until_something_happens() -> None:
    assert shown({}, {"state": "resolved"}) == ("resolved", False)
    assert shown({}, {"state": "muted"}) == ("muted", False)
    assert shown({"last_seen": AT + HOUR, "last_arrived": AT + HOUR}, {"state": "muted"}) == ("muted", False)


def test_seen_after_it_was_resolved_is_open_again() -> None:
    assert shown({"last_seen": AT + HOUR, "last_arrived": AT + 2 * HOUR}, {"state": "resolved"}) == ("open", True)


def test_a_late_log_of_before_does_not_open_it() -> None:
    assert shown({"last_arrived": AT + HOUR}, {"state": "resolved"}) == ("resolved", False)


def test_lines_without_a_time_count_by_arrival_and_lines_of_the_future_too() -> None:
    assert shown({"last_seen": None, "last_arrived": AT + HOUR}, {"state": "resolved"}) == ("open", True)
    assert shown({"last_seen": None}, {"state": "resolved"}) == ("resolved", False)
    assert shown({"last_seen": AT + 9999 * HOUR}, {"state": "resolved"}) == ("resolved", False)


def test_a_mute_ends_with_the_first_arrival_on_its_day() -> None:
    mute = {"state": "muted", "until": date(2026, 3, 4)}
    assert shown({"last_arrived": datetime(2026, 3, 3, 23, 59, tzinfo=UTC)}, mute) == ("muted", False)
    assert shown({"last_arrived": datetime(2026, 3, 4, tzinfo=UTC)}, mute) == ("open", False)


def test_the_newest_decision_on_it_or_what_it_came_from_holds() -> None:
    old, newer = (
        {"pattern_id": "o1", "state": "muted"},
        {"pattern_id": "o2", "state": "resolved", "changed_at": AT + HOUR},
    )
    assert shown({"formerly": former("o1")}, old) == ("muted", False)
    assert shown({"formerly": former("o1", "o2")}, old, newer) == ("resolved", False)
    own = {"state": "open", "changed_at": AT + 2 * HOUR}
    assert shown({"formerly": former("o1", "o2")}, old, newer, own) == ("open", False)


def test_other_rows_keep_their_order() -> None:
    frame = patterns([{"pattern_id": p, "last_arrived": AT} for p in "cab"])
    states = pl.DataFrame([{"pattern_id": "a", "state": "muted", "changed_at": AT}], schema=STATES)
    assert with_states(frame, states).select("pattern_id", "state").rows() == [
        ("c", "open"),
        ("a", "muted"),
        ("b", "open"),
    ]
