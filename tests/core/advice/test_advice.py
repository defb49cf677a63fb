from __future__ import annotations

import numpy as np
import polars as pl

from banana_assets.core.advice.bottlenecks import bottlenecks
from banana_assets.core.advice.citing import cause_citations
from banana_assets.core.advice.observed import Observed, by_hour
from banana_assets.core.advice.standing import recommendations
from banana_assets.core.metrics.usage import resource_usage
from banana_assets.core.tables import BOTTLENECKS, OPTIMIZATION_RECOMMENDATIONS
from tests.core.metrics.frames import at, builds, failures, patterns, results, samples, shapes


def observed(**frames: pl.DataFrame) -> Observed:
    if "shapes" in frames:
        frames["shapes"] = by_hour(frames["shapes"].lazy())
    return Observed(**frames)


def found(**frames: pl.DataFrame) -> pl.DataFrame:
    out = bottlenecks(observed(**frames))
    assert BOTTLENECKS.violations(out) == {}
    assert (out["evidence"].list.len() > 0).all()
    return out


def test_nothing_gives_nothing() -> None:
    assert found().schema == BOTTLENECKS.dtypes
    assert recommendations(BOTTLENECKS.empty(), Observed()).schema == OPTIMIZATION_RECOMMENDATIONS.dtypes


def test_a_job_that_became_slow() -> None:
    noise = np.random.default_rng(0).normal(0, 2, 60)
    out = found(builds=builds([{"duration_seconds": (60 if k < 45 else 100) + x} for k, x in enumerate(noise)]))
    assert out["kind"].to_list() == ["slow_step"]
    assert out["severity"][0] == "high"
    assert out["since"][0] >= at(40)
    assert found(builds=builds([{"duration_seconds": 60 + x} for x in noise])).height == 0


def test_queues_by_wait_over_run_time() -> None:
    rows = [{"queued_at": at(k), "started_at": at(k + 0.5), "duration_seconds": 900.0} for k in range(12)]
    out = found(builds=builds(rows))
    assert (out["kind"][0], out["severity"][0]) == ("queue", "critical")
    # Twelve arrivals in 11.5 hours, half an hour each: 12 x 0.5 / 11.5 wait at a time, 12 x 0.25 / 11.5 run.
    assert "0.52 wait and 0.26 run at a time, at most 1 at once (26% used)" in out["description"][0]


def test_a_resource_near_its_limit() -> None:
    out = found(usage=resource_usage(samples([93.0 + k % 3 for k in range(300)])))
    assert (out["kind"][0], out["severity"][0]) == ("resource_limit", "high")
    assert found(usage=resource_usage(samples([40.0] * 300))).height == 0


def test_patterns_that_rose_and_hours_that_are_hot() -> None:
    hours = shapes([{"hour": at(h), "events": 2 if h < 40 else 60} for h in range(48)])
    out = found(shapes=hours, patterns=patterns([{}]))
    assert "pattern_rate" in out["kind"].to_list()
    steady = found(shapes=shapes([{"hour": at(h), "events": 5 + h % 3} for h in range(48)]), patterns=patterns([{}]))
    assert steady.height == 0
    hot = found(shapes=shapes([{"hour": at(h), "events": 90 if h % 24 == 3 else 4} for h in range(120)]))
    assert hot["kind"].to_list() == ["hot_hour"]
    assert "03:00" in hot["description"][0]


def test_one_test_that_takes_most_of_the_time() -> None:
    rows = [{"build_id": "b000", "name": f"t{k}", "duration_seconds": 50.0 if k == 3 else 1.0} for k in range(8)]
    out = found(builds=builds([{}]), tests=results(rows))
    assert "Test t3 takes 50 s" in out["description"][0]


def advice(failed: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    out = recommendations(BOTTLENECKS.empty(), Observed(failures=failed, builds=runs))
    assert OPTIMIZATION_RECOMMENDATIONS.violations(out) == {}
    return out


def test_one_recommendation_a_fingerprint_with_a_citation_and_a_stable_id() -> None:
    runs = builds([{"status": "failed" if k % 2 else "success"} for k in range(10)])
    failed = failures([{"build_id": f"b{k:03d}", "failed_at": at(k)} for k in range(1, 10, 2)])
    out = advice(failed, runs)
    assert out.height == 1
    row = out.row(0, named=True)
    assert row["description"].startswith("Provide `yaml`.")
    assert "5 of the latest 10" in row["description"]
    citation = row["evidence"][0]["citation"]
    assert (citation["first_line"], citation["last_line"]) == (7, 7)
    assert citation["quote"] == "E   ModuleNotFoundError: No module named 'yaml'"
    again = advice(failed.head(2), runs)
    assert again["recommendation_id"][0] == row["recommendation_id"]
    assert again["impact_score"][0] < row["impact_score"]


def test_every_recommendation_has_evidence() -> None:
    seen = observed(usage=resource_usage(samples([93.0] * 300)), patterns=patterns([{}]), builds=builds([{}]))
    out = recommendations(bottlenecks(seen), seen)
    assert out.height == 2
    assert (out["evidence"].list.len() > 0).all()
    assert out["recommendation_id"].n_unique() == 2


def row(cause: list[tuple[int, int]], text: str) -> dict[str, object]:
    spans = [{"first": a, "last": b} for a, b in cause]
    return {"build_id": "b", "log_sha256": "s", "cause": spans, "cause_text": text}


def test_quotes_are_whole_lines_of_their_spans() -> None:
    cited = cause_citations(row([(3, 4), (9, 9)], "a\nb\nc"))
    assert [(c["first_line"], c["last_line"], c["quote"]) for c in cited] == [(3, 4, "a\nb"), (9, 9, "c")]


def test_what_may_be_cut_is_not_quoted() -> None:
    assert cause_citations(row([(1, 1)], "x" * 1000)) == ()
    assert cause_citations(row([(1, 1)], "a\nb")) == ()
    cited = cause_citations(row([(1, 4)], "a\nb\nc"))
    assert [(c["last_line"], c["quote"]) for c in cited] == [(2, "a\nb")]
    long = cause_citations(row([(1, 40)], "\n".join("line" for _ in range(40))))
    assert long[0]["last_line"] == 12


def test_a_pattern_that_people_settled_is_left_alone() -> None:
    hours = shapes([{"hour": at(h), "events": 2 if h < 40 else 60} for h in range(48)])
    muted = patterns([{"state": "muted"}])
    assert "pattern_rate" not in found(shapes=hours, patterns=muted)["kind"].to_list()
    open_ones = recommendations(BOTTLENECKS.empty(), observed(patterns=patterns([{}])))
    settled = recommendations(BOTTLENECKS.empty(), observed(patterns=muted))
    assert (open_ones.height, settled.height) == (1, 0)
