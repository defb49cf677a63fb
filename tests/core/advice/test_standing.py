from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from banana_assets.core.advice.bottlenecks import bottlenecks
from banana_assets.core.advice.observed import Observed
from banana_assets.core.advice.soundness import said_twice, unsound_states
from banana_assets.core.advice.standing import recommendations, with_states
from banana_assets.core.advice.states import STATES
from banana_assets.core.tables import FAILURE_CLUSTERS, OPTIMIZATION_RECOMMENDATIONS
from tests.core.metrics.frames import at, builds, failures


def decided(ident: str, status: str, since: datetime | None = None, note: str | None = None) -> pl.DataFrame:
    return pl.DataFrame([(ident, status, note, since, at(500), "ann")], schema=STATES, orient="row")


def runs(n: int, broken: tuple[int, ...]) -> Observed:
    rows = [{"status": "failed" if k in broken else "success", "duration_seconds": 60.0} for k in range(n)]
    failed = [{"build_id": f"b{k:03d}", "failed_at": at(k)} for k in broken]
    return Observed(builds=builds(rows), failures=failures(failed) if failed else Observed().failures)


def advised(seen: Observed, **known: Any) -> pl.DataFrame:
    out = recommendations(bottlenecks(seen), seen, **known)
    assert OPTIMIZATION_RECOMMENDATIONS.violations(out) == {}
    assert unsound_states(out).is_empty()
    assert said_twice(out).is_empty()
    return out


def test_the_same_advice_is_kept_not_added_again() -> None:
    first = advised(runs(20, (3, 7)))
    again = advised(runs(20, (3, 7)), previous=first)
    assert again.equals(first)
    later = advised(runs(30, (3, 7, 22)), previous=first)
    assert later["recommendation_id"].to_list() == first["recommendation_id"].to_list()
    assert later["created_at"].to_list() == first["created_at"].to_list() == [at(19)]
    assert "3 of the latest 30" in later["description"][0]


def test_what_is_no_longer_found_is_closed_with_time_and_reason_and_opens_again() -> None:
    first = advised(runs(20, (3, 7)))
    gone = advised(runs(40, ()), previous=first)
    row = gone.row(0, named=True)
    assert (row["status"], row["found"], row["closed_at"]) == ("closed", False, at(39))
    assert "no longer found" in row["closed_reason"]
    assert row["description"] == first["description"][0]
    assert advised(runs(50, ()), previous=gone)["closed_at"].to_list() == [at(39)]
    back = advised(runs(60, (55,)), previous=gone).row(0, named=True)
    assert (back["status"], back["closed_at"], back["created_at"]) == ("open", None, at(19))


def test_decisions_hold_over_runs_and_can_be_taken_back() -> None:
    first = advised(runs(20, (3, 7)))
    ident = first["recommendation_id"][0]
    dismissed = advised(runs(30, (3, 7)), previous=first, states=decided(ident, "dismissed", note="as meant"))
    assert dismissed.select("status", "decided_by", "note").row(0) == ("dismissed", "ann", "as meant")
    assert advised(runs(30, ()), previous=dismissed, states=decided(ident, "dismissed"))["status"][0] == "dismissed"
    assert advised(runs(30, (3, 7)), previous=dismissed, states=decided(ident, "open"))["status"][0] == "open"


def test_the_effect_of_what_was_done_is_measured_when_it_is_gone_too() -> None:
    broken = tuple(range(0, 40, 2))
    first = advised(runs(40, broken))
    ident = first["recommendation_id"][0]
    done = decided(ident, "implemented", at(40) - timedelta(minutes=30))
    early = advised(runs(43, broken), previous=first, states=done).row(0, named=True)["effect"]
    assert early["verdict"] == "too_early"
    assert "20 before" not in early["statement"]
    assert "40 builds before, 3 since" in early["statement"]
    assert "more builds at least" in early["statement"]
    later = advised(runs(70, broken), previous=first, states=done).row(0, named=True)
    assert later["effect"]["verdict"] == "better"
    assert (later["effect"]["before"], later["effect"]["after"]) == (0.5, 0.0)
    assert later["effect"]["high"] < 0
    assert (later["effect"]["n_before"], later["effect"]["n_after"]) == (40, 30)


