"""Documents for tests of search."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from banana_assets.core.search.types import Document

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)

TEXTS = {
    "yaml": ("failure", "ModuleNotFoundError: No module named 'yaml'", "missing dependency in api/test"),
    "disk": ("failure", "gzip: stdout: No space left on device", "disk full in release/package"),
    "heap": ("failure", "java.lang.OutOfMemoryError: Java heap space", "out of memory in invoice/build"),
    "merge": ("failure", "Automatic merge failed; fix conflicts", "version control error in api/lint"),
    "redis": ("pattern", "MISCONF Redis cannot persist to disk", "order 12 could not be queued"),
    "login": ("pattern", "Failed password for root", "sshd: Failed password for root from 10.0.0.7 port 22"),
    "cpu": ("resource", "cpu percent of build-host", "mean 47 %, recurs each day: highest 14:00"),
    "plan": ("plan", "Install what the tests import", "Declare yaml in the requirements, then build again"),
}

QUESTIONS = (
    "disk full",
    "import error: no package",
    "JVM ran out of heap",
    "JVM exhausted",
    "brute force attack on ssh",
    "install what the tests import",
    "error of the build: no disk, no package",
    "Declare yaml in the requirements",
    "no space left",
    "zebra",
)


def document(key: str, **more: Any) -> Document:
    """One of the texts as a document."""
    kind, title, text = TEXTS[key]
    values: dict[str, Any] = {
        "document_id": f"{kind}-{key}",
        "kind": kind,
        "key": key,
        "title": title,
        "text": text,
        "essence": f"{title}\n{text}",
        "severity": {"failure": "high", "pattern": "medium", "resource": "low"}.get(kind),
        "sources": {"failure": ("api/test", "api"), "pattern": ("shop",)}.get(kind, ()),
        "first_seen": AT - timedelta(days=list(TEXTS).index(key)),
        "last_seen": AT - timedelta(hours=list(TEXTS).index(key)),
    }
    return Document(**values | more)


def documents() -> list[Document]:
    """All of them."""
    return [document(key) for key in TEXTS]
