"""``banana up``: Dagster's UI and daemon on this home folder, and the vectors that all their processes share."""

from __future__ import annotations

import os
import socket
import sys
from typing import Annotated

import typer

from banana_assets.backends.settings import Settings, load
from banana_assets.core.errors import BananaError, InputError

app = typer.Typer(add_completion=False)


@app.command()
def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the UI.")] = 3000,
) -> None:
    """Start Dagster's UI and daemon; schedules and sensors run as long as it does. End it with Ctrl-C."""
    from banana_assets.launch.instance import prepare

    _free(host, port)
    settings = load()
    prepare(settings)
    _share_vectors(settings)
    sys.stderr.write(f"The UI will be at http://{host}:{port}\n")
    command = [sys.executable, "-m", "dagster", "dev", "-m", "banana_assets.definitions", "-h", host, "-p", str(port)]
    # The same process becomes Dagster, so that signals and the exit status are its own.
    os.execv(sys.executable, command)


def _share_vectors(settings: Settings) -> None:
    """Start Chroma as a server, which ends with this process, and tell its address to all that is started from here."""
    from banana_assets.backends.search import folder_of
    from banana_assets.backends.search.embedding import check_installed
    from banana_assets.backends.search.server import start

    if settings.chroma_url:
        return
    try:
        check_installed()
        os.environ["BANANA_CHROMA_URL"] = start(folder_of(settings))
    except BananaError as error:
        sys.stderr.write(f"Search will go by words alone: {error}\n")


def _free(host: str, port: int) -> None:
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        raise InputError(
            f"The UI cannot listen on {host}:{port}: {error.strerror or error}.", "Choose another one with --port."
        ) from error
