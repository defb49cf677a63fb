"""Lines of a block of text as string series, made without copying the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from polars._typing import ArrowArrayExportable


@dataclass(frozen=True)
class _Exported:
    """An Arrow array behind the Arrow PyCapsule interface alone: given a pyarrow array, polars would load
    ``pyarrow.compute``, which takes longer than mining a small log."""

    array: ArrowArrayExportable

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        return self.array.__arrow_c_array__(requested_schema)


def with_feeds(text: bytes | NDArray[np.uint8]) -> pl.Series:
    """The lines of UTF-8 text (each ended by LF) as a String series, each with its LF."""
    import numpy as np
    import pyarrow as pa

    data = np.frombuffer(text, np.uint8) if isinstance(text, bytes) else text
    offsets = np.append(0, np.flatnonzero(data == 10) + 1)
    array = pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))
    return pl.Series(_Exported(array), dtype=pl.String)


def without_feeds(lines: pl.Series) -> pl.Series:
    """The lines without the LF at their end, and the CR before it."""
    return lines.str.strip_suffix("\n").str.strip_suffix("\r")


def split_lines(text: bytes | NDArray[np.uint8]) -> pl.Series:
    """The lines of UTF-8 text (each ended by LF) as a String series; a CR before the LF goes too."""
    return without_feeds(with_feeds(text))


def joined(lines: pl.Series) -> bytes:
    """The lines (each with its LF) as one text again."""
    return str(lines.str.join("")[0]).encode() if len(lines) else b""
