"""The tool by which an agent says what it found out about a build."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from banana_assets.core.learning.reports import (
    DEFAULT_CONFIDENCE,
    LONGEST_ANALYSIS,
    LONGEST_RECOMMENDATION,
    LONGEST_TYPE,
    MOST_RECOMMENDATIONS,
    REPORT_TYPES,
    report_of,
)
from banana_assets.interfaces.mcp.calls import Call
from banana_assets.interfaces.mcp.naming import BuildId, build_named, plan_named
from banana_assets.interfaces.mcp.tools import ToolSpec, tool


class Reported(BaseModel):
    """What became of a report."""

    build_id: str
    report_id: int = Field(description="Its number among the reports of that build, from 0.")
    stored: bool = Field(description="Whether it is new; false where the same report was there already.")
    cluster_id: str | None = Field(description="The failure that it is kept with, where the build is one of it.")


@tool("Report what was found", scope="report", writes=True)
def submit_report(
    call: Call,
    build_id: BuildId,
    analysis: Annotated[str, Field(min_length=1, max_length=LONGEST_ANALYSIS, description="What you found, in words.")],
    type: Annotated[  # noqa: A002 - its name in the published interface
        str,
        Field(
            min_length=1,
            max_length=LONGEST_TYPE,
            description=f"Any word: {', '.join(REPORT_TYPES)}.",
        ),
    ] = REPORT_TYPES[0],
    recommendations: Annotated[
        list[Annotated[str, Field(max_length=LONGEST_RECOMMENDATION)]],
        Field(max_length=MOST_RECOMMENDATIONS, description="What should be done, a sentence each."),
    ] = [],  # noqa: B006 - pydantic copies it
    confidence: Annotated[float, Field(ge=0, le=1, description="How sure you are.")] = DEFAULT_CONFIDENCE,
    findings: Annotated[dict[str, Any] | None, Field(description="Anything else, as JSON.")] = None,
    model_version: Annotated[str | None, Field(max_length=255, description="Which model you are.")] = None,
    plan_id: Annotated[
        str | None, Field(max_length=255, description="The plan that you followed, or how its id begins.")
    ] = None,
    idempotency_key: Annotated[
        str | None, Field(min_length=1, max_length=255, description="The same for the same report: it is kept once.")
    ] = None,
) -> Reported:
    """Keep what you found about a build, as your unverified words beside it. The same report, or the same key, is kept
    once.
    """
    sources = call.sources
    build = build_named(call, build_id)["build_id"]
    plan = plan_named(call, plan_id).plan_id if plan_id else None
    report = report_of(
        {
            "build_id": build,
            "type": type,
            "analysis": analysis,
            "recommendations": recommendations,
            "confidence": confidence,
            "findings": findings,
            "model_version": model_version,
            "plan_id": plan,
        }
    )
    cluster = sources.feed.cluster_of(build)
    kept = sources.reports.submit(report, by=call.caller.name, at=call.now, key=idempotency_key, cluster_id=cluster)
    return Reported(build_id=build, report_id=kept.position, stored=not kept.known, cluster_id=cluster)


TOOLS: tuple[ToolSpec, ...] = (submit_report,)
