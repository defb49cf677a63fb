from __future__ import annotations

import io
import json
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from banana_assets.backends.ingest import Report, ingest_builds
from banana_assets.backends.ingest.builds import Told
from banana_assets.backends.store import Store
from banana_assets.core.tables.raw import BUILDS, RESOURCE_SAMPLES, TEST_RESULTS
from tests.backends.conftest import Opener

GREEN = "collected 2 items\n\n2 passed in 0.10s\n##[section]Finishing\nDone. Your build exited with 0.\n"
RED = (
    "collected 2 items\nFAILED tests/test_a.py::test_b - AssertionError\n1 failed, 1 passed in 0.10s\n"
    "##[error]Process completed with exit code 1.\n"
)
JUNIT = """<testsuite name="shop"><testcase classname="a.T" name="one" time="0.5"/>
<testcase classname="a.T" name="two"><failure message="no">boom</failure></testcase></testsuite>"""


def _write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def _messages(report: Report) -> list[str]:
    return [item.message for item in report.items if item.outcome == "failed"]


def _rows(store: Store, *columns: str) -> list[tuple[object, ...]]:
    return store.builds().select(columns).rows()


def test_a_folder_without_manifest(any_store: Store, tmp_path: Path) -> None:
    for number, text in ((1, GREEN), (2, RED), (3, GREEN)):
        _write(tmp_path / "shop" / f"unit-{number}.log", text)
    report = ingest_builds(any_store, [tmp_path])
    assert (report.new, report.status) == (3, 0)
    assert _rows(any_store, "pipeline", "job", "status") == [
        ("shop", "unit", "success"), ("shop", "unit", "failed"), ("shop", "unit", "success"),
    ]  # fmt: skip
    before = any_store.builds()
    assert ingest_builds(any_store, [tmp_path, tmp_path / "shop", tmp_path / "shop" / "unit-2.log"]).known == 7
    assert any_store.builds().equals(before)
    assert BUILDS.violations(before) == {}
    with any_store.open_build_log(before["build_id"][1]) as stream:
        assert stream.read().decode() == RED
    assert any_store.builds_cursor() == 3
    assert any_store.builds(after=2)["build_id"].to_list() == before["build_id"].to_list()[2:]


def test_a_manifest_says_what_the_builds_are(any_store: Store, tmp_path: Path) -> None:
    _write(tmp_path / "logs" / "a.log", RED)
    _write(tmp_path / "logs" / "other.log", RED)
    _write(tmp_path / "junit" / "a1.xml", JUNIT)
    _write(tmp_path / "junit" / "a2.xml", JUNIT.replace('"shop"', '"till"'))
    _write(
        tmp_path / "usage.csv",
        "ts,metric,value\n2026-05-01T12:00:01Z,cpu_percent,50\n2026-05-01T12:00:02Z,cpu_percent,60\n",
    )
    manifest = [
        {
            "build_id": "run-1", "log": "logs/a.log", "pipeline": "shop", "job": "unit", "branch": "main",
            "commit": "abc1234", "status": "failure", "exit_code": 1, "command": "pytest",
            "queued_at": "2026-05-01T11:59:00Z", "started_at": "2026-05-01T12:00:00Z",
            "finished_at": "2026-05-01T12:01:30Z", "junit": "junit/*.xml", "resources": "usage.csv",
        },
        {"pipeline": "shop", "job": "lint", "status": "queued", "queued_at": "2026-05-01T11:59:00Z"},
    ]  # fmt: skip
    _write(tmp_path / "manifest.json", json.dumps(manifest))
    report = ingest_builds(any_store, [tmp_path])
    assert (report.new, report.count("aside"), report.failed) == (2, 1, 0)
    row = any_store.builds().filter(pl.col("build_id") == "run-1").row(0, named=True)
    assert row["duration_seconds"] == 90.0
    assert row["started_at"] == datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert (row["status"], row["exit_code"], row["log_lines"], row["commit_sha"]) == ("failed", 1, 4, "abc1234")
    tests = any_store.test_results()
    assert tests.select("suite", "name", "status").rows() == [
        ("shop", "one", "passed"), ("shop", "two", "failed"), ("till", "one", "passed"), ("till", "two", "failed"),
    ]  # fmt: skip
    assert any_store.test_results(row["arrival_day"]).equals(tests)
    assert TEST_RESULTS.violations(tests) == {}
    series = any_store.resource_series()
    samples = any_store.read_samples(series["series_id"][0])
    assert samples["value"].to_list() == [50.0, 60.0]
    assert samples["build_id"].unique().to_list() == ["run-1"]
    assert RESOURCE_SAMPLES.violations(samples) == {}
    assert ingest_builds(any_store, [tmp_path / "manifest.json"]).known == 2


