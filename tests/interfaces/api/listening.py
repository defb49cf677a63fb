"""The application behind real sockets, within the process of the tests."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import uvicorn

from banana_assets.backends.settings import load_from
from banana_assets.interfaces.api.app import create_app
from banana_assets.interfaces.cli.serve import server_config


class Listening:
    """The application behind real sockets, as `banana serve` sets it up."""

    def __init__(self, home: Path, **settings: object) -> None:
        app = create_app(load_from(home).model_copy(update=settings), open_here=True)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.server = uvicorn.Server(server_config(app))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listening]})
        self.thread.start()
        until = time.monotonic() + 30
        while not self.server.started and time.monotonic() < until:
            time.sleep(0.02)

    def open(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 20)

    def say(self, content: bytes) -> bytes:
        with self.open() as line:
            try:
                line.sendall(content)
                return line.recv(65536)
            except ConnectionError:
                return b""

    @property
    def connections(self) -> int:
        """How many it holds."""
        return len(self.server.server_state.connections)

    def end(self) -> None:
        self.server.should_exit = True
        self.thread.join(30)
