"""`banana up` for real: what is dropped into the watched folder is computed, and failed builds are planned, unasked."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import dagster as dg
import pytest

from banana_assets.backends.ingest import ingest_builds
from banana_assets.backends.planned import Planned
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import LOG_PATTERNS
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


def planned(home: Path) -> dict[str, int]:
    """Where the planning of failed builds stands."""
    with open_store(load_from(home)) as store:
        return Planned(store.engine).counts()


def asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[dg.DagsterRun]:
    """The runs that the sensor of failed builds asked for."""
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    with dg.DagsterInstance.get() as instance:
        return list(instance.get_runs(dg.RunsFilter(job_name="plan_failures")))


def test_a_dropped_file_becomes_patterns_and_a_failed_build_a_plan(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
            (tmp_path / "build.log").write_text("ModuleNotFoundError: No module named 'yaml'\nerror: exit status 1\n")
            with open_store(load_from(home)) as store:
                ingest_builds(store, [tmp_path / "build.log"])
            tables = Tables(load_from(home).tables_root)
            deadline = time.monotonic() + 300
            while tables.version(LOG_PATTERNS) is None or planned(home) != {"planned": 1}:
                assert process.poll() is None, (tmp_path / "up.log").read_text()
                assert time.monotonic() < deadline, (tmp_path / "up.log").read_text()[-4000:]
                time.sleep(1)
            assert answers(f"http://127.0.0.1:{port}/server_info")
            assert tables.read(LOG_PATTERNS)["frequency"].sum() > 0
            # The sensor's run planned it, or found that another one just had.
            assert len(asked(home, monkeypatch)) == 1
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)
