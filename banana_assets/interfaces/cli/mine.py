"""``banana mine``: the templates of one log, and the template of each line."""

from __future__ import annotations

from collections import deque
from io import BytesIO
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from banana_assets.interfaces.cli.output import Format, progress, say, write_rows

if TYPE_CHECKING:
    import polars as pl

    from banana_assets.backends.lines import Oddities
    from banana_assets.core.logs.assignment import Assigner
    from banana_assets.interfaces.cli.progressing import Progress

app = typer.Typer(add_completion=False)

BLOCK, AHEAD = 8 << 20, 6
"""Bytes of a block, and blocks that other threads work on meanwhile."""
SAMPLE_LINES = 800


@app.command()
def mine(
    file: Annotated[
        str, typer.Argument(help="The log: plain, gzip or zstd; - for standard input.", show_default=False)
    ],
    assignments: Annotated[
        Path | None, typer.Option(help="Write LineId, EventId, EventTemplate of every line to this CSV file.")
    ] = None,
    content: Annotated[bool, typer.Option("--content", help="Lines are bare messages, without a header.")] = False,
    top: Annotated[int, typer.Option("--limit", "--top", min=1, help="Templates shown in the table.")] = 20,
    form: Annotated[Format, typer.Option("--format", "-f", help="How the templates are written.")] = Format.table,
) -> None:
    """Find the templates of a log: its messages with <*> for what varies, counted, the worst named.

    The header (time, level, component...) is found in the log itself. Nothing is stored.
    """
    from banana_assets.backends.lines import Oddities

    oddities = Oddities()
    with progress("Mining", _mebibytes(file), "MiB") as shown:
        assigner = _read(file, content, oddities, shown)
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
        say(f"{templates.height - top:,} more templates; --limit shows them.")


def _mebibytes(file: str) -> int | None:
    """What is to be read, where that is known before: a compressed file or a pipe does not tell."""
    path = Path(file)
    return path.stat().st_size >> 20 if path.is_file() and path.suffix not in (".gz", ".zst") else None


def _read(file: str, content: bool, oddities: Oddities, shown: Progress) -> Assigner:
    from concurrent.futures import ThreadPoolExecutor

    from banana_assets.backends.lines import open_log, tidied, whole_lines
    from banana_assets.backends.plain_text import refuse_no_text
    from banana_assets.core.logs.assignment import Assigner, Lines
    from banana_assets.core.logs.header import learn_header
    from banana_assets.core.logs.textlines import split_lines

    assigner = Assigner()

    def prepare(raw: bytes) -> tuple[Lines, Oddities]:
        block, odd = tidied(raw)
        return assigner.prepare(block), odd

    with open_log(file, _limits) as stream, ThreadPoolExecutor(2) as pool:
        blocks = whole_lines(stream, BLOCK, oddities)
        first = next(blocks, None)
        if first is None:
            return assigner
        refuse_no_text(file, first[: 64 << 10])
        # Other threads begin on the text while this one learns its header.
        pending = deque(pool.submit(prepare, raw) for raw in chain([first], islice(blocks, AHEAD)))
        if not content:
            assigner.header = learn_header(split_lines(tidied(first)[0]), SAMPLE_LINES)
        while pending:
            lines, odd = pending.popleft().result()
            pending.extend(pool.submit(prepare, raw) for raw in islice(blocks, 1))
            oddities += odd
            assigner.add(lines)
            shown(count=BLOCK >> 20)
    return assigner


def _limits() -> tuple[int, int]:
    # Settings take longer to load than a small log to mine, and only compressed files need them.
    from banana_assets.backends.settings import load

    return load().unpack_limits()


def _write_assignments(assigner: Assigner, path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from banana_assets.core.errors import InputError

    try:
        with path.open("wb") as out, ThreadPoolExecutor(2) as pool:
            out.write(b"LineId,EventId,EventTemplate\n")
            frames = assigner.assignments()
            pending = deque(pool.submit(_csv, frame) for frame in islice(frames, 3))
            while pending:
                out.write(pending.popleft().result())
                pending.extend(pool.submit(_csv, frame) for frame in islice(frames, 1))
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.", "Choose another place for it.") from error


def _csv(frame: pl.DataFrame) -> memoryview:
    text = BytesIO()
    frame.write_csv(text, include_header=False)
    return text.getbuffer()


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
