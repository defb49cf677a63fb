from __future__ import annotations

import numpy as np
import pytest

from banana_assets.core.advice.chance import count_tail, dispersion, fisher_tail
from banana_assets.core.advice.load import hot_hours, resource_limits
from banana_assets.core.advice.observed import Observed, by_hour
from banana_assets.core.advice.rising import failing_jobs, pattern_rates
from banana_assets.core.metrics.usage import resource_usage
from tests.core.metrics.frames import at, builds, patterns, samples, shapes


def hourly(counts: list[int], calm: list[int] | None = None, first: int = 0) -> Observed:
    rows = [{"hour": at(first + h), "events": n, "last_ts": at(first + h)} for h, n in enumerate(counts) if n]
    for h, n in enumerate(calm or []):
        rows.append({"hour": at(first + h), "events": n, "shape_id": 2, "shape": "served", "severity_number": 9})
    return Observed(shapes=by_hour(shapes(rows).lazy()), patterns=patterns([{}]))


def test_fisher_by_hand() -> None:
    # Tea tasting: 3 of 4 or better by chance, 17 of 70.
    assert fisher_tail(3, 4, 1, 4) == pytest.approx(17 / 70)
    assert fisher_tail(0, 5, 3, 5) == 1.0


def test_bursty_counts_make_a_burst_less_surprising() -> None:
    assert count_tail(20, 10, 1.0) == pytest.approx(0.00345, rel=0.01)  # Poisson: P(X >= 20 | 10)
    assert count_tail(20, 10, 5.0) > 10 * count_tail(20, 10, 1.0)
    assert count_tail(0, 3) == 1.0
    assert dispersion(np.array([3.0, 3, 3])) == 1.0
    assert dispersion(np.array([0.0, 0, 9, 0, 0, 9])) > 3


def test_a_pattern_that_rose_is_told_with_when_and_how_often() -> None:
    (found,) = pattern_rates(hourly([2] * 42 + [40] * 6))
    assert found.kind == "pattern_rate"
    assert found.since == at(42)
    assert (found.value, found.baseline) == (40, 2)
    assert found.severity == "critical"


def test_what_a_new_source_writes_has_not_risen() -> None:
    assert pattern_rates(hourly([1] + [0] * 40 + [50, 50, 50])) == []
    assert pattern_rates(hourly([50] * 10)) == []


def test_a_pattern_that_grows_with_the_traffic_has_not_risen() -> None:
    counts, traffic = [4] * 42 + [40] * 6, [100] * 42 + [1000] * 6
    assert pattern_rates(hourly(counts, traffic)) == []
    assert len(pattern_rates(hourly(counts, [100] * 48))) == 1


def test_bursts_as_there_were_before_are_no_rise() -> None:
    random = np.random.default_rng(4)
    bursty = [int(n) for n in random.poisson(3 * random.gamma(0.3, 1 / 0.3, 96))]
    assert pattern_rates(hourly(bursty)) == []


def test_a_job_that_fails_more_often() -> None:
    random = np.random.default_rng(2)
    red = [bool(random.random() < 0.1) for _ in range(80)] + [k % 4 != 0 for k in range(20)]
    (found,) = failing_jobs(Observed(builds=builds([{"status": "failed" if r else "success"} for r in red])))
    assert (found.kind, found.subject, found.severity) == ("failure_rate", "ci / test", "critical")
    assert found.since is not None
    assert abs((found.since - at(80)).total_seconds()) <= 3 * 3600
    assert {e["key"] for e in found.evidence} <= {f"b{k:03d}" for k in range(100)}
    steady = [{"status": "failed" if random.random() < 0.3 else "success"} for _ in range(100)]
    assert failing_jobs(Observed(builds=builds(steady))) == []


def usage_of(
    values: list[float], metric: str = "memory_percent", source: str = "host1", step: float = 3600
) -> Observed:
    return Observed(usage=resource_usage(samples(values, step, metric=metric, source=source)))


def test_memory_that_leaks_is_told_before_it_is_full() -> None:
    noise = np.random.default_rng(5).normal(0, 0.5, 240)
    rising = [40 + max(0, k - 96) * 0.2 + float(noise[k]) for k in range(240)]
    (found,) = resource_limits(usage_of(rising))
    assert found.subject == "host1: memory_percent"
    assert "rises steadily from" in found.description
    # 69 % at 0.2 % an hour: 100 % is about 6.5 days away.
    assert "reaches 100 % in 6." in found.description
    assert found.severity == "low"
    assert found.since is not None
    assert found.since <= at(120)
    assert resource_limits(usage_of([40 + float(x) for x in noise])) == []


def test_soon_is_worse_than_later() -> None:
    fast = [20 + max(0, k - 96) * 0.5 for k in range(240)]
    (found,) = resource_limits(usage_of(fast))
    assert found.severity in ("high", "critical")
    assert any("where the rise begins" in e["fact"] for e in found.evidence)


def test_a_processor_that_builds_use_is_no_bottleneck() -> None:
    busy = usage_of([99.0] * 40, metric="cpu_percent", source="ci", step=60)
    assert len(resource_limits(busy)) == 1
    assert resource_limits(Observed(usage=busy.usage, builds=builds([{}]))) == []


def test_three_readings_are_too_few_for_a_limit() -> None:
    assert resource_limits(usage_of([99.0] * 3, step=60)) == []


def test_one_bad_day_is_no_hot_hour() -> None:
    daily = [90 if h % 24 == 3 else 4 for h in range(24 * 8)]
    (found,) = hot_hours(hourly(daily))
    assert found.subject == "errors of api at 03:00"
    assert "03:00-03:59 UTC on 8 of 8 days" in found.description
    once = [400 if h == 51 else 4 for h in range(24 * 8)]
    assert hot_hours(hourly(once)) == []


def test_silence_around_a_burst_is_no_usual_rate() -> None:
    burst = [{"finished_at": at(k / 200)} for k in range(190)]
    assert hot_hours(Observed(builds=builds([*burst, {"finished_at": at(17)}, {"finished_at": at(18)}]))) == []
    assert hot_hours(hourly([400, *[0] * 40, 1])) == []
    assert len(hot_hours(hourly([400, *[0] * 40, 1], calm=[5] * 42))) == 1
    assert hot_hours(hourly([4] * 5 + [400] + [4] * 5)) == []


def test_a_hot_hour_of_builds_names_one_of_them() -> None:
    spread = [{"finished_at": at(k + 0.2)} for k in range(20)]
    gathered = [{"finished_at": at(9 + k / 100)} for k in range(1, 41)]
    (found,) = hot_hours(Observed(builds=builds([*spread, *gathered])))
    assert [(e["table"], e["key"]) for e in found.evidence] == [("builds", "b020")]
    # Builds that came in together are no hour in which they ran.
    timeless = [{"finished_at": None, "arrived_at": at(9)} for _ in range(40)]
    assert hot_hours(Observed(builds=builds([*spread, *timeless]))) == []
