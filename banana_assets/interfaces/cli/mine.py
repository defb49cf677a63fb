"""``banana mine``: the templates of one log, and the template of each line."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from banana_assets.interfaces.cli.output import Format, say, write_rows

if TYPE_CHECKING:
    from concurrent.futures import Future

    import polars as pl

    from banana_assets.backends.lines import Oddities
    from banana_assets.core.logs.assignment import Assigner

app = typer.Typer(add_completion=False)

BLOCK = 8 << 20
SAMPLE_LINES = 1_500


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
    from banana_assets.backends.lines import open_log, read_blocks
    from banana_assets.backends.settings import load
    from banana_assets.core.logs.assignment import Assigner
    from banana_assets.core.logs.header import learn_header
    from banana_assets.core.logs.masks import shorten_block, split_lines

    settings = load()
    with open_log(file, max_bytes=settings.max_log_bytes, max_ratio=settings.max_archive_ratio) as stream:
        blocks = read_blocks(stream, BLOCK, oddities=oddities)
        first = next(blocks, None)
        if first is None:
            return Assigner()
        header = None if content else learn_header(split_lines(first), SAMPLE_LINES)
        assigner = Assigner(header) if header else Assigner()
        for short in ahead(shorten_block, chain([first], blocks)):
            assigner.add(short)
    return assigner


def ahead(work: Callable[[bytes], pl.Series], blocks: Iterable[bytes]) -> Iterator[pl.Series]:
    """The work's results in order, two blocks being worked on while earlier ones are used."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        pending: deque[Future[pl.Series]] = deque()
        for block in blocks:
            pending.append(pool.submit(work, block))
            if len(pending) > 2:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


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
