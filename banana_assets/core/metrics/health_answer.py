"""Health in the shape that the planning tools of other programs answer with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def system_health(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """``score, issues, trends`` out of the rows of BUILD_HEALTH, whose first is that of all pipelines together."""
    if not rows:
        return {"score": None, "issues": [], "trends": []}
    whole = rows[0]
    trends = []
    if whole["change"] is not None:
        before = whole["score"] - whole["change"]
        percent = 100 * whole["change"] / before if before else None
        trends.append({"metric": "build_health", "direction": whole["direction"], "changePercent": percent})
    return {
        "score": whole["score"],
        "issues": [d["reason"] for d in whole["deductions"]],
        "trends": trends,
    }
