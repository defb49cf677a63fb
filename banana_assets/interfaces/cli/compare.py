"""``banana compare BUILD [AGAINST]``: what differs between a build and another, else the last green one of its job."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from banana_assets.core.errors import ContradictionError
from banana_assets.core.evidence import plural, seconds_text
from banana_assets.core.text import cut
from banana_assets.interfaces.cli.causes import cause_lines
from banana_assets.interfaces.cli.opened import opened_reading
from banana_assets.interfaces.cli.output import Format, shown, write_object

if TYPE_CHECKING:
    from banana_assets.backends.codebase.changing import Changes
    from banana_assets.backends.comparing import Comparison, Said, Side
    from banana_assets.core.builds.comparing import StepPair, TestPair

app = typer.Typer(add_completion=False)

WIDTH = 100
MOST_TESTS = 8
MOST_STEPS = 6
MOST_PLACES = 4
FIRST_LINES = 12
MORE_LINES = 3
"""Lines of a stretch that are shown: of the first new one, which is most often the cause, and of each other."""
MOST_CHANGED = 8
LEAST_SECONDS = 1.0
"""A step is told for its time where it took that much longer or shorter."""


@app.command()
def compare(
    build: Annotated[
        str | None,
        typer.Argument(
            metavar="BUILD",
            help="Id of a build, or a part of it; the newest failed one unless told.",
            show_default=False,
        ),
    ] = None,
    other: Annotated[
        str | None,
        typer.Argument(
            metavar="AGAINST",
            help="Build that it is compared with; the last green one of the job unless told.",
            show_default=False,
        ),
    ] = None,
    against: Annotated[str | None, typer.Option(metavar="BUILD", help="The same as AGAINST, by name.")] = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="Text for people, or one JSON object.")] = Format.table,
) -> None:
    """Show what differs between a build and another: status and time, tests that ended otherwise, steps, what only one
    log says, and commits and files in between.

    Lines count as the same whatever the numbers, times, ids and folders in them. Commits are looked up in
    BANANA_CODE_ROOT, or the folder that this runs in.
    """
    from banana_assets.backends.comparing import compared, wire_comparison
    from banana_assets.backends.quotes import Compared

    if None not in (other, against) and other != against:
        raise ContradictionError(
            f"Both {other} and --against {against} are told as the build to compare with.", "Name one of them."
        )
    with opened_reading() as (store, tables):
        root = store.settings.code_root or Path.cwd()
        found = compared(store, tables, Compared(store), build, other or against, root)
    if form is Format.table:
        sys.stdout.write(shown("\n".join(_text(found))) + "\n")
    else:
        write_object(wire_comparison(found), form)


def _text(found: Comparison) -> list[str]:
    base, head = found.base.build, found.head.build
    out = _sides(found)
    for note in found.notes:
        out.append(f"  Note    {note}")
    if found.head.cause:
        assert found.head.failure is not None
        out += ["", f"  Why     {found.head.failure['category'].replace('_', ' ')}: {found.head.cause}"]
    out += _tests(found.tests)
    out += _steps(found.steps)
    out += _said(head["build_id"], found.new, found.new_total, FIRST_LINES)
    out += _said(base["build_id"], found.gone, found.gone_total, MORE_LINES)
    if base["commit_sha"] and base["commit_sha"] == head["commit_sha"]:
        return [*out, "", "  Changed  nothing: both are of the same commit"]
    return out + _changes(found.changes)


def _sides(found: Comparison) -> list[str]:
    rows = [("", *(side.build["build_id"] for side in (found.base, found.head)))]
    rows += [
        (name, of(found.base), of(found.head))
        for name, of in (("Status", _status), ("When", _when), ("Took", _took), ("Commit", _commit), ("Tests", _counts))
    ]
    rows = [row for row in rows if row[1] or row[2]]
    width = max(len(row[1]) for row in rows)
    return [f"  {name:6}  {before:{width}}  {now}".rstrip() for name, before, now in rows]


def _status(side: Side) -> str:
    build = side.build
    return f"{build['status']}, exit status {build['exit_code']}" if build["exit_code"] else str(build["status"])


def _when(side: Side) -> str:
    build = side.build
    at = build["finished_at"] or build["started_at"] or build["queued_at"] or build["arrived_at"]
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _took(side: Side) -> str:
    took = side.build["duration_seconds"]
    return "" if took is None else seconds_text(took)


def _commit(side: Side) -> str:
    on = f" on {side.build['branch']}" if side.build["branch"] else ""
    return f"{(side.build['commit_sha'] or 'unknown')[:12]}{on}"


def _counts(side: Side) -> str:
    return ", ".join(f"{n:,} {status}" for status, n in side.tests.items())


def _tests(tests: Sequence[TestPair]) -> list[str]:
    return _block(f"Tests that ended otherwise, or took much longer ({len(tests):,})", map(_test, tests), MOST_TESTS)


def _test(test: TestPair) -> str:
    ended = f"{test.base or 'not run'} -> {test.head or 'not run'}"
    took = ""
    if test.base == test.head and test.base_seconds is not None and test.head_seconds is not None:
        took = f"  ({seconds_text(test.base_seconds)} -> {seconds_text(test.head_seconds)})"
    return f"{ended:18}  {cut(test.title, WIDTH)}{took}"


def _steps(steps: Sequence[StepPair]) -> list[str]:
    gone = [f"only before  {_name(step.name)}" for step in steps if step.head_lines is None]
    new = [f"only now     {_name(step.name)}" for step in steps if step.base_lines is None]
    timed = sorted(
        ((step.longer, step) for step in steps if step.longer is not None and abs(step.longer) >= LEAST_SECONDS),
        key=lambda pair: -abs(pair[0]),
    )
    other = [f"{_longer(longer, step):28}  {_name(step.name)}" for longer, step in timed]
    return _block("Steps that differ", [*new, *gone, *other], MOST_STEPS)


def _longer(longer: float, step: StepPair) -> str:
    assert step.base_seconds is not None
    assert step.head_seconds is not None
    sign = "+" if longer > 0 else "-"
    return f"{seconds_text(step.base_seconds)} -> {seconds_text(step.head_seconds)} ({sign}{seconds_text(abs(longer))})"


def _name(name: str) -> str:
    return cut(" ".join(name.split()), WIDTH)


def _said(build_id: str, said: Sequence[Said], total: int, first: int) -> list[str]:
    if not total:
        return []
    out = ["", f"  Only the log of {build_id} says ({plural(total, 'place')}):"]
    for position, one in enumerate(said[:MOST_PLACES]):
        citation, stretch = one.citation, one.stretch
        spans = [(citation["first_line"], citation["last_line"])]
        most = first if position == 0 else MORE_LINES
        numbers = citation["last_line"] - citation["first_line"] + 1
        out += cause_lines(citation["quote"], spans, most)[:most]
        left = stretch.last_line - stretch.first_line + 1 - min(most, numbers)
        if left:
            out.append(f"         ... {plural(left, 'more line')}, to {stretch.last_line}")
        elif position + 1 < min(len(said), MOST_PLACES):
            out.append("         ...")
    if total > MOST_PLACES:
        out.append(f"  ... and {plural(total - MOST_PLACES, 'more place')} (--format json)")
    return out


def _changes(changes: Changes) -> list[str]:
    if not changes.known:
        return ["", f"  Changed  {changes.why}"]
    files = plural(len(changes.files) + changes.omitted, "file")
    assert changes.base is not None
    assert changes.head is not None
    between = f"{changes.base[:12]}..{changes.head[:12]}"
    out = ["", f"  Changed  {between}: {plural(len(changes.commits), 'commit')}, {files}"]
    out += [f"           {note}" for note in changes.notes]
    out += _block("Suspects", (f"{s.score:4.0%}  {s.path}" for s in changes.suspects), MOST_CHANGED)
    named = {suspect.path for suspect in changes.suspects[:MOST_CHANGED]}
    others = [f"{file.status:9}  {file.path}" for file in changes.files if file.path not in named]
    out += _block("Other files" if named else "Files", others, MOST_CHANGED)
    commits = (f"{c.sha[:12]}  {c.at:%Y-%m-%d}  {c.author}: {cut(c.subject, WIDTH)}" for c in changes.commits)
    return out + _block("Commits", commits, MOST_CHANGED)


def _block(title: str, lines: Iterable[str], most: int) -> list[str]:
    rows = list(lines)
    if not rows:
        return []
    # Names of files and of tests may hold line breaks.
    out = ["", f"  {title}:", *("    " + row.replace("\n", "\\n") for row in rows[:most])]
    return [*out, f"    ... and {len(rows) - most:,} more (--format json)"] if len(rows) > most else out
