"""How far long work has come, on stderr: what is done, how fast, and how long it will still take.

On a terminal it is one line that is written over; elsewhere nothing is shown, unless BANANA_PROGRESS=1 asks for it,
which writes a line every five seconds. stdout is never touched.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from banana_assets.core.text import visible

VARIABLE = "BANANA_PROGRESS"
SHOWN_SECONDS, WRITTEN_SECONDS = 0.1, 5.0
"""Time between two changes of the line on a terminal, and between two lines elsewhere."""
LEAST_DONE, LEAST_SECONDS = 3, 2.0
"""What has to be done, and has to have passed, before a rate means something."""
_ERASE = "\r\x1b[2K"


class Progress:
    """Counts what is done and shows it. Call it with what is done now; each call counts one unless told."""

    def __init__(self, title: str, total: int | None, unit: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.done = 0
        self._title, self._total, self._unit, self._clock = title, total, unit, clock
        self._began = clock()
        self._at = float("-inf")
        self._line = False
        self._terminal, self._watched = sys.stderr.isatty(), watched()
        self._gap = SHOWN_SECONDS if self._terminal else WRITTEN_SECONDS

    def __call__(self, text: str = "", count: int = 1) -> None:
        """So many more are done, or, where nothing is counted, this is done now."""
        self.done += count
        self._show(text)

    def of(self, total: int) -> None:
        """How many there are in all, where that is known only now."""
        self._total = total

    def clear(self) -> None:
        """Take the line off the terminal, so that something else can be written."""
        if self._line:
            sys.stderr.write(_ERASE)
            sys.stderr.flush()
            self._line = False

    def begin(self) -> None:
        """Show that it has begun."""
        self._show("", first=True)

    def _show(self, text: str, *, first: bool = False) -> None:
        now = self._clock()
        if not self._watched or now - self._at < self._gap:
            return
        self._at = now
        told = line(self._title, self.done, self._total, self._unit, now - self._began, text)
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"{_ERASE}{visible(told)[:width]}")
            self._line = True
        elif not first:
            sys.stderr.write(f"{visible(told)}\n")
        sys.stderr.flush()


def line(title: str, done: int, total: int | None, unit: str, seconds: float, text: str) -> str:
    """The words of the line: ``Ingesting logs: 120 of 400 files, 31.2 files/s, 9 s left: app.log``."""
    parts = []
    if unit and done:
        parts.append(f"{done:,} of {total:,} {unit}" if total and total >= done else f"{done:,} {unit}")
        if done >= LEAST_DONE and seconds >= LEAST_SECONDS:
            rate = done / seconds
            parts.append(f"{rate:,.1f} {unit}/s" if rate >= 0.1 else f"{1 / rate:,.0f} s each")
            if total and total >= done:
                parts.append(f"{remaining((total - done) / rate)} left")
    told = f"{title}: {', '.join(parts)}" if parts else title
    return f"{told}: {text}" if text else told


def remaining(seconds: float) -> str:
    """A span for people, coarser the longer it is."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def watched() -> bool:
    """Whether anything is shown: somebody sits before it, or asks for it."""
    return sys.stderr.isatty() or os.environ.get(VARIABLE, "") not in ("", "0")


_shown: list[Progress] = []
"""What is shown now; the last one."""


@contextmanager
def progress(title: str, total: int | None = None, unit: str = "") -> Iterator[Progress]:
    """Show how far something has come while it lasts; ``unit`` (``files``) counts the calls, ``total`` is how many."""
    made = Progress(title, total, unit)
    _shown.append(made)
    try:
        made.begin()
        yield made
    finally:
        made.clear()
        _shown.remove(made)


def step_aside() -> None:
    """Take what is shown off the terminal before a message is written there."""
    if _shown:
        _shown[-1].clear()
