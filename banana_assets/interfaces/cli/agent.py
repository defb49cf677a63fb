"""``banana agent``: reports on failed builds, once or as a service."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from banana_assets.core.errors import AccessError
from banana_assets.interfaces.cli.output import say

app = typer.Typer(add_completion=False)

KEY_VARIABLE = "BANANA_API_KEY"


@app.command()
def agent(
    builds: Annotated[
        list[str] | None, typer.Argument(metavar="[BUILD]...", help="Builds to look at; what is new unless told.")
    ] = None,
    url: Annotated[str, typer.Option(help="The server: where `banana serve` listens.")] = "http://127.0.0.1:8000",
    once: Annotated[bool, typer.Option("--once", help="One round, then end.")] = False,
    interval: Annotated[float, typer.Option(min=1, help="Longest pause between two rounds (s).")] = 30,
    most: Annotated[int, typer.Option("--limit", "--most", min=1, max=1000, help="Most builds in a round.")] = 20,
    models: Annotated[bool, typer.Option(help="Ask the language models that are set up here.")] = True,
) -> None:
    """Look at failed builds that have no report yet, clusters first, and report why they failed and what to do.

    A key with the scope report comes from BANANA_API_KEY; on the server's own machine none is needed until there is
    one. What it has said is kept by the server, so it goes on where it was. Ctrl-C or SIGTERM ends it after the build
    at hand. Exit status 1 when a build could not be reported on.
    """
    from banana_assets.backends.settings import load
    from banana_assets.backends.store import open_store
    from banana_assets.interfaces.agent import Agent, run
    from banana_assets.interfaces.client import BananaClient, NotAllowedError

    stop = _stop_signals()
    settings = load()
    with BananaClient(url, key=os.environ.get(KEY_VARIABLE)) as client, open_store(settings) as store:
        asked = None
        if models:
            from banana_assets.backends.llm import open_models

            asked = open_models(settings, store.engine)
        working = Agent(client, asked, most=most)
        try:
            if builds or once:
                done = working.round(builds or (), stop)
                say(f"banana agent: {done.sentence}.")
                for sentence in done.failed:
                    say(f"banana agent: {sentence}")
                if done.failed:
                    raise typer.Exit(1)
                return
            say(f"banana agent: looks at {url} when something comes and every {interval:g} s; Ctrl-C ends it.")
            run(working, stop, interval=interval, tell=lambda line: say(f"banana agent: {line}"))
        except NotAllowedError as error:
            raise AccessError(error.message, error.remedy or f"Set {KEY_VARIABLE} to a key that may report.") from error
    say("banana agent: ended.")


def _stop_signals() -> threading.Event:
    stop = threading.Event()

    def told(number: int, frame: FrameType | None) -> None:
        stop.set()
        # Whoever says it twice does not want to wait.
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)
    return stop
