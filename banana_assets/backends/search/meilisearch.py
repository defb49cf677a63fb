"""The words on a Meilisearch server, where its address is set.

Meilisearch changes its index in tasks of its own time: a change is done when its task is, and one that failed says so
only there (https://www.meilisearch.com/docs/reference/api/tasks). Every request has a time-out, every task a deadline.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from banana_assets.backends.records.rows import in_parts
from banana_assets.backends.setting_values import SecretStr
from banana_assets.core.errors import BananaError
from banana_assets.core.search.types import TEXT_INDEX, Document, Filters
from banana_assets.core.search.words import asked, words
from banana_assets.core.vocabulary import SEVERITIES

REQUEST_SECONDS = 10.0
TASK_SECONDS = 120.0
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0
BATCH = 1000
MOST_WORDS = 10
"""Meilisearch looks at so many words of a question, the first ones."""

SETTINGS = {
    "searchableAttributes": ["title", "text"],
    "filterableAttributes": ["kind", "severity", "sources", "first_seen", "last_seen"],
    "displayedAttributes": ["document_id", "content_hash"],
}


class MeilisearchError(BananaError):
    """The server does not answer, refuses, or a task of it failed."""


class Meilisearch:
    """The index ``planning_index`` on a server: ids and what is searched; documents themselves stay at home."""

    def __init__(
        self,
        url: str,
        key: SecretStr | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        task_seconds: float = TASK_SECONDS,
    ) -> None:
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        self._task_seconds = task_seconds
        self._prepared = False
        try:
            self._client = httpx.Client(
                base_url=url, headers=headers, timeout=REQUEST_SECONDS, transport=transport, trust_env=False
            )
        except httpx.InvalidURL as error:
            raise MeilisearchError(f"{url} is no address: {error}.", "Mend BANANA_MEILISEARCH_URL.") from error

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def update(self, documents: Mapping[str, Document]) -> None:
        """Make the index hold exactly these documents; only what is new or has changed is sent."""
        self._prepare()
        known = self.hashes()
        self._await(
            [
                *self._send(d for d in documents.values() if known.get(d.document_id) != d.content_hash),
                *self._drop([name for name in known if name not in documents]),
            ]
        )

    def clear(self) -> None:
        """Remove the index; the next update makes it again."""
        self._prepared = False
        self._await([self._ask("DELETE", f"/indexes/{TEXT_INDEX}")], known=("index_not_found",))

    def hashes(self) -> dict[str, str]:
        """The content hash of each document on the server, by its id."""
        found: dict[str, str] = {}
        while True:
            page = self._ask(
                "POST",
                f"/indexes/{TEXT_INDEX}/documents/fetch",
                {"fields": ["document_id", "content_hash"], "offset": len(found), "limit": BATCH},
                known=("index_not_found",),
            )
            rows = page.get("results", [])
            found |= {row["document_id"]: row["content_hash"] for row in rows}
            if len(rows) < BATCH:
                return found

    def find(self, question: str, filters: Filters, limit: int) -> list[tuple[str, float]]:
        """Ids of the documents that fit best, with Meilisearch's ranking score (0 to 1), the best first."""
        # Names and error codes tell more than short words, and only the first words are looked at.
        telling = sorted(asked(question), key=lambda word: (-len(word), word))[:MOST_WORDS]
        body: dict[str, Any] = {
            "q": " ".join(word for word in dict.fromkeys(words(question)) if word in telling),
            "limit": limit,
            "attributesToRetrieve": ["document_id"],
            "showRankingScore": True,
            "matchingStrategy": "frequency",
        }
        if conditions := _conditions(filters):
            body["filter"] = conditions
        if not body["q"]:
            return []
        answer = self._ask("POST", f"/indexes/{TEXT_INDEX}/search", body, known=("index_not_found",))
        return [(hit["document_id"], float(hit["_rankingScore"])) for hit in answer.get("hits", [])]

    def _prepare(self) -> None:
        """Make the index and its settings, where this client has not yet."""
        if self._prepared:
            return
        made = self._ask("POST", "/indexes", {"uid": TEXT_INDEX, "primaryKey": "document_id"})
        self._await([made], known=("index_already_exists",))
        self._await([self._ask("PATCH", f"/indexes/{TEXT_INDEX}/settings", SETTINGS)])
        self._prepared = True

    def _send(self, documents: Iterable[Document]) -> Iterable[dict[str, Any]]:
        rows = [_row(document) for document in documents]
        for part in in_parts(rows, BATCH):
            yield self._ask("POST", f"/indexes/{TEXT_INDEX}/documents", part)

    def _drop(self, ids: Sequence[str]) -> Iterable[dict[str, Any]]:
        for part in in_parts(ids, BATCH):
            yield self._ask("POST", f"/indexes/{TEXT_INDEX}/documents/delete-batch", list(part))

    def _await(self, tasks: Iterable[Mapping[str, Any]], known: Sequence[str] = ()) -> None:
        """Wait until the tasks are done. Raises MeilisearchError when one fails, but for errors of a known code, is
        cancelled, or is not done in time."""
        until = time.monotonic() + self._task_seconds
        for uid in [task["taskUid"] for task in tasks if "taskUid" in task]:
            pause = FIRST_PAUSE
            while (task := self._ask("GET", f"/tasks/{uid}"))["status"] in ("enqueued", "processing"):
                if time.monotonic() > until:
                    raise MeilisearchError(
                        f"Meilisearch did not finish task {uid} in {self._task_seconds:g} s.",
                        "Look at its load, then run the same again.",
                    )
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            if task["status"] != "succeeded":
                error = task.get("error") or {}
                if error.get("code") not in known:
                    said = error.get("message") or f"it was {task['status']}"
                    raise MeilisearchError(f"Meilisearch could not do task {uid}: {said}", error.get("link", ""))

    def _ask(self, method: str, path: str, body: Any = None, known: Sequence[str] = ()) -> dict[str, Any]:
        """The answer to a request; an empty one where the server refuses with an error of a known code."""
        where = self._client.base_url
        try:
            response = self._client.request(method, path, json=body)
            answer = response.json()
        except httpx.HTTPError as error:
            raise MeilisearchError(
                f"Meilisearch at {where} does not answer: {type(error).__name__}.",
                "Start it, or unset BANANA_MEILISEARCH_URL.",
            ) from error
        except ValueError as error:
            raise MeilisearchError(
                f"What answers at {where} is no Meilisearch (HTTP {response.status_code}).",
                "Mend BANANA_MEILISEARCH_URL.",
            ) from error
        if response.is_success and isinstance(answer, dict):
            return answer
        code = answer.get("code") if isinstance(answer, dict) else None
        if code in known:
            return {}
        said = answer.get("message") if isinstance(answer, dict) else None
        remedy = "Set BANANA_MEILISEARCH_KEY." if response.status_code in (401, 403) else "Look at its log."
        raise MeilisearchError(f"Meilisearch refused ({code or response.status_code}): {said or 'no reason'}", remedy)


def _row(document: Document) -> dict[str, Any]:
    return {
        "document_id": document.document_id,
        "content_hash": document.content_hash,
        "kind": document.kind,
        "title": " ".join(words(document.title)),
        "text": " ".join(words(document.text)),
        "severity": SEVERITIES.index(document.severity) if document.severity else None,
        "sources": list(document.sources),
        "first_seen": _number(document.first_seen),
        "last_seen": _number(document.last_seen),
    }


def _number(at: datetime | None) -> float | None:
    return at.timestamp() if at else None


def _conditions(filters: Filters) -> list[str]:
    parts = []
    if filters.kinds:
        parts.append(f"kind IN [{', '.join(filters.kinds)}]")
    if filters.severity:
        parts.append(f"severity >= {SEVERITIES.index(filters.severity)}")
    if filters.source is not None:
        quoted = filters.source.replace("\\", "\\\\").replace('"', '\\"')
        parts.append(f'sources = "{quoted}"')
    if filters.since:
        parts.append(f"last_seen >= {filters.since.timestamp()}")
    if filters.until:
        parts.append(f"first_seen <= {filters.until.timestamp()}")
    return parts
