"""Logs that are uploaded in parts: each part is at rest before it is acknowledged, and a broken upload goes on where it
ended.

Source: IETF draft-ietf-httpbis-resumable-upload (offset, completeness); the transport is elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from banana_assets.core.errors import InputError, StoreError

STALE_SECONDS = 7 * 24 * 3600
LOCK_SECONDS = 10


class OffsetError(InputError):
    """A part does not begin where the parts before it end; ``offset`` says where that is (bytes)."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"The upload stands at byte {offset}.", "Send the part that begins there.")
        self.offset = offset


class Uploads:
    """The unfinished uploads of a home."""

    def __init__(self, home: Path, most_bytes: int) -> None:
        self.folder = home / "uploads"
        self.most_bytes = most_bytes

    def offset(self, name: str) -> int:
        """How many bytes of that upload are at rest; 0 for one that has not begun."""
        try:
            return self._part(name).stat().st_size
        except FileNotFoundError:
            return 0

    def sha256(self, name: str) -> bytes:
        """The SHA-256 of what is at rest of that upload: whether it is the beginning of what a client has."""
        try:
            with self._part(name).open("rb") as file:
                return hashlib.file_digest(file, "sha256").digest()
        except FileNotFoundError:
            return hashlib.sha256().digest()

    def append(self, name: str, offset: int, chunks: Iterator[bytes]) -> int:
        """Add a part that begins at that byte; answers where the upload stands then.

        What came of a part before its chunks broke off stays. Raises OffsetError when parts do not join, InputError
        when it grows too large, StoreError when the place cannot be written.
        """
        with self._alone(name):
            part = self._part(name)
            stands = self.offset(name)
            if offset != stands:
                raise OffsetError(stands)
            try:
                with part.open("ab") as file:
                    stands = self._write(file, stands, chunks)
            except OSError as error:
                raise StoreError(f"The upload cannot be kept: {error.strerror}.", "Free some room.") from error
            return stands

    def _write(self, file: IO[bytes], stands: int, chunks: Iterator[bytes]) -> int:
        try:
            for chunk in chunks:
                stands += len(chunk)
                if stands > self.most_bytes:
                    raise InputError(
                        f"The upload has more than {self.most_bytes:,} bytes.",
                        "Raise BANANA_MAX_LOG_BYTES if that is meant.",
                    )
                file.write(chunk)
        finally:
            file.flush()
            os.fsync(file.fileno())
        return stands

    def finish(self, name: str, take: Callable[[Path], None]) -> None:
        """Hand the whole upload to ``take``, and forget it once that is done."""
        with self._alone(name):
            part = self._part(name)
            part.touch()
            take(part)
            part.unlink()

    def drop(self, name: str) -> None:
        """Forget an upload."""
        with self._alone(name):
            self._part(name).unlink(missing_ok=True)

    def sweep(self) -> int:
        """Remove uploads that nobody went on with for a week, and locks as old of those that ended; answers how many
        uploads."""
        old = [path for path in self.folder.glob("*") if self._age(path) > STALE_SECONDS]
        parts = [path for path in old if path.suffix == ".part"]
        for part in parts:
            part.unlink(missing_ok=True)
        for lock in (path for path in old if path.suffix == ".lock" and not path.with_suffix(".part").exists()):
            lock.unlink(missing_ok=True)
        return len(parts)

    @staticmethod
    def _age(path: Path) -> float:
        try:
            return time.time() - path.stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def _part(self, name: str) -> Path:
        # Names come from others and may hold anything; the hash is a name that every disk takes.
        return self.folder / f"{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.part"

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._part(name).with_suffix(".lock"), timeout=LOCK_SECONDS):
                yield
        except Timeout as error:
            raise InputError("Another part of that upload is coming in.", "Wait until it is answered.") from error
        except PermissionError as error:
            raise StoreError(f"{self.folder} cannot be written: {error.strerror}.", "Mend its permissions.") from error
