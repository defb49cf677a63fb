"""Computing frames in a thread of their own while the ones before are written."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from queue import Full, Queue

import polars as pl

AHEAD = 2
POLL_SECONDS = 0.1


class Prefetched:
    """Iterates over frames that another thread computes, at most AHEAD of them ahead; counts their rows.

    Delta's writer draws its rows from inside an asynchronous runtime of compiled code. Nothing that starts a runtime
    itself (opening another Delta table) may run there, and an exception would come out as a text: so frames are
    computed elsewhere, and ``error`` keeps what ended them. Close it, so that an unfinished thread ends.
    """

    def __init__(self, frames: Iterable[pl.DataFrame]) -> None:
        self.rows = 0
        self.error: Exception | None = None
        self._queue: Queue[pl.DataFrame | None] = Queue(AHEAD)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._compute, args=(iter(frames),), daemon=True, name="prefetch")
        self._thread.start()

    def __iter__(self) -> Iterator[pl.DataFrame]:
        while (frame := self._queue.get()) is not None:
            self.rows += frame.height
            yield frame
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        """End the thread, wherever it is; it stops at its next frame."""
        self._closed.set()
        self._thread.join()

    def _compute(self, frames: Iterator[pl.DataFrame]) -> None:
        try:
            for frame in frames:
                if not self._hand_over(frame):
                    return
        except Exception as error:  # noqa: BLE001 - it is raised again in the thread that iterates
            self.error = error
        self._hand_over(None)

    def _hand_over(self, frame: pl.DataFrame | None) -> bool:
        while not self._closed.is_set():
            try:
                self._queue.put(frame, timeout=POLL_SECONDS)
            except Full:
                continue
            return True
        return False
