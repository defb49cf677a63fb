"""Failures that are the same one: builds with one fingerprint or near ones, over builds, jobs and branches.

Fingerprints are taken in the order in which they were first seen. Each joins the cluster whose first fingerprint it is
nearest to, if that is near enough (``similarity.NEAR``), or begins one of its own: leader clustering (J. Hartigan,
"Clustering Algorithms", 1975, chapter 3). All members of a cluster are near one failure, so none is joined to another
by a chain between them; and a failure that comes later moves none that came before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl

from banana_assets.core.advice.citing import cause_citations
from banana_assets.core.builds.diagnosis import RULES_VERSION
from banana_assets.core.builds.greens import greens
from banana_assets.core.builds.similarity import NEAR, Signature, at_most, signature, similarity
from banana_assets.core.builds.succession import Cluster, succession
from banana_assets.core.builds.titles import title_of
from banana_assets.core.metrics.runs import ended
from banana_assets.core.tables.failures import FAILURE_CLUSTERS

VERSION = f"{RULES_VERSION}.1"
"""The rules of diagnosis and, after the dot, of clustering."""

NEW_DAYS = 7
MOST_TESTS = 20


def failure_clusters(
    failures: pl.DataFrame, builds: pl.DataFrame, previous: pl.DataFrame | None = None
) -> pl.DataFrame:
    """FAILURE_CLUSTERS out of BUILD_FAILURES and BUILDS: each diagnosed build that failed is in exactly one.

    ``previous`` are the rows as they were: clusters keep the ids that they had then, by the builds they share, and tell
    which ones they were merged or split from; and what was compared then is not compared again. Without it the same
    failures give the same clusters, each with the fingerprint of its first failure as its id.
    """
    before = FAILURE_CLUSTERS.empty() if previous is None else previous
    failed = _failed(failures, builds)
    if not failed.height:
        return FAILURE_CLUSTERS.empty()
    heads = failed.unique("fingerprint", keep="first", maintain_order=True).sort("at", "fingerprint")
    joined = _assigned(heads, before)
    failed = failed.join(joined, on="fingerprint", how="left").sort("at", "build_id")
    leaders = joined["leader"].unique(maintain_order=True).to_list()
    members = failed.group_by("leader").agg("build_id")
    ids = dict(members.iter_rows())
    named = succession([Cluster(leader, frozenset(ids[leader])) for leader in leaders], before, _latest_arrival(builds))
    standing = _standing(failed, ended(builds))
    facts = _facts(failed).join(standing, on="leader", how="left")
    now = ended(builds)["at"][-1]
    fingerprints = joined.group_by("leader", maintain_order=True).agg(
        fingerprints=pl.struct("fingerprint", "similarity", first_seen="first_at")
    )
    rows = [_row(row, named, now) for row in facts.join(fingerprints, on="leader").iter_rows(named=True)]
    return FAILURE_CLUSTERS.conform(pl.DataFrame(rows, schema=FAILURE_CLUSTERS.dtypes)).sort("cluster_id")


def _failed(failures: pl.DataFrame, builds: pl.DataFrame) -> pl.DataFrame:
    """The diagnosed builds that failed, in order of time; what a build is called decides nothing."""
    known = ended(builds).filter("red").select("build_id", "pipeline", "job", "branch", "commit_sha", "at")
    return failures.join(known, on="build_id", how="inner").sort("at", "log_sha256", "build_id")


def _latest_arrival(builds: pl.DataFrame) -> date:
    latest: date = builds["arrival_day"].max()  # type: ignore[assignment]
    return latest


def _assigned(heads: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """``fingerprint, at, leader, similarity`` of each fingerprint, in the order of ``heads``."""
    order = list(zip(heads["at"].to_list(), heads["fingerprint"].to_list(), strict=True))
    known = _known(before)
    texts = {row["fingerprint"]: row for row in heads.iter_rows(named=True)}
    signatures: dict[str, Signature] = {}

    def signed(fingerprint: str) -> Signature:
        if fingerprint not in signatures:
            row = texts[fingerprint]
            signatures[fingerprint] = signature(row["category"], row["cause_text"], row["failing_tests"])
        return signatures[fingerprint]

    leaders: dict[str, list[str]] = {}
    found: list[tuple[str, float]] = []
    same = True
    for position, (at, fingerprint) in enumerate(order):
        # Later failures move none that came before, so what begins as it did ends as it did.
        same = same and position < len(known) and known[position][:2] == (at, fingerprint)
        own = leaders.setdefault(texts[fingerprint]["category"], [])
        leader, near = known[position][2:] if same else _nearest(fingerprint, own, signed)
        if leader == fingerprint:
            own.append(fingerprint)
        found.append((leader, near))
    return pl.DataFrame(
        {
            "fingerprint": [fingerprint for _, fingerprint in order],
            "first_at": [at for at, _ in order],
            "leader": [leader for leader, _ in found],
            "similarity": [near for _, near in found],
        },
        schema_overrides={"first_at": heads.schema["at"]},
    )


def _nearest(fingerprint: str, leaders: Sequence[str], signed: Any) -> tuple[str, float]:
    mine, best, leader = signed(fingerprint), NEAR, fingerprint
    for other in leaders:
        theirs = signed(other)
        if at_most(mine, theirs) >= best and (near := similarity(mine, theirs)) >= best:
            # Of leaders that are equally near, the first stays.
            if near > best or leader == fingerprint:
                leader = other
            best = near
    return (leader, round(best, 4)) if leader != fingerprint else (fingerprint, 1.0)


def _known(before: pl.DataFrame) -> list[tuple[datetime, str, str, float]]:
    """``(first seen, fingerprint, leader, similarity)`` of the rows before, in order; none of other rules."""
    kept = before.filter(pl.col("rules_version") == VERSION).sort("cluster_id")
    return sorted(
        (member["first_seen"], member["fingerprint"], members[0]["fingerprint"], member["similarity"])
        for members in kept["fingerprints"].to_list()
        for member in members
    )


def _facts(failed: pl.DataFrame) -> pl.DataFrame:
    """A row a leader: what its builds have in common; ``first`` and ``last`` are rows of ``failed``."""
    shown = [
        "build_id",
        "category",
        "tool",
        "reason",
        "cause",
        "cause_text",
        "log_sha256",
        "commit_sha",
        "failing_tests",
    ]
    whole = pl.struct(*shown)
    return failed.group_by("leader", maintain_order=True).agg(
        first=whole.first(),
        last=whole.last(),
        builds="build_id",
        jobs=pl.concat_str("pipeline", "job", separator="/").unique().sort(),
        branches=pl.col("branch").filter(pl.col("branch") != "").unique().sort(),
        commits=pl.col("commit_sha").drop_nulls().n_unique(),
        tests=pl.col("failing_tests").explode(empty_as_null=False, keep_nulls=False),
        first_seen=pl.col("at").first(),
        last_seen=pl.col("at").last(),
    )


def _standing(failed: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    """``leader`` and how it stands: the last green before it, how often it came back, whether it is gone."""
    lined = greens(failed, runs)
    line = ["leader", "pipeline", "job", "branch"]
    first = lined.group_by("leader", maintain_order=True).agg(
        pl.col("green_id").first(), pl.col("green_commit").first(), pl.col("green_at").first()
    )
    ends = lined.group_by(*line, maintain_order=True).agg(
        pl.col("next_at").last(), pl.col("next_id").last(), returns=pl.col("before").n_unique() - 1
    )
    gone = (
        ends.sort("next_at", nulls_last=True)
        .group_by("leader", maintain_order=True)
        .agg(
            resolved=pl.col("next_at").is_not_null().all(),
            resolved_at=pl.col("next_at").last(),
            resolved_by=pl.col("next_id").last(),
            recurrences=pl.col("returns").sum().cast(pl.Int64),
        )
    )
    return first.join(gone, on="leader")


def _row(
    row: Mapping[str, Any], named: Mapping[str, tuple[str, list[dict[str, Any]]]], now: datetime
) -> dict[str, Any]:
    cluster_id, formerly = named[row["leader"]]
    first = row["first"]
    recent = (now - row["first_seen"]).days < NEW_DAYS
    return {
        "cluster_id": cluster_id,
        "title": title_of(first["reason"], first["cause_text"]),
        "category": first["category"],
        "tool": first["tool"],
        "failures": len(row["builds"]),
        "builds": row["builds"],
        "jobs": row["jobs"],
        "branches": row["branches"],
        "commits": row["commits"],
        "failing_tests": _most_frequent(row["tests"]),
        "cause": list(cause_citations(first)),
        "first_seen": row["first_seen"],
        "last_seen": row["last_seen"],
        "first_build": first["build_id"],
        "first_commit": first["commit_sha"],
        "last_build": row["last"]["build_id"],
        "last_green_build": row["green_id"],
        "last_green_commit": row["green_commit"],
        "last_green_at": row["green_at"],
        "state": "resolved" if row["resolved"] else "open",
        "resolved_at": row["resolved_at"] if row["resolved"] else None,
        "resolved_by": row["resolved_by"] if row["resolved"] else None,
        "recurrences": row["recurrences"],
        "is_new": recent and not row["resolved"] and not row["recurrences"] and row["green_id"] is not None,
        "fingerprints": row["fingerprints"],
        "formerly": formerly,
        "rules_version": VERSION,
    }


def _most_frequent(names: Sequence[str]) -> list[str]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: (-counts[name], name))[:MOST_TESTS]
