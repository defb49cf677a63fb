"""What commands write: rows on stdout as a table, JSON or JSON lines; messages and progress on stderr.

Secrets of logs are masked here: what a terminal shows is pasted into chats and tickets.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from banana_assets.core.errors import InputError
from banana_assets.core.text import visible
from banana_assets.interfaces.cli.columns import aligned, cell
from banana_assets.interfaces.cli.progressing import progress as progress
from banana_assets.interfaces.cli.progressing import step_aside

_HIDDEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""DEL and C1, characters without width and of direction, ends of lines but the line feed, and tags."""


class Format(StrEnum):
    """How rows are written."""

    table = "table"
    json = "json"
    jsonl = "jsonl"


def shown(text: str) -> str:
    """Text of logs as it is shown to people: secrets masked, nothing in it obeyed by the terminal."""
    from banana_assets.core.safety.serving import served

    return visible(str(served(text)))


def say(message: str) -> None:
    """A message for people, on stderr."""
    step_aside()
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def write_rows(rows: Sequence[Mapping[str, Any]], form: Format, *, columns: Sequence[str] | None = None) -> None:
    """Rows on stdout: aligned columns, a JSON array, or a JSON object a line.

    ``columns`` chooses those of the table.
    """
    from banana_assets.core.safety.serving import served

    rows = served(list(rows))
    if form is Format.table:
        for line in aligned(rows, columns or (list(rows[0]) if rows else [])):
            sys.stdout.write(f"{line}\n")
    elif form is Format.json:
        sys.stdout.write(to_json(list(rows), indent=True) + "\n")
    else:
        for row in rows:
            sys.stdout.write(to_json(row) + "\n")


def write_object(value: Mapping[str, Any], form: Format) -> None:
    """One object on stdout: a name and value a line, or JSON."""
    from banana_assets.core.safety.serving import served

    value = served(value)
    if form is Format.table:
        width = max(map(len, value), default=0)
        for name, field in value.items():
            sys.stdout.write(f"{name:{width}}  {cell(field)}".rstrip() + "\n")
    else:
        sys.stdout.write(to_json(value, indent=form is Format.json) + "\n")


def write_text(text: str, path: Path | None) -> bool:
    """A whole text, into the file of that path or on stdout; whether it went into a file. Raises InputError where that
    cannot be written.

    A file is replaced whole or not at all; what is no plain file (a pipe, a device) is written to as it is.
    """
    if path is None or on_stdout(path):
        sys.stdout.write(text)
        return False
    # A link stays one: what it leads to is replaced.
    target = path.resolve()
    partial = target.with_name(f".{target.name}.{os.getpid()}") if target.is_file() or not target.exists() else target
    try:
        partial.write_text(text, encoding="utf-8")
        if partial != target:
            if target.exists():
                partial.chmod(target.stat().st_mode)
            partial.replace(target)
    except OSError as error:
        if partial != target:
            partial.unlink(missing_ok=True)
        raise _unwritable(path, error.strerror or str(error)) from error
    return True


def on_stdout(path: Path) -> bool:
    """Whether a path asks for stdout."""
    return str(path) == "-"


def check_writable(path: Path) -> None:
    """Raises InputError where no file of that path can be written, without making or changing one."""
    folder = path.parent
    if path.is_dir():
        raise _unwritable(path, "it is a folder")
    if not folder.is_dir():
        raise _unwritable(path, f"there is no folder {folder}")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise _unwritable(path, "permission denied")


def _unwritable(path: Path, why: str) -> InputError:
    return InputError(f"{path} cannot be written: {why}.", "Name a file in a folder of yours.")


def to_json(value: Any, *, indent: bool = False) -> str:
    """JSON with UTC times as ISO 8601, and with hidden characters escaped: a terminal obeys them, a page hides them."""
    import orjson

    option = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS | (orjson.OPT_INDENT_2 if indent else 0)
    text = orjson.dumps(value, default=str, option=option).decode()
    # The line feeds of an indented text are the only control characters that are not escaped already, but for these.
    return _HIDDEN.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    pairs = found[0].encode("utf-16-be")
    return "".join(f"\\u{pairs[at]:02x}{pairs[at + 1]:02x}" for at in range(0, len(pairs), 2))
