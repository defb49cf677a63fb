"""What changed in a folder since the last look."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path


@dataclass(frozen=True)
class Changes:
    """Files that are new or changed and did not change between two looks, and the cursor for the next look."""

    settled: tuple[Path, ...]
    cursor: str
    key: str
    today: date


def changes(folder: Path, cursor: str | None) -> Changes:
    """Compare the folder with the cursor of the last look.

    A file that is still changing (another size or time than at the last look) is waited for, so that a half-copied
    file is not taken in. The cursor holds for each path its size, its modification time and whether it was taken.
    """
    before: dict[str, list[int]] = json.loads(cursor) if cursor else {}
    after: dict[str, list[int]] = {}
    settled: list[Path] = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
        name = path.relative_to(folder).as_posix()
        stat = path.stat()
        size, modified = stat.st_size, stat.st_mtime_ns
        old = before.get(name)
        same = old is not None and old[:2] == [size, modified]
        if same and old is not None and old[2]:
            after[name] = old
        elif same:
            settled.append(path)
            after[name] = [size, modified, 1]
        else:
            after[name] = [size, modified, 0]
    taken = "\n".join(f"{p} {after[p.relative_to(folder).as_posix()]}" for p in settled)
    return Changes(
        settled=tuple(settled),
        cursor=json.dumps(after, sort_keys=True),
        key=hashlib.sha256(taken.encode()).hexdigest()[:16],
        today=datetime.now(UTC).date(),
    )
