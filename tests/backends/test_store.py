from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from banana_assets.backends.ingest import ingest_builds, ingest_logs
from banana_assets.backends.reading_store import SERIES
from banana_assets.backends.store import Store
from banana_assets.core.builds.quarantine import QUARANTINES
from banana_assets.core.errors import InputError
from banana_assets.core.logs.states import STATES
from banana_assets.core.tables.raw import BUILDS, LOG_FILES, TEST_RESULTS
from tests.backends.conftest import Opener


def test_an_empty_store_answers_in_the_declared_types(any_store: Store) -> None:
    assert any_store.log_files().schema == LOG_FILES.dtypes
    assert any_store.builds().schema == BUILDS.dtypes
    assert any_store.test_results().schema == TEST_RESULTS.dtypes
    assert any_store.resource_series().schema == SERIES
    assert any_store.builds_cursor() == 0
    for kind in ("log_files", "builds", "resource_series"):
        assert any_store.arrival_days(kind) == []


def test_what_is_not_there_is_said(any_store: Store) -> None:
    with pytest.raises(InputError, match="no log file 7"):
        any_store.open_log(7)
    with pytest.raises(InputError, match="no build x"):
        any_store.open_build_log("x")
    with pytest.raises(InputError, match="no resource series 7"):
        any_store.read_samples(7)


def test_a_build_without_a_log_says_so(any_store: Store, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('[{"build_id": "x", "status": "failed"}]')
    ingest_builds(any_store, [tmp_path / "manifest.json"])
    with pytest.raises(InputError, match="without a log"):
        any_store.open_build_log("x")


def test_a_day_without_arrivals_is_empty(any_store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("line\n")
    ingest_logs(any_store, [tmp_path / "a.log"])
    (today,) = any_store.arrival_days("log_files")
    assert any_store.log_files(today).height == 1
    assert any_store.log_files(date(2001, 1, 1)).is_empty()
    assert any_store.test_results(today).is_empty()


def test_two_stores_on_one_home_see_each_other(new_store: Opener, tmp_path: Path) -> None:
    first, second = new_store(), new_store()
    (tmp_path / "a.log").write_text("line\n")
    ingest_logs(first, [tmp_path / "a.log"])
    assert second.log_files().equals(first.log_files())


def test_the_last_decision_on_a_pattern_is_kept(any_store: Store) -> None:
    assert any_store.pattern_states().schema == STATES
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    any_store.set_pattern_state("b", "resolved", changed_by="ann", changed_at=at)
    any_store.set_pattern_state(
        "a", "muted", changed_by="bob", changed_at=at, note="known\0noise", until=date(2026, 4, 1)
    )
    any_store.set_pattern_state("b", "open", changed_by="bob", changed_at=at + timedelta(hours=1), note="again")
    assert any_store.pattern_states().rows() == [
        ("a", "muted", "known\ufffdnoise", date(2026, 4, 1), at, "bob"),
        ("b", "open", "again", None, at + timedelta(hours=1), "bob"),
    ]


def test_a_decision_that_makes_no_sense_is_refused(any_store: Store) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(InputError, match="no state gone"):
        any_store.set_pattern_state("a", "gone", changed_by="ann", changed_at=at)
    with pytest.raises(InputError, match="has no end"):
        any_store.set_pattern_state("a", "resolved", changed_by="ann", changed_at=at, until=date(2026, 4, 1))
    assert any_store.pattern_states().is_empty()


def test_decisions_about_recommendations_and_baselines_replace_the_ones_before(any_store: Store) -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    since = at - timedelta(days=2)
    assert any_store.recommendation_states().is_empty()
    any_store.set_recommendation_state("a", "dismissed", set_by="ann", set_at=at, note="as meant")
    any_store.set_recommendation_state("a", "implemented", set_by="bob", set_at=at, implemented_at=since)
    assert any_store.recommendation_states().rows() == [("a", "implemented", None, since, at, "bob")]
    for status, moment in (("done", None), ("implemented", None), ("open", since)):
        with pytest.raises(InputError):
            any_store.set_recommendation_state("b", status, set_by="ann", set_at=at, implemented_at=moment)
    any_store.set_baseline("build_failure_ratio", 0.2, set_by="ann", set_at=at)
    any_store.set_baseline("build_failure_ratio", 0.1, set_by="bob", set_at=at)
    assert any_store.baselines().rows() == [("build_failure_ratio", 0.1, at, "bob")]
    with pytest.raises(InputError, match="no finite number"):
        any_store.set_baseline("build_failure_ratio", float("nan"), set_by="ann", set_at=at)
    assert any_store.remove_baseline("build_failure_ratio")
    assert not any_store.remove_baseline("build_failure_ratio")


def test_the_last_quarantine_of_a_test_is_kept_and_can_be_lifted(any_store: Store) -> None:
    at, end = datetime(2026, 3, 1, 12, tzinfo=UTC), date(2026, 3, 9)
    assert any_store.quarantines().schema == QUARANTINES
    told = {"pipeline": "shop", "title": "cart::total", "set_by": "ann", "set_at": at}
    any_store.set_quarantine("t1", until=date(2026, 3, 5), reason="slow", **told)
    any_store.set_quarantine("t1", until=end, reason="clock\0", **told)
    assert any_store.quarantines().rows() == [("t1", "shop", "cart::total", end, "clock\ufffd", at, "ann", None, None)]
    assert not any_store.lift_quarantine("t2", lifted_by="bob", lifted_at=at)
    # It is over by itself on its last day, and then there is nothing to lift.
    assert not any_store.lift_quarantine("t1", lifted_by="bob", lifted_at=datetime(2026, 3, 9, tzinfo=UTC))
    later = at + timedelta(days=1)
    assert any_store.lift_quarantine("t1", lifted_by="bob", lifted_at=later)
    assert not any_store.lift_quarantine("t1", lifted_by="eve", lifted_at=later)
    assert any_store.quarantines().select("lifted_at", "lifted_by").rows() == [(later, "bob")]
    any_store.set_quarantine("t1", until=end, reason="again", **told)
    assert any_store.quarantines().select("reason", "lifted_at").rows() == [("again", None)]
    for until, reason in ((at.date(), "x"), (end, " ")):
        with pytest.raises(InputError):
            any_store.set_quarantine("t3", until=until, reason=reason, **told)
