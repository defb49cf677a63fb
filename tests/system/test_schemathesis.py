"""The interface against its own description, as schemathesis reads it: a short form of `make api-test`."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.system.test_serve import Server

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
OPTIONS = ("--checks", "all", "--seed", "1", "--continue-on-failure", "--workers", "1", "--no-color")


@pytest.fixture(scope="module")
def demo_server(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("served") / "home"
    shutil.copytree(demo_home, home)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Server(home, port, BANANA_CODE_ROOT=str(home.parent))
    httpx.get(f"{server.url}/openapi.json", timeout=60).raise_for_status()
    yield server
    assert server.end() == 0


@pytest.mark.parametrize(
    "words",
    [
        # Every operation with few requests that are drawn, and bodies with all the edges of their schemas.
        ("--phases", "examples,fuzzing,stateful", "--max-examples", "3"),
        ("--phases", "coverage", "--include-method", "PUT", "--include-method", "POST", "--include-method", "PATCH"),
    ],
    ids=["drawn", "edges"],
)
def test_the_interface_is_as_it_describes_itself(demo_server: Server, tmp_path: Path, words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [SCHEMATHESIS, "run", f"{demo_server.url}/openapi.json", *OPTIONS, *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"(\d+) generated, \1 passed", done.stdout), done.stdout
    assert demo_server.process.poll() is None
