"""`banana up` for real: a file dropped into the watched folder is ingested and computed by the daemon, unasked."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from banana_assets.backends.settings import load_from
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import LOG_PATTERNS, PLANS
from tests.system.processes import BANANA, environment, write_logs

pytestmark = pytest.mark.timeout(400)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def test_a_dropped_file_becomes_patterns_and_plans(home: Path, tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    (watched / "logs").mkdir(parents=True)
    (watched / "builds").mkdir()
    port = free_port()
    with (tmp_path / "up.log").open("w") as log:
        process = subprocess.Popen(
            [*BANANA, "up", "--port", str(port)],
            env=environment(home) | {"BANANA_WATCH_FOLDER": str(watched)},
            cwd=tmp_path,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            write_logs(watched / "logs", files=1, lines=200)
            tables = Tables(load_from(home).tables_root)
            deadline = time.monotonic() + 300
            while tables.version(PLANS) is None:
                assert process.poll() is None, (tmp_path / "up.log").read_text()
                assert time.monotonic() < deadline, (tmp_path / "up.log").read_text()[-4000:]
                time.sleep(1)
            assert answers(f"http://127.0.0.1:{port}/server_info")
            assert tables.read(LOG_PATTERNS)["frequency"].sum() > 0
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)
