"""``banana mcp``: the tools for coding agents, over standard input and output."""

from __future__ import annotations

from typing import Annotated

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.vocabulary import SCOPES

app = typer.Typer(add_completion=False)


@app.command(context_settings={"help_option_names": ["-h", "--help"]})
def mcp(
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help=f"What the agent may do beside reading: {', '.join(SCOPES[1:])}. May be given several times."
        ),
    ] = None,
) -> None:
    """Answer a coding agent over the Model Context Protocol on standard input and output, until its input ends.

    Reads only, unless --scope says more. `banana serve` answers the same at /mcp.
    """
    for name in scope or ():
        if name not in SCOPES:
            raise InputError(f"There is no scope {name!r}.", f"Scopes are {', '.join(SCOPES)}.")
    from banana_assets.interfaces.mcp.stdio import serve

    serve(frozenset({"read", *(scope or ())}))
