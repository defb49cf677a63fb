from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from banana_assets.backends.deliveries import Deliveries
from banana_assets.backends.delivery_reading import delivery_list
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.interfaces.api import beside, webhooks
from banana_assets.interfaces.api.app import create_app
from banana_assets.interfaces.api.service import Service


@pytest.fixture
def left(home: Path) -> Path:
    """A home with two deliveries that were kept and not taken in."""
    now = datetime.now(UTC).isoformat()
    job = {"id": 1, "name": "test", "workflow_name": "CI", "status": "completed", "conclusion": "failure",
           "head_branch": "main", "head_sha": "abc", "created_at": now, "started_at": now, "completed_at": now,
           "html_url": "https://ci.example/1"}  # fmt: skip
    with open_store(load_from(home)) as store:
        for number in (1, 2):
            told = {"action": "completed", "repository": {"full_name": "me/shop"}, "workflow_job": job | {"id": number}}
            Deliveries(store).keep("github", f"d{number}", "workflow_job", json.dumps(told).encode())
    return home


def states(home: Path) -> list[str]:
    with open_store(load_from(home)) as store:
        return delivery_list(store.records).sort("id")["state"].to_list()


def app_of(home: Path) -> TestClient:
    return TestClient(create_app(load_from(home), open_here=True), base_url="http://127.0.0.1", client=("127.0.0.1", 1))


def test_what_was_left_is_taken_in_after_the_start(left: Path) -> None:
    with app_of(left) as api:
        until = time.monotonic() + 20
        while states(left) != ["done", "done"] and time.monotonic() < until:
            time.sleep(0.05)
        assert states(left) == ["done", "done"]
        builds = api.get("/llm/learning/builds").json()["builds"]
    assert [build["status"] for build in builds] == ["failed", "failed"]


def test_a_slow_delivery_delays_neither_start_nor_end(left: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, released, taken = threading.Event(), threading.Event(), []

    def slow(service: Service, number: int) -> None:
        begun.set()
        released.wait(20)
        taken.append(number)

    monkeypatch.setattr(webhooks, "take", slow)
    monkeypatch.setattr(beside, "LEAVE_SECONDS", 0.2)
    with app_of(left) as api:
        assert begun.wait(10)
        assert api.get("/readyz").status_code == 200
        asked = time.monotonic()
    assert time.monotonic() - asked < 5
    assert taken == []
    released.set()
    worker = next((one for one in threading.enumerate() if one.name == "beside"), None)
    if worker is not None:
        worker.join(10)
    # The step under way ends; the next one is not begun.
    assert taken == [1]
    assert states(left) == ["kept", "kept"]
