"""What help says beside the options: examples, exit statuses, environment variables. The words are in manual.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import click

STATUSES = {"0": "done", "2": "usage, input or configuration"}
"""Exit statuses that every command has."""
HOME = {"BANANA_HOME": "folder of all data; .banana here or above unless told"}


@dataclass(frozen=True)
class Page:
    """``examples`` are command lines with what each is for; ``statuses`` and ``variables`` have their meaning."""

    examples: tuple[tuple[str, str], ...]
    statuses: Mapping[str, str]
    variables: Mapping[str, str]


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "manual.toml").read_text(encoding="utf-8"))


def page(path: str) -> Page | None:
    """The page of a command (``plan show``), under any of its names. None where there is none."""
    from banana_assets.interfaces.cli.main import SHORT_NAMES

    name, _, inner = path.partition(" ")
    name = SHORT_NAMES.get(name, name)
    told = _words().get(f"{name} {inner}".strip())
    if told is None:
        return None
    whole = _words().get(name, {})
    home = {} if whole.get("home") is False else HOME
    return Page(
        tuple((line, meaning) for line, meaning in told["examples"].items()),
        dict(sorted((STATUSES | whole.get("exit", {}) | told.get("exit", {})).items())),
        home | whole.get("variables", {}) | told.get("variables", {}),
    )


def write(path: str, formatter: click.HelpFormatter) -> None:
    """Write the page of a command at the end of its help."""
    from banana_assets.interfaces.cli.main import LONG_NAMES, SHORT_NAMES

    found = page(path)
    if found is None:
        return
    if other := (LONG_NAMES | SHORT_NAMES).get(path):
        with formatter.section("Other name"):
            formatter.write_text(f"banana {other}")
    if found.variables:
        with formatter.section("Environment"):
            formatter.write_dl(list(found.variables.items()))
    with formatter.section("Exit status"):
        formatter.write_dl(list(found.statuses.items()))
    with formatter.section("Examples"):
        for line, meaning in found.examples:
            formatter.write(f"{'':{formatter.current_indent}}{line}\n")
            with formatter.indentation():
                formatter.write_text(meaning)
