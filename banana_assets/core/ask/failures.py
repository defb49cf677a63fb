"""Answers about builds and why they fail."""

# ruff: noqa: E501 - a sentence or a pattern is read in one piece

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from banana_assets.core.ask.types import Frames, Named, Reply
from banana_assets.core.evidence import Citation, Evidence, fact, plural, seconds_text
from banana_assets.core.metrics.rates import wilson
from banana_assets.core.text import cut

BAD = ("failed", "error")
MOST = 5


def when(at: datetime | None) -> str:
    """A time for people, in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "an unknown time"


def first_line(text: str | None, width: int = 160) -> str:
    """The first line of a text, cut."""
    line = (text or "").strip().split("\n", 1)[0]
    return cut(line, width)


def ended(frames: Frames) -> pl.DataFrame:
    """The builds with ``at`` (when they ended, else began or arrived) and ``whole`` (pipeline/job), the newest first."""
    return (
        frames["builds"]
        .with_columns(
            at=pl.coalesce("finished_at", "started_at", "arrived_at"),
            whole=pl.concat_str("pipeline", "job", separator="/"),
        )
        .sort(["at", "build_id"], descending=True)
    )


def narrowed(builds: pl.DataFrame, named: Named) -> pl.DataFrame:
    """The builds of the jobs, the branch and the time that are named."""
    if named.jobs:
        builds = builds.filter(pl.col("whole").is_in(named.jobs))
    if named.branch:
        builds = builds.filter(pl.col("branch") == named.branch)
    if named.span:
        builds = builds.filter(pl.col("at") >= named.span.first)
        if named.span.last:
            builds = builds.filter(pl.col("at") < named.span.last)
    return builds


def within(named: Named) -> str:
    """What narrows an answer, in words."""
    parts = []
    if named.jobs:
        parts.append(f"of {', '.join(named.jobs)}")
    if named.branch:
        parts.append(f"on {named.branch}")
    if named.span:
        until = f" until {when(named.span.last)}" if named.span.last else ""
        parts.append(f"since {when(named.span.first)}{until}")
    return " " + " ".join(parts) if parts else ""


def nothing(frames: Frames, named: Named) -> Reply:
    """No build is like that: which there are."""
    known = ended(frames)
    if named.branch and named.branch not in set(known["branch"]):
        there = ", ".join(sorted(known["branch"].drop_nulls().unique().to_list())[:6])
        return Reply("", missing=f"No build is of the branch {named.branch}; there are {there}.")
    latest = known["at"].max()
    told = f"No build{within(named)} is in the data; the latest of all ended {when(latest)}."  # type: ignore[arg-type]
    return Reply("", missing=told)


def citation(row: Mapping[str, Any]) -> Citation | None:
    """The first lines that explain a failure (a row of BUILD_FAILURES)."""
    if not row["cause"] or not row["cause_text"]:
        return None
    span = row["cause"][0]
    lines = row["cause_text"].split("\n")[: span["last"] - span["first"] + 1]
    return {
        "build_id": row["build_id"],
        "sha256": row["log_sha256"],
        "first_line": span["first"],
        "last_line": span["first"] + len(lines) - 1,
        "quote": "\n".join(lines),
    }


def build_fact(row: Mapping[str, Any]) -> Evidence:
    """How a build ended."""
    took = f" in {seconds_text(row['duration_seconds'])}" if row["duration_seconds"] is not None else ""
    on = f" on {row['branch']}" if row["branch"] else ""
    return fact(
        f"{row['build_id']} ({row['whole']}{on}) is {row['status']}{took}, {when(row['at'])}", "builds", row["build_id"]
    )


def cluster_fact(row: Mapping[str, Any]) -> Evidence:
    """A failure that comes again."""
    cited = row["cause"][0] if row["cause"] else None
    told = f"{row['title']}: {plural(row['failures'], 'build')}, the latest {when(row['last_seen'])}, {row['state']}"
    return fact(told, "failure_clusters", row["cluster_id"], cited)


def why_failed(frames: Frames, named: Named) -> Reply:
    """Why one build failed: the one named, else the latest that failed."""
    known = ended(frames)
    if named.build is not None:
        rows = known.filter(pl.col("build_id") == named.build)
        if not rows.height:
            return Reply("", missing=f"There is no build {named.build}.")
    else:
        rows = narrowed(known, named).filter(pl.col("status").is_in(BAD))
        if named.category:
            of = frames["build_failures"].filter(category=named.category)["build_id"].to_list()
            rows = rows.filter(pl.col("build_id").is_in(of))
        if not rows.height:
            some = narrowed(known, named)
            if some.height:
                return Reply(
                    f"None of the {plural(some.height, 'build')}{within(named)} failed.",
                    (build_fact(some.row(0, named=True)),),
                )
            return nothing(frames, named)
    build = rows.row(0, named=True)
    if build["status"] not in BAD:
        return Reply(f"{build['build_id']} did not fail: it is {build['status']}.", (build_fact(build),))
    told = frames["build_failures"].filter(pl.col("build_id") == build["build_id"])
    if not told.height:
        without = "came without a log" if not build["log_sha256"] else "is not explained yet (`banana materialize`)"
        return Reply(f"{build['build_id']} failed and {without}.", (build_fact(build),))
    row = told.row(0, named=True)
    facts = [
        build_fact(build),
        fact(f"{row['category']}: {first_line(row['reason'])}", "build_failures", row["build_id"], citation(row)),
    ]
    text = f"{build['build_id']} ({build['whole']}) failed {when(build['at'])} by {row['category'].replace('_', ' ')} (confidence {row['confidence']:.2f}): {first_line(row['reason'])}."
    clusters = frames["failure_clusters"].filter(pl.col("builds").list.contains(build["build_id"]))
    if clusters.height:
        cluster = clusters.row(0, named=True)
        nth = cluster["builds"].index(build["build_id"]) + 1
        text += f" It is failure {nth} of {cluster['failures']} of this kind, first seen {when(cluster['first_seen'])}."
        facts.append(cluster_fact(cluster))
        if cluster["last_green_build"]:
            text += f" The last green build before the first was {cluster['last_green_build']}."
    return Reply(text, tuple(facts))


def fails_most(frames: Frames, named: Named) -> Reply:
    """The failures that the most builds have."""
    bad = narrowed(ended(frames), named).filter(pl.col("status").is_in(BAD))
    clusters = frames["failure_clusters"]
    if named.category:
        clusters = clusters.filter(category=named.category)
    counted = (
        clusters.select("cluster_id", build_id="builds")
        .explode("build_id", empty_as_null=False)
        .join(bad.select("build_id"), on="build_id", how="semi")
        .group_by("cluster_id")
        .agg(builds=pl.len())
        .join(clusters.drop("builds"), on="cluster_id")
        .sort(["builds", "last_seen"], descending=True)
    )
    if not counted.height:
        return (
            Reply(f"No build failed{within(named)}.", ())
            if narrowed(ended(frames), named).height
            else nothing(frames, named)
        )
    rows = counted.head(named.limit or MOST).to_dicts()
    total = sum(counted["builds"].to_list())
    text = f"Of {plural(total, 'failed build')}{within(named)}, most failed so: " + "; ".join(
        f"{first_line(r['title'], 100)} ({plural(r['builds'], 'build')}, {r['category']})" for r in rows
    )
    return Reply(text + ".", tuple(cluster_fact(r) for r in rows))


def counted(frames: Frames, named: Named) -> Reply:
    """How many builds ended so, and their share with its interval."""
    builds = narrowed(ended(frames), named)
    if not builds.height:
        return nothing(frames, named)
    status = named.status or ("failed" if named.category else None)
    if status is None:
        by = dict(builds.group_by("status").len().sort("len", descending=True).iter_rows())
        text = f"{plural(builds.height, 'build')}{within(named)}: {', '.join(f'{n} {s}' for s, n in by.items())}."
        return Reply(text, (build_fact(builds.row(0, named=True)),))
    if status in ("running", "queued"):
        some = builds.filter(status=status)
        return Reply(
            f"{plural(some.height, 'build')}{within(named)}: {status}.",
            tuple(build_fact(r) for r in some.head(MOST).iter_rows(named=True)),
        )
    done = builds.filter(pl.col("status").is_in([*BAD, "success", "cancelled"]))
    some = done.filter(pl.col("status").is_in(BAD if status == "failed" else (status,)))
    if named.category:
        of = frames["build_failures"].filter(category=named.category)["build_id"].to_list()
        some = some.filter(pl.col("build_id").is_in(of))
    told = f"failed by {named.category.replace('_', ' ')}" if named.category else "failed"
    word = {"failed": told, "success": "succeeded", "cancelled": "were cancelled"}[status]
    if not done.height:
        return nothing(frames, named)
    low, high = wilson(some.height, done.height)
    text = (
        f"{some.height} of {plural(done.height, 'finished build')}{within(named)} {word}: "
        f"{some.height / done.height:.1%} (95 % interval {low:.1%} to {high:.1%})."
    )
    return Reply(text, tuple(build_fact(r) for r in some.head(MOST).iter_rows(named=True)))


def listed(frames: Frames, named: Named) -> Reply:
    """Which builds are like that."""
    builds = narrowed(ended(frames), named)
    if not builds.height:
        return nothing(frames, named)
    if named.status or named.category:
        wanted = BAD if (named.status or "failed") == "failed" else (named.status,)
        builds = builds.filter(pl.col("status").is_in(wanted))
    if named.category:
        of = frames["build_failures"].filter(category=named.category)["build_id"].to_list()
        builds = builds.filter(pl.col("build_id").is_in(of))
    rows = builds.head(named.limit or MOST).to_dicts()
    what = f" that are {named.status}" if named.status else ""
    if not rows:
        return Reply(f"None of the builds{within(named)} is so{what}.")
    more = f", and {builds.height - len(rows)} more" if builds.height > len(rows) else ""
    return Reply(
        f"{plural(builds.height, 'build')}{within(named)}{what}: {', '.join(r['build_id'] for r in rows)}{more}.",
        tuple(map(build_fact, rows)),
    )


def last_green(frames: Frames, named: Named) -> Reply:
    """The latest build that succeeded, and how many failed since."""
    builds = narrowed(ended(frames), named)
    green = builds.filter(status="success")
    if not green.height:
        return (
            Reply(f"None of the {plural(builds.height, 'build')}{within(named)} was green.")
            if builds.height
            else nothing(frames, named)
        )
    row = green.row(0, named=True)
    later = builds.filter(pl.col("at") > row["at"], pl.col("status").is_in(BAD)).height
    commit = f" at {row['commit_sha'][:12]}" if row["commit_sha"] else ""
    after = f"; {plural(later, 'build')} failed since" if later else "; none failed since"
    return Reply(
        f"The last green build{within(named)} is {row['build_id']}{commit}, {when(row['at'])}{after}.",
        (build_fact(row),),
    )


def standing(frames: Frames, named: Named) -> Reply:
    """How the build named, or the latest one, ended."""
    builds = narrowed(ended(frames), named)
    if named.build is not None:
        builds = ended(frames).filter(pl.col("build_id") == named.build)
        if not builds.height:
            return Reply("", missing=f"There is no build {named.build}.")
    if not builds.height:
        return nothing(frames, named)
    if named.build is None and (named.jobs or named.branch) and builds["whole"].n_unique() > 1:
        rows = builds.unique("whole", keep="first", maintain_order=True).to_dicts()
        bad = [r["whole"] for r in rows if r["status"] in BAD]
        told = f"red in {', '.join(sorted(bad))}" if bad else "green in all"
        return Reply(
            f"By the latest build of each of {plural(len(rows), 'job')}{within(named)}: {told}.",
            tuple(build_fact(r) for r in rows[:10]),
        )
    row = builds.row(0, named=True)
    which = "" if named.build else "The latest build" + within(named) + " is "
    return Reply(f"{which}{row['build_id']} ({row['whole']}): {row['status']}, {when(row['at'])}.", (build_fact(row),))


def ever(frames: Frames, named: Named) -> Reply:
    """Whether builds ever passed, or ended as is asked; with how many of them did, the first and the latest."""
    done = narrowed(ended(frames), named).filter(pl.col("status").is_in([*BAD, "success", "cancelled"]))
    if not done.height:
        return nothing(frames, named)
    status = named.status if named.status in ("failed", "cancelled") else "failed" if named.category else "success"
    some = done.filter(pl.col("status").is_in(BAD if status == "failed" else (status,)))
    if named.category:
        of = frames["build_failures"].filter(category=named.category)["build_id"].to_list()
        some = some.filter(pl.col("build_id").is_in(of))
    word = {"failed": "failed", "success": "passed", "cancelled": "was cancelled"}[status]
    by = f" by {named.category.replace('_', ' ')}" if named.category else ""
    latest = done.row(0, named=True)
    if not some.height:
        text = f"No: none of {plural(done.height, 'finished build')}{within(named)} {word}{by}; the latest, {latest['build_id']}, is {latest['status']}, {when(latest['at'])}."
        return Reply(text, (build_fact(latest),))
    first, last = some.row(-1, named=True), some.row(0, named=True)
    when_ = (
        f"{last['build_id']}, {when(last['at'])}"
        if some.height == 1
        else f"first {first['build_id']}, {when(first['at'])}, last {last['build_id']}, {when(last['at'])}"
    )
    text = f"Yes: {some.height} of {plural(done.height, 'finished build')}{within(named)} {word}{by}: {when_}."
    return Reply(text, tuple(build_fact(r) for r in ([last] if some.height == 1 else [last, first])))


def changed(frames: Frames, named: Named) -> Reply:
    """Between which commits a failure began."""
    clusters = frames["failure_clusters"]
    if named.build is not None:
        clusters = clusters.filter(pl.col("builds").list.contains(named.build))
        if not clusters.height:
            return Reply("", missing=f"{named.build} is in no cluster of failures, so nothing says what broke it.")
    else:
        if named.jobs:
            clusters = clusters.filter(pl.col("jobs").list.set_intersection(list(named.jobs)).list.len() > 0)
        if named.branch:
            clusters = clusters.filter(pl.col("branches").list.contains(named.branch))
        if named.span:
            clusters = clusters.filter(pl.col("last_seen") >= named.span.first)
        clusters = clusters.filter(state="open")
    if not clusters.height:
        return Reply(f"No failure{within(named)} is open.")
    row = clusters.sort("last_seen", descending=True).row(0, named=True)
    first = row["first_commit"] or "a commit that is not known"
    text = f"{first_line(row['title'])}: it first failed in {row['first_build']} at {first[:12]}, {when(row['first_seen'])}"
    if row["last_green_build"]:
        green = f" at {row['last_green_commit'][:12]}" if row["last_green_commit"] else ""
        text += f"; the last green build before was {row['last_green_build']}{green}. The change is between these two commits"
    else:
        text += "; no green build before it is known"
    return Reply(text + ".", (cluster_fact(row),))


def new_failures(frames: Frames, named: Named) -> Reply:
    """Failures that were not there before."""
    clusters = frames["failure_clusters"]
    clusters = clusters.filter(pl.col("first_seen") >= named.span.first) if named.span else clusters.filter("is_new")
    if named.span and named.span.last:
        clusters = clusters.filter(pl.col("first_seen") < named.span.last)
    rows = clusters.sort("first_seen", descending=True).head(named.limit or MOST).to_dicts()
    if not rows:
        return Reply(f"No failure is new{within(named)}.")
    told = "; ".join(f"{first_line(r['title'], 100)} (since {when(r['first_seen'])})" for r in rows)
    return Reply(f"{plural(clusters.height, 'new failure')}{within(named)}: {told}.", tuple(map(cluster_fact, rows)))


def open_failures(frames: Frames, named: Named) -> Reply:
    """Failures that are not mended."""
    clusters = frames["failure_clusters"].filter(state="open").sort(["failures", "last_seen"], descending=True)
    if named.branch:
        clusters = clusters.filter(pl.col("branches").list.contains(named.branch))
    if named.jobs:
        clusters = clusters.filter(pl.col("jobs").list.set_intersection(list(named.jobs)).list.len() > 0)
    rows = clusters.head(named.limit or MOST).to_dicts()
    if not rows:
        return Reply(f"No failure{within(named)} is open.")
    told = "; ".join(f"{first_line(r['title'], 100)} ({plural(r['failures'], 'build')})" for r in rows)
    return Reply(f"{plural(clusters.height, 'failure')}{within(named)} open: {told}.", tuple(map(cluster_fact, rows)))


def seen_before(frames: Frames, named: Named) -> Reply:
    """Whether a build's failure was there before it."""
    reply = why_failed(frames, named)
    if reply.missing or len(reply.facts) < 3:
        return reply
    build = reply.facts[0]["key"]
    row = frames["failure_clusters"].filter(pl.col("builds").list.contains(build)).row(0, named=True)
    nth = row["builds"].index(build) + 1
    told = (
        "is new: no build failed so before it"
        if nth == 1
        else f"was seen before: {plural(nth - 1, 'build')} failed so since {when(row['first_seen'])}"
    )
    return Reply(f"The failure of {build} {told}.", reply.facts)
