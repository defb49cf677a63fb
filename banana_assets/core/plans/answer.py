"""A plan in the shape that the planning tools of other programs answer with, beside what is told here beyond it."""

from __future__ import annotations

from typing import Any

from banana_assets.core.evidence import seconds_text
from banana_assets.core.plans.order import critical_path, work
from banana_assets.core.plans.types import Plan, Subtask


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
