"""Several processes ingesting the same things at once."""

from __future__ import annotations

from pathlib import Path

from banana_assets.backends.settings import Settings
from banana_assets.backends.store import open_store
from tests.system.processes import Start


def test_the_same_folder(home: Path, tmp_path: Path, start: Start) -> None:
    (tmp_path / "logs").mkdir()
    for number in range(80):
        lines = (f"2026-03-01 10:00:00 INFO order {i} of shop {number} taken\n" for i in range(100))
        (tmp_path / "logs" / f"{number}.log").write_text("".join(lines))
    processes = [start("ingest", "logs", str(tmp_path / "logs"), "--source", "shop") for _ in range(4)]
    said = [p.communicate(timeout=240) for p in processes]
    assert [p.returncode for p in processes] == [0] * 4, said
    with open_store(Settings(home=home)) as store:
        files = store.log_files()
        assert files.height == files["path"].n_unique() == 80
        assert files["lines"].sum() == 8000


def test_a_growing_log_seen_at_different_lengths(home: Path, tmp_path: Path, start: Start) -> None:
    whole = "".join(f"2026-03-01 10:00:00 INFO order {i}\n" for i in range(30_000))
    copies = []
    for number, share in enumerate((4, 3, 2, 1)):
        copy = tmp_path / str(number) / "shop.log"
        copy.parent.mkdir()
        copy.write_text(whole[: len(whole) // share])
        copies.append(copy)
    processes = [start("ingest", "logs", str(copy)) for copy in copies]
    said = [p.communicate(timeout=240) for p in processes]
    assert [p.returncode for p in processes] == [0] * 4, said
    with open_store(Settings(home=home)) as store:
        stored = b"".join(store.open_log(i).read() for i in store.log_files().sort("first_line")["file_id"])
    assert stored.decode() == whole


def test_the_same_builds(home: Path, tmp_path: Path, start: Start) -> None:
    folder = tmp_path / "ci" / "shop"
    folder.mkdir(parents=True)
    for number in range(40):
        (folder / f"unit-{number}.log").write_text(f"run {number}\n##[error]Process completed with exit code 1.\n")
        (folder / f"unit-{number}.xml").write_text('<testsuite name="s"><testcase name="t"/></testsuite>')
    processes = [start("ingest", "builds", str(tmp_path / "ci")) for _ in range(3)]
    said = [p.communicate(timeout=240) for p in processes]
    assert [p.returncode for p in processes] == [0] * 3, said
    with open_store(Settings(home=home)) as store:
        assert (store.builds().height, store.test_results().height, store.builds_cursor()) == (40, 40, 40)
