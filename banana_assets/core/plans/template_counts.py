"""What templates are worth: counted from the outcomes of plans of their shape, with what chance leaves open.

The plan that a template was made of does not count for it: it was chosen because it worked, and a success that decides
whether something is counted says nothing about the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from banana_assets.core.metrics.rates import BetaPrior, fit_prior, wilson
from banana_assets.core.plans.templates import Template
from banana_assets.core.tables.outcomes import PLAN_TEMPLATES


def standing(templates: Sequence[Template], plans: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """PLAN_TEMPLATES: the templates with their counts, the best first. Of PLANS, ``plans`` needs template_id and
    created_at; ``outcomes`` are PLAN_OUTCOMES.

    ``success_rate`` is fixed of fixed and recurred, with its Wilson interval. They are ranked by ``expected``: the same
    rate shrunk to what templates do as a family (Beta-binomial), so that 1 of 1 does not stand before 18 of 20.
    """
    counts = [counted(template, outcomes) for template in templates]
    prior = fit_prior([c[0] for c in counts], [c[1] for c in counts])
    made = plans.drop_nulls("template_id").group_by("template_id").agg(pl.len(), pl.col("created_at").max())
    uses = {row[0]: row[1:] for row in made.iter_rows()}
    told = outcomes.drop_nulls("base_rate").sort("horizon_days").unique("category", keep="first", maintain_order=True)
    alone = dict(told.select("category", "base_rate").iter_rows())
    rows = [
        {**_row(t, *c, prior, *uses.get(t.template_id, (0, None))), "base_rate": alone.get(t.category)}
        for t, c in zip(templates, counts, strict=True)
    ]
    frame = PLAN_TEMPLATES.conform(pl.DataFrame(rows, schema=PLAN_TEMPLATES.dtypes))
    return frame.sort(["expected", "success_low", "template_id"], descending=[True, True, False])


def counted(template: Template, outcomes: pl.DataFrame) -> tuple[int, int]:
    """``(fixed, decided)`` of the plans that were made from a template or have its shape and count (PLAN_OUTCOMES),
    without the one that it was made of: the first of its shape that was fixed."""
    mine = (pl.col("template_id") == template.template_id).fill_null(value=False)
    shaped = pl.col("plan_id").is_in(list(template.plans)) & ~mine
    told = outcomes.filter(pl.col("counts") & (mine | shaped))
    fixed = told.filter(pl.col("outcome") == "fixed")
    source = int(fixed.filter(shaped).height > 0)
    return fixed.height - source, told.height - source


def _row(
    template: Template, successes: int, trials: int, prior: BetaPrior, used: int, last_used: Any
) -> Mapping[str, Any]:
    low, high = wilson(successes, trials)
    return {
        "template_id": template.template_id,
        "name": template.name,
        "description": template.description,
        "category": template.category,
        "tool": template.tool,
        "origin": template.origin,
        "approach": template.approach,
        "steps": [vars(s) for s in template.steps],
        "risks": [vars(r) for r in template.risks],
        "fallback_plan": template.fallback_plan,
        "plans": list(template.plans),
        "successes": successes,
        "trials": trials,
        "success_rate": successes / trials if trials else None,
        "success_low": low,
        "success_high": high,
        "expected": prior.mean(successes, trials),
        "usage_count": used,
        "last_used_at": last_used,
        "imported_successes": sum(c.successes for c in template.counted.values()),
        "imported_trials": sum(c.trials for c in template.counted.values()),
        "note": template.note,
        "issues": list(template.issues),
        "created_at": template.created_at,
        "updated_at": template.updated_at,
    }
