"""Builds as people look for them: each with why it failed and which cluster that is, found again by part of its id."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import polars as pl

from banana_assets.core.builds.titles import title_of
from banana_assets.core.errors import InputError

MOST_SUGGESTED = 4


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


def found(told: str, ids: Sequence[str], kind: str, remedy: str) -> str:
    """The id that was meant: the very one, or the only one that begins so, or that holds it.

    Raises InputError when there is none or several, naming those that are near.
    """
    known = set(ids)
    if told in known:
        return told
    for rule in (str.startswith, str.__contains__):
        likely = sorted(name for name in known if told and rule(name, told))
        if len(likely) == 1:
            return likely[0]
        if likely:
            more = f" and {len(likely) - MOST_SUGGESTED} more" if len(likely) > MOST_SUGGESTED else ""
            raise InputError(
                f"{told} may be {', '.join(likely[:MOST_SUGGESTED])}{more}.", "Say which, with more of its id."
            )
    near = get_close_matches(told, sorted(known), MOST_SUGGESTED, 0.6)
    nearest = f" The nearest {'is' if len(near) == 1 else 'are'} {', '.join(near)}." if near else ""
    raise InputError(f"There is no {kind} {told}.{nearest}", remedy)
