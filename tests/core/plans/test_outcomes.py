"""What became of plans, over histories of builds whose truth is known."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from banana_assets.core.advice.observed import target
from banana_assets.core.plans.types import Prediction
from banana_assets.core.tables import OPTIMIZATION_RECOMMENDATIONS
from banana_assets.core.tables.outcomes import PLAN_OUTCOMES
from tests.core.metrics.frames import T0, at, frame
from tests.core.plans.trials import (
    FINGERPRINT,
    a_plan,
    done,
    history,
    merged,
    outcome,
    outcomes,
    plan_frame,
    steps_of,
)

NOBODY = steps_of()


def test_nothing_gives_nothing() -> None:
    assert outcomes(history("..."), NOBODY, a_plan(status="abstained", reason="No plan.")).equals(PLAN_OUTCOMES.empty())


def test_fixed_takes_more_clean_builds_than_chance_explains() -> None:
    row = outcome(history("..RRR" + "." * 10), done(4.2, 4.5))
    assert (row["outcome"], row["decided_by"]) == ("fixed", ["b005", "b006"])
    assert row["decided_at"] == at(6)
    assert (row["past_failures"], row["past_builds"], row["needed_builds"], row["clean_builds"]) == (3, 3, 2, 10)
    assert "10 clean builds of ci/test since its change was in place" in row["why"]
    assert (row["begun_at"], row["in_place_at"], row["category"]) == (at(4.2), at(4.5), "missing_dependency")


def test_one_green_after_a_single_failure_is_too_few() -> None:
    short = outcome(history("..R."), done(2.2, 2.5))
    assert (short["outcome"], short["needed_builds"], short["clean_builds"]) == ("unknowable", 5, 1)
    waiting = outcome(history("..R."), done(2.2, 2.5), hours=4)
    assert (waiting["outcome"], waiting["final"]) == ("open", False)
    assert outcome(history("..R....."), done(2.2, 2.5), hours=9)["outcome"] == "fixed"


def test_what_fails_now_and_then_needs_as_many_clean_builds_as_its_rate_asks_for() -> None:
    now_and_then = "R...R....R"
    row = outcome(history(now_and_then + "." * 9), done(9.2, 9.5))
    assert row["outcome"] == "unknowable"
    assert 9 < row["needed_builds"] < 20
    assert outcome(history(now_and_then + "." * 20), done(9.2, 9.5))["outcome"] == "fixed"


def test_it_recurred_when_the_cluster_fails_again_in_its_job() -> None:
    row = outcome(history("..RRR.....R.."), done(4.2, 4.5))
    assert (row["outcome"], row["decided_by"], row["decided_at"]) == ("recurred", ["b010"], at(10))
    assert "b010 (ci/test)" in row["why"]


def test_it_stands_in_rates_when_enough_builds_ran_to_show_either() -> None:
    early, later = (outcome(history("..R..R" + "." * k), done(2.2, 2.5)) for k in (1, 2))
    assert [(row["outcome"], row["counts"]) for row in (early, later)] == [("recurred", False), ("recurred", True)]
    assert outcome(history("..R....."), done(2.2, 2.5))["counts"]
    assert not outcome(history("..R...."), done(2.2, 2.5))["counts"]


def test_another_fingerprint_of_the_cluster_is_the_same_failure() -> None:
    found = history("..RRR.....R..")
    runs, clusters = found
    assert clusters.filter(pl.col("cluster_id") == FINGERPRINT)["failures"][0] == 4
    # The plan knows the cluster by a fingerprint that joined it later.
    later = clusters.with_columns(
        cluster_id=pl.lit("first"),
        fingerprints=pl.lit(
            [{"fingerprint": FINGERPRINT, "first_seen": T0, "similarity": 0.8}], clusters.schema["fingerprints"]
        ),
    )
    row = outcome((runs, later), done(4.2, 4.5))
    assert (row["outcome"], row["cluster_id"], row["subject"]) == ("recurred", "first", FINGERPRINT)


def test_a_cluster_that_was_merged_is_followed_and_a_lost_one_is_unknowable() -> None:
    runs, clusters = history("..RRR.....")
    former = {"cluster_id": FINGERPRINT, "title": "", "kind": "merged", "changed_on": T0.date()}
    moved = clusters.with_columns(
        cluster_id=pl.lit("heir"), formerly=pl.lit([former], clusters.schema["formerly"])
    ).with_columns(fingerprints=pl.lit([], clusters.schema["fingerprints"]))
    assert outcome((runs, moved), done(4.2, 4.5))["cluster_id"] == "heir"
    lost = outcome((runs, clusters.clear()), done(4.2, 4.5))
    assert (lost["outcome"], lost["cluster_id"], lost["category"]) == ("unknowable", None, None)


def test_another_job_or_another_failure_says_nothing() -> None:
    runs, _ = history("..RRR..")
    other = {"build_id": "d1", "job": "docs", "status": "failed", "finished_at": at(8)}
    rows = [*runs.to_dicts(), other]
    cause = {"fingerprint": FINGERPRINT, "cause_text": "No module named 'yaml'"}
    failed = [
        {"build_id": b, "failed_at": at(9), "log_sha256": b.rjust(64, "0"), **cause}
        for b in ("b002", "b003", "b004", "d1")
    ]
    elsewhere = outcome(merged(rows, failed), done(4.2, 4.5))
    assert elsewhere["outcome"] == "fixed"
    otherwise = outcome(history("..RRRooo"), done(4.2, 4.5))
    assert (otherwise["outcome"], otherwise["failed_otherwise"], otherwise["clean_builds"]) == ("unknowable", 3, 0)


def test_each_job_has_to_be_green_again() -> None:
    rows, failed = [], []
    for k in range(12):
        for job in ("test", "docs"):
            red = 2 <= k <= 4
            ident = f"{job}{k:02d}"
            rows.append({"build_id": ident, "job": job, "finished_at": at(k), "status": "failed" if red else "success"})
            if red:
                failed.append({"build_id": ident, "failed_at": at(k), "log_sha256": ident.rjust(64, "0")})
    both = outcome(merged(rows, failed), done(4.2, 4.5))
    assert both["outcome"] == "fixed"
    gone = [r for r in rows if r["job"] == "test" or r["finished_at"] <= at(4)]
    half = outcome(merged(gone, failed), done(4.2, 4.5))
    assert half["outcome"] == "unknowable"
    assert "ci/docs has not been green since" in half["why"]


def test_a_build_that_began_before_the_change_tells_nothing_of_it() -> None:
    runs, clusters = history("..RRRR....")
    slow = pl.when(pl.col("build_id") == "b005").then(pl.lit(at(4.1))).otherwise("started_at")
    row = outcome((runs.with_columns(started_at=slow), clusters), done(4.2, 4.5))
    assert (row["outcome"], row["decided_by"]) == ("fixed", ["b006", "b007"])


def test_a_branch_set_back_to_a_commit_that_had_failed_tells_nothing_of_the_code() -> None:
    runs, clusters = history("..RRR..R...")
    back = pl.when(pl.col("build_id") == "b007").then(pl.lit("c3")).otherwise("commit_sha")
    assert outcome((runs.with_columns(commit_sha=back), clusters), done(4.2, 4.5))["outcome"] == "fixed"
    surroundings = clusters.with_columns(category=pl.lit("network_error"))
    assert outcome((runs.with_columns(commit_sha=back), surroundings), done(4.2, 4.5))["outcome"] == "recurred"
    recorded = runs.with_columns(commit_sha=pl.lit("c3"), origin=pl.lit("record"))
    assert outcome((recorded, clusters), done(4.2, 4.5))["outcome"] == "recurred"


def test_on_one_branch_that_branch_decides_on_several_the_job_does() -> None:
    runs, clusters = history("..RRR.....")
    other = pl.when(pl.col("finished_at") > at(4)).then(pl.lit("dev")).otherwise("branch")
    assert outcome((runs.with_columns(branch=other), clusters), done(4.2, 4.5))["outcome"] == "unknowable"
    several = pl.when(pl.col("build_id") == "b002").then(pl.lit("old")).otherwise(other)
    assert outcome((runs.with_columns(branch=several), clusters), done(4.2, 4.5))["outcome"] == "fixed"


def test_builds_after_the_horizon_decide_nothing_and_a_late_return_is_told() -> None:
    row = outcome(history("RRR" + "." * 12 + "R", step_hours=24), done(49, 50), a_plan(made=at(48)), hours=24 * 40)
    assert (row["outcome"], row["came_back_at"]) == ("fixed", at(24 * 15))
    assert "past the horizon" in row["why"]
    silent = outcome(history("RRR"), done(2.2, 2.5))
    assert (silent["outcome"], silent["clean_builds"]) == ("unknowable", 0)
    assert outcome(history("RRR"), done(2.2, 2.5), hours=5)["outcome"] == "open"


def test_untracked_plans_are_not_tried_whatever_the_failure_did() -> None:
    gone = outcome(history("..RRR" + "." * 9), NOBODY)
    assert (gone["outcome"], gone["begun_at"]) == ("not_tried", None)
    assert "went away all the same" not in gone["why"]  # it failed again after the plan was made, at hour 4
    later = outcome(history("..RRR" + "." * 9), NOBODY, a_plan(made=at(4.5)))
    assert "went away all the same: 9 clean builds" in later["why"]
    assert outcome(history("..RRR"), NOBODY, hours=6)["outcome"] == "open"
    replaced = [a_plan("p0"), a_plan("p1", supersedes="p0")]
    assert outcome(history("..RRR"), NOBODY, *replaced, hours=6)["outcome"] == "not_tried"


def test_a_plan_that_was_left_half_done_is_unknowable() -> None:
    half = steps_of(("completed", 4.1, 4.2), ("running", 4.3, None))
    row = outcome(history("..RRR" + "." * 9), half)
    assert (row["outcome"], row["state"]) == ("unknowable", "under way")
    assert "1 of 3 steps are done" in row["why"].lower()
    assert outcome(history("..RRR" + "." * 9), half, hours=20)["outcome"] == "open"
    off = a_plan(status="cancelled")
    assert outcome(history("..RRR....."), half, off)["outcome"] == "unknowable"
    assert outcome(history("..RRR....."), NOBODY, off)["outcome"] == "not_tried"


def test_once_its_changes_are_done_builds_decide_whatever_steps_are_left() -> None:
    told = steps_of(("completed", 4.1, 4.2), ("completed", 4.2, 4.5))
    row = outcome(history("..RRR....."), told, a_plan(status="running"))
    assert (row["outcome"], row["in_place_at"]) == ("fixed", at(4.5))
    looked = steps_of(("completed", 4.1, 4.2))
    assert outcome(history("..RRR....."), looked, a_plan(status="running"))["state"] == "under way"


def test_steps_left_out_do_not_keep_a_plan_from_being_done() -> None:
    told = steps_of(("cancelled", None, 4.1), ("completed", 4.2, 4.5), ("cancelled", None, 4.6))
    row = outcome(history("..RRR....."), told)
    assert (row["outcome"], row["in_place_at"]) == ("fixed", at(4.5))


def test_builds_count_from_the_last_change_not_from_the_look_after_it() -> None:
    told = steps_of(("completed", 4.1, 4.2), ("completed", 4.2, 4.5), ("completed", 8.1, 8.2))
    row = outcome(history("..RRR.."), told)
    assert (row["outcome"], row["in_place_at"], row["done_at"]) == ("fixed", at(4.5), at(8.2))


def test_a_step_that_failed_rules_out_fixed() -> None:
    told = steps_of(("completed", 4.1, 4.2), ("failed", 4.2, 4.5))
    failed = a_plan(status="failed")
    assert outcome(history("..RRR.....R"), told, failed)["outcome"] == "recurred"
    away = outcome(history("..RRR......"), told, failed)
    assert away["outcome"] == "unknowable"
    assert "not its doing" in away["why"]


def test_what_was_gone_before_anybody_began_is_nobodys_doing() -> None:
    row = outcome(history("..RRR" + "." * 20), done(15, 16))
    assert row["outcome"] == "unknowable"
    assert "gone before anybody said that they began: 11 clean builds" in row["why"]


def test_two_plans_for_one_failure_share_no_success() -> None:
    steps = pl.concat([done(4.2, 4.5, "p1"), done(5.2, 5.5, "p2")])
    frame = outcomes(history("..RRR......."), steps, a_plan("p1"), a_plan("p2"))
    told = dict(frame.select("plan_id", "outcome").iter_rows())
    assert told == {"p1": "unknowable", "p2": "fixed"}
    second = pl.concat([done(4.2, 4.5, "p1"), done(10.2, 10.5, "p2")])
    frame = outcomes(history("..RRR....R......"), second, a_plan("p1"), a_plan("p2"))
    assert dict(frame.select("plan_id", "outcome").iter_rows())["p1"] == "recurred"


def test_builds_without_times_stand_where_they_arrived_and_that_is_said() -> None:
    runs, clusters = history("..RRR.....")
    bare = runs.with_columns(
        arrived_at=pl.col("finished_at"),
        finished_at=pl.when(pl.col("finished_at") > at(4)).then(None).otherwise("finished_at"),
        started_at=None, queued_at=None,
    )  # fmt: skip
    row = outcome((bare, clusters), done(4.2, 4.5))
    assert row["outcome"] == "fixed"
    assert "5 builds without times stand where they arrived" in row["why"]


def test_the_order_in_which_builds_arrive_decides_nothing() -> None:
    word = "..RRR....oo...R..."
    whole = outcomes(history(word), done(4.2, 4.5))
    runs, clusters = history(word)
    mixed = random.Random(4)
    order = mixed.sample(range(runs.height), runs.height)
    assert outcomes((runs[order], clusters), done(4.2, 4.5)).equals(whole)
    # Told too early, and again when the late build is there: the verdict is that of all builds.
    early = runs.filter(pl.col("build_id") != "b014"), clusters
    assert outcome(early, done(4.2, 4.5))["outcome"] == "fixed"
    assert outcome((runs, clusters), done(4.2, 4.5))["outcome"] == "recurred"
    # Re-ingested as green, the build no longer speaks against it.
    green = runs.with_columns(status=pl.when(pl.col("build_id") == "b014").then(pl.lit("success")).otherwise("status"))
    assert outcome(merged(green.to_dicts(), []), done(4.2, 4.5))["outcome"] == "unknowable"


@pytest.mark.parametrize("days", [None, 3])
def test_the_horizon_is_as_long_as_the_prediction_says(days: int | None) -> None:
    by = None if days is None else at(3 + 24 * days)
    row = outcome(history("..RRR....."), done(4.2, 4.5), a_plan(prediction=Prediction(FINGERPRINT, "It stops.", by)))
    assert row["horizon_days"] == (days or 7)
    assert row["decide_by"] == at(4.5 + 24 * (days or 7))


def test_goals_are_tried_or_not_and_no_more() -> None:
    goal = a_plan(kind="goal", subject="Faster builds", prediction=Prediction(None, "They are.", None))
    assert outcome(history("...."), NOBODY, goal)["outcome"] == "not_tried"
    assert outcome(history("...."), done(3.2, 3.5), goal)["outcome"] == "unknowable"


def advice(**row: Any) -> pl.DataFrame:
    whole = {
        "recommendation_id": "r1", "recommendation_type": "performance", "subject": "x", "description": "Do it.",
        "impact_score": 5.0, "impact_method": "m", "impact_parts": [], "implementation_difficulty": "low",
        "status": "open", "found": True, "created_at": T0, "evidence": [], "target": target("none", "ci", "test", "t"),
    }  # fmt: skip
    return frame(OPTIMIZATION_RECOMMENDATIONS, [whole | row], {})


def test_recommendations_are_decided_by_whether_they_are_still_made() -> None:
    plan = a_plan(kind="recommendation", subject="r1", prediction=Prediction(None, "No longer made.", None))
    closed = advice(found=False, status="closed", closed_at=at(30))
    assert outcome(history("." * 9), done(4, 5), plan, recommendations=closed)["outcome"] == "fixed"
    still = outcome(history("." * 9), done(4, 5), plan, recommendations=advice())
    assert (still["outcome"], still["category"]) == ("recurred", "performance")
    assert outcome(history("." * 9), done(4, 5), plan, recommendations=advice(), hours=20)["outcome"] == "open"
    assert outcome(history("...."), done(4, 5), plan, recommendations=advice())["outcome"] == "unknowable"
    late = advice(found=False, status="closed", closed_at=at(24 * 20))
    assert outcome(history("." * 9), done(4, 5), plan, recommendations=late)["outcome"] == "recurred"
    earlier = advice(found=False, status="closed", closed_at=at(3))
    assert outcome(history("." * 9), done(4, 5), plan, recommendations=earlier)["outcome"] == "unknowable"
    assert outcome(history("." * 9), done(4, 5), plan)["outcome"] == "unknowable"
    assert outcome(history("." * 9), NOBODY, plan, recommendations=advice())["outcome"] == "not_tried"


def test_rows_keep_the_schema() -> None:
    frame = outcomes(history("..RRR.....R"), done(4.2, 4.5), a_plan(), replace(a_plan("p2"), kind="goal"))
    assert PLAN_OUTCOMES.violations(frame) == {}
    assert frame["plan_id"].to_list() == plan_frame(a_plan(), a_plan("p2"))["plan_id"].to_list()
