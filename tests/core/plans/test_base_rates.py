"""Failures without a plan, and plans beside them."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.plans.base_rates import ALL, BASES, base_rates, compared, mantel_haenszel, share_gone
from banana_assets.core.plans.trial import CHANCE, History, chance_of_clean, needed
from banana_assets.core.tables.outcomes import PLAN_OUTCOMES
from tests.core.metrics.frames import T0, at
from tests.core.plans.trials import FINGERPRINT, history


@pytest.mark.parametrize(("failed", "seen", "clean"), [(1, 1, 5), (2, 2, 3), (3, 3, 2), (10, 10, 1)])
def test_what_always_failed_is_soon_believed_to_be_gone(failed: int, seen: int, clean: int) -> None:
    assert needed(failed, seen) == clean


def test_for_a_rate_that_is_well_known_it_is_the_rule_of_three() -> None:
    assert needed(100, 1000) == pytest.approx(3 / 0.1, rel=0.1)


@given(st.integers(1, 60), st.integers(0, 200))
def test_the_fewest_clean_builds_are_the_first_that_chance_does_not_explain(failed: int, green: int) -> None:
    n = needed(failed, failed + green)
    assert chance_of_clean(failed, failed + green, n) <= CHANCE or n == 1000
    assert n == 1 or chance_of_clean(failed, failed + green, n - 1) > CHANCE
    assert needed(failed, failed + green + 1) >= n


def base(word: str, *, begun: dict[str, Any] | None = None, hours: float = 24 * 30, days: float = 7) -> dict[str, Any]:
    """The base rate of the class of the failure R, of one build a day."""
    runs, clusters = history(word, step_hours=24)
    frame = base_rates(clusters, History(runs), begun or {}, at(hours), [days])
    assert frame.schema == BASES
    rows = frame.filter(category="missing_dependency").to_dicts()
    return rows[0] if rows else {}


@pytest.mark.parametrize(
    ("word", "gone", "failures", "rate"),
    [
        ("..RRR..........", 1, 1, 1.0),  # gone on the third day
        ("..RRRRRRRRR....", 0, 1, 0.0),  # went on past the horizon
        ("..RRR......R....", 0, 1, 0.0),  # came back after it
        ("..R.......", 1, 1, 1.0),
        ("..RRRRRRRR", 0, 0, None),  # no build since the horizon ended
    ],
)
def test_gone_within_the_horizon_with_no_plan(word: str, gone: int, failures: int, rate: float | None) -> None:
    row = base(word)
    assert (row.get("gone", 0), row.get("failures", 0)) == (gone, failures)
    if rate is not None:
        assert row["rate"] == pytest.approx(rate, abs=0.01)
        assert row["low"] <= row["rate"] <= row["high"]
        assert 0.9 <= row["weight"] <= 1


def test_few_clean_builds_weigh_little() -> None:
    few, many = base("..R.."), base("..R.......")
    assert few["gone"] == 0
    assert few["weight"] < 0.9 < many["weight"]


def test_the_share_that_is_gone_is_that_of_greatest_likelihood() -> None:
    assert share_gone([0.0, 0.0, 1e-6, 1e-6]) == (pytest.approx(0.5, abs=1e-4), pytest.approx(4, abs=1e-3))
    # Ten stayed away, which chance does to each second one, and ten did not: all of them may still be there.
    share, weight = share_gone([0.5] * 10 + [0.0] * 10)
    assert share == pytest.approx(0.0, abs=0.01)
    assert share_gone([0.5] * 15 + [0.0] * 5)[0] == pytest.approx(0.5, abs=1e-3)
    assert weight <= 20


@given(st.lists(st.floats(0, 0.999), min_size=1, max_size=20))
def test_a_share_is_a_share_and_weighs_no_more_than_there_are(chances: list[float]) -> None:
    share, weight = share_gone(chances)
    assert 0 <= share <= 1
    assert 0 <= weight <= len(chances) + 1e-9


def test_what_was_acted_on_within_the_horizon_or_is_too_young_is_left_out() -> None:
    word = "..RRR.........."
    assert base(word, begun={FINGERPRINT: at(24 * 5)}) == {}
    assert base(word, hours=24 * 8) == {}
    assert base("..RRRRRRRRRRR", begun={FINGERPRINT: at(24 * 11)})["gone"] == 0


def rows(*told: tuple[str, int, int, int, int]) -> pl.DataFrame:
    """(class, fixed, recurred, base gone, base n)."""
    made = []
    for category, fixed, recurred, gone, n in told:
        for k in range(fixed + recurred):
            made.append(
                {"plan_id": f"{category}{k}", "kind": "failure", "subject": "x", "category": category,
                 "outcome": "fixed" if k < fixed else "recurred", "why": "", "counts": True, "final": True,
                 "state": "done",
                 "horizon_days": 7.0, "decided_by": [], "clean_builds": 1, "past_failures": 1, "past_builds": 1,
                 "failed_otherwise": 0, "planner": "p", "model_used": "none", "base_n": n, "base_gone": gone,
                 "base_weight": float(n),
                 "base_rate": gone / n if n else None, "base_low": 0.0, "base_high": 1.0, "decide_by": T0}
            )  # fmt: skip
    return PLAN_OUTCOMES.conform(pl.DataFrame(made, schema=PLAN_OUTCOMES.dtypes))


def test_plans_are_compared_with_failures_of_their_class() -> None:
    frame = compared(rows(("timeout", 18, 2, 5, 30), ("crash", 2, 1, 1, 2)))
    told = {row["category"]: row for row in frame.iter_rows(named=True)}
    assert list(told) == ["crash", "timeout", ALL]
    assert told["timeout"]["verdict"] == "failures with a plan that was followed went away more often"
    assert told["timeout"]["low"] < told["timeout"]["difference"] < told["timeout"]["high"]
    assert "needs 2 more decided plans and 3 more failures without a plan at least" in told["crash"]["verdict"]
    assert told[ALL]["planned"] == 23
    assert told[ALL]["low"] > 0


def test_open_horizons_and_undecided_plans_do_not_count() -> None:
    frame = rows(("timeout", 3, 0, 1, 9))
    assert compared(frame.with_columns(final=pl.lit(value=False))).is_empty()
    assert compared(frame.with_columns(counts=pl.lit(value=False))).is_empty()


def test_the_mix_of_classes_makes_no_difference() -> None:
    # In each class both arms are alike; pooled without classes they would differ by .4.
    difference, error = mantel_haenszel([(45, 50, 9, 10), (1, 10, 5, 50)])
    assert difference == pytest.approx(0, abs=1e-9)
    assert 0 < error < 0.2
