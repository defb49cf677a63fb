"""Temporary files of this process in the home folder, and the removal of what killed processes left there."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from banana_assets.core.errors import StoreError

STALE_SECONDS = 24 * 3600


def owned_name() -> str:
    """The beginning of a temporary name that says which process of which host it belongs to."""
    host = socket.gethostname().replace("~", "-").replace("/", "-")
    return f"{host}~{os.getpid()}~"


def is_orphan(path: Path) -> bool:
    """Whether the process that a temporary name belongs to is gone; over a day old counts as gone on other hosts."""
    host, pid, *_ = [*path.name.split("~"), "", ""]
    if f"{host}~" == owned_name().partition("~")[0] + "~" and pid.isdigit():
        return not _alive(int(pid))
    try:
        return time.time() - path.stat().st_mtime > STALE_SECONDS
    except FileNotFoundError:
        return False


def sweep(folder: Path) -> int:
    """Remove what dead processes left in a folder of temporary files; returns how many."""
    removed = 0
    for left in sorted(folder.iterdir()) if folder.is_dir() else ():
        if "~" not in left.name or not is_orphan(left):
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
        removed += 1
    return removed


@contextmanager
def scratch_folder(home: Path) -> Iterator[Path]:
    """A folder for temporary files, removed at the end. Raises StoreError when there can be none."""
    try:
        (home / "tmp").mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=owned_name(), dir=home / "tmp", ignore_cleanup_errors=True)
    except OSError as error:
        raise StoreError(
            f"No temporary files can be made in {home / 'tmp'}: {error.strerror}.",
            "Free some room or mend the permissions.",
        ) from error
    with folder as name:
        yield Path(name)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
