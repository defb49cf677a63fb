from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from banana_assets.core.models.breaker import FAILURES_TO_OPEN, FIRST_PAUSE, LONGEST_PAUSE, Past, breaker

T0 = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def failures(n: int, *, end: datetime = T0) -> list[Past]:
    """Newest first; each takes a second."""
    return [Past(end - (i + 1) * SECOND, end - i * SECOND, ok=False) for i in range(n)]


def test_it_opens_after_failures_in_a_row_and_closes_with_an_answer() -> None:
    assert breaker([], T0).state == "closed"
    assert breaker(failures(FAILURES_TO_OPEN - 1), T0).state == "closed"
    found = breaker(failures(FAILURES_TO_OPEN), T0)
    assert (found.state, found.until) == ("open", T0 + FIRST_PAUSE)
    assert breaker([Past(T0, T0, ok=True), *failures(9)], T0).state == "closed"


@pytest.mark.parametrize("more", range(9))
def test_the_pause_doubles_up_to_a_longest(more: int) -> None:
    found = breaker(failures(FAILURES_TO_OPEN + more), T0)
    assert found.until == T0 + min(FIRST_PAUSE * 2**more, LONGEST_PAUSE)


def test_one_call_tries_whether_it_is_back() -> None:
    later = T0 + FIRST_PAUSE
    known = failures(FAILURES_TO_OPEN)
    assert breaker(known, later - SECOND).state == "open"
    assert breaker(known, later).state == "half_open"
    assert breaker([Past(later, None, ok=False), *known], later + SECOND).state == "open"
    again = [Past(later, later + SECOND, ok=False), *known]
    assert breaker(again, later + SECOND).until == later + SECOND + 2 * FIRST_PAUSE


def test_calls_under_way_before_the_last_failure_try_nothing() -> None:
    slow = Past(T0 - timedelta(minutes=5), None, ok=False)
    assert breaker([*failures(FAILURES_TO_OPEN), slow], T0 + FIRST_PAUSE).state == "half_open"
