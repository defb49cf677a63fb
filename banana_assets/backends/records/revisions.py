"""The revisions of the records' schema, and which of them this program works with."""

from __future__ import annotations

from banana_assets.core.errors import StoreError

HEAD = "0013"
"""The schema that this program works with."""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012", "0013")
"""Every revision, oldest first."""


def refuse_other(found: str) -> None:
    """Raises StoreError for a database that is newer than the program, or older (which `banana migrate` mends)."""
    refuse_newer(found)
    if found != HEAD:
        raise StoreError(
            f"The records database has the older schema {found}; this program needs {HEAD}.", "Run `banana migrate`."
        )


def refuse_newer(found: str | None) -> None:
    """Raises StoreError for a database that is newer than the program."""
    if found is not None and found not in REVISIONS:
        raise StoreError(
            f"The records database has the schema {found}, which is newer than this program (it knows {HEAD}).",
            "Install the newer version of banana-assets.",
        )
