"""Builds and plans as callers of tools name them. What is not there is told with the tools that have the names."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from banana_assets.backends.lookup import find_build
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.core.builds.choosing import cluster_named as cluster_of
from banana_assets.core.errors import InputError, MissingError
from banana_assets.core.plans.types import Plan
from banana_assets.core.tables import FAILURE_CLUSTERS
from banana_assets.interfaces.mcp.calls import Call

INGEST = "`banana ingest builds PATH` or `banana record COMMAND` brings some in."

KEPT = "plans are kept for callers with the scope report (`banana mcp --scope report`, or a key that has it)."

BuildId = Annotated[
    str, Field(min_length=1, max_length=1000, description="Id of the build, how it begins, or a part no other has.")
]


def build_named(call: Call, told: str | None) -> dict[str, Any]:
    """The build (a row of BUILDS) that is meant; the newest failed one where none is named.

    Raises InputError where there is none, or several that may be meant.
    """
    builds = call.sources.store.builds()
    if told is not None and builds.is_empty():
        raise MissingError("There are no builds yet.", INGEST)
    remedy = INGEST if told is None else "list_failed_builds has those that failed."
    found: dict[str, Any] = _or(find_build, builds, told, remedy=remedy)
    return found


def cluster_named(call: Call, told: str) -> str:
    """The id of the cluster that is meant. Raises InputError where there is none, or several that may be meant."""
    clusters = call.sources.tables.read(FAILURE_CLUSTERS)
    return str(_or(cluster_of, told, clusters, remedy="list_failed_builds and explain_failure tell those of builds."))


def plan_named(call: Call, told: str) -> Plan:
    """The plan that is meant. Raises InputError where there is none, or several that may be meant."""
    records = PlanRecords(call.sources.store.engine)
    remedy = "generate_optimized_plan makes one, explain_failure has that of a failure, resources/list the newest."
    if not call.may("report"):
        remedy += f" What you plan yourself is not kept: {KEPT}"
    plan = records.plan(_or(records.find, told, remedy=remedy))
    if plan is None:
        raise MissingError(f"There is no plan {told}.", remedy)
    return plan


def _or(find: Any, *told: Any, remedy: str) -> Any:
    """What that finds; where there is none, with another remedy than the command line has."""
    try:
        return find(*told)
    except InputError as error:
        raise type(error)(error.message, remedy if "`banana " in error.remedy else error.remedy) from error
