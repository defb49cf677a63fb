"""What the records database says when it refuses, in words for people."""

from __future__ import annotations

from banana_assets.core.errors import StoreError

BUSY_SECONDS = 30
"""How long a statement waits for somebody else's."""


def refused(where: str | None, text: str) -> StoreError:
    """The error for what the driver said (``text``) about the database at ``where``."""
    for sign, remedy in (
        ("full", "Free some room and run the same command again; nothing was half stored."),
        ("disk I/O error", "Free some room or mend the disk, then run the same command again."),
        ("readonly", "Mend the permissions of the file and its folder."),
        ("unable to open", "Mend the permissions of the file and its folder."),
        ("locked", f"Another program held it for {BUSY_SECONDS} s; run the same command again."),
        ("lock timeout", f"Another program held it for {BUSY_SECONDS} s; run the same command again."),
        ("malformed", "Restore it from a backup."),
        ("not a database", "Move that file away, or point BANANA_DATABASE_URL elsewhere."),
        ("connect", "Start the server, or mend BANANA_DATABASE_URL."),
    ):
        if sign in text:
            return StoreError(f"The records database {where} cannot be used: {text}.", remedy)
    return StoreError(f"The records database {where} refused: {text}.")
