"""What every command keeps to, so that a new one cannot break it: help, formats, names of options, examples, pages."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from banana_assets.interfaces.cli.main import COMMANDS, LONG_NAMES, SHORT_NAMES
from banana_assets.interfaces.cli.manual import Page, page
from banana_assets.interfaces.cli.output import Format
from banana_assets.interfaces.cli.reference import FILE, reference
from tests.commands import SHORT, leaves, tree

PROJECT = Path(__file__).resolve().parents[2]

NO_ROWS = {
    "demo", "record", "watch", "materialize", "up", "agent", "serve", "mcp", "completion", "keys login",
    "keys revoke", "deliveries replay", "plan start", "plan done", "plan fail", "plan cancel", "plan undo",
    "plan approve", "plan launch", "plan again", "plan export", "media set", "media accept", "media reject",
    "media export",
}  # fmt: skip
"""Commands that write no rows: they run until they are stopped, change something, or print one thing."""
DOCUMENTS = {"generate", "analyze", "metadata"}
"""Commands that write a document: text, JSON, and others."""
OTHER_F = {"doctor", "metadata"}
"""Commands whose -f is the original's for something else."""
NAMES = {
    "limit": ("--top", "--max", "--most", "--count", "--rows", "-n"),
    "since": ("--from", "--after", "--start"),
    "until": ("--to", "--before", "--end"),
    "output": ("--out", "--file", "--dest"),
    "format": ("--json", "--csv", "--style"),
}
"""What an option is called, and what it is not: other names may only stand beside it."""


def found(path: str) -> click.Command:
    name, *inner = path.split()
    command = tree(SHORT_NAMES.get(name, name))
    for word in inner:
        command = command.commands[word]  # type: ignore[attr-defined]
    return command


def everything() -> list[str]:
    paths = [path for path, _ in leaves()]
    return sorted({*paths, *SHORT})


@pytest.fixture(params=everything())
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def options(command: click.Command) -> dict[str, click.Option]:
    return {name: p for p in command.params if isinstance(p, click.Option) for name in p.opts}


def pages(path: str) -> Page:
    told = page(path)
    assert told is not None, f"manual.toml has no page for `banana {path}`"
    return told


def test_every_long_name_is_a_command_of_the_overview() -> None:
    assert set(LONG_NAMES) <= set(SHORT)
    assert all(COMMANDS[long] is COMMANDS[short] for short, long in LONG_NAMES.items())


def test_help_has_two_to_four_examples_and_the_exit_statuses(path: str) -> None:
    told = pages(path)
    assert 2 <= len(told.examples) <= 4
    assert {"0", "2"} <= set(told.statuses)
    assert all(meaning for _, meaning in told.examples)


def test_help_fits_a_terminal_of_eighty_columns(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    command, told = found(path), pages(path)
    with command.make_context(f"banana {path}", ["--help"], resilient_parsing=True, terminal_width=80) as context:
        text = command.get_help(context)
    body, examples = text.split("\nExamples:\n")
    assert [line for line in body.splitlines() if len(line) > 80 and "[" not in line] == []
    assert [line for line in examples.splitlines() if len(line) > 80] == []
    assert [line for line, _ in told.examples if f"  {line}\n" not in examples] == []
    assert "-h, --help" in body
    assert not set("╭│╰") & set(text)


def test_rows_are_written_in_every_format(path: str) -> None:
    if path in NO_ROWS or path not in dict(leaves()):
        return
    option = options(found(path)).get("--format")
    assert option is not None, f"`banana {path}` writes rows in one way alone"
    assert isinstance(option.type, click.Choice)
    least = {"text", "json"} if path in DOCUMENTS else {form.value for form in Format}
    assert least <= {str(getattr(choice, "value", choice)) for choice in option.type.choices}
    assert ("-f" in option.opts) == (path not in OTHER_F)


def test_options_have_the_same_names_everywhere(path: str) -> None:
    known = options(found(path))
    for name, others in NAMES.items():
        for other in others:
            if other in known:
                assert f"--{name}" in known, f"`banana {path} {other}` is called --{name} elsewhere"
    if "--output" in known:
        assert "-o" in known["--output"].opts
    for one in ("-o", "-h"):
        assert one not in known or "--output" in known[one].opts


def test_every_option_and_argument_says_what_it_is_for(path: str) -> None:
    command = found(path)
    with command.make_context(path, [], resilient_parsing=True) as context:
        records = {p.name: p.get_help_record(context) for p in command.params if not _bare(p)}
    assert [
        name for name, record in records.items() if record is None or not record[1].strip()
    ] == [] or path == "record"
    assert command.help


def _bare(parameter: click.Parameter) -> bool:
    """What help does not list: itself, and names of the original that say what they are for all the same."""
    hidden = isinstance(parameter, click.Option) and parameter.hidden and bool(parameter.help)
    return parameter.name == "help" or hidden


def test_examples_parse(path: str) -> None:
    for line, _ in pages(path).examples:
        words = _words(line)
        # Those of a group may be of its commands.
        assert words[:1] == ["banana"], line
        assert SHORT_NAMES.get(words[1], words[1]) == path.split()[0], line
        command, rest, told = tree(SHORT_NAMES.get(words[1], words[1])), words[2:], words[1]
        while rest and rest[0] in getattr(command, "commands", {}):
            command, told, rest = command.commands[rest[0]], f"{told} {rest[0]}", rest[1:]  # type: ignore[attr-defined]
        with command.make_context(f"banana {told}", list(rest)):
            pass


def _words(line: str) -> list[str]:
    """The words of the part of a pipe that is ours, without what the shell does with its output."""
    part = next(p for p in re.split(r"\s\|\s", line) if p.startswith("banana "))
    return shlex.split(re.split(r"\s>\s", part)[0])


def test_the_reference_is_that_of_the_code() -> None:
    assert (PROJECT / FILE).read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_help_of_a_command_is_also_had_by_its_name() -> None:
    program = "from banana_assets.interfaces.cli.main import main; main({!r})"
    texts = [
        subprocess.run([sys.executable, "-c", program.format(words)], capture_output=True, text=True, check=True).stdout
        for words in (["help", "plan", "show"], ["plan", "show", "-h"])
    ]
    assert texts[0] == texts[1]
    assert texts[0].startswith("Usage: banana plan show")
