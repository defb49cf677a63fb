from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from banana_assets.backends.labels import branch_and_commit, job_name, pipeline_name
from banana_assets.backends.sampling import TreeReader, whole_run
from banana_assets.backends.scratch import is_orphan, owned_name, scratch_folder, sweep
from banana_assets.core.errors import StoreError


@pytest.mark.parametrize(
    ("command", "job"),
    [
        (["pytest", "-q", "tests"], "pytest"),
        (["/usr/bin/make", "test"], "make test"),
        (["python", "-m", "pytest", "tests/a.py"], "python -m pytest"),
        (["npm", "run", "test:unit", "--", "--ci"], "npm run test:unit"),
        (["./build.sh"], "build.sh"),
        (["cargo", "test", "a", "b", "c", "d"], "cargo test a b"),
        (["sh", "-c", "exit 1"], "sh"),
    ],
)
def test_a_job_is_called_by_what_does_not_change(command: list[str], job: str) -> None:
    assert job_name(command) == job


def test_outside_of_a_repository_the_ci_system_is_asked(tmp_path: Path) -> None:
    environ = {"GITHUB_REF_NAME": "main", "GITHUB_SHA": "abc"}
    assert branch_and_commit(tmp_path, environ) == ("main", "abc")
    assert branch_and_commit(tmp_path, {}) == (None, None)
    assert pipeline_name(tmp_path) == tmp_path.name


def test_a_process_tree_is_read_until_it_ends() -> None:
    process = subprocess.Popen([sys.executable, "-c", "x = bytearray(30 << 20); import time; time.sleep(60)"])
    try:
        reader = TreeReader(process.pid)
        until = time.monotonic() + 20
        memory = 0.0
        while memory < 30 << 20 and time.monotonic() < until:
            time.sleep(0.05)
            memory = (reader.read() or {}).get("memory_used_bytes", 0.0)
        assert memory > 30 << 20
        readings = reader.read()
        assert readings is not None
        assert all(value >= 0 for value in readings.values())
        assert readings["cpu_percent"] <= 100
    finally:
        process.kill()
    time.sleep(0.1)
    # It has ended, though nobody has waited for it yet.
    assert reader.read() is None
    process.wait()
    assert reader.read() is None


def test_a_whole_run_is_read_from_what_the_system_counted() -> None:
    readings = whole_run(2.0, 1.0, 1000)
    assert readings["memory_used_bytes"] == 1000
    assert 0 < readings["cpu_percent"] <= 50


def test_scratch_folders_go_away_and_orphans_are_swept(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as folder:
        (folder / "x").write_text("x")
        assert sweep(tmp_path / "tmp") == 0
    assert list((tmp_path / "tmp").iterdir()) == []
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = tmp_path / "tmp" / f"{owned_name().partition('~')[0]}~{gone.pid}~x"
    left.mkdir()
    assert is_orphan(left)
    assert sweep(tmp_path / "tmp") == 1
    other = tmp_path / "tmp" / f"elsewhere~{os.getpid()}~x"
    other.mkdir()
    assert not is_orphan(other)
    os.utime(other, (1, 1))
    assert is_orphan(other)


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="temporary"), scratch_folder(tmp_path / "file"):
        pass
