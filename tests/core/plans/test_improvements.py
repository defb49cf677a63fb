"""Every kind of bottleneck has a plan that keeps the rules."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from banana_assets.core.advice.answers import answer
from banana_assets.core.advice.impact import BuildTime
from banana_assets.core.advice.observed import Observed, target
from banana_assets.core.evidence import fact
from banana_assets.core.plans.knowledge import Knowledge
from banana_assets.core.plans.planner import recommendation_plan
from banana_assets.core.plans.validation import plan_issues
from banana_assets.core.tables import PLANS
from banana_assets.core.vocabulary import BOTTLENECK_KINDS, DIFFICULTIES, RECOMMENDATION_TYPES
from tests.core.metrics.frames import at

CITED = {"build_id": "b1", "sha256": "0" * 64, "first_line": 3, "last_line": 3, "quote": "make"}


def bottleneck(kind: str) -> dict[str, Any]:
    return {
        "bottleneck_id": "x", "kind": kind, "subject": "ci: memory_percent", "severity": "high",
        "description": "It is.", "value": 90.0, "baseline": 100.0, "unit": "s",
        "since": at(0), "until": at(9), "rule": "r",
        "target": target("none", "ci", "test", "t"), "evidence": [fact("a", "builds", "b1"), fact("c", "builds", "b2")],
    }  # fmt: skip


@pytest.mark.parametrize("kind", BOTTLENECK_KINDS)
def test_every_kind_has_an_answer_and_a_valid_plan(kind: str) -> None:
    row = bottleneck(kind)
    said = answer(row, Observed(), BuildTime({}))
    assert said.type in RECOMMENDATION_TYPES
    assert said.difficulty in DIFFICULTIES
    assert 0 <= said.impact.score <= 10
    assert all(part["value"] >= 0 for part in said.impact.parts)
    evidence = [fact("It is.", "bottlenecks", "x", CITED), *row["evidence"]]  # type: ignore[arg-type]
    advice = {
        "recommendation_id": "r", "subject": f"{kind} {row['subject']}", "description": f"{said.lead}. It is.",
        "impact_score": said.impact.score,
        "evidence": evidence,
    }  # fmt: skip
    plan = recommendation_plan(advice, Knowledge(), at(9))
    assert plan.status == "pending"
    frame = PLANS.conform(pl.DataFrame([plan.row()], schema=PLANS.dtypes))
    assert plan_issues(frame).is_empty()
