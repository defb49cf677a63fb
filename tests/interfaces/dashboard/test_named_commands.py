"""What a page says to run can be run: the command, its part and its options are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from click import Group

from banana_assets.interfaces import dashboard
from banana_assets.interfaces.cli.main import COMMANDS, load

FOLDER = Path(dashboard.__file__).parent
NAMED = sorted(
    {
        found
        for path in (*FOLDER.rglob("*.html"), *FOLDER.glob("*.py"), *FOLDER.glob("static/*.js"))
        for found in re.findall(r"(?:`|<code>)banana ([a-z][^`<{]*)", path.read_text())
    }
)


@pytest.mark.parametrize("told", NAMED)
def test_what_a_page_says_to_run_is_there(told: str) -> None:
    name, *words = told.split(" -- ")[0].split()
    assert name in COMMANDS
    if not COMMANDS[name].module:
        assert not words
        return
    command = typer.main.get_command(load(name))  # type: ignore[arg-type]
    if isinstance(command, Group) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known
    # A word in small letters that no option takes would be a part that is not there.
    parts = (word for before, word in zip(["", *words], words, strict=False) if not before.startswith("-"))
    assert not [word for word in parts if re.fullmatch(r"[a-z][a-z-]*", word)]


def test_pages_say_what_to_run() -> None:
    assert {"materialize", "keys login", "ingest builds FOLDER"} <= set(NAMED)
