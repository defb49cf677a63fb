from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import polars as pl
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banana_assets.backends.ingest import Report, ingest_logs
from banana_assets.backends.lines import read_lines
from banana_assets.backends.store import Store
from banana_assets.core.tables.raw import LOG_FILES
from tests.backends.conftest import Opener


def _lines(first: int, last: int) -> str:
    return "".join(
        f"2026-01-01 00:00:{i % 60:02d} INFO order {i} taken in {i * 7 % 300} ms\n" for i in range(first, last)
    )


def _write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def _outcomes(report: Report) -> list[str]:
    return [item.outcome for item in report.items]


def _whole(store: Store, source: str) -> bytes:
    """Everything stored of a source, in order of arrival."""
    ids = store.log_files().filter(pl.col("source") == source)["file_id"].to_list()
    return b"".join(store.open_log(i).read() for i in ids)


def test_a_log_comes_in_once(any_store: Store, tmp_path: Path) -> None:
    path = _write(tmp_path / "shop.log", _lines(0, 100))
    assert _outcomes(ingest_logs(any_store, [path])) == ["new"]
    before = any_store.log_files()
    assert _outcomes(ingest_logs(any_store, [path, path])) == ["known"]
    assert any_store.log_files().equals(before)
    row = before.row(0, named=True)
    assert (row["source"], row["lines"], row["first_line"], row["bytes"]) == ("shop", 100, 1, path.stat().st_size)
    assert any_store.open_log(row["file_id"]).read() == path.read_bytes()
    assert LOG_FILES.violations(before) == {}
    assert any_store.arrival_days("log_files") == [row["arrival_day"]]
    assert any_store.log_files(row["arrival_day"]).equals(before)


def test_a_log_that_grew_brings_in_its_tail(any_store: Store, tmp_path: Path) -> None:
    path = _write(tmp_path / "shop.log", _lines(0, 100))
    ingest_logs(any_store, [path])
    _write(path, _lines(0, 130))
    assert _outcomes(ingest_logs(any_store, [path])) == ["grown"]
    _write(path, _lines(0, 145))
    assert _outcomes(ingest_logs(any_store, [path])) == ["grown"]
    assert any_store.log_files().select("first_line", "lines").rows() == [(1, 100), (101, 30), (131, 15)]
    assert _whole(any_store, "shop") == path.read_bytes()
    # Every earlier state of it, copied and compressed, is known.
    for lines in (100, 130, 145, 120):
        copy = _write(tmp_path / f"shop.log.{lines}.gz", gzip.compress(_lines(0, lines).encode()))
        assert _outcomes(ingest_logs(any_store, [copy])) == ["known"], lines


def test_a_growing_log_and_its_rotated_copies_in_one_go(store: Store, tmp_path: Path) -> None:
    _write(tmp_path / "a" / "shop.log", _lines(0, 140))
    _write(tmp_path / "a" / "shop.log.1", _lines(0, 100))
    _write(tmp_path / "a" / "shop.log.2", _lines(0, 140))
    assert sorted(_outcomes(ingest_logs(store, [tmp_path / "a"]))) == ["known", "known", "new"]
    _write(tmp_path / "b" / "shop-a.log", _lines(500, 600))
    _write(tmp_path / "b" / "shop-b.log", _lines(500, 640))
    report = ingest_logs(store, [tmp_path / "b"], source="shop")
    assert _outcomes(report) == ["new", "grown"]
    assert _whole(store, "shop") == (_lines(0, 140) + _lines(500, 640)).encode()


def test_a_tail_may_begin_within_a_line(store: Store, tmp_path: Path) -> None:
    path = _write(tmp_path / "shop.log", "one\ntwo\nthr")
    ingest_logs(store, [path])
    _write(path, "one\ntwo\nthree\nfour\n")
    ingest_logs(store, [path])
    assert store.log_files().select("first_line", "lines").rows() == [(1, 3), (3, 2)]
    assert _whole(store, "shop") == path.read_bytes()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=6), salt=st.integers(0, 10**9))
