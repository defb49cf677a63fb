"""Which cluster of failures is which one of before: ids that stay when builds are added or rules change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from banana_assets.core.evidence import stable_id


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster by the fingerprint that began it, with the builds in it."""

    leader: str
    builds: frozenset[str]


def succession(
    clusters: Sequence[Cluster], before: pl.DataFrame, on: date
) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """The id of each cluster and what it came from (``FORMER_CLUSTER``), by its leader.

    ``clusters`` stand in their own order; ``before`` has ``cluster_id, title, first_seen, builds, formerly`` of
    FAILURE_CLUSTERS. The cluster that has most of the builds of an earlier one is its heir. An heir keeps the id: of
    several, that of the one it has the most builds of; the others are told as ``merged``, on that day. Who has builds
    of an earlier one without being its heir was ``split`` from it. A new cluster is called by its leader.
    """
    home = {build: cluster.leader for cluster in clusters for build in cluster.builds}
    place = {cluster.leader: k for k, cluster in enumerate(clusters)}
    claims: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    parts: dict[str, list[dict[str, Any]]] = {}
    for old in before.sort("first_seen", "cluster_id").iter_rows(named=True):
        shared = Counter(home[build] for build in old["builds"] if build in home)
        heirs = sorted(shared, key=lambda leader: (-shared[leader], place[leader]))
        for leader in heirs[:1]:
            claims.setdefault(leader, []).append((shared[leader], old))
        for leader in heirs[1:]:
            parts.setdefault(leader, []).append(old)
    kept = {leader: max(olds, key=lambda claim: claim[0])[1] for leader, olds in claims.items()}
    taken = {old["cluster_id"] for old in kept.values()}
    named: dict[str, tuple[str, list[dict[str, Any]]]] = {}
    for cluster in clusters:
        leader = cluster.leader
        own = kept.get(leader)
        name = own["cluster_id"] if own else leader
        while own is None and name in taken:
            name = stable_id("failure_cluster", name)
        taken.add(name)
        olds = [old for _, old in claims.get(leader, [])]
        told = [_former(old, "merged", on) for old in olds if old is not own]
        told += [_former(old, "split", on) for old in parts.get(leader, [])]
        carried = [former for old in olds for former in old["formerly"] or []]
        # What was told before is not told again with another day.
        latest = {former["cluster_id"]: former for former in [*told, *carried] if former["cluster_id"] != name}
        named[leader] = (name, sorted(latest.values(), key=lambda former: (former["changed_on"], former["cluster_id"])))
    return named


def _former(old: dict[str, Any], kind: str, on: date) -> dict[str, Any]:
    return {"cluster_id": old["cluster_id"], "title": old["title"], "kind": kind, "changed_on": on}
