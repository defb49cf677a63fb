"""Reading blobs: bytes kept by their SHA-256, compressed with zstd, through fsspec. Every read checks the hash.

What is small once compressed stands in its row of the records, the rest is a file (``blobs`` says how both are made).
"""

from __future__ import annotations

import hashlib
import io
from functools import cached_property
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from banana_assets.backends.records.rows import Rows
from banana_assets.core.errors import StoreError

CHUNK = 1 << 18


class StoredBlobs:
    """The blobs of one store: rows in the records, files under ``root`` (a folder or fsspec address)."""

    def __init__(self, records: Rows, root: str) -> None:
        self.records = records
        self._address = root

    @cached_property
    def _place(self) -> tuple[Any, str]:
        import fsspec

        fs, root = fsspec.url_to_fs(self._address)
        return fs, root

    @property
    def fs(self) -> Any:
        """The file system that holds the files."""
        return self._place[0]

    @cached_property
    def root(self) -> str:
        """The folder in it."""
        return self._place[1] if self._folder is None else self._folder

    @cached_property
    def local(self) -> bool:
        """Whether that is this machine's."""
        if self._folder is not None:
            return True
        from fsspec.implementations.local import LocalFileSystem

        return isinstance(self.fs, LocalFileSystem)

    @property
    def _folder(self) -> str | None:
        """The folder that the address names as a path, for which fsspec (a slow import) is not needed."""
        plain = "://" not in self._address and "::" not in self._address and not self._address.startswith("~")
        return str(Path(self._address).absolute()) if plain else None

    def open(self, sha256: str) -> BinaryIO:
        """The bytes of a blob as a stream (no seeking). Reading raises StoreError when they are missing or damaged."""
        found = self.records.rows("SELECT bytes, content FROM blobs WHERE sha256 = :sha256", {"sha256": sha256})
        if not found:
            raise StoreError(f"There is no blob {sha256[:16]}… in the records.", "Ingest its file again.")
        size, content = found[0]
        if content is not None:
            packed: IO[bytes] = io.BytesIO(content)
        else:
            path = self.path(sha256)
            try:
                packed = self.fs.open(path, "rb") if self._folder is None else open(path, "rb")  # noqa: PTH123, SIM115
            except OSError as error:
                raise StoreError(
                    f"The blob {sha256[:16]}… cannot be read at {path}: {error.strerror or error}.",
                    "Restore that file from a backup, or ingest its log again.",
                ) from error
        return cast("BinaryIO", io.BufferedReader(_Verified(packed, sha256, size), CHUNK))

    def read(self, sha256: str) -> bytes:
        """All bytes of a blob; for those known to be small."""
        with self.open(sha256) as stream:
            return stream.read()

    def path(self, sha256: str) -> str:
        """Where the file of that address is."""
        return f"{self.root}/{sha256[:2]}/{sha256[2:4]}/{sha256}.zst"


class _Verified(io.RawIOBase):
    """Decompresses a blob and compares its hash at the end."""

    def __init__(self, packed: IO[bytes], sha256: str, size: int) -> None:
        import zstandard

        self._errors = (zstandard.ZstdError, OSError)
        self.packed = packed
        self.sha256, self.size = sha256, size
        self.plain = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
        self.digest = hashlib.sha256()
        self.seen = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        if not view:
            return 0
        try:
            n = self.plain.readinto(view)
        except self._errors as error:
            raise self._damaged(str(error)) from error
        self.digest.update(view[:n])
        self.seen += n
        if n == 0 and (self.seen != self.size or self.digest.hexdigest() != self.sha256):
            raise self._damaged("its bytes have another hash")
        return n

    def close(self) -> None:
        if not self.closed:
            self.packed.close()
        super().close()

    def _damaged(self, why: str) -> StoreError:
        return StoreError(
            f"The blob {self.sha256[:16]}… is damaged: {why}.", "Restore it from a backup, or ingest its log again."
        )
