"""Whether a plan holds: every step known, in an order that works, resting on lines that are really there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

import polars as pl

from banana_assets.core.evidence import Citation
from banana_assets.core.plans.types import Plan, Subtask


def problems(plan: Plan) -> list[str]:
    """What is wrong with a plan, one sentence each; empty when it holds."""
    if plan.status == "abstained":
        wrong = [] if plan.reason else ["It abstains without a reason."]
        return wrong + (["It abstains and has steps."] if plan.subtasks else [])
    found = [] if plan.subtasks else ["It has no step."]
    found += repeated_ids(plan.subtasks) + unknown_dependencies(plan.subtasks)
    found += cycle(plan.subtasks) + order(plan.subtasks)
    if plan.subtasks and not any(s.citations for s in plan.subtasks) and plan.prediction.fingerprint:
        found.append("It answers a failure and cites no line of its log.")
    found += [f"Step {s.id} is not described." for s in plan.subtasks if not s.description.strip()]
    found += [f"Step {s.id} takes no time." for s in plan.subtasks if not s.estimated_minutes > 0]
    found += [f"Step {s.id}: {p}" for s in plan.subtasks for c in s.citations for p in citation_shape(c)]
    if not plan.prediction.statement:
        found.append("It predicts nothing that a later build could decide.")
    return found


def plan_issues(plans: pl.DataFrame) -> pl.DataFrame:
    """The problems of stored plans (PLANS). Columns: plan_id, problem."""
    found = [(row["plan_id"], problem) for row in plans.iter_rows(named=True) for problem in problems(Plan.of_row(row))]
    return pl.DataFrame(found, schema={"plan_id": pl.String, "problem": pl.String}, orient="row")


def repeated_ids(steps: Sequence[Subtask]) -> list[str]:
    """Ids that two steps share."""
    ids = [s.id for s in steps]
    return [f"Two steps are called {i}." for i in sorted({i for i in ids if ids.count(i) > 1})]


def unknown_dependencies(steps: Sequence[Subtask]) -> list[str]:
    """Dependencies on steps that do not exist."""
    ids = {s.id for s in steps}
    return [f"Step {s.id} waits for {d}, which is no step." for s in steps for d in s.dependencies if d not in ids]


def cycle(steps: Sequence[Subtask]) -> list[str]:
    """A circle of steps that wait for each other."""
    try:
        TopologicalSorter({s.id: s.dependencies for s in steps}).prepare()
    except CycleError as error:
        return [f"Steps wait for each other: {' -> '.join(error.args[1])}."]
    return []


def order(steps: Sequence[Subtask]) -> list[str]:
    """Steps that stand before one they wait for."""
    place = {s.id: i for i, s in enumerate(steps)}
    return [
        f"Step {s.id} stands before {d}, which it waits for."
        for i, s in enumerate(steps)
        for d in s.dependencies
        if place.get(d, -1) > i
    ]


def citation_shape(citation: Citation) -> Iterable[str]:
    """What is wrong with a citation on its face; ``holds`` compares it with the log."""
    first, last, quote = citation["first_line"], citation["last_line"], citation["quote"]
    if not 1 <= first <= last:
        yield f"lines {first} to {last} are no range"
    elif quote.count("\n") != last - first:
        yield f"the quote does not have the lines {first} to {last}"
    if not citation["sha256"]:
        yield "the citation names no log"


def holds(citation: Citation, logs: Mapping[str, Sequence[str]]) -> bool:
    """Whether the quote is what the log says; ``logs`` maps the sha256 of a log to its lines."""
    lines = logs.get(citation["sha256"])
    first, last = citation["first_line"], citation["last_line"]
    return (
        lines is not None
        and 1 <= first <= last <= len(lines)
        and "\n".join(lines[first - 1 : last]) == citation["quote"]
    )
