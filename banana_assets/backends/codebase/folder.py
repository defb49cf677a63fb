"""A folder from which files are read, and nothing outside it: every step is opened relative to the one above.

No symbolic link is followed anywhere below the root, and only regular files are opened, so that no name, race or device
leads elsewhere.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import TracebackType

from banana_assets.core.errors import InputError, MissingError

DEEPEST = 100
WIDEST = 200_000
"""So many entries of one folder are looked at."""
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Opening must never wait: a file may be exchanged for a pipe between two looks.
_REGULAR = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class GoneError(Exception):
    """There is nothing of that name (any more), or it cannot be opened. ``reason`` is counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


VANISHED, DENIED, LINKED, SPECIAL, FOLDER, TOO_DEEP = (
    "vanished while reading",
    "not permitted",
    "symbolic links",
    "no regular files",
    "folders",
    "nested too deeply",
)


def relative(path: str) -> str:
    """A path that somebody gave, relative to the root, without ``.``. Raises MissingError for one that leaves it."""
    if "\0" in path or path.startswith("/"):
        raise MissingError(f"The path {path!r} does not lie in the code base.", "Give one relative to its root.")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or any(part.lower() == ".git" for part in parts):
        raise MissingError(f"The path {path!r} names no file of the code base.", "Give one as the tree shows it.")
    if len(parts) > DEEPEST or len(path.encode("utf-8", "surrogateescape")) > 4096:
        raise MissingError("The path is longer than paths can be.", "Give one as the tree shows it.")
    return "/".join(parts)


class Folder:
    """The root, held open. Looking up files in sorted order opens each folder once."""

    def __init__(self, root: Path | str) -> None:
        """Raises InputError where there is no folder that can be read."""
        try:
            self.path = Path(root).resolve(strict=True)
            self._top = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (OSError, RuntimeError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise InputError(
                f"The folder {root} cannot be opened: {why}.", "Give a folder that can be read."
            ) from error
        self._way: list[tuple[str, int]] = []

    def __enter__(self) -> Folder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave(0)
        os.close(self._top)

    def look(self, path: str) -> os.stat_result:
        """What stands at a path relative to the root; a link itself. Raises GoneError."""
        folder, name = self._parent(path)
        try:
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
        except (OSError, ValueError) as error:
            raise GoneError(_reason(error)) from error

    def read(self, path: str, most: int) -> tuple[bytes, os.stat_result]:
        """The first ``most`` bytes of a regular file, and what it is. Raises GoneError for anything else."""
        folder, name = self._parent(path)
        try:
            number = os.open(name, _REGULAR, dir_fd=folder)
        except (OSError, ValueError) as error:
            raise GoneError(_reason(error)) from error
        try:
            found = os.fstat(number)
            if not stat.S_ISREG(found.st_mode):
                raise GoneError(SPECIAL)
            parts, left = [], most
            while left > 0 and (part := os.read(number, min(left, 1 << 20))):
                parts.append(part)
                left -= len(part)
            return b"".join(parts), found
        except OSError as error:
            raise GoneError(_reason(error)) from error
        finally:
            os.close(number)

    def entries(self, path: str) -> Iterator[tuple[str, os.stat_result]]:
        """What stands in a folder ("" the root), by name, with what it is. Raises GoneError."""
        folder = self._open(path.split("/") if path else [])
        try:
            with os.scandir(folder) as listing:
                names = sorted(entry.name for entry in islice(listing, WIDEST))
        except OSError as error:
            raise GoneError(_reason(error)) from error
        for name in names:
            # What went away between the two looks is gone like what never was.
            with suppress(OSError):
                yield name, os.stat(name, dir_fd=folder, follow_symlinks=False)

    def _parent(self, path: str) -> tuple[int, str]:
        *folders, name = path.split("/")
        if name in ("", ".", "..") or ".." in folders:
            raise GoneError(VANISHED)
        return self._open(folders), name

    def _open(self, folders: list[str]) -> int:
        """The number of an opened folder below the root, by the folders that are open already as far as they go."""
        if len(folders) > DEEPEST:
            raise GoneError(TOO_DEEP)
        shared = 0
        for (name, _), wanted in zip(self._way, folders, strict=False):
            if name != wanted:
                break
            shared += 1
        self._leave(shared)
        for name in folders[shared:]:
            above = self._way[-1][1] if self._way else self._top
            if name in ("", ".", ".."):
                raise GoneError(VANISHED)
            try:
                self._way.append((name, os.open(name, _DIRECTORY, dir_fd=above)))
            except (OSError, ValueError) as error:
                raise GoneError(_reason(error)) from error
        return self._way[-1][1] if self._way else self._top

    def _leave(self, keep: int) -> None:
        while len(self._way) > keep:
            os.close(self._way.pop()[1])


def _reason(error: OSError | ValueError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOENT, None):
        return VANISHED
    if number in (errno.ELOOP, errno.EMLINK):
        return LINKED
    if number == errno.ENOTDIR:
        # With O_NOFOLLOW a link to a folder is told so.
        return LINKED
    if number in (errno.ENXIO, errno.ENODEV, errno.EISDIR):
        return SPECIAL
    return DENIED if number in (errno.EACCES, errno.EPERM) else f"not readable ({os.strerror(number)})"
