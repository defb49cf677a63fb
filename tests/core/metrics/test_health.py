from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.builds.clusters import failure_clusters
from banana_assets.core.builds.flaky import flaky_tests
from banana_assets.core.builds.quarantine import QUARANTINES
from banana_assets.core.metrics.health import build_health, mann_whitney_greater
from banana_assets.core.metrics.rates import BetaPrior, fit_prior, wilson
from banana_assets.core.tables import BUILD_FAILURES, BUILD_HEALTH, BUILDS, TEST_RESULTS
from tests.core.metrics.frames import at, builds, failures, results


def score(statuses: str, **row: object) -> float:
    rows = [{"status": "failed" if s == "F" else "success", "duration_seconds": 60.0, **row} for s in statuses]
    out = build_health(builds(rows), BUILD_FAILURES.empty())
    return float(out["score"][0])


def test_nothing_gives_nothing() -> None:
    assert build_health(BUILDS.empty(), BUILD_FAILURES.empty(), TEST_RESULTS.empty()).height == 0


def test_more_failures_score_less() -> None:
    assert score("." * 40) > score("." * 30 + "F" + "." * 9) > score(".F" * 20) > score("F" * 40)
    assert score("." * 40) > 95
    assert score("F" * 40) < 40


def test_points_add_up_and_the_interval_holds_the_score() -> None:
    rows = [{"status": "failed" if k % 3 == 0 else "success", "duration_seconds": 60.0 + k % 7} for k in range(30)]
    tested = results([{"build_id": f"b{k:03d}", "name": "t", "status": "flaky"} for k in range(30)])
    out = build_health(
        builds(rows), failures([{"build_id": f"b{k:03d}", "failed_at": at(k)} for k in range(0, 30, 3)]), tested
    )
    assert BUILD_HEALTH.violations(out) == {}
    for row in out.iter_rows(named=True):
        assert row["score"] == pytest.approx(100 - sum(d["points"] for d in row["deductions"]))
        assert row["score_low"] <= row["score"] <= row["score_high"]
    reasons = " ".join(d["reason"] for d in out["deductions"][1])
    assert "10 of the last 30 builds failed" in reasons
    assert "by chance" in reasons
    assert "failed the same way before" in reasons


def test_a_slower_job_costs_points_and_noise_does_not() -> None:
    noise = np.random.default_rng(1).normal(0, 3, 60)
    rows = [{"duration_seconds": 100 + x} for x in noise]
    assert score_of(rows) == pytest.approx(score_of([{"duration_seconds": 100.0} for _ in noise]))
    slower = [{"duration_seconds": (100 if k < 45 else 160) + x} for k, x in enumerate(noise)]
    assert score_of(slower) < score_of(rows) - 5


def test_a_slower_job_is_told_since_its_change_point() -> None:
    noise = np.random.default_rng(1).normal(0, 3, 70)
    taken = [(100 if k < 47 else 300) + x for k, x in enumerate(noise)]
    rows = [{"duration_seconds": seconds} for seconds in taken]
    reasons = " ".join(d["reason"] for d in build_health(builds(rows), BUILD_FAILURES.empty())["deductions"][0])
    ratio = np.median(taken[47:]) / np.median(taken[:47])
    assert f"in its last 23 builds, 1 min 40 s before (x{ratio:.2f})" in reasons


def test_a_job_that_is_slow_since_long_ago_costs_nothing() -> None:
    noise = np.random.default_rng(1).normal(0, 3, 240)
    rows = [{"duration_seconds": (100 if k < 60 else 300) + x} for k, x in enumerate(noise)]
    assert score_of(rows) == pytest.approx(score_of([{"duration_seconds": 100.0} for _ in noise]))


def score_of(rows: list[dict[str, object]]) -> float:
    return float(build_health(builds(rows), BUILD_FAILURES.empty())["score"][0])


@settings(deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_rate_and_agrees_with_scipy(pair: tuple[int, int]) -> None:
    from scipy.stats import binomtest

    hits, n = pair
    low, high = wilson(hits, n)
    assert 0 <= low <= hits / n <= high <= 1
    theirs = binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8))
def test_a_prior_is_always_proper(counts: list[tuple[int, int]]) -> None:
    prior = fit_prior([h for h, _ in counts], [h + m for h, m in counts])
    assert prior.a > 0
    assert prior.b > 0
    assert prior.a + prior.b <= 20 + 1e-9


def test_shrinkage_pulls_small_samples_more() -> None:
    prior = BetaPrior(1, 9)
    assert abs(prior.mean(1, 1) - 0.1) < abs(prior.mean(10, 10) - 0.1) < abs(prior.mean(100, 100) - 0.1)


