"""The deterministic planner: a plan for a failure or a recommendation, out of known methods and measured facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from banana_assets.core.advice.headlines import headline
from banana_assets.core.evidence import Citation, stable_id
from banana_assets.core.plans import code, surroundings
from banana_assets.core.plans.asked import Ask
from banana_assets.core.plans.case import Case, cases, often, shown
from banana_assets.core.plans.drafts import MOST_CITED, Draft, Recipe, numbered
from banana_assets.core.plans.finishing import finished
from banana_assets.core.plans.improvements import recipe_for
from banana_assets.core.plans.knowledge import Knowledge
from banana_assets.core.plans.needs import Room
from banana_assets.core.plans.reverting import reverting, wants_revert
from banana_assets.core.plans.scoring import Concern
from banana_assets.core.plans.types import Action, Issue, Plan, Prediction, TableRow
from banana_assets.core.safety.secrets import mask
from banana_assets.core.tables.plans import PLANS

PLANNER = "deterministic"
LEAST_CONFIDENCE = 0.3
MOST_RECOMMENDATIONS = 5
HORIZON = timedelta(days=7)
"""A plan is decided by the builds of so long after it was made."""

NO_ASK = Ask()

RECIPES: Mapping[str, Callable[[Case], Recipe]] = {
    "missing_dependency": surroundings.missing_dependency,
    "test_failure": code.test_failure,
    "timeout": surroundings.timeout,
    "syntax_error": code.syntax_error,
    "access_error": surroundings.access_error,
    "compile_error": code.compile_error,
    "type_error": code.type_error,
    "lint_error": code.lint_error,
    "out_of_memory": surroundings.out_of_memory,
    "disk_full": surroundings.disk_full,
    "network_error": surroundings.network_error,
    "configuration_error": surroundings.configuration_error,
    "infrastructure_error": surroundings.infrastructure_error,
    "container_build_error": surroundings.container_build_error,
    "version_control_error": surroundings.version_control_error,
    "crash": code.crash,
}
"""Failure class to the steps that mend it. ``unknown`` and ``cancelled`` have none: the planner abstains."""


def plans(known: Knowledge, *, now: datetime) -> pl.DataFrame:
    """PLANS: one plan a cluster of failures, and one for each of the five most pressing recommendations."""
    made = [failure_plan(case, now, there=known.rooms) for case in cases(known)]
    made += [recommendation_plan(row, known, now) for row in pressing(known.recommendations)]
    if not made:
        return PLANS.empty()
    rows = list({p.plan_id: p.row() for p in made}.values())
    return PLANS.conform(pl.DataFrame(rows, schema=PLANS.dtypes))


def pressing(recommendations: pl.DataFrame, most: int = MOST_RECOMMENDATIONS) -> list[dict[str, Any]]:
    """The open recommendations of the highest impact that no failure's plan answers."""
    open_ = recommendations.filter((pl.col("status") == "open") & ~pl.col("subject").str.starts_with("failure "))
    return open_.sort(["impact_score", "recommendation_id"], descending=[True, False]).head(most).to_dicts()


@dataclass(frozen=True)
class Method:
    """A recipe from elsewhere than the class of the failure: the template that it is, and why it was chosen."""

    recipe: Recipe
    template_id: str
    why: str


def failure_plan(
    case: Case,
    now: datetime,
    ask: Ask = NO_ASK,
    there: Sequence[Room] = (),
    *,
    supersedes: str | None = None,
    method: Method | None = None,
) -> Plan:
    """The plan for one distinct failure, made at ``now``, by ``method`` or by the recipe of its class.

    Its id is a hash of the failure, of what was asked and of the quotes it rests on. It abstains, with one reason, when
    the class is unknown or too unsure, no line can be cited, or no plan keeps the constraints.
    """
    goal = headline(case.category, case.facts, case.failing_tests, case.program)
    plan = replace(
        abstained(failure_id(case, ask, supersedes), "failure", goal, case.cluster_id, "", now, case.fingerprint),
        supersedes=supersedes,
    )
    reason = abstains(case)
    if reason:
        return replace(plan, reason=reason)
    recipe = method.recipe if method else recipe_of(case, ask)
    drafts = (*recipe.steps, *_taking_in(case, recipe.steps))
    rows = (TableRow("failure_clusters", case.cluster_id), TableRow("build_failures", case.build_id))
    steps = numbered(drafts, case.citations, needs=case.needs, run_minutes=case.run_minutes, rests_on=rows)
    made = replace(
        plan,
        status="pending",
        reason=None,
        approach=f"{recipe.approach}. {often(case)}",
        subtasks=steps,
        risks=recipe.risks,
        fallback_plan=_fallback(case, recipe, now),
        prediction=prediction(case, now),
        template_id=method.template_id if method else None,
        issues=(Issue("info", method.why),) if method else (),
    )
    return finished(made, failure_concerns(case), ask, there)


def recipe_of(case: Case, ask: Ask = NO_ASK) -> Recipe:
    """The method for a failure: that of its class, or going back where that is what was asked for and can be done."""
    if ask.preferred_approach and case.change and wants_revert(ask.preferred_approach):
        return reverting(case)
    return RECIPES[case.category](case)


