"""Answers about tests, and about what takes long."""

# ruff: noqa: E501 - a sentence or a pattern is read in one piece

from __future__ import annotations

import polars as pl

from banana_assets.core.ask.failures import MOST, ended, first_line, narrowed, nothing, when, within
from banana_assets.core.ask.types import Frames, Named, Reply
from banana_assets.core.evidence import fact, plural, seconds_text


def flaky(frames: Frames, named: Named) -> Reply:
    """Tests that fail by chance."""
    tests = frames["flaky_tests"]
    if named.jobs:
        tests = tests.filter(pl.col("pipeline").is_in([j.split("/")[0] for j in named.jobs]))
    if named.tests:
        tests = tests.filter(pl.col("test_id").is_in(named.tests))
    tests = tests.sort(["flake_rate", "flakes"], descending=True)
    if not tests.height:
        return Reply(f"No test{within(named)} is known to fail by chance.")
    rows = tests.head(named.limit or MOST).to_dicts()
    facts = [
        fact(
            f"{r['title']} is {r['state']}: {r['flakes']} of {plural(r['runs'], 'run')} ({r['flake_rate']:.1%}, 95 % interval {r['flake_rate_low']:.1%} to {r['flake_rate_high']:.1%})",
            "flaky_tests",
            r["test_id"],
        )
        for r in rows
    ]
    told = "; ".join(f"{r['title']} ({r['flakes']} of {r['runs']}, {r['state']})" for r in rows)
    return Reply(f"{plural(tests.height, 'test')} failed by chance{within(named)}: {told}.", tuple(facts))


def failing_tests(frames: Frames, named: Named) -> Reply:
    """Tests that fail, those that fail now first."""
    tests = frames["test_history"].filter(pl.col("failures") > 0)
    if named.jobs:
        tests = tests.filter(pl.col("pipeline").is_in([j.split("/")[0] for j in named.jobs]))
    tests = tests.sort(["failing_builds", "failures"], descending=True)
    if not tests.height:
        return Reply(f"No test{within(named)} failed.")
    rows = tests.head(named.limit or MOST).to_dicts()
    facts = tuple(
        fact(
            f"{r['title']}: {r['failures']} of {plural(r['runs'], 'run')} failed, last {r['last_status']}"
            + (f", failing since {when(r['failing_since'])}" if r["failing_since"] else ""),
            "test_history",
            r["test_id"],
        )
        for r in rows
    )
    now = tests.filter(pl.col("failing_builds") > 0).height
    told = "; ".join(f"{r['title']} ({r['failures']} of {r['runs']})" for r in rows)
    return Reply(f"{plural(tests.height, 'test')} failed{within(named)}, {now} of them still: {told}.", facts)


def test_story(frames: Frames, named: Named) -> Reply:
    """How a test has done: how often it failed, since when, when it last passed."""
    rows = frames["test_history"].filter(pl.col("test_id").is_in(named.tests)).to_dicts()
    if not rows:
        return Reply("", missing="That test is in no build.")
    told, facts = [], []
    for r in rows[:MOST]:
        since = f" It fails since {r['failing_since_build']}, {when(r['failing_since'])}." if r["failing_since"] else ""
        passed = (
            f" It last passed in {r['last_passed_build']}, {when(r['last_passed_at'])}."
            if r["last_passed_at"]
            else " It never passed."
        )
        text = f"{r['title']} failed in {r['failures']} of {plural(r['runs'], 'run')}; last it {r['last_status']}."
        told.append(text + since + passed)
        facts.append(fact(text, "test_history", r["test_id"]))
    return Reply(" ".join(told), tuple(facts))


def slow_tests(frames: Frames, named: Named) -> Reply:
    """The tests that take longest."""
    tests = frames["test_history"].filter(pl.col("median_seconds").is_not_null())
    if named.jobs:
        tests = tests.filter(pl.col("pipeline").is_in([j.split("/")[0] for j in named.jobs]))
    rows = tests.sort("median_seconds", descending=True).head(named.limit or MOST).to_dicts()
    if not rows:
        return Reply("", missing=f"No test{within(named)} has a duration.")
    facts = tuple(
        fact(
            f"{r['title']} takes {seconds_text(r['median_seconds'])} (median), {seconds_text(r['p95_seconds'])} at the 95th percentile",
            "test_history",
            r["test_id"],
        )
        for r in rows
    )
    told = "; ".join(f"{r['title']} ({seconds_text(r['median_seconds'])})" for r in rows)
    return Reply(f"The slowest tests{within(named)}, by median: {told}.", facts)


