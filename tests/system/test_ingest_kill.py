"""kill -9 in the middle of ingesting, then the same command again: nothing lost, nothing double."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

import polars as pl
import pytest

from banana_assets.backends.settings import Settings
from banana_assets.backends.store import Store, open_store
from tests.system.processes import Run, Start

FILES, LINES = 260, 120


def _stored(home: Path) -> Store:
    return open_store(Settings(home=home))


def _write_logs(folder: Path) -> int:
    """Logs that differ from each other; returns their lines."""
    folder.mkdir()
    for number in range(FILES):
        lines = (f"2026-03-01 10:00:00 INFO [w{number}] order {i} of shop {number} taken\n" for i in range(LINES))
        (folder / f"{number}.log").write_text("".join(lines))
    return FILES * LINES


def _parts(home: Path) -> list[Path]:
    return [p for p in home.rglob("*") if p.is_file() and ("~" in str(p) or p.suffix == ".part")]


def _kill_when(process: subprocess.Popen[str], ready: float) -> None:
    """Kill it that many seconds after it began to write, or as soon as it ends."""
    until = time.monotonic() + ready
    while time.monotonic() < until and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("seed", [1, 2])
def test_many_files(home: Path, tmp_path: Path, run: Run, start: Start, seed: int) -> None:
    total = _write_logs(tmp_path / "logs")
    delays = random.Random(seed)
    killed = 0
    for _ in range(4):
        process = start("ingest", "logs", str(tmp_path / "logs"), "--source", "shop")
        while process.poll() is None and not (home / "banana.sqlite").exists():
            time.sleep(0.005)
        _kill_when(process, delays.uniform(0.0, 0.6))
        killed += process.returncode == -signal.SIGKILL
    done = run("ingest", "logs", str(tmp_path / "logs"), "--source", "shop")
    assert (done.returncode, killed > 0) == (0, True), done.stderr
    with _stored(home) as store:
        files = store.log_files()
        assert files.height == files["path"].n_unique() == FILES
        assert files["lines"].sum() == total
        stored = sorted(store.open_log(i).read() for i in files["file_id"])
    assert stored == sorted(p.read_bytes() for p in (tmp_path / "logs").iterdir())
    assert _parts(home) == []
    assert run("ingest", "logs", str(tmp_path / "logs"), "--source", "shop").stdout.startswith("new            0\n")


def test_one_big_file(home: Path, tmp_path: Path, run: Run, start: Start) -> None:
    noise = random.Random(3)
    path = tmp_path / "big.log"
    with path.open("w") as file:
        for i in range(400_000):
            file.write(f"2026-03-01 10:00:00 INFO order {i} token {noise.getrandbits(128):032x}\n")
    process = start("ingest", "logs", str(path))
    # Killed while its blob is half written.
    while process.poll() is None and not list((home / "blobs" / "tmp").glob("*.part")):
        time.sleep(0.002)
    _kill_when(process, 0.02)
    assert process.returncode == -signal.SIGKILL
    assert len(_parts(home)) >= 1
    with _stored(home) as store:
        assert store.log_files().is_empty()
    done = run("ingest", "logs", str(path))
    assert done.returncode == 0, done.stderr
    with _stored(home) as store:
        assert store.log_files().select("lines", "bytes").rows() == [(400_000, path.stat().st_size)]
        assert store.open_log(1).read() == path.read_bytes()
    assert _parts(home) == []


def test_builds(home: Path, tmp_path: Path, run: Run, start: Start) -> None:
    for number in range(150):
        log = tmp_path / "ci" / "shop" / f"unit-{number}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"run {number}\n" * 200 + f"##[error]Process completed with exit code {number % 3}.\n")
        log.with_suffix(".xml").write_text(f'<testsuite name="s"><testcase name="t{number}"/></testsuite>')
    delays = random.Random(5)
    for _ in range(3):
        process = start("ingest", "builds", str(tmp_path / "ci"))
        while process.poll() is None and not (home / "banana.sqlite").exists():
            time.sleep(0.005)
        _kill_when(process, delays.uniform(0.1, 0.8))
    assert run("ingest", "builds", str(tmp_path / "ci")).returncode == 0
    with _stored(home) as store:
        builds, tests = store.builds(), store.test_results()
        assert builds.height == builds["path"].n_unique() == 150
        assert tests.join(builds, on="build_id", how="semi").height == tests.height == 150
        assert store.builds_cursor() == 150
        assert pl.Series([len(store.open_build_log(b).read()) for b in builds["build_id"]]).min() > 0
