"""``banana diagnose``: why a build failed, from its log alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from banana_assets.core.builds.diagnosis import Diagnosis, diagnose
from banana_assets.core.errors import InputError
from banana_assets.core.text import visible

app = typer.Typer(add_completion=False)


@app.command()
def main(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Logs: plain, .gz or .zst; - is standard input.")
    ],
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, one a file, in the order given.")
    ] = False,
    budget: Annotated[int, typer.Option(min=50, help="Tokens (characters / 4) of the evidence pack.")] = 2000,
    against: Annotated[
        str | None, typer.Option(metavar="GREEN_LOG", help="Log of the last green build of the same job.")
    ] = None,
) -> None:
    """Explain failed builds: category, cause lines, failing tests, evidence, what to do next.

    Needs no store. Exit status 1 when a failure was found, 0 when every log looks green.
    """
    green = _lines(against) if against is not None else None
    failed = False
    for position, file in enumerate(files):
        found = diagnose(_lines(file), budget=budget, against=green)
        failed = failed or found.status != "success"
        if json:
            _write_json(file, found)
        else:
            if position:
                sys.stdout.write("\n")
            _write_text(file, found)
    if failed:
        raise typer.Exit(1)


def _lines(file: str) -> Sequence[str]:
    """The lines of a log, split at LF, cut where they are longer than any message."""
    from banana_assets.backends.ingest.content import check_text, from_path
    from banana_assets.backends.lines import read_lines
    from banana_assets.backends.settings import load

    lines: list[str] = []
    with TemporaryDirectory() as scratch:
        content = from_path(Path(file), load(), Path(scratch))
        check_text(content)
        with content.reading() as stream:
            for frame in read_lines(stream):
                lines.extend(frame["text"].to_list())
    if not any(line.strip() for line in lines):
        raise InputError(f"{file} is empty.", "Give the log of a build.")
    return lines


def _write_json(file: str, found: Diagnosis) -> None:
    import orjson

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
    row = {"file": file, "category": found.category, "confidence": found.confidence, "cause": found.cause}
    row |= {"evidence": found.evidence, "pack": found.pack, "pack_tokens": found.pack_tokens}
    row |= {name: getattr(found, name) for name in fields}
    row["tests"] = [
        {"suite": t.suite, "classname": t.classname, "name": t.name, "status": t.status, "attempts": t.attempts}
        for t in found.tests
        if t.bad or t.status == "flaky"
    ]
    sys.stdout.write(orjson.dumps(row).decode() + "\n")


def _write_text(file: str, found: Diagnosis) -> None:
    if found.status == "success":
        sys.stdout.write(
            f"{file}: looks green ({found.reason if not found.cause else 'nothing says that it failed'})\n"
        )
        return
    out = [f"{file}: {found.category.replace('_', ' ')} ({found.confidence:.0%} sure)", f"  Why    {found.reason}"]
    if found.failing_step:
        code = f", exit status {found.exit_code}" if found.exit_code is not None else ""
        out.append(f"  Step   {found.failing_step}{code}")
    out += ["", *_cause(found), ""]
    if found.failing_tests:
        out.append(
            f"  {len(found.failing_tests)} failing tests" if len(found.failing_tests) > 1 else "  1 failing test"
        )
        out += [f"    {name}" for name in found.failing_tests[:10]]
        if len(found.failing_tests) > 10:
            out.append(f"    ... and {len(found.failing_tests) - 10} more")
    out.append(f"  Next   {found.next_step}")
    out.append(f"  Known as {found.fingerprint}; `--json` has the evidence pack ({found.pack_tokens} tokens).")
    sys.stdout.write(visible("\n".join(out)) + "\n")


def _cause(found: Diagnosis, most: int = 24) -> list[str]:
    texts = found.cause_text.split("\n")
    numbers = [n for first, last in found.cause for n in range(first, last + 1)]
    shown, previous = list[str](), None
    for number, text in list(zip(numbers, texts, strict=False))[:most]:
        if previous is not None and number != previous + 1:
            shown.append("         ...")
        shown.append(f"  {number:>6} | {text[:200]}".rstrip())
        previous = number
    if len(numbers) > most:
        shown.append(f"         ... {len(numbers) - most} more lines")
    return shown
