"""Commands in the tests' own process: which there are, and what running one answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import click

from banana_assets.interfaces.cli.main import GROUPS, load
from banana_assets.interfaces.cli.running import prepared

Run = Callable[..., tuple[int, str, str]]
"""Exit status, stdout and stderr of ``banana`` with these words."""
SHORT = [name for group in GROUPS.values() for name in group]


def leaves() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by the words that call it."""
    for name in SHORT:
        yield from _leaves(tree(name), name)


def _leaves(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    inner = getattr(command, "commands", {})
    # A group that does something by itself is a command too.
    if not inner or getattr(command, "invoke_without_command", False):
        yield path, command
    for name, one in inner.items():
        yield from _leaves(one, f"{path} {name}")


@cache
def tree(name: str) -> click.Command:
    """A command of the overview, with those in it."""
    return prepared(load(name), name)
