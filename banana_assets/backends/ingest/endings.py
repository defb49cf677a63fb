"""How a build ended and when, where neither a manifest nor a person says: told by its log, its tests and its folder."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePath

import polars as pl

from banana_assets.backends.ingest.build_rows import Facts
from banana_assets.backends.ingest.content import Content
from banana_assets.backends.ingest.naming import OUTCOME_FOLDERS
from banana_assets.backends.lines import read_lines
from banana_assets.core.builds.outcome import Outcome, infer_outcome

HEAD_LINES = 2_000
TAIL_BYTES = 32 << 20
"""Of a longer log only its first lines and this much of its end say how it ended."""


def ended(facts: Facts, log: Content | None) -> Facts:
    """The facts with status, exit status and times filled in from the log.

    What is told stays. A log that does not say whether the build failed is decided by failed tests, then by a folder
    whose name states an outcome.
    """
    if facts.status and facts.started_at and facts.finished_at:
        return facts
    said = Outcome("", None, None, None, "")
    if log is not None:
        with log.reading() as stream:
            said = infer_outcome(list(_telling(read_lines(stream))))
    status, code = facts.status, facts.exit_code
    if not status:
        status, code = _status(facts, said)
    started, finished = facts.started_at or said.started_at, facts.finished_at or said.finished_at
    if started and finished and finished < started:
        # A told time beside one of a log with another clock: the told one stays.
        started, finished = facts.started_at, facts.finished_at
    return replace(facts, status=status, exit_code=code, started_at=started, finished_at=finished)


def _status(facts: Facts, said: Outcome) -> tuple[str, int | None]:
    if facts.exit_code is not None:
        clear = said.status in ("error", "cancelled")
        return ("success" if facts.exit_code == 0 else said.status if clear else "failed"), facts.exit_code
    if said.status == "success" and said.exit_code is None:
        if any(test.bad for test in facts.tests):
            return "failed", None
        for folder in reversed(PurePath(facts.path or "").parent.parts):
            if folder.lower() in OUTCOME_FOLDERS:
                return OUTCOME_FOLDERS[folder.lower()], None
    return said.status, said.exit_code


def _telling(frames: Iterable[pl.DataFrame]) -> Iterator[str]:
    """The lines that say how a build ended: all of a log of usual size, the beginning and end of a longer one."""
    head: list[str] = []
    tail: deque[str] = deque()
    size = 0
    for frame in frames:
        for line in frame["text"].to_list():
            if len(head) < HEAD_LINES:
                head.append(line)
                continue
            tail.append(line)
            size += len(line)
            while size > TAIL_BYTES:
                size -= len(tail.popleft())
    yield from head
    yield from tail
