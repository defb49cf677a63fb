"""Commands that look, where nothing was ever brought in: they make no store, and say in a line what makes one."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from tests.commands import Run, leaves

BEGINS = {
    "demo", "ingest logs", "ingest builds", "ingest resources", "ingest tasks", "ingest media", "import github",
    "import gitlab", "record", "watch", "materialize", "up", "agent", "serve", "mcp", "keys create", "keys login",
    "migrate",
}  # fmt: skip
"""Commands that may be the first in a home, and make what they need there."""
WITHOUT = {"mine": 2, "diagnose": 2, "codebase": 0, "models": 0, "config": 0, "completion": 0}
"""Commands that need no store, with how they end here: the files that they are told are not there."""
ELSEWHERE = {"doctor"}
"""Looks at a home that is not there in a test of its own, since it takes seconds."""
MORE = {"templates": ["--list"], "search": ["timeout"], "media apply": ["--all"], "media undo": ["--all"],
        "completion": ["bash"]}  # fmt: skip
OTHERWISE = [
    ["templates", "--search", "x"], ["templates", "--show", "x"], ["templates", "--export", "x.json"],
    ["templates", "--delete", "x"], ["search", "--rebuild"], ["codebase", "--changed", "x"], ["costs", "--calls"],
    ["health", "--set-baseline", "x=1"], ["metadata", "--fill-gaps"], ["analyze", "--generate-recommendations"],
    ["ask", "how many builds failed?", "--no-model"], ["generate", "--goal", "fix failing tests", "--dry-run"],
    ["media", "apply", "--all", "--dry-run"], ["keys", "list", "--format", "json"],
]  # fmt: skip
"""Commands in another of their forms."""


def words(path: str, command: click.Command) -> list[str]:
    """The command with what it requires."""
    told = path.split()
    for parameter in command.params:
        if parameter.required and path not in MORE:
            told += ["1" if isinstance(parameter, click.Argument) else parameter.opts[0]]
            told += ["x"] if isinstance(parameter, click.Option) else []
    return told + MORE.get(path, [])


LOOKING = [words(path, command) for path, command in leaves() if path not in BEGINS | set(WITHOUT) | ELSEWHERE]


@pytest.fixture
def below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the home, in which commands run: all that they make is in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("told", [*LOOKING, *OTHERWISE], ids=" ".join)
def test_nothing_is_made_where_nothing_is(banana: Run, below: Path, told: list[str]) -> None:
    status, out, err = banana(*told)
    assert (status, out) == (2, "")
    line = re.compile(rf"banana {told[0]}: (There is no store|Nothing is indexed) in \S+ yet\. Run `banana [^`]+`.*\n")
    assert line.fullmatch(err), err
    assert list(below.rglob("*")) == []


@pytest.mark.parametrize(("path", "ends"), WITHOUT.items())
def test_what_needs_no_store_makes_none(banana: Run, below: Path, path: str, ends: int) -> None:
    status, out, err = banana(*words(path, dict(leaves())[path]))
    assert (status, bool(out)) == (ends, not ends)
    assert err.count("\n") <= 1
    assert list(below.rglob("*")) == []


def test_a_database_file_that_is_told_is_not_made_either(
    banana: Run, below: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANANA_DATABASE_URL", f"sqlite:///{below / 'records.db'}")
    assert banana("builds")[2].startswith(f"banana builds: There is no store in sqlite:///{below / 'records.db'} yet.")
    assert list(below.rglob("*")) == []


def test_every_command_is_looked_at() -> None:
    assert BEGINS | set(WITHOUT) | ELSEWHERE <= {path for path, _ in leaves()}
