"""Builds of a small shop, explained, behind the application."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from banana_assets.backends import derive
from banana_assets.backends.ingest import ingest_builds
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.builds.clusters import failure_clusters
from banana_assets.core.tables import BUILD_FAILURES, BUILDS, FAILURE_CLUSTERS
from banana_assets.interfaces.api.app import create_app

Client = Callable[..., AbstractContextManager[TestClient]]
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "ghp_" + "x7Kq9TzW2mB4nR6vL8pD" + "1sF3hJ5gY0aC9eUi"
BUILDS_TOLD: list[tuple[str, str, str]] = [
    ("shop-1", "success", "compiling\n0 errors, 0 failed\nall good\n"),
    ("shop-2", "failed", "make\ncart.c:2:33: error: expected ';'\nmake: *** [all] Error 1\n"),
    ("shop-3", "failed", f"export GITHUB_TOKEN={SECRET}\nsh: 1: jest: not found\nexit status 127\n"),
    ("shop/4 ü", "success", "line of a long log\n" * 5_000 + "done\n"),
    ("shop-5", "running", ""),
]


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with five builds and the tables of their failures; to be copied."""
    folder, home = tmp_path_factory.mktemp("ci"), tmp_path_factory.mktemp("homes") / "home"
    rows = []
    for hour, (name, status, log) in enumerate(BUILDS_TOLD):
        row: dict[str, Any] = {"build_id": name, "pipeline": "shop", "job": "test", "branch": "main", "status": status}
        row["started_at"] = (START + timedelta(hours=hour)).isoformat()
        if log:
            (folder / f"{hour}.log").write_text(log)
            row |= {"log": f"{hour}.log", "finished_at": (START + timedelta(hours=hour, seconds=30)).isoformat()}
        rows.append(json.dumps(row))
    (folder / "manifest.jsonl").write_text("\n".join(rows))
    settings = load_from(home)
    tables = Tables(settings.tables_root)
    with open_store(settings) as store:
        assert not ingest_builds(store, [folder]).failed
        builds = store.builds()
        ids = derive.undiagnosed(builds, BUILD_FAILURES.empty())["build_id"].to_list()
        tables.put(BUILD_FAILURES, "build_id", lambda: ids, lambda x: derive.build_failures(store, builds, x, 2000))
        tables.replace(BUILDS, builds)
        tables.replace(FAILURE_CLUSTERS, failure_clusters(tables.read(BUILD_FAILURES), builds))
    return home


@contextmanager
def opened(home: Path, *, open_here: bool = True, host: str = "127.0.0.1", **settings: Any) -> Iterator[TestClient]:
    """The application on that home."""
    app = create_app(load_from(home).model_copy(update=settings), open_here=open_here)
    address = f"http://{host}:8000"
    with TestClient(app, base_url=address, client=("127.0.0.1", 50000), raise_server_exceptions=False) as asked:
        yield asked


@pytest.fixture
def client(told: Path, home: Path) -> Client:
    """Open the application on a copy of that home: ``client(open_here=False, allowed_origins=...)``."""
    shutil.copytree(told, home)
    return partial(opened, home)


@cache
def described() -> dict[str, Any]:
    """The interface's description."""
    return create_app(load_from(Path("nowhere"))).openapi()
