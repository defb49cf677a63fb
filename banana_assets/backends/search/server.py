"""Chroma as a server of this home, for as long as the process that started it runs.

The child process holds the lock of the folder for its whole life, so that nobody embeds Chroma beside it, and ends
itself when its parent is gone, however that went.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from filelock import FileLock, Timeout

from banana_assets.backends.search.vectors import ADDRESS, FOLDER, LOCK, answers, served
from banana_assets.core.errors import BananaError

HOST = "127.0.0.1"
START_SECONDS = 20.0
LOOK_SECONDS = 0.5
LOG = "chroma.log"
TAKEN = 3
"""Exit status of the child when another process has the folder open."""


class ServerError(BananaError):
    """Chroma's server did not start."""


def start(folder: Path) -> str:
    """Start the server on a free port of this machine and wait until it answers; its address.

    It ends with the process that calls this. Where one runs already for this folder, that one is used. Raises
    ServerError when it does not come up.
    """
    if (running := served(folder)) and answers(running):
        return running
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    url = f"http://{HOST}:{port}"
    words = [sys.executable, "-m", __name__, str(folder), str(port), str(os.getpid())]
    quiet = os.environ | {"RUST_LOG": "error", "ANONYMIZED_TELEMETRY": "False"}
    with (folder / LOG).open("wb") as log:
        # A session of its own: Ctrl-C is for the parent, and the server ends after it.
        child = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=quiet, start_new_session=True
        )
    until = time.monotonic() + START_SECONDS
    while not answers(url):
        if (status := child.poll()) is not None:
            raise ServerError(
                "Another process has the vectors open." if status == TAKEN else "Chroma's server ended at once.",
                "Several processes search by words meanwhile." if status == TAKEN else f"See {folder / LOG}.",
            )
        if time.monotonic() > until:
            child.terminate()
            raise ServerError(f"Chroma's server did not answer in {START_SECONDS:g} s.", f"See {folder / LOG}.")
        time.sleep(0.05)
    return url


def serve(folder: Path, port: int, parent: int) -> int:
    """Be the server until the parent is gone or a signal comes; the exit status."""
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=2)
    except Timeout:
        return TAKEN
    (folder / ADDRESS).write_text(f"http://{HOST}:{port}", encoding="utf-8")
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    import chromadb_rust_bindings

    chromadb_rust_bindings.cli(["chroma", "run", "--path", str(folder / FOLDER), "--host", HOST, "--port", str(port)])
    return 0


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
    os._exit(1)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