def test_however_a_log_grows_all_of_it_is_stored_once(
    new_store: Opener, tmp_path: Path, sizes: list[int], salt: int
) -> None:
    store = new_store()
    whole = (f"{salt}\n" + _lines(0, 80)).encode()
    source = f"s{salt}-{'-'.join(map(str, sizes))}"
    for size in sizes:
        ingest_logs(store, [_write(tmp_path / "grow.log", whole[:size])], source=source)
    rows = store.log_files().filter(pl.col("source") == source)
    stored = _whole(store, source)
    # Copies under a kilobyte of what is known longer are not recognised; what is longer always is.
    if sizes == sorted(sizes) or min(sizes) >= 1024:
        assert stored == whole[: max(sizes)]
        line = 1
        for row in rows.iter_rows(named=True):
            assert row["first_line"] == line
            line += store.open_log(row["file_id"]).read().count(b"\n")
    store.close()


def test_other_sources_are_other_logs(store: Store, tmp_path: Path) -> None:
    path = _write(tmp_path / "shop.log", _lines(0, 10))
    assert _outcomes(ingest_logs(store, [path])) == ["new"]
    assert _outcomes(ingest_logs(store, [path], source="copy")) == ["new"]
    assert store.log_files()["sha256"].n_unique() == 1


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_compressed_logs_are_stored_plain(store: Store, tmp_path: Path, ending: str) -> None:
    data = _lines(0, 50).encode()
    packed = gzip.compress(data) if ending == ".gz" else zstandard.compress(data)
    ingest_logs(store, [_write(tmp_path / f"shop.log{ending}", packed)])
    assert _whole(store, "shop") == data


def test_folders_are_searched_for_logs(store: Store, tmp_path: Path) -> None:
    for name in ("b/shop.log", "a/till.txt", "a/deep/syslog", ".git/x.log", "table.csv", "LICENSE"):
        _write(tmp_path / "in" / name, f"{name} says something\n")
    report = ingest_logs(store, [tmp_path / "in"])
    assert sorted(store.log_files()["source"]) == ["shop", "syslog", "till"]
    assert report.count("aside") == 2
    assert report.status == 0


def test_globs_are_expanded(store: Store, tmp_path: Path) -> None:
    for name in ("a.log", "b.log", "sub/c.log"):
        _write(tmp_path / name, f"{name}\n")
    assert ingest_logs(store, [f"{tmp_path}/*.log"]).new == 2
    assert ingest_logs(store, [f"{tmp_path}/**/*.log"]).new == 1


def test_archives_are_taken_wholly(store: Store, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "logs.tar.gz", "w:gz") as archive:
        archive.add(_write(tmp_path / "x" / "shop.log", _lines(0, 20)), "x/shop.log")
        archive.add(_write(tmp_path / "x" / "till.log.gz", gzip.compress(b"ring\n")), "x/till.log.gz")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as more:
        more.writestr("bad.log", b"\x00\x01\x02\x03" * 500)
        more.writestr("good.log", "fine\n")
    report = ingest_logs(store, [tmp_path / "logs.tar.gz", tmp_path / "more.zip"])
    assert (report.new, report.failed, report.status) == (2, 1, 1)
    assert sorted(store.log_files()["source"]) == ["shop", "till"]
    assert _whole(store, "till") == b"ring\n"
    assert ingest_logs(store, [tmp_path / "logs.tar.gz"]).known == 2


def test_pipes_are_read_once(store: Store, tmp_path: Path) -> None:
    read, write = os.pipe()
    os.write(write, b"from a pipe\n")
    os.close(write)
    report = ingest_logs(store, [f"/dev/fd/{read}"], source="pipe")
    os.close(read)
    assert report.new == 1
    assert _whole(store, "pipe") == b"from a pipe\n"


def test_dirty_lines_are_kept_and_counted(store: Store, tmp_path: Path) -> None:
    dirty = b"plain\n" * 50 + b"caf\xe9\nnul\x00here\n" + b"x" * 70_000 + b"\n" + "ünï\n".encode()
    report = ingest_logs(store, [_write(tmp_path / "dirty.log", dirty)])
    row = store.log_files().row(0, named=True)
    assert [row[n] for n in ("lines", "invalid_utf8_lines", "nul_lines", "long_lines")] == [54, 1, 1, 1]
    assert vars(report.oddities) == {
        "lines": 54, "bytes": len(dirty), "invalid_utf8_lines": 1, "nul_lines": 1, "long_lines": 1,
    }  # fmt: skip
    assert _whole(store, "dirty") == dirty
    with store.open_log(row["file_id"]) as stream:
        assert pl.concat(read_lines(stream))["text"][50] == "caf\ufffd"