def test_other_facts_of_a_known_build_replace_it(any_store: Store, tmp_path: Path) -> None:
    entry = {
        "build_id": "run-1",
        "pipeline": "shop",
        "job": "unit",
        "status": "running",
        "started_at": "2026-05-01T12:00:00Z",
    }
    path = _write(tmp_path / "manifest.json", json.dumps([entry, {"build_id": "run-2", "status": "success"}]))
    ingest_builds(any_store, [path])
    cursor, before = any_store.builds_cursor(), any_store.builds()
    _write(tmp_path / "run-1.log", RED)
    _write(tmp_path / "run-1.xml", JUNIT)
    entry |= {"status": "failed", "finished_at": "2026-05-01T12:02:00Z", "log": "run-1.log", "junit": "run-1.xml"}
    _write(path, json.dumps([entry, {"build_id": "run-2", "status": "success"}]))
    report = ingest_builds(any_store, [path])
    assert sorted(item.outcome for item in report.items) == ["changed", "known"]
    changed = any_store.builds(after=cursor)
    assert changed.select("build_id", "status", "duration_seconds").rows() == [("run-1", "failed", 120.0)]
    assert changed["arrived_at"][0] == before.filter(pl.col("build_id") == "run-1")["arrived_at"][0]
    assert any_store.test_results().height == 2
    assert any_store.builds().height == 2


def test_reports_beside_a_log(store: Store, tmp_path: Path) -> None:
    _write(tmp_path / "one" / "build.log", RED)
    _write(tmp_path / "one" / "TEST-anything.xml", JUNIT)
    _write(tmp_path / "two" / "unit-1.log", RED)
    _write(tmp_path / "two" / "unit-1.xml", JUNIT)
    _write(tmp_path / "two" / "unit-2.log", RED)
    _write(tmp_path / "two" / "TEST-unit-2.xml", JUNIT)
    _write(tmp_path / "two" / "lint-2.log", GREEN)
    _write(tmp_path / "three" / "build.log", RED)
    _write(tmp_path / "three" / "test-results" / "deep" / "x.xml", JUNIT)
    report = ingest_builds(store, [tmp_path])
    assert (report.new, report.failed) == (5, 0)
    counts = store.test_results().group_by("build_id").len()
    names = (
        store.builds().join(counts, on="build_id", how="left").select("pipeline", "job", "len").sort("pipeline", "job")
    )
    assert names.rows() == [
        ("one", "build", 2), ("three", "build", 2), ("two", "lint", None), ("two", "unit", 2), ("two", "unit", 2),
    ]  # fmt: skip


def test_a_report_that_cannot_be_read_is_said_and_left_out(store: Store, tmp_path: Path) -> None:
    _write(tmp_path / "shop" / "build.log", RED)
    bomb = '<!DOCTYPE b [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><testsuite name="&b;"/>'
    _write(tmp_path / "shop" / "junit.xml", bomb)
    report = ingest_builds(store, [tmp_path])
    assert (report.new, report.failed, report.status) == (1, 1, 1)
    assert "junit.xml" in _messages(report)[0]
    assert store.test_results().is_empty()


