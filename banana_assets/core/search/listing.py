"""Every document there is, the most telling first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from banana_assets.core.search.documents import of_failures, of_patterns, of_plans, of_templates
from banana_assets.core.search.types import Document
from banana_assets.core.search.usage import of_usage
from banana_assets.core.tables.outcomes import PLAN_OUTCOMES
from banana_assets.core.tables.search import PLANNING_INDEX
from banana_assets.core.vocabulary import SEVERITY_RANK

READ = (
    "log_patterns",
    "failure_clusters",
    "build_failures",
    "builds",
    "resource_usage",
    "resource_usage_predictions",
    "plans",
    "plan_outcomes",
    "plan_templates",
)
"""The tables that documents are made of."""


def documents(tables: Mapping[str, pl.DataFrame], notes: Mapping[str, str]) -> list[Document]:
    """The documents of these tables (``READ``); ``notes`` has what people said of patterns, by pattern_id.

    The order is that in which they are embedded: failures, templates, plans, series, then patterns, the severe first.
    """
    plans, outcomes = tables["plans"], tables.get("plan_outcomes", PLAN_OUTCOMES.empty())
    rank = pl.col("severity").replace_strict(SEVERITY_RANK, return_dtype=pl.Int8)
    patterns = tables["log_patterns"].sort(rank, "pattern_id", descending=[True, False], maintain_order=True)
    return [
        *of_failures(tables["failure_clusters"], tables["build_failures"], tables["builds"], plans, outcomes),
        *(of_templates(tables["plan_templates"]) if "plan_templates" in tables else ()),
        *of_plans(plans, outcomes),
        *of_usage(tables["resource_usage"], tables["resource_usage_predictions"]),
        *of_patterns(patterns, notes),
    ]


def frame(found: Sequence[Document]) -> pl.DataFrame:
    """The documents as rows of PLANNING_INDEX."""
    return pl.DataFrame([document.row() for document in found], schema=PLANNING_INDEX.dtypes, orient="row")
