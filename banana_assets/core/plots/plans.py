"""A plan's task graph on a time axis: each step as early as what it waits for allows."""

from __future__ import annotations

from typing import Any

import polars as pl

from banana_assets.core.plots.style import BLUE, GREEN, INK, ORANGE, PURPLE, drawing, nothing, wrapped

_TYPES = {"reproduce": PURPLE, "measure": PURPLE, "inspect": BLUE, "change": ORANGE, "verify": GREEN, "prevent": INK}


def plan_plot(plans: pl.DataFrame) -> bytes:
    """The first plan (PLANS) that does not abstain; arrows lead from a step to the ones that wait for it."""
    row = next((r for r in plans.iter_rows(named=True) if r["subtasks"]), None)
    if row is None:
        return nothing("no plan: " + (plans["reason"][0] if plans.height and plans["reason"][0] else "nothing failed"))
    steps = row["subtasks"]
    starts = earliest(steps)
    end = max(starts[s["id"]] + s["estimated_minutes"] for s in steps)
    with drawing(7.2, 0.95 + 0.5 * len(steps)) as d:
        axes = d.axes
        place = {s["id"]: len(steps) - 1 - k for k, s in enumerate(steps)}
        for step in steps:
            y, begin, width = place[step["id"]], starts[step["id"]], step["estimated_minutes"]
            axes.barh(y, width, left=begin, height=0.3, color=_TYPES.get(step["type"], BLUE), zorder=3)
            axes.annotate(
                wrapped(f"{step['id']} {step['description']}".replace("`", ""), 100, 1),
                (0, y),
                xytext=(0, 7),
                textcoords="offset points",
                va="bottom",
                fontsize=7.4,
            )
            for before in step["dependencies"]:
                tip = (begin, y)
                tail = (starts[before] + _minutes(steps, before), place[before])
                axes.annotate(
                    "",
                    tip,
                    tail,
                    arrowprops={
                        "arrowstyle": "-|>",
                        "color": INK,
                        "linewidth": 0.8,
                        "connectionstyle": "arc3,rad=0",
                    },
                    zorder=2,
                )
        axes.set_ylim(-0.5, len(steps) - 0.2)
        axes.set_xlim(0, end * 1.02)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_xlabel("minutes, as early as each step can begin")
        axes.set_title(wrapped(row["goal"].replace("`", ""), 96), fontsize=9.5)
    return d.svg


def earliest(steps: list[dict[str, Any]]) -> dict[str, float]:
    """The minute at which each step can begin at the earliest; steps stand after the ones they wait for."""
    starts: dict[str, float] = {}
    for step in steps:
        starts[step["id"]] = max((starts[b] + _minutes(steps, b) for b in step["dependencies"]), default=0.0)
    return starts


def _minutes(steps: list[dict[str, Any]], step: str) -> float:
    return float(next(s["estimated_minutes"] for s in steps if s["id"] == step))
