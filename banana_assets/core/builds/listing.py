"""Builds as people look for them: each with why it failed and which cluster that is."""

from __future__ import annotations

import polars as pl

from banana_assets.core.builds.titles import title_of


def listed(builds: pl.DataFrame, failures: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    """BUILDS, the newest first, with what BUILD_FAILURES and FAILURE_CLUSTERS say of them.

    Added: ``at`` (when it ended, else began, was asked for, or arrived), ``category``, ``confidence``, ``cause`` (one
    line), ``fingerprint``, ``cluster_id``, ``nth`` (how manieth failure of its cluster it is, 1 the first) and ``of``
    (how many there are). Null for builds that did not fail or are not diagnosed or clustered yet.
    """
    known = failures.select("build_id", "category", "confidence", "reason", "cause_text", "fingerprint", "log_sha256")
    titles = [title_of(reason, text) for reason, text in known.select("reason", "cause_text").iter_rows()]
    known = known.with_columns(pl.Series("cause", titles, pl.String)).drop("reason", "cause_text")
    members = (
        clusters.select("cluster_id", build_id="builds", of=pl.col("builds").list.len().cast(pl.Int64))
        .explode("build_id", empty_as_null=False)
        .with_columns(nth=pl.int_range(1, pl.len() + 1).over("cluster_id"))
    )
    failed = pl.col("status").is_in(["failed", "error"])
    told = builds.filter(failed).join(known, on=["build_id", "log_sha256"], how="inner")
    return (
        builds.join(told.select(known.columns).drop("log_sha256"), on="build_id", how="left")
        .join(members, on="build_id", how="left")
        .with_columns(at=pl.coalesce("finished_at", "started_at", "queued_at", "arrived_at"))
        .sort(["at", "build_id"], descending=True)
    )
