"""Running one command: its errors become one sentence on stderr and an exit status, its help reads like a manual."""

from __future__ import annotations

import os
import sys
from typing import Any

import click
import typer

from banana_assets.core.errors import AccessError, BananaError
from banana_assets.core.text import visible

FINDINGS, USAGE, NOT_ALLOWED = 1, 2, 4
HELP_WIDTH = 100
"""Columns that help takes at most, on a terminal that has them."""
WIDEST_CHOICE = 55


def run(app: Any, name: str, arguments: list[str]) -> int:
    """Run a command's Typer app and return its exit status."""
    command = prepared(app, name)
    try:
        # Not `main`: that makes status 1 of a reader that left.
        with command.make_context(f"banana {name}", list(arguments)) as context:
            command.invoke(context)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Abort as stopped:
        raise KeyboardInterrupt from stopped
    except BananaError as error:
        sys.stderr.write(f"banana {name}: {visible(str(error))}\n")
        return NOT_ALLOWED if isinstance(error, AccessError) else USAGE
    return 0


def command_path() -> str:
    """The command that runs, as it was called: for messages of commands that have two names."""
    return click.get_current_context().command_path


def given(*names: str) -> list[str]:
    """Those of the options, by the names of their parameters, that were written on the command line."""
    context = click.get_current_context()
    told = {p.name: p.opts[0] for p in context.command.params if p.name}
    return [told[n] for n in names if context.get_parameter_source(n) is click.core.ParameterSource.COMMANDLINE]


def in_vain(why: str, *names: str) -> None:
    """Say which of these options were written on the command line though they change nothing, and why."""
    from banana_assets.interfaces.cli.output import say

    if found := given(*names):
        say(f"{command_path()}: {' and '.join(found)} {'changes' if len(found) == 1 else 'change'} nothing {why}.")


def prepared(app: Any, name: str) -> click.Command:
    """A command as it is run: with plain help that ends with examples, and ``-h`` for it everywhere."""
    command = typer.main.get_command(app)
    _plain(command, name)
    return command


def _plain(command: click.Command, path: str) -> None:
    # Typer's boxes squeeze the text into a few columns of a usual terminal, and take a tenth of a second to draw.
    command.context_settings.update(help_option_names=["-h", "--help"], max_content_width=HELP_WIDTH)
    command.rich_markup_mode = None  # type: ignore[attr-defined]
    command.format_epilog = lambda ctx, formatter: _manual(path, formatter)  # type: ignore[method-assign]
    for parameter in command.params:
        _short_choices(parameter)
        if isinstance(parameter.type, click.types.StringParamType):
            parameter.type = _WORDS
    for name, inner in getattr(command, "commands", {}).items():
        _plain(inner, f"{path} {name}")


class _Words(click.types.StringParamType):
    """Text: bytes that are none, as the command line may hold, become a replacement character. File names keep them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        text = super().convert(value, param, ctx)
        if text.isascii() or os.path.lexists(text):
            return text
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


_WORDS = _Words()


def _short_choices(parameter: click.Parameter) -> None:
    """Many words to choose from stand in the text of an option, where they wrap, and not beside its name."""
    words = parameter.type.choices if isinstance(parameter.type, click.Choice) else ()
    if len("|".join(map(str, words))) > WIDEST_CHOICE and parameter.metavar is None and parameter.name:
        parameter.metavar = parameter.name.upper()
        told = getattr(parameter, "help", None) or ""
        parameter.help = f"{told.rstrip('.')}: {', '.join(map(str, words))}."  # type: ignore[attr-defined]


def _manual(path: str, formatter: click.HelpFormatter) -> None:
    from banana_assets.interfaces.cli.manual import write

    write(path, formatter)
