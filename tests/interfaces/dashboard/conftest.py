"""A home whose builds carry the names and logs of somebody who means harm, behind the application."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from banana_assets.backends.ingest import ingest_builds
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.interfaces.api.app import create_app

Client = Callable[..., AbstractContextManager[TestClient]]
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "ghp_" + "x7Kq9TzW2mB4nR6vL8pD" + "1sF3hJ5gY0aC9eUi"
SCRIPT = "<script>alert(1)</script>"
HANDLER = 'x" onmouseover="alert(2)'
HOSTILE = (
    f"{SCRIPT}\n"
    f"export GITHUB_TOKEN={SECRET}\n"
    "\x1b]8;;javascript:alert(3)\x07press here\x1b]8;;\x07\n"
    "\x1b[31mred\x1b[0m and \x1b[1;38;5;196mloud\x1b[0m\n"
    "user \u202e]0;drawkcab\n"
    "10%\r50%\r100%\n"
    "cart.c:2:33: error: expected ';'\nmake: *** [all] Error 1\n"
)
BUILDS: list[tuple[str, str, str, str]] = [
    ("green-1", "success", "main", "all good\n"),
    (f"bad/{SCRIPT}", "failed", f"{SCRIPT}{HANDLER}", HOSTILE),
    ("long", "failed", "main", "line of a long log\n" * 3_000 + "sh: 1: jest: not found\nexit status 127\n"),
    ("waiting", "running", "topic", ""),
]


@pytest.fixture(scope="session")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home; tests that change it copy it."""
    folder, home = tmp_path_factory.mktemp("ci"), tmp_path_factory.mktemp("homes") / "home"
    rows = []
    for hour, (name, status, branch, log) in enumerate(BUILDS):
        at = START + timedelta(hours=hour)
        row: dict[str, Any] = {"build_id": name, "pipeline": f"shop{SCRIPT}", "job": "test", "branch": branch}
        row |= {"status": status, "started_at": at.isoformat(), "commit": "3f1c9a0b77d2"}
        if log:
            (folder / f"{hour}.log").write_text(log)
            row |= {"log": f"{hour}.log", "finished_at": (at + timedelta(seconds=30)).isoformat()}
        rows.append(json.dumps(row))
    (folder / "manifest.jsonl").write_text("\n".join(rows))
    with open_store(load_from(home)) as store:
        assert not ingest_builds(store, [folder]).failed
    return home


@pytest.fixture
def browse(looked_at: Path) -> Client:
    """Open the application on that home: ``browse(open_here=False)``."""

    @contextmanager
    def opened(*, home: Path = looked_at, open_here: bool = True, **settings: Any) -> Iterator[TestClient]:
        app = create_app(load_from(home).model_copy(update=settings), open_here=open_here)
        headers = {"accept": "text/html"}
        asked = TestClient(
            app,
            base_url="http://127.0.0.1:8000",
            client=("127.0.0.1", 50000),
            raise_server_exceptions=False,
            headers=headers,
        )
        with asked:
            yield asked

    return opened
