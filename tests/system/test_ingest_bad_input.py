"""Bad input ends in one clear sentence that names the file and the remedy, exit status 2, and nothing half stored."""

from __future__ import annotations

import gzip
import os
import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from banana_assets.backends.settings import Settings
from banana_assets.backends.store import open_store
from tests.system.processes import BANANA, Run, environment


def _refused(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    assert done.returncode == 2, (done.stdout, done.stderr)
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("banana ingest: ")
    assert lines[0].endswith(".")
    for part in parts:
        assert part in lines[0]


def _is_empty(home: Path) -> bool:
    with open_store(Settings(home=home)) as store:
        rows = store.log_files().height + store.builds().height + store.resource_series().height
    left = [p for p in (home / "blobs").rglob("*") if p.is_file()] + list((home / "tmp").glob("*"))
    return rows == 0 and left == []


def test_files_that_are_no_logs(home: Path, tmp_path: Path, run: Run) -> None:
    program = tmp_path / "program.log"
    shutil.copy(sys.executable, program)
    cut = tmp_path / "cut.log.gz"
    cut.write_bytes(gzip.compress(os.urandom(100_000))[:50_000])
    for path, sign in ((program, "ELF"), (cut, "cut short"), (tmp_path / "absent.log", "does not exist")):
        _refused(run("ingest", "logs", str(path)), str(path), sign)
    assert _is_empty(home)


def test_a_zip_bomb(home: Path, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("0_build.txt", b"0" * (64 << 20))
    _refused(run("ingest", "builds", str(path)), str(path), "bomb")
    _refused(run("ingest", "logs", str(path)), str(path), "bomb")
    assert _is_empty(home)


def test_an_archive_that_leads_outside(home: Path, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "logs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.log", "good\n")
        archive.writestr("../../evil.log", "evil\n")
    _refused(run("ingest", "builds", str(path)), str(path), "evil.log")
    assert _is_empty(home)
    assert not list(tmp_path.rglob("evil.log"))


def test_an_xml_bomb(home: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "a.log").write_text("ok\n")
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "lol"}">' for i in range(10))
    (tmp_path / "bomb.xml").write_text(f"<!DOCTYPE b [{entities}]><testsuite name='&e9;'/>")
    (tmp_path / "manifest.json").write_text('[{"log": "a.log", "junit": "bomb.xml"}]')
    _refused(run("ingest", "builds", str(tmp_path / "manifest.json")), "bomb.xml", "DTD")
    assert _is_empty(home)


def test_a_manifest_with_unknown_fields(home: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.log").write_text("ok\n")
    (tmp_path / "in" / "manifest.yaml").write_text("- log: a.log\n  colour: red\n")
    _refused(run("ingest", "builds", str(tmp_path / "in")), "manifest.yaml", "'colour'")
    assert _is_empty(home)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission(tmp_path: Path, run: Run) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    _refused(run("ingest", "logs", str(tmp_path / "closed")), "closed", "permission")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_without_permission_for_somebody_else(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path\n"
        "from banana_assets.backends.ingest.paths import expand\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "print([str(f) for f in expand([Path(p) for p in sys.argv[1:]])])"
    )
    base = Path("/tmp") / f"banana-closed-{os.getpid()}"
    closed = base / "closed"
    closed.mkdir(parents=True)
    (closed / "a.log").write_text("secret\n")
    closed.chmod(0)
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, str(base), str(closed / "a.log")],
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        shutil.rmtree(base)
    assert f"The folder {closed} may not be read." in done.stdout
    assert f"{closed / 'a.log'} may not be read." in done.stdout


def test_a_line_of_72_megabytes_is_kept(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_bytes(b"before\n" + b"x" * (72 << 20) + b"\nafter\n")

    def little_memory() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (700 << 20, 700 << 20))

    done = subprocess.run(
        [*BANANA, "ingest", "logs", str(path)], env=environment(home), capture_output=True, text=True, check=False,
        preexec_fn=little_memory,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ["lines", "over", "64", "KiB", "1"] in [line.split() for line in done.stdout.splitlines()]
    with open_store(Settings(home=home)) as store:
        assert store.log_files().select("lines", "long_lines", "bytes").rows() == [(3, 1, path.stat().st_size)]


def test_one_bad_file_of_many(home: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "in").mkdir()
    for name in "abc":
        (tmp_path / "in" / f"{name}.log").write_text(f"{name}\n")
    shutil.copy(sys.executable, tmp_path / "in" / "b.log")
    done = run("ingest", "logs", str(tmp_path / "in"))
    assert done.returncode == 1
    assert "b.log" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    with open_store(Settings(home=home)) as store:
        assert store.log_files()["source"].to_list() == ["a", "c"]


def _one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


def test_a_limit_on_file_sizes_stands_for_a_full_disk(home: Path, tmp_path: Path, run: Run) -> None:
    assert run("ingest", "logs", "/dev/null").returncode == 2
    path = tmp_path / "big.log"
    path.write_bytes(os.urandom(6 << 20).hex().encode() + b"\n")

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    done = subprocess.run(
        [*BANANA, "ingest", "logs", str(path)], env=environment(home), capture_output=True, text=True, check=False,
        preexec_fn=small_files,
    )  # fmt: skip
    assert "Free some room" in _one_sentence(done)
    assert _is_empty(home)
    assert run("ingest", "logs", str(path)).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("kind", ["one big file", "many small files"])
def test_a_full_disk(small_disk: Path, tmp_path: Path, kind: str) -> None:
    home = small_disk / "home"
    (tmp_path / "in").mkdir()
    if kind == "one big file":
        (tmp_path / "in" / "big.log").write_bytes(os.urandom(8 << 20).hex().encode() + b"\n")
    else:
        for number in range(200):
            (tmp_path / "in" / f"{number}.log").write_bytes(os.urandom(30_000).hex().encode() + b"\n")
    words = [*BANANA, "ingest", "logs", str(tmp_path / "in"), "--source", "shop"]
    done = subprocess.run(words, env=environment(home), capture_output=True, text=True, check=False)
    assert "room" in _one_sentence(done)
    # With more room the same command brings in all of it.
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    with open_store(Settings(home=home)) as store:
        assert all(len(store.open_log(i).read()) > 0 for i in store.log_files()["file_id"])
    done = subprocess.run(words, env=environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with open_store(Settings(home=home)) as store:
        stored = sorted(store.open_log(i).read() for i in store.log_files()["file_id"])
    assert stored == sorted(p.read_bytes() for p in (tmp_path / "in").iterdir())
