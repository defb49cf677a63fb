"""A test double of Meilisearch over HTTP: no Meilisearch.

It keeps the contract that its documentation states: changes are tasks that are done later, one after another; errors
are ``{message, code, type, link}`` with the documented codes and statuses; with a master key every route wants it. It
knows only the routes and the filters that Banana uses, and ranks by the number of words that are found.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Row = dict[str, Any]
LINK = "https://docs.meilisearch.com/errors"
DOCUMENT_ID = re.compile(r"[A-Za-z0-9_-]{1,511}")


class ApiError(Exception):
    """An error as Meilisearch answers it."""

    def __init__(self, status: int, code: str, message: str, kind: str = "invalid_request") -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message, "code": code, "type": kind, "link": f"{LINK}#{code}"}


class Double:
    """The state of one server. ``polls`` is how often a task is asked for before it is done; ``fail_next`` makes the
    next task fail with that error; ``requests`` counts those to each route."""

    def __init__(self, master_key: str | None = None, polls: int = 2) -> None:
        self.master_key, self.polls = master_key, polls
        self.indexes: dict[str, dict[str, Any]] = {}
        self.tasks: list[dict[str, Any]] = []
        self.fail_next: ApiError | None = None
        self.stuck = False
        self.requests: list[str] = []
        self._work: list[tuple[int, Callable[[], None]]] = []
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, headers: Any, body: Any) -> tuple[int, Any]:
        """Status and body of a request."""
        with self._lock:
            self.requests.append(f"{method} {re.sub(r'[0-9]+', 'N', path)}")
            self._authorize(headers)
            return self._route(method, path, body)

    def _authorize(self, headers: Any) -> None:
        if self.master_key is None:
            return
        told = headers.get("Authorization")
        if told is None:
            message = "The Authorization header is missing. It must use the bearer authorization method."
            raise ApiError(401, "missing_authorization_header", message, "auth")
        if told != f"Bearer {self.master_key}":
            raise ApiError(403, "invalid_api_key", "The provided API key is invalid.", "auth")

    def _route(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if (method, path) == ("POST", "/indexes"):
            return self._enqueue(body["uid"], "indexCreation", lambda: self._create(body))
        if match := re.fullmatch(r"/tasks/(\d+)", path):
            return 200, self._task(int(match[1]))
        match = re.fullmatch(r"/indexes/([\w-]+)(/.*)?", path)
        if match is None:
            raise ApiError(404, "not_found", "Not found.")
        uid, rest = match[1], match[2] or ""
        if (method, rest) == ("DELETE", ""):
            return self._enqueue(uid, "indexDeletion", lambda: self._drop(uid))
        if (method, rest) == ("PATCH", "/settings"):
            return self._enqueue(uid, "settingsUpdate", lambda: self._index(uid)["settings"].update(body))
        if (method, rest) == ("POST", "/documents"):
            return self._enqueue(uid, "documentAdditionOrUpdate", lambda: self._put(uid, body))
        if (method, rest) == ("POST", "/documents/delete-batch"):
            return self._enqueue(uid, "documentDeletion", lambda: self._remove(uid, body))
        if (method, rest) == ("POST", "/documents/fetch"):
            rows = list(self._index(uid)["documents"].values())
            shown = rows[body["offset"] : body["offset"] + body["limit"]]
            cut = [{name: row[name] for name in body["fields"]} for row in shown]
            return 200, {"results": cut, "offset": body["offset"], "limit": body["limit"], "total": len(rows)}
        if (method, rest) == ("POST", "/search"):
            return 200, self._search(uid, body)
        raise ApiError(404, "not_found", "Not found.")

    def _enqueue(self, uid: str, kind: str, work: Callable[[], None]) -> tuple[int, Any]:
        number = len(self.tasks)
        task = {"uid": number, "indexUid": uid, "status": "enqueued", "type": kind, "error": None, "asked": 0}
        task["fails"], self.fail_next = self.fail_next, None
        self.tasks.append(task)
        self._work.append((number, work))
        return 202, {"taskUid": number, "indexUid": uid, "status": "enqueued", "type": kind, "enqueuedAt": "2026-03-01"}

    def _task(self, number: int) -> dict[str, Any]:
        if number >= len(self.tasks):
            raise ApiError(404, "task_not_found", f"Task `{number}` not found.")
        task = self.tasks[number]
        task["asked"] += 1
        if task["status"] == "enqueued":
            task["status"] = "processing"
        elif task["status"] == "processing" and task["asked"] > self.polls and not self.stuck:
            # Tasks are done in the order in which they came.
            while self._work and self._work[0][0] <= number:
                self._do(*self._work.pop(0))
        return {name: task[name] for name in ("uid", "indexUid", "status", "type", "error")}

    def _do(self, number: int, work: Callable[[], None]) -> None:
        task = self.tasks[number]
        try:
            if task["fails"]:
                raise task["fails"]
            work()
        except ApiError as error:
            task.update(status="failed", error=error.body)
        else:
            task["status"] = "succeeded"

    def _index(self, uid: str) -> dict[str, Any]:
        if uid not in self.indexes:
            raise ApiError(404, "index_not_found", f"Index `{uid}` not found.")
        return self.indexes[uid]

    def _create(self, body: Row) -> None:
        if body["uid"] in self.indexes:
            raise ApiError(409, "index_already_exists", f"Index `{body['uid']}` already exists.")
        self.indexes[body["uid"]] = {"primaryKey": body["primaryKey"], "documents": {}, "settings": {}}

    def _drop(self, uid: str) -> None:
        self._index(uid)
        del self.indexes[uid]

    def _put(self, uid: str, rows: list[Row]) -> None:
        index = self._index(uid)
        for row in rows:
            name = row[index["primaryKey"]]
            if not DOCUMENT_ID.fullmatch(name):
                raise ApiError(400, "invalid_document_id", f"Document identifier `{name}` is invalid.")
            index["documents"][name] = row

    def _remove(self, uid: str, ids: list[str]) -> None:
        for name in ids:
            self._index(uid)["documents"].pop(name, None)

    def _search(self, uid: str, body: Row) -> Row:
        index = self._index(uid)
        asked = body["q"].lower().split()[:10]
        hits = []
        for row in index["documents"].values():
            text = " ".join(str(row[name]) for name in index["settings"]["searchableAttributes"]).lower()
            found = sum(word in text for word in asked)
            if found and all(self._passes(row, rule, index) for rule in body.get("filter", [])):
                hits.append({"document_id": row["document_id"], "_rankingScore": found / len(asked)})
        hits.sort(key=lambda hit: (-hit["_rankingScore"], hit["document_id"]))
        return {"hits": hits[: body["limit"]], "query": body["q"], "estimatedTotalHits": len(hits)}

    def _passes(self, row: Row, rule: str, index: dict[str, Any]) -> bool:
        name, operator, value = rule.split(" ", 2)
        if name not in index["settings"].get("filterableAttributes", []):
            message = f"Attribute `{name}` is not filterable."
            raise ApiError(400, "invalid_search_filter", message)
        held = row[name]
        if operator == "IN":
            return held in value.strip("[]").split(", ")
        if operator == "=":
            return json.loads(value) in held
        if held is None:
            return False
        return held >= float(value) if operator == ">=" else held <= float(value)


@contextmanager
def served(double: Double) -> Iterator[str]:
    """The double behind a real socket; its address."""

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(size)
            try:
                status, answer = double.answer(self.command, self.path, self.headers, json.loads(raw) if raw else None)
            except ApiError as error:
                status, answer = error.status, error.body
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 (names that http.server asks for)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
