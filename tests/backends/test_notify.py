"""A failed run tells somebody: a real HTTP server hears it, and a file keeps it when nobody listens."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from banana_assets.backends.notify import failed_run_message, notify
from banana_assets.backends.settings import load_from

MESSAGE = failed_run_message(run_id="0123456789", job="everything", step="log_events", error="no room")


class Listener(BaseHTTPRequestHandler):
    heard: list[dict[str, str]]

    def do_POST(self) -> None:
        self.heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


def test_the_webhook_hears_of_it_and_the_file_keeps_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Listener.heard = []
    server = HTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    monkeypatch.setenv("BANANA_FAILURE_WEBHOOK", f"http://127.0.0.1:{server.server_port}/hook")
    assert notify(load_from(home), MESSAGE)
    thread.join(timeout=10)
    server.server_close()
    assert Listener.heard == [MESSAGE]
    assert "log_events" in Listener.heard[0]["text"]
    assert json.loads((home / "failed_runs.jsonl").read_text()) == MESSAGE


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/hook", "no address"])
def test_a_webhook_that_does_not_answer_loses_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("BANANA_FAILURE_WEBHOOK", address)
    assert not notify(load_from(home), MESSAGE)
    assert not notify(load_from(home), MESSAGE)
    assert len((home / "failed_runs.jsonl").read_text().splitlines()) == 2