def slow_steps(frames: Frames, named: Named) -> Reply:
    """The steps that take longest, by median over builds."""
    builds = narrowed(ended(frames), named)
    steps = (
        frames["build_steps"]
        .filter(pl.col("duration_seconds").is_not_null())
        .join(builds.select("build_id", "whole"), on="build_id")
        .group_by("whole", "step")
        .agg(
            median=pl.col("duration_seconds").median(),
            builds=pl.len(),
            total=pl.col("duration_seconds").sum(),
            one=pl.col("build_id").last(),
        )
        .sort(["median", "whole", "step"], descending=[True, False, False])
    )
    if not steps.height:
        return Reply("", missing=f"No log{within(named)} has steps with times.")
    rows = steps.head(named.limit or MOST).to_dicts()
    facts = tuple(
        fact(
            f"{first_line(r['step'], 80)} of {r['whole']} takes {seconds_text(r['median'])} (median of {plural(r['builds'], 'build')})",
            "build_steps",
            f"{r['whole']}/{first_line(r['step'], 80)}",
        )
        for r in rows
    )
    told = "; ".join(f"{first_line(r['step'], 60)} of {r['whole']} ({seconds_text(r['median'])})" for r in rows)
    return Reply(f"The slowest steps{within(named)}, by median: {told}.", facts)


def slow_jobs(frames: Frames, named: Named) -> Reply:
    """How long jobs take, the slowest first."""
    builds = narrowed(ended(frames), named).filter(
        pl.col("duration_seconds").is_not_null(), pl.col("status") == "success"
    )
    if not builds.height:
        return (
            nothing(frames, named)
            if not narrowed(ended(frames), named).height
            else Reply("", missing=f"No green build{within(named)} has a duration.")
        )
    jobs = (
        builds.group_by("whole")
        .agg(median=pl.col("duration_seconds").median(), p95=pl.col("duration_seconds").quantile(0.95), builds=pl.len())
        .sort(["median", "whole"], descending=[True, False])
    )
    rows = jobs.head(named.limit or MOST).to_dicts()
    facts = tuple(
        fact(
            f"{r['whole']} takes {seconds_text(r['median'])} (median of {plural(r['builds'], 'green build')}), {seconds_text(r['p95'])} at the 95th percentile",
            "builds",
            r["whole"],
        )
        for r in rows
    )
    told = "; ".join(f"{r['whole']} {seconds_text(r['median'])}" for r in rows)
    return Reply(f"By the median of green builds{within(named)}, the slowest first: {told}.", facts)


def slower(frames: Frames, named: Named) -> Reply:
    """Whether jobs have become slower or faster."""
    changes = frames["build_changes"].filter(pl.col("metric") == "duration_seconds", "latest")
    if named.jobs:
        changes = changes.filter(pl.concat_str("pipeline", "job", separator="/").is_in(named.jobs))
    if named.span:
        changes = changes.filter(pl.col("since") >= named.span.first)
    rows = changes.sort("since", descending=True).to_dicts()
    if not rows:
        return Reply(
            f"No lasting change of how long builds take{within(named)} is found: none became slower or faster."
        )
    told = [
        f"{r['pipeline']}/{r['job']} became {'slower' if r['after'] > r['before'] else 'faster'} with {r['first_build_id']} ({when(r['since'])}): {seconds_text(r['before'])} before, {seconds_text(r['after'])} since"
        for r in rows[:MOST]
    ]
    facts = tuple(
        fact(text, "build_changes", f"{r['pipeline']}/{r['job']}/{r['metric']}/{r['first_build_id']}")
        for text, r in zip(told, rows, strict=False)
    )
    return Reply("; ".join(told) + ".", facts)
