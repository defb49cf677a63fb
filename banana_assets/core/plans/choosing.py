"""Which template, if any, a new failure is answered with: by what it was worth, and by how near its failures are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from banana_assets.core.plans.case import Case
from banana_assets.core.plans.placeholders import holes, values_of
from banana_assets.core.plans.templates import ANY, Template, resemblance

NEAR = 0.5
"""A template of no class or of another tool is only looked at when its failures are this near."""

LEAST_TRIALS = 3


@dataclass(frozen=True)
class Choice:
    """A template for a failure: how near the failures are that it was made for (0 to 1), how often it is expected to
    work, and why it was chosen, in words."""

    template: Template
    similarity: float
    expected: float
    why: str


def choose(
    case: Case,
    templates: Sequence[Template],
    standing: pl.DataFrame,
    *,
    near: Mapping[str, float] | None = None,
) -> Choice | None:
    """The template to plan with, or None when none fits.

    ``standing`` is PLAN_TEMPLATES of these templates; ``near`` how near a search found them (0 to 1), by template_id;
    the failures of others are compared with this one word by word. A template fits when it is for this class and tool,
    or its failures are near, when the failure names all that its changes speak of, and when nothing in it may not be
    served. One that was tried three times or more and works less often than doing nothing (upper end of its interval
    below the base rate of its class) is passed over. Of those that fit, the one with the greatest product of expected
    success and (1 + similarity) / 2 is chosen; models have no say.
    """
    values = values_of(case)
    rows = {row["template_id"]: row for row in standing.iter_rows(named=True)}
    fitting: list[tuple[float, float, str, Choice]] = []
    for template in templates:
        row = rows.get(template.template_id)
        if row is None or row["issues"] or template.category not in (case.category, ANY):
            continue
        told = near.get(template.template_id) if near else None
        similarity = resemblance(template, [case.text]) if told is None else min(max(told, 0.0), 1.0)
        same = template.category == case.category and template.tool in (None, case.tool)
        if not same and similarity < NEAR:
            continue
        if holes([s.description for s in template.steps if s.type == "change"]) - set(values):
            continue
        alone = row["base_rate"]
        if alone is not None and row["trials"] >= LEAST_TRIALS and row["success_high"] < alone:
            continue
        score = row["expected"] * (1 + similarity) / 2
        choice = Choice(template, similarity, row["expected"], _why(row, similarity))
        fitting.append((score, row["success_low"], template.template_id, choice))
    return max(fitting, key=lambda f: (f[0], f[1], f[2]))[3] if fitting else None


def _why(row: Mapping[str, object], similarity: float) -> str:
    if row["trials"]:
        interval = f"{row['success_low']:.0%} to {row['success_high']:.0%}"
        worth = f"worked in {row['successes']} of {row['trials']} plans ({interval})"
    else:
        worth = "worked once, and was not tried again yet" if row["origin"] == "plans" else "was not tried here yet"
    return f"Made from the template {row['name']}, which {worth}; its failures are {similarity:.0%} like this one."
