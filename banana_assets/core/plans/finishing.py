"""The last steps of every plan: shaped to what was asked, validated, scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from banana_assets.core.plans.asked import Ask
from banana_assets.core.plans.needs import Room
from banana_assets.core.plans.scoring import Concern, scored
from banana_assets.core.plans.shaping import shaped
from banana_assets.core.plans.types import Issue, Plan
from banana_assets.core.plans.validation import errors, validated, worst_first


def finished(
    plan: Plan,
    concerns: Sequence[Concern],
    ask: Ask,
    there: Sequence[Room] = (),
) -> Plan:
    """A plan of known steps as it may be served, or the reason why there is none. A model's plan is not shaped."""
    if plan.status == "abstained":
        return plan
    asked = replace(plan, context=ask.context, constraints=ask.constraints, preferred_approach=ask.preferred_approach)
    kept = shaped(asked.subtasks, ask)
    if kept.reason:
        return none_instead(asked, kept.reason, kept.issues)
    return judged(replace(asked, subtasks=kept.steps, issues=(*plan.issues, *kept.issues)), concerns, ask, there)


def judged(
    plan: Plan,
    concerns: Sequence[Concern],
    ask: Ask,
    there: Sequence[Room] = (),
) -> Plan:
    """The plan with what validation finds, beside what was found already, and with its scores where it holds."""
    issues = worst_first((*plan.issues, *validated(plan, ask, there)))
    if errors(issues):
        return replace(plan, issues=issues)
    return scored(replace(plan, issues=issues), concerns, there)


def none_instead(plan: Plan, reason: str, issues: Sequence[Issue] = ()) -> Plan:
    """The plan as one that abstained, with its one reason."""
    return replace(
        plan,
        approach="",
        subtasks=(),
        risks=(),
        fallback_plan="",
        prediction=replace(plan.prediction, statement="", decide_by=None),
        status="abstained",
        reason=reason,
        optimization_score=None,
        optimization_parts=(),
        resource_efficiency=None,
        efficiency_parts=(),
        issues=tuple(issues),
    )
