"""Outcomes beside the base rate, and templates by success: words, intervals, and nothing to show."""

from __future__ import annotations

import polars as pl

from banana_assets.core.plots.outcomes import outcomes_plot, templates_plot
from banana_assets.core.tables import PLAN_OUTCOMES, PLAN_TEMPLATES
from tests.core.plans.test_base_rates import rows
from tests.core.plans.test_templates import drawn, known, shown


def test_the_same_rows_give_the_same_picture_and_none_a_sentence() -> None:
    frame = rows(("timeout", 18, 2, 5, 30), ("crash", 2, 1, 0, 0))
    assert outcomes_plot(frame) == outcomes_plot(frame)
    assert len(outcomes_plot(PLAN_OUTCOMES.empty())) < len(outcomes_plot(frame))
    assert outcomes_plot(frame.with_columns(counts=pl.lit(value=False))) != outcomes_plot(frame)


def test_templates() -> None:
    template = drawn(known())
    tried, untried = shown(template, 3, 4), shown(template)
    assert templates_plot(tried) != templates_plot(untried)
    assert templates_plot(PLAN_TEMPLATES.empty()).startswith(b"<?xml")