def test_a_manifest_is_strict_about_its_files(store: Store, tmp_path: Path) -> None:
    outside = _write(tmp_path / "secret.log", "secret\n")
    folder = tmp_path / "in"
    _write(folder / "good.log", GREEN)
    _write(folder / "bad.xml", "<html/>")
    (folder / "link.log").symlink_to(outside)
    rows = [
        {"log": "good.log"}, {"log": "absent.log"}, {"log": "../secret.log"}, {"log": str(outside)},
        {"log": "link.log"},
        {"log": "good.log", "job": "x", "junit": "bad.xml"}, {"log": "good.log", "job": "y", "junit": "none*.xml"},
        {"log": "good.log", "job": "z", "resources": "good.log"},
    ]  # fmt: skip
    _write(folder / "manifest.json", json.dumps(rows))
    report = ingest_builds(store, [folder])
    assert (report.new, report.failed, report.status) == (1, 7, 1)
    said = "\n".join(_messages(report))
    for part in ("'absent.log', which does not exist", "'../secret.log', which is outside", "bad.xml", "'none*.xml'"):
        assert part in said
    assert said.count("outside") == 3


def test_a_wrong_manifest_takes_nothing_of_its_folder(store: Store, tmp_path: Path) -> None:
    _write(tmp_path / "in" / "a.log", GREEN)
    _write(tmp_path / "in" / "manifest.yaml", "- log: a.log\n  colour: red\n")
    report = ingest_builds(store, [tmp_path / "in"])
    assert (report.new, report.status) == (0, 2)
    assert "unknown field 'colour'" in _messages(report)[0]
    assert "manifest.yaml, build 1" in _messages(report)[0]
    assert store.builds().is_empty()


def _actions(path: Path, files: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


STAMPED = "2026-05-01T12:00:00.0000000Z ##[group]Run make\n2026-05-01T12:00:09.5000000Z ok\n"


def test_an_archive_of_github_actions(any_store: Store, tmp_path: Path) -> None:
    path = _actions(
        tmp_path / "shop" / "logs_123.zip",
        {
            "0_test (3.11).txt": STAMPED,
            "1_lint.txt": STAMPED + "2026-05-01T12:00:10.0000000Z ##[error]Process completed with exit code 2.\n",
            "test (3.11)/1_Set up job.txt": "2026-05-01T12:00:00.0000000Z setup\n",
            "test (3.11)/2_Run.txt": STAMPED,
            "test (3.11)/system.txt": "system\n",
            "deploy/10_last.txt": "2026-05-01T12:00:02.0000000Z last\n",
            "deploy/2_first.txt": "2026-05-01T12:00:01.0000000Z first\n",
        },
    )
    assert ingest_builds(any_store, [path]).new == 3
    rows = (
        any_store.builds()
        .sort("job")
        .select("pipeline", "job", "status", "exit_code", "origin", "duration_seconds")
        .rows()
    )
    assert rows == [
        ("shop", "deploy", "success", None, "archive", 1.0),
        ("shop", "lint", "failed", 2, "archive", 10.0),
        ("shop", "test (3.11)", "success", None, "archive", 9.5),
    ]
    deploy = any_store.builds().filter(pl.col("job") == "deploy")["build_id"][0]
    assert any_store.open_build_log(deploy).read().split()[1::2] == [b"first", b"last"]
    assert ingest_builds(any_store, [tmp_path]).known == 3


def test_a_tar_of_logs_with_reports(store: Store, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "runs.tar.gz", "w:gz") as archive:
        for name, text in (("shop/unit-1.log", RED), ("shop/unit-1.xml", JUNIT), ("shop/unit-2.log", GREEN)):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    assert ingest_builds(store, [tmp_path / "runs.tar.gz"]).new == 2
    assert _rows(store, "pipeline", "job", "status") == [("shop", "unit", "failed"), ("shop", "unit", "success")]
    assert store.test_results().height == 2


def test_what_is_told_fills_what_nothing_says(store: Store, tmp_path: Path) -> None:
    path = _write(tmp_path / "x" / "a.log", GREEN)
    ingest_builds(store, [path], told=Told(pipeline="shop", job="unit", branch="main", commit="abc"))
    assert _rows(store, "pipeline", "job", "branch", "commit_sha") == [("shop", "unit", "main", "abc")]


def test_the_same_log_of_two_runs_is_two_builds(store: Store, tmp_path: Path) -> None:
    _write(tmp_path / "shop" / "unit-1.log", GREEN)
    _write(tmp_path / "shop" / "unit-2.log", GREEN)
    assert ingest_builds(store, [tmp_path]).new == 2
    assert store.builds()["log_sha256"].n_unique() == 1


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.log", b"", ""),
        ("a.log", b"\x7fELF" + b"\0\1" * 500, "ELF"),
        ("a.xml", b"<testsuite/>", "test report without a log"),
        ("a.zip", b"no zip at all", "no readable archive"),
        ("a.tar.gz", b"no tar at all", "no readable archive"),
    ],
)
def test_what_is_no_build_is_refused(store: Store, tmp_path: Path, name: str, data: bytes, said: str) -> None:
    report = ingest_builds(store, [_write(tmp_path / "in" / name, data)])
    assert report.status == 2
    assert store.builds().is_empty()
    assert all(said in message and name in message for message in _messages(report))


