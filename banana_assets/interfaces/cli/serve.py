"""``banana serve``: the HTTP interface and the dashboard."""

from __future__ import annotations

import getpass
import ipaddress
import signal
import socket
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import typer

from banana_assets.core.errors import InputError
from banana_assets.interfaces.cli.output import say

app = typer.Typer(add_completion=False)

MOST_CONNECTIONS = 1_000
"""Connections beyond which others are told to come again (503)."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; beyond this machine only with keys.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
) -> None:
    """Answer coding agents, front ends and webhooks over HTTP until Ctrl-C.

    On this machine alone and without any key, everything is allowed. `banana keys create NAME` makes the first key;
    from then on every caller needs one, and people open the dashboard, which is at /, by a link that is printed. The
    interface describes itself at /openapi.json.
    """
    import uvicorn

    from banana_assets.backends.keys import Keys, server_secret
    from banana_assets.backends.sessions import Sessions
    from banana_assets.backends.settings import load
    from banana_assets.backends.store import open_store
    from banana_assets.interfaces.api.app import create_app

    settings = load()
    here = _is_local(host)
    with open_store(settings) as store:
        secret = server_secret(settings)
        keyed = Keys(store.engine, secret).any()
    if not here and not keyed:
        raise InputError(
            f"Without a key this would be open to everybody who reaches {host}.",
            "Make one with `banana keys create NAME --scope read`, or listen on 127.0.0.1.",
        )
    listening = _listen(host, port)
    link = ""
    if keyed:
        with open_store(settings) as store:
            code = Sessions(store.engine, secret).invite(
                "", ["read", "report"], by=getpass.getuser(), at=datetime.now(UTC)
            )
        link = f"{_address(host, port)}/login?code={code}"
    names = () if host in ("", "0.0.0.0", "::") else (host,)
    config = server_config(create_app(settings, open_here=here, hosts=names, warm=True))
    say(
        f"banana serve: {_address(host, port)} ({'keys are needed' if keyed else 'open to this machine'});"
        " Ctrl-C ends it"
    )
    if link:
        say(f"banana serve: the dashboard opens once, within ten minutes, at {link}")
    # uvicorn ends what is under way and then sends the signal once more: the end that was asked for is no failure.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listening])
    say("banana serve: ended.")


def server_config(app: Any) -> Any:
    """How uvicorn serves the application: bounded heads, and nobody's word taken for who asks."""
    import uvicorn

    from banana_assets.interfaces.api.protocol import BoundedProtocol

    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
        # Names of proxies are not believed: who asks is who connects.
        proxy_headers=False,
        http=partial(BoundedProtocol, answers=app.state.answers),  # type: ignore[arg-type]
        # Nothing here speaks WebSocket: a request to change to it is answered as any other.
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
    )


def _address(host: str, port: int) -> str:
    name = "127.0.0.1" if host in ("", "0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise InputError(
            f"The server cannot listen on {host}:{port}: {error.strerror or error}.", "Choose another one with --port."
        ) from error
