"""What both official clients need and neither has: a bound on what is read, and an end of patience that holds.

Time-outs of HTTP clients are for one read; a server that sends a byte now and then outlasts them all.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeVar

from banana_assets.core.models.types import ModelError

T = TypeVar("T")

MOST_BYTES = 1 << 20
"""Bytes of one HTTP answer that are read; a plan has some ten thousand."""

CONNECT_SECONDS = 5.0
LEAST_SECONDS = 0.05
"""With less than this left no call is begun."""


@cache
def tls() -> ssl.SSLContext:
    """The certificates that are trusted; reading them takes longer than the rest of a question."""
    import httpx

    return httpx.create_ssl_context()


class Bounds:
    """Bounds one HTTP exchange. ``hook`` goes among the client's response hooks; ``broken`` is the bound that broke,
    since clients wrap what hooks raise in errors of their own."""

    def __init__(self, stream_class: type, seconds: float) -> None:
        self._class = _bounded(stream_class)
        self._until = time.monotonic() + seconds
        self.broken: ModelError | None = None

    def hook(self, response: Any) -> None:
        """Put the bounded stream in place of the response's own."""
        encoding = response.headers.get("content-encoding", "identity")
        if encoding not in ("identity", ""):
            # Packed answers could unpack to any size; none was asked for.
            self._break(ModelError("rejected", f"The server packed its answer ({encoding}) unasked.", usage=None))
        length = response.headers.get("content-length", "")
        if length.isdecimal() and int(length) > MOST_BYTES:
            self._break(_too_large())
        response.stream = self._class(response.stream, self._watched)

    def _watched(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        read = 0
        for chunk in chunks:
            read += len(chunk)
            if read > MOST_BYTES:
                self._break(_too_large())
            if time.monotonic() > self._until:
                self._break(ModelError("timeout", "The answer came too slowly.", usage=None))
            yield chunk

    def _break(self, error: ModelError) -> None:
        self.broken = error
        raise error


def _too_large() -> ModelError:
    return ModelError("too_large", f"The answer is larger than {MOST_BYTES >> 20} MiB.", usage=None)


def _bounded(stream_class: type) -> type:
    class Bounded(stream_class):  # type: ignore[misc]
        """A stream whose chunks are watched."""

        def __init__(self, inner: Any, watched: Callable[[Iterator[bytes]], Iterator[bytes]]) -> None:
            self._inner = inner
            self._watched = watched

        def __iter__(self) -> Iterator[bytes]:
            return self._watched(iter(self._inner))

        def close(self) -> None:
            self._inner.close()

    return Bounded


def within(seconds: float, work: Callable[[], T], *, give_up: Callable[[], object] = lambda: None) -> T:
    """Do the work in a thread and wait for it so long; ``give_up`` is called when it takes longer.

    The only bound that holds against everything: names that resolve slowly, headers that trickle. Raises what the work
    raises, and ModelError (timeout).
    """
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            failed.append(error)

    thread = threading.Thread(target=run, name="banana-llm", daemon=True)
    thread.start()
    thread.join(max(seconds, 0.0))
    if thread.is_alive():
        give_up()
        raise ModelError("timeout", f"No answer came within {seconds:.1f} s.", usage=None)
    if failed:
        raise failed[0]
    return done[0]