def test_an_empty_folder_is_said(store: Store, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    report = ingest_builds(store, [tmp_path / "in"])
    assert report.status == 2
    assert "no files" in _messages(report)[0]


def test_a_log_beyond_the_limit_is_refused(new_store: Opener, tmp_path: Path) -> None:
    store = new_store(max_log_bytes=1000)
    report = ingest_builds(store, [_write(tmp_path / "in" / "a.log", b"a line\n" * 1000)])
    assert "1,000 bytes" in _messages(report)[0]
    assert store.builds().is_empty()


@pytest.mark.parametrize(
    ("place", "text", "status"),
    [
        ("shop/failed/12.log", "nothing telling\n", "failed"),
        ("shop/passed/12.log", "nothing telling\n", "success"),
        ("shop/passed/12.log", RED, "failed"),
        ("shop/failed/12.log", GREEN, "success"),
        ("shop/12.log", "nothing telling\n", "success"),
    ],
)
def test_a_folder_decides_where_the_log_does_not(
    store: Store, tmp_path: Path, place: str, text: str, status: str
) -> None:
    ingest_builds(store, [_write(tmp_path / place, text)])
    assert _rows(store, "pipeline", "status") == [("shop", status)]


def test_failed_tests_decide_where_the_log_does_not(store: Store, tmp_path: Path) -> None:
    _write(tmp_path / "shop" / "unit-1.log", "nothing telling\n")
    _write(tmp_path / "shop" / "unit-1.xml", JUNIT)
    ingest_builds(store, [tmp_path / "shop"])
    assert _rows(store, "status") == [("failed",)]


@pytest.mark.parametrize(("code", "status"), [(0, "success"), (3, "failed"), (-9, "failed")])
def test_an_exit_status_decides(store: Store, tmp_path: Path, code: int, status: str) -> None:
    _write(tmp_path / "a.log", RED if code == 0 else GREEN)
    _write(tmp_path / "manifest.json", json.dumps([{"log": "a.log", "exit_code": code}]))
    ingest_builds(store, [tmp_path / "manifest.json"])
    assert _rows(store, "status", "exit_code") == [(status, code)]


def test_of_a_very_long_log_its_end_decides(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from banana_assets.backends.ingest import endings

    monkeypatch.setattr(endings, "HEAD_LINES", 5)
    monkeypatch.setattr(endings, "TAIL_BYTES", 2000)
    ingest_builds(store, [_write(tmp_path / "shop" / "a.log", "".join(f"line {i}\n" for i in range(5000)) + RED)])
    assert _rows(store, "status", "log_lines") == [("failed", 5004)]


def test_a_file_that_is_named_itself_is_taken_as_its_manifest_says(store: Store, tmp_path: Path) -> None:
    log = _write(tmp_path / "in" / "logs" / "a.log", RED)
    report = _write(tmp_path / "in" / "junit" / "a.xml", JUNIT)
    _write(
        tmp_path / "in" / "manifest.json", json.dumps([{"build_id": "x", "log": "logs/a.log", "junit": "junit/*.xml"}])
    )
    assert [item.outcome for item in ingest_builds(store, [log]).items] == ["new"]
    assert ingest_builds(store, [tmp_path / "in", report, log, tmp_path / "in" / "manifest.json"]).known == 4
    assert _rows(store, "build_id") == [("x",)]
    assert store.test_results().height == 2


def test_named_files_and_their_folder_are_the_same_builds(store: Store, tmp_path: Path) -> None:
    _write(tmp_path / "in" / "one" / "unit-1.log", RED)
    _write(tmp_path / "in" / "two" / "unit-1.log", RED + "more\n")
    ingest_builds(store, [tmp_path / "in"])
    # The reports come later, as files of their own.
    reports = [
        _write(tmp_path / "in" / "one" / "junit.xml", JUNIT),
        _write(tmp_path / "in" / "two" / "test-results" / "x.xml", JUNIT),
    ]
    assert ingest_builds(store, reports).count("changed") == 2
    assert store.test_results().height == 4
    files = [p for p in (tmp_path / "in").rglob("*") if p.is_file()]
    assert [i.outcome for i in ingest_builds(store, [*files, tmp_path / "in"]).items] == ["known"] * 6


def test_a_named_log_under_a_wrong_manifest_is_not_guessed(store: Store, tmp_path: Path) -> None:
    log = _write(tmp_path / "in" / "a.log", GREEN)
    _write(tmp_path / "in" / "manifest.json", "[{]")
    report = ingest_builds(store, [log])
    assert report.status == 2
    assert "manifest.json" in _messages(report)[0]


def test_a_manifest_of_another_program_does_not_matter_to_a_named_log(store: Store, tmp_path: Path) -> None:
    log = _write(tmp_path / "app" / "logs" / "a.log", GREEN)
    _write(tmp_path / "app" / "manifest.json", '{"name": "shop", "short_name": "s", "icons": []}')
    assert ingest_builds(store, [log]).new == 1


SARIF = """{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "ruff"}}, "results": [{"ruleId": "F401",
"level": "error", "message": {"text": "unused import"}, "locations": [{"physicalLocation":
{"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 3, "startColumn": 1}}}]}]}]}"""


def test_reports_of_analysers_beside_the_log_or_in_the_manifest(any_store: Store, tmp_path: Path) -> None:
    _write(tmp_path / "beside" / "lint.log", RED)
    _write(tmp_path / "beside" / "ruff.sarif", SARIF)
    _write(tmp_path / "listed" / "a.log", RED)
    _write(tmp_path / "listed" / "out" / "b.json", "{}")
    _write(tmp_path / "listed" / "out" / "a.sarif.json", SARIF)
    manifest = _write(
        tmp_path / "listed" / "manifest.json",
        json.dumps([{"build_id": "l", "log": "a.log", "sarif": "out/*.sarif.json"}]),
    )
    assert ingest_builds(any_store, [tmp_path]).new == 2
    ids = any_store.builds()["build_id"].to_list()
    for build_id in ids:
        (problem,) = any_store.problems_of(build_id)
        assert (problem.tool, problem.code, problem.file, problem.line, problem.column) == (
            "ruff",
            "F401",
            "a.py",
            3,
            1,
        )
        assert (problem.severity, problem.message) == ("error", "unused import")
    assert ingest_builds(any_store, [tmp_path]).known == 2
    _write(tmp_path / "listed" / "out" / "a.sarif.json", SARIF.replace("F401", "F402"))
    assert [item.outcome for item in ingest_builds(any_store, [manifest]).items] == ["changed"]
    assert [p.code for p in any_store.problems_of("l")] == ["F402"]


def test_a_damaged_report_of_an_analyser_is_said(any_store: Store, tmp_path: Path) -> None:
    _write(tmp_path / "lint.log", RED)
    _write(tmp_path / "lint.sarif", SARIF[:-9])
    report = ingest_builds(any_store, [tmp_path])
    assert report.new == 1
    assert "no JSON" in _messages(report)[0]
