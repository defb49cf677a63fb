"""The analysis of metadata as commands, agents and programs get it.

The keys are those of the original (``completenessScore, qualityIssues, recommendations, missingFields``), and more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from banana_assets.core.evidence import plural
from banana_assets.core.media.items import Library

MOST_ITEMS = 20
MOST_ISSUE_EXAMPLES = 5
PRIORITIES = ("high", "medium", "low")
LOW_COMPLETENESS = 0.8
"""Below it the original spoke of a high priority."""

_PLURAL = {"summary": "summaries", "tags": "tags", "genre": "genres"}


def analysis(
    libraries: Sequence[Library],
    quality: pl.DataFrame,
    *,
    collection: str | None = None,
    min_completeness: float = 0.0,
    include_recommendations: bool = True,
    detailed: bool = False,
) -> dict[str, Any]:
    """What METADATA_QUALITY of these libraries says.

    ``completenessScore`` is the share of expected values that are there (0..1). ``min_completeness`` (0..1) is what is
    asked for: collections and fields below it are in ``belowMinimum``.
    """
    whole = quality.filter((pl.col("collection") == "") & (pl.col("field") == "") & (pl.col("measure") == "missing"))
    missing, of = int(whole["affected"].sum()), int(whole["of"].sum())
    items = sum(one.items.height for one in libraries)
    by_field = _missing_fields(quality)
    issues = _issues(quality)
    told: dict[str, Any] = {
        "completenessScore": (of - missing) / of if of else 0.0,
        "qualityIssues": issues,
        "recommendations": _recommendations(quality, by_field, issues) if include_recommendations else [],
        "missingFields": [row for row in by_field if row["missingCount"]],
        "collection": collection,
        "itemCount": items,
        "expectedValues": of,
        "missingValues": missing,
        "weightedCompleteness": _weighted(whole, of),
        "collections": _collections(libraries, quality),
        "minCompleteness": min_completeness,
        "belowMinimum": _below(quality, min_completeness),
    }
    if detailed:
        told |= {"fields": by_field, "measures": _measures(quality), "worstItems": _worst(libraries)}
    return told


def _weighted(whole: pl.DataFrame, of: int) -> float:
    return float((whole["score"] * whole["of"]).sum() / of) if of else 0.0


def _missing_fields(quality: pl.DataFrame) -> list[dict[str, Any]]:
    """The expected fields, those that are missing most often first."""
    rows = quality.filter((pl.col("collection") == "") & (pl.col("field") != "") & (pl.col("measure") == "missing"))
    grouped = rows.group_by("field").agg(pl.col("affected").sum(), pl.col("of").sum(), pl.col("derivable").sum())
    told = [
        {
            "field": field,
            "missingCount": affected,
            "percentage": 100 * affected / of,
            "expectedCount": of,
            "derivableCount": could or 0,
        }
        for field, affected, of, could in grouped.iter_rows()
    ]
    return sorted(told, key=lambda row: (-row["percentage"], row["field"]))


def issue_type(measure: str, field: str) -> str:
    """What an issue is called."""
    if measure == "missing":
        return f"missing_{field}"
    if measure.startswith("duplicate"):
        return f"{measure}s" if measure != "duplicate_content" else measure
    name = _PLURAL.get(field, field if field.endswith("s") else f"{field}s")
    return f"{measure}_{name}"


def _issues(quality: pl.DataFrame) -> list[dict[str, Any]]:
    """What is wrong beside missing values: the original's `short_summaries` and `missing_tags` among them."""
    measure, field = pl.col("measure"), pl.col("field")
    whole = pl.col("collection") == ""
    rows = quality.filter(
        (pl.col("affected") > 0)
        & (
            (whole & (measure == "missing") & (field == "tags"))
            | (whole & measure.is_in(["invalid", "short", "boilerplate"]) & (field != ""))
            | (whole & measure.str.starts_with("duplicate"))
            | (measure == "decline")
        )
    )
    found = []
    for row in rows.sort("affected", "field", descending=[True, False]).iter_rows(named=True):
        examples = [_example(example) for example in row["examples"][:MOST_ISSUE_EXAMPLES]]
        found.append(
            {
                "type": issue_type(row["measure"], row["field"]),
                "count": row["affected"],
                "examples": examples,
                "of": row["of"],
                "field": row["field"],
                "collection": row["collection"],
                "schema": row["record_schema"],
                "statement": row["statement"],
                "reasons": row["reasons"],
            }
        )
    return found


