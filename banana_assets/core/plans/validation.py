"""Whether a plan holds: schema, order, constraints, resources, citations, and nothing against the diagnosis.

An ``error`` keeps a plan from being served, a ``warning`` asks somebody to look, an ``info`` tells what was done.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from banana_assets.core.evidence import Citation, plural
from banana_assets.core.plans.asked import Ask
from banana_assets.core.plans.constraints import broken, read
from banana_assets.core.plans.keeping import judged_by
from banana_assets.core.plans.needs import UNITS, Room, fits
from banana_assets.core.plans.order import cycle as circle
from banana_assets.core.plans.types import PRIORITIES, STEP_TYPES, Issue, Plan, Subtask
from banana_assets.core.vocabulary import ISSUE_LEVELS, PLAN_ACTIONS, RESOURCE_TYPES

LONGEST_STEP = 5 * 8 * 60.0
"""Minutes: a step of more than a working week is none."""

LONG_STEP = 8 * 60.0
LONGEST_TEXT = 2000


def validated(plan: Plan, ask: Ask | None = None, there: Sequence[Room] = ()) -> tuple[Issue, ...]:
    """Everything about a plan that can be told without its logs, the worst first."""
    if plan.status == "abstained":
        return tuple(_abstains(plan))
    found = [*_shape(plan), *_graph(plan), *_needs(plan, there)]
    if ask is not None:
        found += _asked(plan, ask)
    return worst_first(found)


def worst_first(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """The issues each once, errors before warnings before infos."""
    rank = {level: n for n, level in enumerate(ISSUE_LEVELS)}
    return tuple(sorted(dict.fromkeys(issues), key=lambda i: rank[i.level]))


def errors(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """Those that keep a plan from being served."""
    return tuple(issue for issue in issues if issue.level == "error")


def plan_issues(plans: pl.DataFrame) -> pl.DataFrame:
    """The errors of stored plans (PLANS), those told and those found anew. Columns: plan_id, problem."""
    found = [
        (row["plan_id"], issue.message)
        for row in plans.iter_rows(named=True)
        for issue in errors((*Plan.of_row(row).issues, *validated(Plan.of_row(row))))
    ]
    return pl.DataFrame(found, schema={"plan_id": pl.String, "problem": pl.String}, orient="row")


def _abstains(plan: Plan) -> Iterator[Issue]:
    if not plan.reason:
        yield Issue("error", "It abstains without a reason.")
    if plan.subtasks:
        yield Issue("error", "It abstains and has steps.")


def _shape(plan: Plan) -> Iterator[Issue]:
    if not plan.subtasks:
        yield Issue("error", "It has no step.")
    if not plan.approach.strip():
        yield Issue("error", "It does not say its approach.")
    if not plan.prediction.statement.strip():
        yield Issue("error", "It predicts nothing that a later build could decide.")
    if plan.subtasks and plan.kind == "failure" and not any(s.citations for s in plan.subtasks):
        yield Issue("error", "It answers a failure and cites no line of its log.")
    if plan.kind == "failure" and not any(s.type == "verify" for s in plan.subtasks):
        yield Issue("warning", "No step checks whether the failure is gone.")
    if not any(r.description.strip() for r in plan.risks):
        yield Issue("warning", "It names no risk.")
    if not plan.fallback_plan.strip():
        yield Issue("warning", "It does not say what to do when it does not work.")
    for step in plan.subtasks:
        yield from _step(step)


def _step(step: Subtask) -> Iterator[Issue]:
    def wrong(message: str, level: str = "error") -> Issue:
        return Issue(level, message, step.id)

    if not step.description.strip():
        yield wrong("It is not described.")
    if not step.expects.strip():
        yield wrong("It does not say what it expects.")
    if len(step.description) > LONGEST_TEXT or len(step.expects) > LONGEST_TEXT:
        yield wrong(f"It is described in more than {LONGEST_TEXT:,} characters.")
    if step.type not in STEP_TYPES:
        yield wrong(f"There is no type {step.type!r}; use one of {', '.join(STEP_TYPES)}.")
    if step.priority not in PRIORITIES:
        yield wrong(f"There is no priority {step.priority!r}; use one of {', '.join(PRIORITIES)}.")
    if not (math.isfinite(step.estimated_minutes) and step.estimated_minutes > 0):
        yield wrong("It takes no time.")
    elif step.estimated_minutes > LONGEST_STEP:
        yield wrong(f"It takes {step.estimated_minutes:g} minutes, more than a working week.")
    elif step.estimated_minutes > LONG_STEP:
        yield wrong(f"It takes {step.estimated_minutes:g} minutes, more than a working day: split it.", "warning")
    for citation in step.citations:
        yield from (wrong(f"It cites what cannot be: {said}.") for said in citation_shape(citation))
    if step.action and step.action.kind not in PLAN_ACTIONS:
        yield wrong(f"There is no action {step.action.kind!r}.")


def _graph(plan: Plan) -> Iterator[Issue]:
    steps = plan.subtasks
    ids = [s.id for s in steps]
    yield from (Issue("error", f"Two steps are called {i}.", i) for i in sorted({i for i in ids if ids.count(i) > 1}))
    known = set(ids)
    for step in steps:
        unknown = (d for d in step.dependencies if d not in known)
        yield from (Issue("error", f"It waits for {d}, which is no step.", step.id) for d in unknown)
    waiting = circle(steps)
    if waiting:
        yield Issue("error", f"Steps wait for each other: {' -> '.join(waiting)}.")
    place = {i: n for n, i in enumerate(ids)}
    for n, step in enumerate(steps):
        later = (d for d in step.dependencies if place.get(d, -1) > n)
        yield from (Issue("error", f"It stands before {d}, which it waits for.", step.id) for d in later)


def _needs(plan: Plan, there: Sequence[Room]) -> Iterator[Issue]:
    for step in plan.subtasks:
        for need in step.resource_requirements:
            if need.type not in RESOURCE_TYPES:
                yield Issue("error", f"There is no resource {need.type!r}.", step.id)
            elif need.unit not in UNITS[need.type]:
                units = ", ".join(UNITS[need.type])
                yield Issue("error", f"{need.type.capitalize()} is told in {units}, not in {need.unit!r}.", step.id)
            elif not (math.isfinite(need.amount) and need.amount >= 0):
                yield Issue("error", f"It needs no possible amount of {need.type}.", step.id)
            elif (fit := fits(need, there)) is not None and not fit[0]:
                yield Issue("warning", f"It needs more than is forecast to be left ({fit[1]}).", step.id)


def _asked(plan: Plan, ask: Ask) -> Iterator[Issue]:
    if len(plan.subtasks) > ask.max_subtasks:
        has, most = plural(len(plan.subtasks), "step"), ask.max_subtasks
        yield Issue("error", f"It has {has}; {most} were asked for at most.")
    for constraint in map(read, ask.constraints):
        yield from (Issue("error", said, step) for said, step in broken(constraint, plan))
        yield from judged_by(constraint, plan.subtasks)


def citation_shape(citation: Citation) -> Iterable[str]:
    """What is wrong with a citation on its face; ``quotes.Log.holds`` compares it with the log."""
    first, last, quote = citation["first_line"], citation["last_line"], citation["quote"]
    if not 1 <= first <= last:
        yield f"lines {first} to {last} are no range"
    elif quote.count("\n") != last - first:
        yield f"the quote does not have the lines {first} to {last}"
    if not citation["sha256"]:
        yield "the citation names no log"
