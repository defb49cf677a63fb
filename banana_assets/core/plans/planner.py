"""The deterministic planner: a plan for each distinct failure and for the most pressing recommendations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from banana_assets.core.advice.citing import cause_citations
from banana_assets.core.advice.facts import extract
from banana_assets.core.advice.headlines import headline
from banana_assets.core.evidence import plural, stable_id
from banana_assets.core.metrics.forecast.series import is_percentage
from banana_assets.core.plans import code, surroundings
from banana_assets.core.plans.case import Case
from banana_assets.core.plans.drafts import Recipe, numbered
from banana_assets.core.plans.improvements import recipe_for
from banana_assets.core.plans.types import Plan, Prediction, Risk
from banana_assets.core.tables.plans import PLANS

PLANNER = "deterministic"
LEAST_CONFIDENCE = 0.3
MOST_RECOMMENDATIONS = 5
NEAR = 85.0

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


def plans(
    failures: pl.DataFrame,
    recommendations: pl.DataFrame,
    predictions: pl.DataFrame,
    builds: pl.DataFrame | None = None,
    clusters: pl.DataFrame | None = None,
    *,
    now: datetime,
) -> pl.DataFrame:
    """PLANS out of BUILD_FAILURES, OPTIMIZATION_RECOMMENDATIONS, RESOURCE_USAGE_PREDICTIONS, BUILDS, FAILURE_CLUSTERS.

    One plan a cluster, from its latest failure, and one for each of the five most pressing recommendations that no
    failure's plan answers. The plan's id is a hash of its subject and of the quotes it rests on. It abstains, with
    one reason, when the class is unknown, too unsure, or no line can be cited.
    """
    made = [failure_plan(case, now) for case in cases(failures, builds, predictions, clusters)]
    open_ = recommendations.filter((pl.col("status") == "open") & ~pl.col("subject").str.starts_with("failure "))
    pressing = open_.sort(["impact_score", "recommendation_id"], descending=[True, False]).head(MOST_RECOMMENDATIONS)
    made += [recommendation_plan(row, predictions, now) for row in pressing.iter_rows(named=True)]
    if not made:
        return PLANS.empty()
    rows = list({p.plan_id: p.row() for p in made}.values())
    return PLANS.conform(pl.DataFrame(rows, schema=PLANS.dtypes))


def cases(
    failures: pl.DataFrame,
    builds: pl.DataFrame | None = None,
    predictions: pl.DataFrame | None = None,
    clusters: pl.DataFrame | None = None,
) -> list[Case]:
    """The distinct failures, the one seen latest first. A failure that is in no cluster is one of its own."""
    known: dict[str, tuple[str, str, str | None]] = {}
    if builds is not None:
        known = {r[0]: (r[1], r[2], r[3]) for r in builds.select("build_id", "pipeline", "job", "command").iter_rows()}
    near = _near_limit(predictions)
    found = []
    for (cluster_id,), group in clustered(failures, clusters).group_by("cluster_id", maintain_order=True):
        row = group.row(-1, named=True)
        pipeline, job, command = known.get(row["build_id"], ("", "", None))
        found.append(
            Case(
                cluster_id=str(cluster_id),
                fingerprint=row["fingerprint"],
                build_id=row["build_id"],
                category=row["category"],
                confidence=row["confidence"],
                reason=row["reason"],
                text=row["cause_text"],
                facts=extract(row["cause_text"]),
                failing_tests=tuple(row["failing_tests"] or ()),
                tool=row["tool"],
                failing_step=row["failing_step"],
                exit_code=row["exit_code"],
                failed_at=row["failed_at"],
                citations=cause_citations(row),
                builds=group.height,
                pipeline=pipeline,
                job=job,
                command=command,
                limit_near=near,
            )
        )
    return sorted(found, key=lambda c: (c.failed_at, c.build_id), reverse=True)


def clustered(failures: pl.DataFrame, clusters: pl.DataFrame | None) -> pl.DataFrame:
    """The failures (BUILD_FAILURES) by time, with the ``cluster_id`` of each; its fingerprint where it has none."""
    of_build = pl.DataFrame(schema={"build_id": pl.String, "cluster_id": pl.String})
    if clusters is not None:
        of_build = clusters.select("cluster_id", build_id="builds").explode("build_id").select(of_build.columns)
    known = failures.join(of_build.unique("build_id"), on="build_id", how="left")
    return known.with_columns(pl.coalesce("cluster_id", "fingerprint")).sort("failed_at", "build_id")


def _near_limit(predictions: pl.DataFrame | None) -> tuple[str, ...]:
    if predictions is None or not predictions.height:
        return ()
    memory = predictions.filter(pl.col("metric").str.contains("mem") & (pl.col("hi80") >= NEAR))
    memory = memory.filter(pl.col("metric").map_elements(is_percentage, return_dtype=pl.Boolean))
    peaks = memory.group_by("source", "metric").agg(pl.col("hi80").max()).sort("source", "metric")
    return tuple(f"{metric} of {source} up to {peak:.0f} %" for source, metric, peak in peaks.iter_rows())


def failure_plan(case: Case, now: datetime) -> Plan:
    """The plan for one distinct failure, made at ``now``."""
    goal = headline(case.category, case.facts, case.failing_tests, case.tool)
    plan_id = stable_id("plan", case.cluster_id, *(c["quote"] for c in case.citations))
    reason = _abstains(case)
    if reason:
        return abstained(plan_id, "failure", goal, case.cluster_id, reason, now, case.fingerprint)
    recipe = RECIPES[case.category](case)
    by = case.failed_at + timedelta(days=7)
    statement = (
        f"Once it is done, no build of {case.place} fails with {case.fingerprint[:12]} again; "
        f"builds up to {by:%F} decide."
    )
    seen = f" Seen in {plural(case.builds, 'build')}."
    return Plan(
        plan_id=plan_id,
        kind="failure",
        goal=goal,
        subject=case.cluster_id,
        approach=recipe.approach + "." + seen,
        subtasks=numbered(recipe.steps, case.citations),
        risks=(Risk(recipe.risk, ""),),
        fallback_plan="",
        prediction=Prediction(case.fingerprint, statement, by),
        planner=PLANNER,
        created_at=now,
    )


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


def _abstains(case: Case) -> str | None:
    if case.category not in RECIPES:
        why = "somebody or something cancelled the build" if case.category == "cancelled" else "its class is unknown"
        return f"No plan: {why} ({case.reason})."
    if case.confidence < LEAST_CONFIDENCE:
        return f"No plan: {case.category} is only {case.confidence:.0%} sure."
    if not case.citations:
        return "No plan: no line of the log can be cited as its cause."
    return None


def recommendation_plan(row: dict[str, Any], predictions: pl.DataFrame, now: datetime) -> Plan:
    """The plan for one recommendation that is about no single failure, made at ``now``."""
    ident = row["recommendation_id"]
    plan_id = stable_id("plan", ident, *(e["fact"] for e in row["evidence"]))
    goal = row["description"].split(". ")[0].rstrip(".")
    recipe = recipe_for(row, predictions)
    if recipe is None:
        reason = f"No plan: there is no method for {row['subject']}."
        return abstained(plan_id, "recommendation", goal, ident, reason, now)
    citations = tuple(e["citation"] for e in row["evidence"] if e["citation"])
    statement = f"Once it is done, the same recommendation ({ident}) is no longer made."
    return Plan(
        plan_id=plan_id,
        kind="recommendation",
        goal=goal,
        subject=ident,
        approach=recipe.approach + ".",
        subtasks=numbered(recipe.steps, citations),
        risks=(Risk(recipe.risk, ""),),
        fallback_plan="",
        prediction=Prediction(None, statement, _last(predictions)),
        planner=PLANNER,
        created_at=now,
    )


def _last(predictions: pl.DataFrame) -> datetime | None:
    value = predictions["ts"].max() if predictions.height else None
    return value if isinstance(value, datetime) else None
