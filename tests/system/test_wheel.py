"""An installed wheel is whole: commands, migrations, samples and definitions work away from the sources."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(PROJECT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    target = folder / "site"
    done = subprocess.run(
        [*pip, "install", "--no-deps", "--target", str(target), str(wheel)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return target


def run(installed: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(installed), "BANANA_HOME": str(cwd / "home")}
    environment |= {"DAGSTER_HOME": str(cwd)}
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_the_definitions_load_from_the_wheel_elsewhere(installed: Path, tmp_path: Path) -> None:
    where = run(installed, tmp_path, "-c", "import banana_assets, jobs; print(banana_assets.__file__, jobs.__file__)")
    assert where.stdout.count(str(installed)) == 2
    done = run(installed, tmp_path, "-m", "dagster", "definitions", "validate", "-m", "banana_assets.definitions")
    assert done.returncode == 0, done.stderr


def test_a_store_is_made_and_migrated_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("2026-03-01 00:00:00 INFO started\n")
    done = run(installed, tmp_path, "-m", "banana_assets.interfaces.cli.main", "ingest", "logs", str(log))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "home" / "banana.sqlite").exists()


def test_the_samples_are_in_the_wheel(installed: Path) -> None:
    assert (installed / "banana_assets" / "samples" / "builds" / "manifest.jsonl").exists()
