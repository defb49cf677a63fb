"""What is no text: known by its first bytes, before anything is made of it."""

from __future__ import annotations

from banana_assets.core.errors import InputError

_MAGIC = (
    (b"\x7fELF", "a program (ELF)"),
    (b"MZ\x90", "a Windows program"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a zip archive"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ\x00", "compressed with xz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PAR1", "a Parquet table"),
)
_TEXT_CONTROLS = b"\t\n\r\x1b\x08\x0c\x07"
_CONTROLS = bytes(b for b in (*range(1, 32), 127) if b not in _TEXT_CONTROLS)


def refuse_no_text(name: str, head: bytes) -> None:
    """Refuse what is no text by its first 64 KiB. Bytes of other 8-bit encodings and blocks of NUL bytes (which
    truncated logs begin with) are text; they are counted later.

    Raises InputError saying what it seems to be.
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            raise InputError(f"{name} is {kind}, no text.", "Name a text file.")
    _refuse_utf16(name, head)
    packed = head.replace(b"\0" * 16, b"")
    if not packed:
        return
    controls = len(packed) - len(packed.translate(None, _CONTROLS))
    if controls > 0.05 * len(packed) or packed.count(b"\0") > 0.3 * len(packed):
        raise InputError(f"{name} is binary data, no text.", "Name a text file.")


_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks of UTF-16, whose lines do not end at LF bytes."""


def _refuse_utf16(name: str, head: bytes) -> None:
    """Raise InputError where text begins as UTF-16 does."""
    if head[:2] in _UTF_16 or (len(head) > 64 and int(len(head) * 0.45) <= head.count(b"\0") <= len(head) // 2):
        raise InputError(f"{name} is text in UTF-16, which is not read.", "Convert it: iconv -f UTF-16 -t UTF-8.")
