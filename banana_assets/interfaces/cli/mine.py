"""``banana mine``: the templates of one log, and the template of each line."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from banana_assets.interfaces.cli.output import Format, say, write_rows

if TYPE_CHECKING:
    import polars as pl

    from banana_assets.backends.lines import Oddities
    from banana_assets.core.logs.assignment import Assigner
    from banana_assets.core.logs.header import Header

app = typer.Typer(add_completion=False)

SAMPLE_LINES = 4_000


@app.command()
def mine(
    file: Annotated[
        str, typer.Argument(help="The log: plain, gzip or zstd; - for standard input.", show_default=False)
    ],
    assignments: Annotated[
        Path | None, typer.Option(help="Write LineId, EventId, EventTemplate of every line to this CSV file.")
    ] = None,
    content: Annotated[bool, typer.Option("--content", help="Lines are bare messages, without a header.")] = False,
    top: Annotated[int, typer.Option(min=1, help="Templates shown in the table.")] = 20,
    form: Annotated[Format, typer.Option("--format", help="How the templates are written.")] = Format.table,
) -> None:
    """Find the templates of a log: its messages with <*> for what varies, counted, the worst named.

    The header (time, level, component...) is found in the log itself. Nothing is stored.
    """
    from banana_assets.backends.lines import Oddities

    oddities = Oddities()
    assigner = _read(file, content, oddities)
    assigner.finish()
    if assignments is not None:
        _write_assignments(assigner, assignments)
        _remark(assigner, oddities)
        return
    _remark(assigner, oddities)
    templates = assigner.templates()
    if form is not Format.table:
        write_rows(templates.to_dicts(), form)
        return
    write_rows(templates.head(top).to_dicts(), form, columns=("count", "severity", "first_line", "template"))
    if templates.height > top:
        say(f"{templates.height - top:,} more templates; --top shows them.")


def _read(file: str, content: bool, oddities: Oddities) -> Assigner:
    from banana_assets.backends.lines import open_log, read_lines
    from banana_assets.backends.settings import load
    from banana_assets.core.logs.assignment import Assigner

    settings = load()
    with open_log(file, max_bytes=settings.max_log_bytes, max_ratio=settings.max_archive_ratio) as stream:
        frames = read_lines(stream, oddities=oddities)
        first = next(frames, None)
        if first is None:
            return Assigner()
        assigner = Assigner() if content else Assigner(_header(first["text"]))
        for frame in chain([first], frames):
            assigner.add(frame["text"])
    return assigner


def _header(text: pl.Series) -> Header:
    from banana_assets.core.logs.header import learn_header

    return learn_header(text.gather_every(max(1, len(text) // SAMPLE_LINES)))


def _write_assignments(assigner: Assigner, path: Path) -> None:
    from banana_assets.core.errors import InputError

    try:
        with path.open("wb") as out:
            out.write(b"LineId,EventId,EventTemplate\n")
            for frame in assigner.assignments():
                frame.write_csv(out, include_header=False)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.", "Choose another place for it.") from error


def _remark(assigner: Assigner, oddities: Oddities) -> None:
    """Say on stderr what was read and what was odd about it."""
    say(f"{oddities.lines:,} lines; {assigner.header.describe()}.")
    odd = {
        "with bytes that are no UTF-8 (shown as U+FFFD)": oddities.invalid_utf8_lines,
        "with NUL bytes": oddities.nul_lines,
        "over 64 KiB (cut)": oddities.long_lines,
    }
    for what, lines in odd.items():
        if lines:
            say(f"{lines:,} lines {what}.")
    if assigner.coarse:
        say("Hardly two messages are alike: rare words were taken for variables to keep memory bounded.")