def _example(row: dict[str, Any]) -> str:
    value = f": {row['value']}" if row["value"] else ""
    return f"{row['title']}{value} ({row['why']})"


def _recommendations(
    quality: pl.DataFrame, fields: list[dict[str, Any]], issues: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """What to do, with what it would bring in figures."""
    total = sum(row["expectedCount"] for row in fields)
    missing = sum(row["missingCount"] for row in fields)
    found: list[dict[str, Any]] = []
    for row in fields:
        if not row["missingCount"]:
            continue
        share = row["missingCount"] / total
        low = row["percentage"] > 100 * (1 - LOW_COMPLETENESS)
        could = row["derivableCount"]
        how = f"; {could:,} of them follow from the rest of the library" if could else ""
        found.append(
            {
                "action": f"Fill in {row['field']}: it is missing in {row['missingCount']:,} of "
                f"{plural(row['expectedCount'], 'item')}{how}.",
                "priority": "high" if low and could else "medium" if low else "low",
                "estimatedImpact": f"completeness from {1 - missing / total:.1%} to {1 - missing / total + share:.1%}",
                "command": "banana optimize-metadata --fill-gaps",
                "field": row["field"],
            }
        )
    for issue in issues:
        if issue["type"].startswith("missing"):
            continue
        share = issue["count"] / issue["of"]
        found.append(
            {
                "action": f"Look at {plural(issue['count'], 'item')} with {issue['type'].replace('_', ' ')}: "
                f"{issue['statement']}.",
                "priority": "medium" if share >= 0.1 or issue["type"].startswith("duplicate") else "low",
                "estimatedImpact": f"{issue['count']:,} of {issue['of']:,} ({share:.1%}) put right",
                "command": "banana media list --issue " + issue["type"],
                "field": issue["field"],
            }
        )
    return sorted(found, key=lambda row: PRIORITIES.index(row["priority"]))


def _collections(libraries: Sequence[Library], quality: pl.DataFrame) -> list[dict[str, Any]]:
    counts: dict[tuple[str, str], int] = {}
    for one in libraries:
        for name, n in one.items.group_by("collection").len().iter_rows():
            counts[one.schema.name, name] = n
    rows = quality.filter((pl.col("collection") != "") & (pl.col("field") == "") & (pl.col("measure") == "missing"))
    return [
        {
            "collection": row["collection"],
            "schema": row["record_schema"],
            "itemCount": counts.get((row["record_schema"], row["collection"]), 0),
            "completenessScore": 1 - row["share"],
            "weightedCompleteness": row["score"],
            "missingValues": row["affected"],
        }
        for row in rows.sort("record_schema", "collection").iter_rows(named=True)
    ]


def _below(quality: pl.DataFrame, least: float) -> list[dict[str, Any]]:
    rows = quality.filter((pl.col("measure") == "missing") & (1 - pl.col("share") < least))
    return [
        {
            "collection": row["collection"],
            "field": row["field"],
            "completeness": 1 - row["share"],
            "missingCount": row["affected"],
        }
        for row in rows.sort("collection", "field").iter_rows(named=True)
        if row["collection"]
    ]


def _measures(quality: pl.DataFrame) -> list[dict[str, Any]]:
    """Every row of the table but its history."""
    return quality.filter(pl.col("affected") > 0).drop("history").to_dicts()


def _worst(libraries: Sequence[Library]) -> list[dict[str, Any]]:
    """The items that lack most."""
    rows: list[dict[str, Any]] = []
    for one in libraries:
        lacking = (
            one.gaps.group_by("item_id")
            .agg(missing=pl.col("field").sort(), n=pl.len())
            .sort(["n", "item_id"], descending=[True, False])
            .head(MOST_ITEMS)
            .join(one.items.select("item_id", "collection", "title", "uri"), on="item_id", maintain_order="left")
        )
        rows += lacking.drop("n").to_dicts()
    return sorted(rows, key=lambda row: -len(row["missing"]))[:MOST_ITEMS]