BAD = {
    "empty": (b"", "empty"),
    "program": (b"\x7fELF\x02\x01\x01" + b"\0" * 900, "failed"),
    "image": (b"\x89PNG\r\n\x1a\n" + os.urandom(5000), "failed"),
    "noise": (os.urandom(50_000), "failed"),
    "utf16": ("\ufeff" + _lines(0, 20)).encode("utf-16-le"),
    "cut gzip": (gzip.compress(os.urandom(20_000))[:-4000], "failed"),
    "damaged gzip": (gzip.compress(_lines(0, 999).encode())[:200] + b"\xff" * 50, "failed"),
    "cut zstd": (zstandard.compress(os.urandom(20_000))[:-4000], "failed"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_log_is_refused_in_one_sentence(store: Store, tmp_path: Path, name: str) -> None:
    told = BAD[name]
    data, outcome = told if isinstance(told, tuple) else (told, "failed")
    path = _write(tmp_path / "bad.log", data)
    report = ingest_logs(store, [path])
    assert _outcomes(report) == [outcome]
    assert report.status == 2
    if outcome == "failed":
        assert str(path) in report.items[0].message
        assert "\n" not in report.items[0].message
    assert store.log_files().is_empty()
    # The others go in.
    report = ingest_logs(store, [tmp_path / "bad.log", _write(tmp_path / "good.log", "good\n")])
    assert report.new == 1
    assert report.status == (1 if outcome == "failed" else 0)


def test_limits_hold_for_plain_and_packed_logs(new_store: Opener, tmp_path: Path) -> None:
    store = new_store(max_log_bytes=20_000, max_archive_ratio=50)
    plain = _write(tmp_path / "plain.log", b"a line\n" * 5000)
    packed = _write(tmp_path / "packed.log.gz", gzip.compress(b"a line\n" * 5000))
    for path in (plain, packed):
        report = ingest_logs(store, [path])
        assert report.status == 2
        assert "20,000 bytes" in report.items[0].message
    bomb = _write(tmp_path / "bomb.log.gz", gzip.compress(b"0" * (24 << 20)))
    report = ingest_logs(new_store(max_archive_ratio=50), [bomb])
    assert report.status == 2
    assert "50 times" in report.items[0].message
    assert store.log_files().is_empty()


def test_paths_that_lead_nowhere_are_named(store: Store, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    report = ingest_logs(store, [tmp_path / "absent.log", f"{tmp_path}/*.none"])
    assert [str(tmp_path) in item.message for item in report.items] == [True, True]
    assert report.status == 2


def test_leading_nul_bytes_of_a_truncated_log_are_no_binary(store: Store, tmp_path: Path) -> None:
    data = b"\0" * 30_000 + _lines(0, 50).encode()
    assert ingest_logs(store, [_write(tmp_path / "holes.log", data)]).new == 1
    assert store.log_files()["nul_lines"].to_list() == [1]


def test_other_eight_bit_encodings_are_text(store: Store, tmp_path: Path) -> None:
    data = "ошибка соединения с базой\n".encode("cp1251") * 40
    assert ingest_logs(store, [_write(tmp_path / "old.log", data)]).new == 1
    assert store.log_files()["invalid_utf8_lines"].to_list() == [40]


def test_file_names_that_are_no_text(store: Store, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.log"
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(b"line\n")
    assert ingest_logs(store, [tmp_path]).new == 1
    assert ingest_logs(store, [tmp_path]).known == 1
    assert store.log_files()["source"].to_list() == ["caf\ufffd"]


def test_a_log_that_changes_while_it_is_read(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from banana_assets.backends.ingest import logs
    from banana_assets.backends.ingest.content import Content

    states = [b"first state\n", b"other state\n"]
    content = Content("live.log", lambda: io.BytesIO(states.pop(0) if len(states) > 1 else states[0]))
    monkeypatch.setattr(logs, "from_path", lambda *_: content)
    monkeypatch.setattr(logs, "check_text", lambda _: None)
    report = ingest_logs(store, [_write(tmp_path / "live.log", "x")])
    assert "changed while it was read" in report.items[0].message
    assert store.log_files().is_empty()
