"""A queue as a file of tasks: each day at nine a long task comes before ten short ones, and one runs at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
HEADER = "task_id,kind,status,queued_at,started_at,finished_at,items"


def write_queue(file: Path, days: int, *, waiting: bool = True) -> datetime:
    """Write that queue over so many days, where wanted with two tasks that wait at its end, which is given."""
    rows, n = [HEADER], 0
    for day in range(days):
        clock = start = BEGIN + timedelta(days=day, hours=9)
        for i, (kind, seconds) in enumerate([("tag", 60), ("render", 3600)] + [("tag", 60)] * 10):
            queued, ended = start + timedelta(seconds=i), clock + timedelta(seconds=seconds + n % 7)
            rows.append(
                f"{n},{kind},completed,{queued.isoformat()},{clock.isoformat()},{ended.isoformat()},{1 + n % 7}"
            )
            clock, n = ended, n + 1
    last = BEGIN + timedelta(days=days)
    if waiting:
        rows += [f"{n},render,pending,{last.isoformat()},,,", f"{n + 1},tag,pending,{last.isoformat()},,,"]
    file.write_text("\n".join(rows), encoding="utf-8")
    return last