def failure_id(case: Case, ask: Ask, supersedes: str | None) -> str:
    """The id of a plan for a failure: the same for the same evidence and ask."""
    asked = () if ask == NO_ASK else (repr(ask),)
    return stable_id("plan", case.cluster_id, *(c["quote"] for c in case.citations), *asked, supersedes or "")


def prediction(case: Case, now: datetime) -> Prediction:
    """What later builds should show."""
    by = now + HORIZON
    statement = (
        f"Once it is done, no build of {case.place} fails with {case.fingerprint[:12]} again; "
        f"builds up to {by:%F} decide."
    )
    return Prediction(case.fingerprint, statement, by)


def failure_concerns(case: Case) -> tuple[Concern, ...]:
    """The places in the log that explain the failure, each weighing its lines, the first one double."""
    weights = (c["last_line"] - c["first_line"] + 1 for c in case.citations)
    return tuple(
        Concern(f"cause {n}", weight * (2 if n == 1 else 1), places=(citation,))
        for n, (citation, weight) in enumerate(zip(case.citations[:MOST_CITED], weights, strict=False), 1)
    )


def _taking_in(case: Case, steps: tuple[Draft, ...]) -> tuple[Draft, ...]:
    """The step that is ours: newer builds are taken in from where this one came from, so that they decide."""
    if case.folder is None:
        return ()
    last = max((n for n, s in enumerate(steps) if s.type == "verify"), default=len(steps) - 1)
    return (
        Draft(
            "verify",
            f"Take in the builds of {case.place} that ran since (`banana ingest builds`), so that "
            "the prediction is decided.",
            "Builds after the change are there.",
            2,
            (last,),
            "low",
            action=Action("ingest", (case.folder,)),
        ),
    )


def _fallback(case: Case, recipe: Recipe, now: datetime) -> str:
    came_with_it = case.change and not case.by_chance
    if came_with_it and case.first_seen and now - case.first_seen <= HORIZON and recipe.approach[:4] != "Undo":
        return f"{recipe.fallback} If that does not help either, undo {case.change}, with which the failure came."
    return recipe.fallback


def abstained(
    plan_id: str, kind: str, goal: str, subject: str, reason: str, now: datetime, fingerprint: str | None = None
) -> Plan:
    """What stands in for a plan where there is none, with the one reason why."""
    return Plan(
        plan_id=plan_id,
        kind=kind,
        goal=goal,
        subject=subject,
        approach="",
        subtasks=(),
        risks=(),
        fallback_plan="",
        prediction=Prediction(fingerprint, "", None),
        planner=PLANNER,
        created_at=now,
        status="abstained",
        reason=reason,
    )


def abstains(case: Case) -> str | None:
    """Why there is no plan for a failure, where there is none."""
    if case.category not in RECIPES:
        why = "somebody or something cancelled the build" if case.category == "cancelled" else "its class is unknown"
        return f"No plan: {why} ({case.reason})."
    if case.confidence < LEAST_CONFIDENCE:
        return f"No plan: {case.category} is only {case.confidence:.0%} sure."
    if not case.citations:
        return "No plan: no line of the log can be cited as its cause."
    return None


def recommendation_plan(row: Mapping[str, Any], known: Knowledge, now: datetime) -> Plan:
    """The plan for one recommendation (a row of OPTIMIZATION_RECOMMENDATIONS) that is about no single failure."""
    ident = row["recommendation_id"]
    plan_id = stable_id("plan", ident, *(e["fact"] for e in row["evidence"]), "")
    goal = shown(row["description"].split(". ")[0].rstrip("."))
    plan = abstained(plan_id, "recommendation", goal, ident, "", now)
    recipe = recipe_for(dict(row), known.predictions)
    if recipe is None:
        return replace(plan, reason=f"No plan: there is no method for {row['subject']}.")
    by = now + HORIZON
    made = replace(
        plan,
        status="pending",
        reason=None,
        approach=recipe.approach + ".",
        subtasks=numbered(recipe.steps, advice_citations(row), rests_on=advice_rows(row)),
        risks=recipe.risks,
        fallback_plan=recipe.fallback,
        prediction=Prediction(None, f"Once it is done, the same recommendation ({ident}) is no longer made.", by),
    )
    return finished(made, (advice_concern(row),), NO_ASK, known.rooms)


def advice_citations(row: Mapping[str, Any]) -> tuple[Citation, ...]:
    """The lines that a recommendation or bottleneck rests on, as they may be shown."""
    found: Iterable[Citation] = (e["citation"] for e in row["evidence"] if e["citation"])
    return tuple({**c, "quote": mask(c["quote"]).text} for c in found)


def advice_rows(row: Mapping[str, Any]) -> tuple[TableRow, ...]:
    """The rows that a recommendation or bottleneck is, and the first that it rests on."""
    own = [("optimization_recommendations", row.get("recommendation_id")), ("bottlenecks", row.get("bottleneck_id"))]
    rests = [(e["table"], e["key"]) for e in row["evidence"][:3]]
    return tuple(dict.fromkeys(TableRow(table, key) for table, key in [*own, *rests] if key))


def advice_concern(row: Mapping[str, Any]) -> Concern:
    """What a recommendation is about, weighing its impact."""
    own = TableRow("optimization_recommendations", row["recommendation_id"])
    return Concern(row["subject"], max(row["impact_score"], 0.1), advice_citations(row), (own,))
