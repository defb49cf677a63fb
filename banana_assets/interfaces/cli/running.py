"""Running one command: its errors become one sentence on stderr and an exit status."""

from __future__ import annotations

import os
import sys
from typing import Any

import click
import typer

from banana_assets.core.errors import BananaError
from banana_assets.core.text import visible

FINDINGS, USAGE = 1, 2


def run(app: Any, name: str, arguments: list[str]) -> int:
    """Run a command's Typer app and return its exit status."""
    command = typer.main.get_command(app)
    try:
        status = command.main(args=arguments, prog_name=f"banana {name}", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.stderr.write("banana: stopped.\n")
        return 130
    except BananaError as error:
        sys.stderr.write(f"banana {name}: {visible(str(error))}\n")
        return USAGE
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing is wrong, and the interpreter must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status if isinstance(status, int) else 0
