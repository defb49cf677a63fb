"""A plan in the shape that the planning tools of other programs answer with, beside what is told here beyond it."""

from __future__ import annotations

from typing import Any

from banana_assets.core.evidence import seconds_text
from banana_assets.core.plans.order import critical_path, work
from banana_assets.core.plans.types import Plan, Subtask
from banana_assets.core.plans.validation import errors

MOST_SUGGESTIONS = 3
GOOD = 0.8
"""Parts of scores from here on are nothing to suggest about."""


def as_answer(plan: Plan, *, patterns: int, templates: int, metrics: int) -> dict[str, Any]:
    """``success``, ``plan``, ``optimization_score``, ``resource_efficiency``, ``model_used``, ``context_used``,
    ``error``; a plan that abstained is no success, and its reason the error."""
    made = plan.status != "abstained"
    return {
        "success": made,
        "plan": as_plan(plan) if made else None,
        "optimization_score": plan.optimization_score,
        "resource_efficiency": plan.resource_efficiency,
        "model_used": plan.model_used,
        "context_used": {"logPatternsCount": patterns, "templatesCount": templates, "metricsCount": metrics},
        "error": plan.reason,
    }


def as_plan(plan: Plan) -> dict[str, Any]:
    """The plan: times in words and as minutes, needs of each step in words and of the whole as a list."""
    row = plan.row()
    total, least = work(plan.subtasks), critical_path(plan.subtasks)
    return {
        "plan_id": plan.plan_id,
        "approach": plan.approach,
        "subtasks": [_subtask(step, told) for step, told in zip(plan.subtasks, row["subtasks"], strict=True)],
        "optimization_notes": "; ".join(
            f"{p.name.replace('_', ' ')} {p.value:.2f}: {p.why}" for p in plan.optimization_parts
        ),
        "risk_assessment": " ".join(f"{r.description} {r.mitigation}".strip() for r in plan.risks),
        "estimated_total_duration": f"{_told(total)} of work, {_told(least)} from begin to end",
        "resource_requirements": _needs(plan),
        "fallback_plan": plan.fallback_plan,
        "prediction": row["prediction"],
        "planner": plan.planner,
        "kind": plan.kind,
        "goal": plan.goal,
        "status": plan.status,
        "created_at": plan.created_at,
        "risks": row["risks"],
        "optimization_parts": row["optimization_parts"],
        "efficiency_parts": row["efficiency_parts"],
        "issues": row["issues"],
        "template_id": plan.template_id,
        "supersedes": plan.supersedes,
    }


def as_validation(plan: Plan, fixed: int, decided: int) -> dict[str, Any]:
    """What validation found, as the planning tools of other programs have it: ``isValid, issues, suggestions,
    estimatedSuccessRate``; and on how many outcomes that rate rests (``decidedOutcomes``).

    Of the ``decided`` outcomes of earlier plans so many are ``fixed``. Suggestions say what costs the plan most of its
    scores.
    """
    places = {step.id: place for place, step in enumerate(plan.subtasks)}
    parts = sorted((*plan.optimization_parts, *plan.efficiency_parts), key=lambda p: p.weight * (p.value - 1))
    return {
        "isValid": plan.status != "abstained" and not errors(plan.issues),
        "issues": [
            {"type": i.level, "message": i.message, "subtaskIndex": places.get(i.step) if i.step else None}
            for i in plan.issues
        ],
        "suggestions": [
            f"{p.name.replace('_', ' ')} is {p.value:.2f}: {p.why}" for p in parts[:MOST_SUGGESTIONS] if p.value < GOOD
        ],
        "estimatedSuccessRate": fixed / decided if decided else None,
        "decidedOutcomes": decided,
    }


def _subtask(step: Subtask, row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "dependencies": list(step.dependencies),
        "estimated_duration": _told(step.estimated_minutes),
        "resource_requirements": ", ".join(f"{n.type} {n.amount:g} {n.unit}" for n in step.resource_requirements),
        "resources": row["resource_requirements"],
    }


def _needs(plan: Plan) -> list[dict[str, Any]]:
    """The greatest need of each resource in any step, and for how long it is needed in all."""
    most: dict[tuple[str, str], tuple[float, float]] = {}
    for step in plan.subtasks:
        for need in step.resource_requirements:
            amount, minutes = most.get((need.type, need.unit), (0.0, 0.0))
            most[need.type, need.unit] = (max(amount, need.amount), minutes + step.estimated_minutes)
    return [
        {"type": kind, "amount": amount, "unit": unit, "duration": _told(minutes)}
        for (kind, unit), (amount, minutes) in most.items()
    ]


def _told(minutes: float) -> str:
    return seconds_text(minutes * 60)
