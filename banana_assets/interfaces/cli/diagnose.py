"""``banana diagnose``: why a build failed, from its log alone, be it a file or a build in the store."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from banana_assets.core.errors import InputError
from banana_assets.interfaces.cli.causes import cause_lines
from banana_assets.interfaces.cli.columns import prose
from banana_assets.interfaces.cli.output import Format, shown, write_rows

if TYPE_CHECKING:
    import polars as pl

    from banana_assets.backends.store import Store
    from banana_assets.core.builds.diagnosis import Diagnosis

app = typer.Typer(add_completion=False)


@app.command()
def main(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|BUILD...",
            help="Logs: plain, .gz or .zst; - is standard input. Or ids of builds in the store, or parts of them.",
        ),
    ],
    form: Annotated[
        Format, typer.Option("--format", "-f", help="Text for people, a JSON array, or a JSON object a line.")
    ] = Format.table,
    json: Annotated[bool, typer.Option("--json", help="The same as --format jsonl.")] = False,
    budget: Annotated[int, typer.Option(min=50, help="Tokens (characters / 4) of the evidence pack.")] = 2000,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="GREEN_LOG",
            help="Log of the last green build of the same job; for a build, the one in the store unless told.",
        ),
    ] = None,
) -> None:
    """Explain failed builds: category, cause lines, failing tests, evidence, what to do next.

    A file needs no store. Exit status 1 when a failure was found, 0 when every log looks green.
    """
    green = _lines(against) if against is not None else None
    form = Format.jsonl if json else form
    failed = False
    rows: list[dict[str, object]] = []
    with ExitStack() as stack:
        shelf = _Shelf(stack)
        for position, file in enumerate(files):
            name, found, compared = _explained(file, budget, green, shelf)
            failed = failed or found.status != "success"
            if form is Format.jsonl:
                write_rows([_row(name, found, compared)], form)
            elif form is Format.json:
                rows.append(_row(name, found, compared))
            else:
                if position:
                    sys.stdout.write("\n")
                _write_text(name, found, compared)
    if form is Format.json:
        write_rows(rows, form)
    if failed:
        raise typer.Exit(1)


class _Shelf:
    """The store, opened when the first build is asked for; nothing where there is none."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._opened: tuple[Store, pl.DataFrame] | None = None

    def get(self) -> tuple[Store, pl.DataFrame] | None:
        """The store and its builds."""
        from banana_assets.backends.settings import load, there_is_a_store

        if self._opened is None and there_is_a_store(load()):
            from banana_assets.backends.store import open_store

            store = self._stack.enter_context(open_store(load()))
            self._opened = (store, store.builds())
        return self._opened


def _explained(told: str, budget: int, green: Sequence[str] | None, shelf: _Shelf) -> tuple[str, Diagnosis, str | None]:
    """The name of what was explained, why it failed, and the build that it was compared with by itself."""
    from banana_assets.core.builds.diagnosis import diagnose

    if told == "-" or _is_path(told) or (shelved := shelf.get()) is None:
        return told, diagnose(_lines(told), budget=budget, against=green), None
    from banana_assets.backends.explaining import diagnosed
    from banana_assets.backends.lookup import find_build

    store, builds = shelved
    try:
        build = find_build(builds, told)
    except InputError as error:
        raise InputError(f"{told} is no file. {error.message}", error.remedy) from error
    found, compared = diagnosed(store, build, builds, budget, green)
    return build["build_id"], found, compared


def _is_path(told: str) -> bool:
    """Whether it is a file, or can only be meant as one: ids of builds do not begin or end like a path."""
    try:
        if Path(told).exists():
            return True
    except OSError:
        # Longer than any file's name may be.
        return False
    return told.startswith(("/", "./", "../", "~")) or told.endswith((".log", ".txt", ".gz", ".zst"))


def _lines(file: str) -> Sequence[str]:
    from banana_assets.backends.ingest.content import file_lines
    from banana_assets.backends.settings import load

    lines = file_lines(Path(file), load())
    if not any(line.strip() for line in lines):
        raise InputError(f"{file} is empty.", "Give the log of a build.")
    return lines


def _row(file: str, found: Diagnosis, compared: str | None) -> dict[str, object]:
    fields = (
        "cause_text",
        "failing_step",
        "exit_code",
        "failing_tests",
        "tool",
        "reason",
        "fingerprint",
        "next_step",
        "status",
    )
    row: dict[str, object] = {
        "file": file,
        "category": found.category or None,
        "confidence": found.confidence,
        "cause": found.cause,
    }
    row |= {"evidence": found.evidence, "pack": found.pack, "pack_tokens": found.pack_tokens}
    row |= {name: getattr(found, name) for name in fields}
    row["against"] = compared
    row["tests"] = [
        {"suite": t.suite, "classname": t.classname, "name": t.name, "status": t.status, "attempts": t.attempts}
        for t in found.tests
        if t.bad or t.status == "flaky"
    ]
    return row


def _write_text(file: str, found: Diagnosis, compared: str | None) -> None:
    from banana_assets.core.builds.testlogs import MOST_TESTS

    if found.status == "success":
        sys.stdout.write(
            f"{file}: looks green ({found.reason if not found.cause else 'nothing says that it failed'})\n"
        )
        return
    out = [f"{file}: {found.category.replace('_', ' ')} ({found.confidence:.0%} sure)"]
    out += _prose("  Why    ", found.reason)
    if found.failing_step:
        code = f", exit status {found.exit_code}" if found.exit_code is not None else ""
        out.append(f"  Step   {found.failing_step}{code}")
    out += ["", *cause_lines(found.cause_text, found.cause), ""]
    if found.failing_tests:
        count = len(found.failing_tests)
        least = "at least " if count >= MOST_TESTS else ""
        out.append(f"  {least}{count} failing tests" if count > 1 else "  1 failing test")
        out += [f"    {name}" for name in found.failing_tests[:10]]
        if count > 10:
            out.append(f"    ... and {count - 10} more")
    out += _prose("  Next   ", found.next_step)
    if compared:
        out += _prose("  ", f"Compared with {compared}, the last green build of this job before it.")
    known = f"Known as {found.fingerprint}; `--format json` has the evidence pack ({found.pack_tokens} tokens)."
    out += _prose("  ", known)
    sys.stdout.write(shown("\n".join(out)) + "\n")


def _prose(lead: str, text: str) -> list[str]:
    """A sentence in the width of the terminal; masked before it is wrapped, since a secret may not end up in halves."""
    return prose(shown(text), lead, " " * len(lead))
