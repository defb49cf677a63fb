from __future__ import annotations

from pathlib import Path

import pytest

from banana_assets.core.advice.rules import CROSSING, RULES, SLOWER, Rule, one_worse, worse
from banana_assets.core.vocabulary import BOTTLENECK_KINDS, SEVERITIES

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "numbers.md"


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.measure[:30])
def test_the_document_shows_every_rule(rule: Rule) -> None:
    limits = ", ".join(f"{limit:g}" for limit in rule.limits)
    row = f"| {rule.kind} | {rule.measure} | {rule.needs} | {limits} |"
    assert row in DOCUMENT.read_text(encoding="utf-8").splitlines()


def test_every_kind_has_a_rule() -> None:
    assert {rule.kind for rule in RULES} == set(BOTTLENECK_KINDS)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.measure[:30])
def test_severities_begin_at_their_limits(rule: Rule) -> None:
    assert [rule.severity(limit) for limit in rule.limits] == list(SEVERITIES)
    mild = rule.limits[0] * (1.01 if rule.falling else 0.99)
    assert rule.severity(mild) is None


def test_a_rule_says_what_it_does() -> None:
    assert SLOWER.rule == (
        "median time now over the median before: low from 1.1, medium from 1.25, high from 1.5, critical from 2"
    )
    assert "critical up to 0.25" in CROSSING.rule
    assert worse(None, "low") == worse("low", None) == "low"
    assert worse("high", "medium") == "high"
    assert worse(None, None) is None
    assert (one_worse("low"), one_worse("critical")) == ("medium", "critical")
