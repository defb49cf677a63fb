"""What plans were worth: outcomes by class beside the base rate, and templates by how often they work."""

from __future__ import annotations

from typing import Any

import polars as pl

from banana_assets.core.metrics.rates import wilson
from banana_assets.core.plots.style import BLUE, GREEN, INK, drawing, nothing, short

MOST = 12
OTHERS = (("open", "open"), ("not_tried", "not tried"), ("unknowable", "unknowable"))


def outcomes_plot(outcomes: pl.DataFrame) -> bytes:
    """Fixed of decided plans by class (PLAN_OUTCOMES), with 95 % intervals, over the share of such failures that goes
    away within the same time with no plan. The twelve classes with the most plans."""
    known = outcomes.drop_nulls("category")
    if not known.height:
        return nothing("no plan for a failure or a recommendation yet")
    if not known["counts"].any() and not known["base_weight"].sum():
        counted = known.group_by("outcome").len().sort("len", "outcome", descending=[True, False])
        stand = ", ".join(f"{n} {outcome.replace('_', ' ')}" for outcome, n in counted.iter_rows())
        return nothing(f"no plan is decided yet: {stand}")
    top = known.group_by("category").len().sort(["len", "category"], descending=[True, False]).head(MOST).reverse()
    with drawing(7.2, 1.15 + 0.42 * top.height) as d:
        for y, category in enumerate(top["category"]):
            mine = known.filter(pl.col("category") == category)
            counts = dict(mine.group_by("outcome").len().iter_rows())
            told = mine.filter("counts")
            n, fixed = told.height, told.filter(pl.col("outcome") == "fixed").height
            base = mine.sort("horizon_days").row(0, named=True)
            hits, weight = (base["base_rate"] or 0.0) * base["base_weight"], base["base_weight"]
            _interval(d.axes, hits, weight, y - 0.13, INK, "with no plan" if y == 0 else None, "none")
            _interval(d.axes, fixed, n, y + 0.13, GREEN, "plans that were followed" if y == 0 else None, GREEN)
            words = [f"{fixed} of {n}"] if n else []
            words += [f"{counts[key]} {word}" for key, word in OTHERS if counts.get(key)]
            d.axes.annotate(", ".join(words), (102, y), va="center", fontsize=7.5, annotation_clip=False)
        d.axes.set_yticks(range(top.height), [c.replace("_", " ") for c in top["category"]])
        d.axes.set_ylim(-0.6, top.height - 0.4)
        d.axes.set_xlim(0, 100)
        d.axes.tick_params(axis="y", length=0)
        d.axes.grid(axis="x")
        d.axes.set_xlabel("gone, % of those decided, with 95 % interval")
        d.figure.legend(loc="outside upper left", ncols=2)
    return d.svg


def templates_plot(templates: pl.DataFrame) -> bytes:
    """The twelve best templates (PLAN_TEMPLATES): how often later plans of their shape worked, with 95 % intervals."""
    if not templates.height:
        return nothing("no template yet: no plan is known to have worked")
    ranked = templates.sort(["expected", "success_low", "template_id"], descending=[True, True, False])
    top = ranked.head(MOST).reverse()
    with drawing(7.2, 1.1 + 0.3 * top.height) as d:
        for y, row in enumerate(top.iter_rows(named=True)):
            _interval(d.axes, row["successes"], row["trials"], y, BLUE, None, BLUE)
            told = f"{row['successes']} of {row['trials']}" if row["trials"] else "not tried again yet"
            if row["imported_trials"]:
                told += f", {row['imported_successes']:g} of {row['imported_trials']:g} elsewhere"
            d.axes.annotate(told, (102, y), va="center", fontsize=7.5, annotation_clip=False)
        d.axes.set_yticks(range(top.height), [short(name, 56) for name in top["name"]], fontsize=7.5)
        d.axes.set_ylim(-0.6, top.height - 0.4)
        d.axes.set_xlim(0, 100)
        d.axes.tick_params(axis="y", length=0)
        d.axes.grid(axis="x")
        d.axes.set_xlabel("fixed, % of decided plans of the shape, with 95 % interval")
    return d.svg


def _interval(axes: Any, hits: float, n: float, y: float, colour: str, label: str | None, fill: str) -> None:
    """A share with its interval, in percent; only the legend's mark where nothing was counted."""
    if not n:
        if label:
            axes.scatter([], [], s=30, color=fill if fill != "none" else "none", edgecolors=colour, label=label)
        return
    low, high = (100 * end for end in wilson(hits, n))
    axes.hlines([y], [low], [high], color=colour, linewidth=1.2)
    axes.scatter([100 * hits / n], [y], s=30, facecolors=fill, edgecolors=colour, label=label, zorder=3, clip_on=False)