def test_only_the_weightiest_are_kept_open_but_no_decision_is_lost() -> None:
    rows = [{"status": "failed"} for _ in range(12)]
    failed = [{"build_id": f"b{k:03d}", "failed_at": at(k), "fingerprint": f"f{k}"} for k in range(12)]
    seen = Observed(builds=builds(rows), failures=failures(failed))
    whole = advised(seen)
    assert whole.height == 12
    ident = whole["recommendation_id"][-1]
    few = recommendations(bottlenecks(seen), seen, previous=whole, states=decided(ident, "dismissed"), most=5)
    assert few["status"].value_counts().sort("status").rows() == [("closed", 6), ("dismissed", 1), ("open", 5)]
    assert "5 others have a greater impact" in few.filter(pl.col("status") == "closed")["closed_reason"][0]


def test_rows_of_an_earlier_version_are_left_behind() -> None:
    first = advised(runs(20, (3, 7)))
    old = first.with_columns(created_at=pl.lit(None, first.schema["created_at"]))
    assert advised(runs(20, ()), previous=old).is_empty()
    assert advised(runs(20, (3, 7)), previous=old)["created_at"].to_list() == [at(19)]


def test_decisions_of_this_moment_are_put_in_without_computing_all_again() -> None:
    seen = runs(40, tuple(range(0, 20, 2)))
    table = advised(seen)
    ident = table["recommendation_id"][0]
    asked = []

    def observe() -> Observed:
        asked.append(1)
        return seen

    assert with_states(table, decided(ident, "dismissed"), observe)["status"][0] == "dismissed"
    assert asked == []
    done = with_states(table, decided(ident, "implemented", at(20)), observe)
    assert (done["status"][0], asked) == ("implemented", [1])
    assert done["effect"].struct.field("verdict")[0] == "better"
    assert with_states(done, decided(ident, "implemented", at(20)), observe).equals(done)
    assert asked == [1]
    assert with_states(done, decided(ident, "open"))["status"][0] == "open"
    assert unsound_states(with_states(done, decided(ident, "open"))).is_empty()


def test_contradictions_are_found() -> None:
    table = advised(runs(40, tuple(range(0, 20, 2))))
    wrong: dict[str, dict[str, Any]] = {
        "open, but not found": {"found": False},
        "closed without time or reason": {"status": "closed"},
        "implemented without a time": {"status": "implemented", "decided_by": "ann"},
        "decided by nobody": {"status": "dismissed"},
    }
    for why, change in wrong.items():
        assert unsound_states(table.with_columns(**{k: pl.lit(v) for k, v in change.items()}))["why"].to_list() == [why]
    twice = pl.concat([table, table.with_columns(recommendation_id=pl.lit("x"))])
    assert said_twice(twice).height == 2


def test_a_failure_that_was_resolved_and_never_came_back_asks_for_nothing() -> None:
    seen = runs(20, (3, 7))
    for state, recurrences, height in (("resolved", 0, 0), ("resolved", 1, 1), ("open", 0, 1)):
        members = [{"fingerprint": "f1", "first_seen": at(3), "similarity": 1.0}]
        row = dict.fromkeys(FAILURE_CLUSTERS.dtypes) | {
            "cluster_id": "c", "state": state, "recurrences": recurrences, "fingerprints": members,
        }  # fmt: skip
        clusters = pl.DataFrame([row], schema=FAILURE_CLUSTERS.dtypes)
        assert advised(replace(seen, clusters=clusters)).height == height


def test_a_failure_of_long_ago_asks_for_nothing() -> None:
    assert advised(runs(120, (3, 7))).is_empty()
    assert advised(runs(120, (3, 50))).height == 1
