"""What was learned of builds so far, in figures that are counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import polars as pl
import sqlalchemy as sa

from banana_assets.backends.cursors import cursor_of, not_ours, values_of
from banana_assets.backends.records import tables as t
from banana_assets.backends.records.api_tables import reports
from banana_assets.backends.records.engine import reading
from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import BUILD_FAILURES, FAILURE_CLUSTERS, OPTIMIZATION_RECOMMENDATIONS, PLAN_OUTCOMES
from banana_assets.core.vocabulary import TEST_STATUSES

MOST_RECOMMENDATIONS = 10


def learning_metrics(store: Store, tables: Tables) -> dict[str, Any]:
    """Counts of analysed builds, reports, clusters and advice that was taken.

    ``model_accuracy`` is the share that later builds found fixed of the plans that reports name and that could be
    decided, ``model_improvements`` says in words what was measured to have helped.
    """
    c = reports.c
    with reading(store.engine) as connection:
        count, confidence = connection.execute(sa.select(sa.func.count(), sa.func.avg(c.confidence))).one()
        named = set(connection.execute(sa.select(c.plan_id).where(c.plan_id.is_not(None)).distinct()).scalars())
    outcomes = tables.scan(PLAN_OUTCOMES).filter(pl.col("counts")).select("plan_id", "outcome").collect()
    decided = outcomes.filter(pl.col("plan_id").is_in(list(named)) & pl.col("outcome").is_in(["fixed", "recurred"]))
    advice = tables.scan(OPTIMIZATION_RECOMMENDATIONS).filter(pl.col("status") == "implemented").collect()
    helped = [
        row["description"].split(". ")[0]
        for row in advice.iter_rows(named=True)
        if row["effect"] and row["effect"]["verdict"] == "better"
    ]
    return {
        "builds_analyzed": tables.scan(BUILD_FAILURES).select(pl.len()).collect().item(),
        "learning_reports_submitted": count,
        "model_accuracy": decided.select((pl.col("outcome") == "fixed").mean()).item() if decided.height else None,
        "avg_confidence": confidence,
        "patterns_learned": tables.scan(FAILURE_CLUSTERS).select(pl.len()).collect().item(),
        "recommendations_implemented": advice.height,
        "model_improvements": helped,
    }


def test_counts(store: Store, build_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Tests of these builds by how they ended, and their ``total``; of those that tell of tests."""
    c = t.test_results.c
    query = sa.select(c.build_id, c.status, sa.func.count()).where(c.build_id.in_(list(build_ids)))
    found: dict[str, dict[str, int]] = {}
    with reading(store.engine) as connection:
        for build_id, status, count in connection.execute(query.group_by(c.build_id, c.status)):
            entry = found.setdefault(build_id, {"total": 0} | dict.fromkeys(TEST_STATUSES, 0))
            entry[status] += count
            entry["total"] += count
    return found


def unreported(store: Store, tables: Tables, reporter: str, limit: int) -> list[dict[str, Any]]:
    """Failed builds that this reporter has said nothing about: one for each cluster, then builds that are in none yet.

    Clusters that are open come before resolved ones, new ones before known ones, then the one seen last. ``waiting``
    counts the failed builds that the one stands for.
    """
    c = reports.c
    with reading(store.engine) as connection:
        mine = set(connection.execute(sa.select(c.build_id).where(c.created_by == reporter).distinct()).scalars())
        failed = list(
            connection.execute(
                sa.select(t.builds.c.build_id)
                .where(t.builds.c.status.in_(["failed", "error"]), t.builds.c.log_sha256.is_not(None))
                .order_by(t.builds.c.seq.desc())
            ).scalars()
        )
    columns = ["cluster_id", "builds", "last_seen", "is_new", "state"]
    clusters = tables.scan(FAILURE_CLUSTERS).select(columns).collect()
    urgent = [pl.col("state") != "open", ~pl.col("is_new")]
    found, clustered = [], set()
    ordered = clusters.sort(*urgent, "last_seen", "cluster_id", descending=[False, False, True, False])
    for row in ordered.iter_rows(named=True):
        clustered.update(row["builds"])
        if not mine.intersection(row["builds"]):
            one = {"build_id": row["builds"][-1], "cluster_id": row["cluster_id"], "waiting": len(row["builds"])}
            found.append(one)
    alone = [b for b in failed if b not in clustered and b not in mine]
    found += [{"build_id": build_id, "cluster_id": None, "waiting": 1} for build_id in alone]
    return found[:limit]


@dataclass(frozen=True)
class LearnedPage:
    """A page of what reports have taught; ``total`` counts all of it, ``following`` is the cursor of the next page."""

    items: list[dict[str, Any]]
    total: int
    following: str | None


def learned_page(store: Store, tables: Tables, limit: int, cursor: str | None = None) -> LearnedPage:
    """The rows of ``learned_patterns`` from the first one, or after a cursor. Raises MissingError for one that is none.

    A cursor names the last row of its page, so that pages join when rows come before it, or it moves to the front.
    """
    rows = learned_patterns(store, tables)
    last = values_of(cursor, 2) if cursor else []
    if not all(isinstance(value, str) for value in last):
        raise not_ours()
    left = [row for row in rows if [row["last_seen"], row["pattern"]] < last] if last else rows
    page = left[:limit]
    more = page and len(page) < len(left)
    return LearnedPage(page, len(rows), cursor_of(page[-1]["last_seen"], page[-1]["pattern"]) if more else None)


def learned_patterns(store: Store, tables: Tables) -> list[dict[str, Any]]:
    """What reports have taught, a row a failure: how often and when it was seen, what was recommended, what came of it.

    The failure seen last comes first. Failures in no cluster stand under their build. The words are those of the
    reporters: nobody checked them.
    """
    c = reports.c
    with reading(store.engine) as connection:
        rows = connection.execute(sa.select(reports).order_by(c.id)).all()
    clusters = {
        build: row
        for row in tables.scan(FAILURE_CLUSTERS)
        .select("cluster_id", "title", "category", "state", "failures", "first_seen", "last_seen", "builds")
        .collect()
        .iter_rows(named=True)
        for build in row["builds"]
    }
    plans = tables.scan(PLAN_OUTCOMES).select("cluster_id", "outcome", "counts").collect()
    outcomes: dict[str, list[str]] = {}
    for cluster_id, outcome, counts in plans.iter_rows():
        if cluster_id is not None and counts:
            outcomes.setdefault(cluster_id, []).append(outcome)
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        cluster = clusters.get(row.build_id)
        key = cluster["cluster_id"] if cluster else f"build {row.build_id}"
        entry = found.setdefault(
            key,
            {
                "pattern": key,
                "title": cluster["title"] if cluster else row.analysis.split(". ")[0][:200],
                "category": cluster["category"] if cluster else None,
                "state": cluster["state"] if cluster else None,
                "count": cluster["failures"] if cluster else 1,
                "first_seen": (cluster["first_seen"] if cluster else row.created_at).isoformat(),
                "last_seen": (cluster["last_seen"] if cluster else row.created_at).isoformat(),
                "reports": 0,
                "confidence": 0.0,
                "recommendations": [],
                "outcomes": {o: outcomes.get(key, []).count(o) for o in sorted(set(outcomes.get(key, [])))},
            },
        )
        entry["reports"] += 1
        entry["confidence"] = row.confidence
        newer = orjson.loads(row.recommendations)
        entry["recommendations"] = list(dict.fromkeys([*newer, *entry["recommendations"]]))[:MOST_RECOMMENDATIONS]
    return sorted(found.values(), key=lambda one: (one["last_seen"], one["pattern"]), reverse=True)