def test_mann_whitney_agrees_with_scipy() -> None:
    from scipy.stats import mannwhitneyu

    generator = np.random.default_rng(2)
    for _ in range(20):
        a, b = generator.integers(0, 12, 15).astype(float), generator.integers(0, 10, 40).astype(float)
        theirs = mannwhitneyu(a, b, alternative="greater", method="asymptotic").pvalue
        assert mann_whitney_greater(a, b) == pytest.approx(theirs, rel=1e-6)


def test_what_is_one_failure_or_flaky_is_told_by_clusters_and_flaky_tests() -> None:
    names = [f"b{k:03d}" for k in range(12)]
    red = {names[5]: "cart is gone from the till at noon", names[9]: "cart is gone from the till at one"}
    known = builds(
        [
            {"build_id": name, "status": "failed" if name in red else "success", "commit_sha": f"c{k // 2}"}
            for k, name in enumerate(names)
        ]
    )
    failed = failures([{"build_id": name, "fingerprint": name, "cause_text": text} for name, text in red.items()])
    tested = results(
        [{"build_id": name, "name": "t", "status": "failed" if name == names[5] else "passed"} for name in names]
    )

    def reasons(**more: pl.DataFrame) -> str:
        out = build_health(known, failed, tested, **more)
        return " ".join(d["reason"] for d in out.row(by_predicate=pl.col("pipeline") == "ci", named=True)["deductions"])

    assert "failed the same way" not in reasons()
    assert "by chance" not in reasons()
    clusters = failure_clusters(failed, known)
    assert clusters.height == 1
    assert "failed the same way" in reasons(clusters=clusters)
    flaky = flaky_tests(tested, known, failed, pl.DataFrame(schema=QUARANTINES), at(0).date())
    assert "in 1 of 12 builds with tests some failed by chance, t in 1 build" in reasons(flaky=flaky)


def test_an_interval_is_that_of_the_posterior_where_only_failures_count() -> None:
    from scipy.stats import beta

    from banana_assets.core.metrics.health_window import POINTS

    runs = [
        {"build_id": f"b{k:03d}", "branch": f"b{k}", "status": "failed" if k % 4 == 0 else "success"} for k in range(40)
    ]
    row = build_health(builds(runs), BUILD_FAILURES.empty()).row(1, named=True)
    prior = fit_prior([10], [40])
    rate = prior.interval(10, 40)
    assert rate == pytest.approx(tuple(beta(prior.a + 10, prior.b + 30).ppf([0.025, 0.975])))
    spread = POINTS["failures"] * (rate[1] - rate[0])
    # Red branches lose time with the failures, so that the interval is a little wider.
    assert spread < row["score_high"] - row["score_low"] < 1.6 * spread


def test_a_window_that_got_worse_is_degrading_and_the_history_ends_now() -> None:
    rows = [{"status": "failed" if k >= 60 and k % 2 else "success"} for k in range(100)]
    out = build_health(builds(rows), BUILD_FAILURES.empty()).row(0, named=True)
    assert out["direction"] == "degrading"
    assert out["change_low"] <= out["change"] <= out["change_high"] < 0
    assert [p["as_of"] for p in out["history"]] == sorted(p["as_of"] for p in out["history"])
    assert out["history"][-1]["score"] == pytest.approx(out["score"], abs=0.11)  # Tiny deductions are not made.
    same = build_health(builds([{"status": "success"} for _ in range(100)]), BUILD_FAILURES.empty()).row(0, named=True)
    assert same["direction"] == "stable"
    few = build_health(builds([{"status": "success"} for _ in range(10)]), BUILD_FAILURES.empty()).row(0, named=True)
    assert few["direction"] is None


def test_a_pipeline_that_no_longer_builds_keeps_its_row_and_leaves_the_whole() -> None:
    old = [{"build_id": f"o{k}", "pipeline": "old", "status": "failed", "finished_at": at(k)} for k in range(10)]
    new = [{"build_id": f"n{k}", "pipeline": "new", "finished_at": at(24 * 60 + k)} for k in range(10)]
    out = build_health(builds(old + new), BUILD_FAILURES.empty())
    whole, fresh, gone = (out.filter(pipeline=name).row(0, named=True) for name in ("", "new", "old"))
    assert whole["score"] == fresh["score"] > gone["score"]
    assert whole["builds"] == 10


def test_the_same_builds_give_the_same_row() -> None:
    rows = [{"status": "failed" if k % 5 == 0 else "success", "duration_seconds": 10.0 + k} for k in range(50)]
    assert build_health(builds(rows), BUILD_FAILURES.empty()).equals(build_health(builds(rows), BUILD_FAILURES.empty()))
