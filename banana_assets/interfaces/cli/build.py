"""``banana build [ID]``: one build in full."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.core.evidence import plural, seconds_text
from banana_assets.interfaces.cli.causes import cause_lines
from banana_assets.interfaces.cli.opened import opened_reading
from banana_assets.interfaces.cli.output import Format, shown, write_object

if TYPE_CHECKING:
    from banana_assets.backends.lookup import BuildDetail

app = typer.Typer(add_completion=False)

MOST_TESTS = 12
MOST_STEPS = 12
NAME_WIDTH = 100


@app.command()
def build(
    build_id: Annotated[
        str | None,
        typer.Argument(
            metavar="ID",
            help="Id of the build, or a part that no other has; the newest failed one unless told.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="How it is written.")] = Format.table,
) -> None:
    """Show one build: how it ended, why, whether that is new, its tests and steps, and the last green one before it."""
    from banana_assets.backends.lookup import build_detail

    with opened_reading() as (store, tables):
        detail = build_detail(store, tables, build_id)
    if form is Format.table:
        sys.stdout.write(shown("\n".join(_text(detail))) + "\n")
    else:
        write_object(asdict(detail), form)


def _text(detail: BuildDetail) -> list[str]:
    build = detail.build
    code = f", exit status {build['exit_code']}" if build["exit_code"] is not None else ""
    out = [f"{build['build_id']}  {build['pipeline']}/{build['job']}  {build['status']}{code}"]
    out += _facts(detail)
    if detail.failure:
        out += ["", *_why(detail.failure)]
        out += ["", *_known(detail)]
    elif build["status"] in ("failed", "error"):
        out += ["", "  It came without a log, so nothing says why." if not build["log_sha256"] else ""]
    if detail.tests or detail.failing:
        out += ["", *_tests(detail)]
    if len(detail.steps) > 1:
        out += ["", *_steps(detail)]
    if detail.failure:
        out += ["", f"  Next    {_next(detail.failure)}"]
    return out


def _facts(detail: BuildDetail) -> list[str]:
    build = detail.build
    at = build["finished_at"] or build["started_at"] or build["queued_at"] or build["arrived_at"]
    took = f", took {seconds_text(build['duration_seconds'])}" if build["duration_seconds"] is not None else ""
    waited = ""
    if build["queued_at"] and build["started_at"] and build["started_at"] > build["queued_at"]:
        waited = f" after waiting {seconds_text((build['started_at'] - build['queued_at']).total_seconds())}"
    out = [f"  When    {_time(at)}{took}{waited}"]
    if build["commit_sha"] or build["branch"]:
        on = f" on {build['branch']}" if build["branch"] else ""
        out.append(f"  Commit  {(build['commit_sha'] or 'unknown')[:12]}{on}")
    if build["command"]:
        out.append(f"  Command {build['command'][:NAME_WIDTH]}")
    if build["log_sha256"]:
        place = f", {build['path']}" if build["path"] else ""
        out.append(f"  Log     {build['log_lines']:,} lines, sha256 {build['log_sha256'][:12]}{place}")
    for other in detail.same_commit[:3]:
        out.append(f"  Same    {other['build_id']} of the same commit: {other['status']}")
    if detail.green:
        where = f", commit {detail.green['commit_sha'][:12]}" if detail.green["commit_sha"] else ""
        on = "" if detail.green["branch"] == build["branch"] else f", on {detail.green['branch'] or 'no branch'}"
        out.append(f"  Green   {detail.green['build_id']} was the last green one before it{where}{on}")
    elif build["status"] in ("failed", "error"):
        out.append("  Green   no build of this job before it was green")
    return out


def _why(failure: dict[str, Any]) -> list[str]:
    out = [f"  {failure['category'].replace('_', ' ')} ({failure['confidence']:.0%} sure): {failure['reason']}"]
    if failure["failing_step"]:
        out.append(f"  in the step {failure['failing_step'][:NAME_WIDTH]}")
    spans = [(span["first"], span["last"]) for span in failure["cause"]]
    return [*out, "", *cause_lines(failure["cause_text"], spans)]


def _known(detail: BuildDetail) -> list[str]:
    cluster, failure = detail.cluster, detail.failure
    chance = [f"  Chance  it may have failed by chance: {detail.chance}"] if detail.chance else []
    if cluster is None:
        assert failure is not None
        return [*chance, f"  Known as {failure['fingerprint']}; `banana materialize` tells whether it is new."]
    name = cluster["cluster_id"]
    if cluster["failures"] == 1:
        out = [*chance, f"  Failure {name}: seen for the first time"]
    else:
        nth = "the first" if detail.nth == 1 else f"number {detail.nth}"
        first = f", first in {cluster['first_build']} {_time(cluster['first_seen'])}" if detail.nth != 1 else ""
        out = [*chance, f"  Failure {name}: {nth} of {cluster['failures']} builds that failed so{first}"]
    if cluster["state"] == "resolved":
        out.append(f"          resolved: {cluster['resolved_by']} was green {_time(cluster['resolved_at'])}")
    else:
        out.append("          still open: no green build since" if cluster["failures"] > 1 else "          still open")
    if cluster["recurrences"]:
        out.append(f"          it came back {plural(cluster['recurrences'], 'time')} after a green build")
    if len(cluster["jobs"]) > 1:
        out.append(f"          also in {', '.join(cluster['jobs'])}")
    if cluster["last_green_commit"] and cluster["first_commit"] and detail.nth == 1:
        out.append(f"          it came with {cluster['last_green_commit'][:12]}..{cluster['first_commit'][:12]}")
    return out


def _tests(detail: BuildDetail) -> list[str]:
    counts = ", ".join(f"{n:,} {status}" for status, n in detail.tests.items()) or "told by the log alone"
    out = [f"  Tests   {counts}"]
    for test in detail.failing[:MOST_TESTS]:
        out.append(f"    {test['status']:6}  {test['title'][:NAME_WIDTH]}  ({_about(test)})")
    if len(detail.failing) > MOST_TESTS:
        out.append(f"    ... and {len(detail.failing) - MOST_TESTS} more")
    return out


def _about(test: dict[str, Any]) -> str:
    words = (
        "new: never failed before" if not test["earlier"] else f"failed in {plural(test['earlier'], 'build')} before"
    )
    if test["flakes"]:
        words += f"; flaky, {test['flakes']} of {test['runs']} runs"
    return words + ("; in quarantine" if test["quarantine"] == "active" else "")


def _steps(detail: BuildDetail) -> list[str]:
    failed = {span["first"] for span in detail.failure["cause"]} if detail.failure else set()
    out = ["  Steps"]
    for step in detail.steps[:MOST_STEPS]:
        here = ">" if any(step.first_line <= line <= step.last_line for line in failed) else " "
        took = "" if step.duration_seconds is None else seconds_text(step.duration_seconds)
        lines = f"{step.first_line}-{step.last_line}"
        out.append(f"  {here} {lines:>13}  {took:>9}  {step.name[:NAME_WIDTH]}")
    if len(detail.steps) > MOST_STEPS:
        out.append(f"    ... and {len(detail.steps) - MOST_STEPS} more")
    return out


def _next(failure: dict[str, Any]) -> str:
    from banana_assets.core.builds.advice import next_step

    return next_step(failure["category"], failure["tool"], tuple(failure["failing_tests"]), failure["reason"])


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
