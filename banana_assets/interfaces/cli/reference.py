"""The reference of all commands as Markdown, out of the code: ``python -m banana_assets.interfaces.cli.reference``.

Writes docs/commands.md; a test compares the file with what the code says.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from banana_assets.interfaces.cli.main import GROUPS, LONG_NAMES, load
from banana_assets.interfaces.cli.manual import page
from banana_assets.interfaces.cli.running import prepared

FILE = Path("docs") / "commands.md"
HEAD = """\
# Commands

This page is made from the code by `make docs`; `banana COMMAND --help` says the same.

What all commands keep to: data goes to stdout; messages, warnings and progress go to stderr. Rows are written as a
table for people, with `--format json` as one JSON array and with `--format jsonl` as a JSON object a line. Exit
status 0 is success, 1 findings or a handled failure, 2 a mistake in usage, input or configuration, 4 not allowed, and
130 when Ctrl-C ended it. `--since` and `--until` take a day, a time or a span (`24h`, `7d`, `2w`); ids of builds,
plans, patterns and recommendations may be shortened as long as only one begins so. Progress is shown on a terminal
alone, or where `BANANA_PROGRESS=1` asks for it.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_contents(), *_commands()]).rstrip() + "\n"


def _contents() -> Iterator[str]:
    for title, group in GROUPS.items():
        links = ", ".join(f"[{name}](#banana-{name})" for name in group)
        yield f"- {title}: {links}"
    yield ""


def _commands() -> Iterator[str]:
    for title, group in GROUPS.items():
        yield f"## {title}\n"
        for name in group:
            yield from _command(prepared(load(name), name), name, None)


def _command(command: click.Command, path: str, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(command, info_name=f"banana {path}" if parent is None else command.name, parent=parent)
    yield f"{'###' if parent is None else '####'} banana {path}\n"
    if path in LONG_NAMES:
        yield f"Also `banana {LONG_NAMES[path]}`.\n"
    yield f"    {_flat(command.get_usage(context)).removeprefix('Usage: ')}\n"
    yield f"{_help(command)}\n"
    yield from _parameters(command, context)
    told = page(path)
    if told is not None:
        yield "Exit status: " + "; ".join(f"**{status}** {what}" for status, what in told.statuses.items()) + ".\n"
        own = {name: meaning for name, meaning in told.variables.items() if name != "BANANA_HOME"}
        if own:
            yield "Environment: " + "; ".join(f"`{name}` {meaning}" for name, meaning in own.items()) + ".\n"
        yield "```sh"
        yield from (f"{line}  # {meaning}" for line, meaning in told.examples)
        yield "```\n"
    for name, inner in getattr(command, "commands", {}).items():
        yield from _command(inner, f"{path} {name}", context)


def _help(command: click.Command) -> str:
    paragraphs = (_flat(part) for part in re.split(r"\n\s*\n", command.help or ""))
    return "\n\n".join(part for part in paragraphs if part)


def _parameters(command: click.Command, context: click.Context) -> Iterator[str]:
    rows = [record for p in command.params if (record := p.get_help_record(context)) is not None]
    if not rows:
        return
    yield "| | |"
    yield "|---|---|"
    yield from (f"| `{_cell(name)}` | {_cell(meaning)} |" for name, meaning in rows)
    yield ""


def _cell(text: str) -> str:
    return _flat(text).replace("|", "\\|")


def _flat(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    FILE.write_text(reference(), encoding="utf-8")
    sys.stderr.write(f"wrote {FILE}\n")
