"""The bundled sample: complete, well formed, small, and free of the machine it was recorded on."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter, defaultdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from defusedxml import ElementTree

SAMPLES = Path(__file__).parent.parent / "banana_assets" / "samples"
FILES = sorted(path for path in SAMPLES.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
FIELDS = {
    "log", "pipeline", "job", "branch", "commit", "status", "exit_code", "command",
    "queued_at", "started_at", "finished_at", "junit", "resources", "url", "build_id",
}  # fmt: skip
MACHINE = re.compile(
    # Folders, user and host names of a developer's machine, cloud metadata, and hosts that packages come from.
    rb"(?<![\w./-])/(?:root|work|home|Users|mnt|opt)/|/tmp/|(?<![\w.\'])vm(?![\w.])|root@|localdomain|169\.254\."
    rb"|pypi\.|registry\.|npmjs|crates\.io|deb\.debian|(?:https?://)(?!127\.0\.0\.1)[\w.-]*(?:proxy|mirror|artifact)",
)

# What a log must say to count as a failure of this kind.
KINDS = {
    "failed assertion in Python": r"E\s+(?:assert|AssertionError)",
    "failed assertion in TypeScript": r"AssertionError: expected",
    "failed assertion in Rust": r"assertion .*failed",
    "module missing in Python": r"ModuleNotFoundError: No module named",
    "module missing in TypeScript": r"error TS2307",
    "type error in TypeScript": r"error TS2322",
    "unknown compiler option": r"error TS5025",
    "type error in Rust": r"E0308",
    "borrow error in Rust": r"E0382",
    "compile error in C": r"\.c:\d+:\d+: error:",
    "compile error in Java": r"\.java:\d+: error: cannot find symbol",
    "lint error in Python": r"F401",
    "lint error in TypeScript": r"no-explicit-any",
    "syntax error in Python": r"SyntaxError",
    "time-out": r"timeout: sending signal TERM",
    "out of heap in Java": r"java\.lang\.OutOfMemoryError",
    "out of memory in Python": r"MemoryError",
    "disk full": r"No space left on device",
    "connection refused": r"Failed to connect to 127\.0\.0\.1",
    "permission denied": r"Permission denied",
    "crash": r"Segmentation fault",
    "merge conflict": r"CONFLICT \(content\)",
}


def read(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


@pytest.fixture(scope="module")
def manifest() -> list[dict[str, object]]:
    lines = (SAMPLES / "builds" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def seconds(build: dict[str, object]) -> float:
    started, finished = (datetime.fromisoformat(str(build[name])) for name in ("started_at", "finished_at"))
    return (finished - started).total_seconds()


def text(build: dict[str, object]) -> str:
    raw = (SAMPLES / "builds" / str(build["log"])).read_text(encoding="utf-8")
    return re.sub(r"\x1b\[[0-9;]*m", "", raw)


def test_the_sample_is_small() -> None:
    assert sum(path.stat().st_size for path in FILES) <= 1_500_000


def test_nothing_names_the_machine() -> None:
    found = {str(path.relative_to(SAMPLES)): match for path in FILES if (match := MACHINE.search(read(path)))}
    assert not found


def test_manifest_fields_and_times(manifest: list[dict[str, object]]) -> None:
    assert len(manifest) >= 40
    assert len({build["build_id"] for build in manifest}) == len(manifest)
    assert len({(build["pipeline"], build["job"]) for build in manifest}) >= 5
    for build in manifest:
        assert set(build) <= FIELDS
        times = [datetime.fromisoformat(str(build[name])) for name in ("queued_at", "started_at", "finished_at")]
        assert times == sorted(times)
        assert re.fullmatch(r"[0-9a-f]{40}", str(build["commit"]))


def test_status_agrees_with_the_exit_code(manifest: list[dict[str, object]]) -> None:
    for build in manifest:
        assert build["status"] == ("success" if build["exit_code"] == 0 else "failed")
        assert ("exit code" in text(build) or "exit status" in text(build)) == (build["exit_code"] != 0)
    passed = sum(build["status"] == "success" for build in manifest)
    assert 0.6 < passed / len(manifest) < 0.9


def test_every_file_belongs_to_a_build(manifest: list[dict[str, object]]) -> None:
    named = {str(build[field]) for build in manifest for field in ("log", "junit", "resources") if field in build}
    assert named | {"manifest.jsonl"} == {path.name for path in (SAMPLES / "builds").iterdir()}


def test_reports_agree_with_the_status(manifest: list[dict[str, object]]) -> None:
    reports = [build for build in manifest if "junit" in build]
    assert len(reports) >= 40
    for build in reports:
        root = ElementTree.parse(SAMPLES / "builds" / str(build["junit"])).getroot()
        cases = list(root.iter("testcase"))
        bad = sum(child.tag in {"failure", "error"} for case in cases for child in case)
        # a suite that could not be loaded has failed without a case of its own
        bad += sum(int(suite.get("errors", 0)) for suite in root.iter("testsuite"))
        assert bool(bad) == (build["exit_code"] != 0), build["log"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_build_failed_of(kind: str, manifest: list[dict[str, object]]) -> None:
    assert any(re.search(KINDS[kind], text(build)) for build in manifest if build["status"] == "failed")


def test_a_test_is_flaky(manifest: list[dict[str, object]]) -> None:
    seen: dict[object, set[object]] = defaultdict(set)
    for build in manifest:
        if build["job"] == "test" and build["pipeline"] == "api":
            seen[build["commit"]].add(build["status"])
    assert Counter(len(statuses) for statuses in seen.values())[2] >= 1


def test_a_job_got_slower(manifest: list[dict[str, object]]) -> None:
    runs = [
        seconds(build)
        for build in manifest
        if (build["pipeline"], build["job"], build["status"]) == ("api", "test", "success")
    ]
    assert len(runs) >= 20
    assert min(runs[-8:]) > 1.5 * sorted(runs[:12])[6]


def test_application_logs_are_of_many_kinds() -> None:
    logs = {path.name: read(path) for path in (SAMPLES / "logs").iterdir()}
    assert len(logs) >= 8
    assert 20_000 <= sum(data.count(b"\n") for data in logs.values()) <= 60_000
    together = b"\n".join(logs.values())
    for said in (
        b"deadlock detected",
        b"duplicate key value violates unique constraint",
        b"the database system is shutting down",
        b"connect() failed (111: Connection refused)",
        b"java.lang.NumberFormatException",
        b"Failed password for invalid user",
    ):
        assert said in together, said


def test_structured_log_is_json_lines() -> None:
    (path,) = (SAMPLES / "logs").glob("shop-web.jsonl*")
    rows = [json.loads(line) for line in read(path).splitlines()]
    assert {"INFO", "WARNING", "ERROR"} <= {row["level"] for row in rows}
    moments = [datetime.fromisoformat(row["timestamp"]) for row in rows]
    assert (moments[-1] - moments[0]).total_seconds() > 600


def test_the_incident_shows_in_the_error_rate() -> None:
    (path,) = (SAMPLES / "logs").glob("shop-web.jsonl*")
    errors: Counter[str] = Counter()
    for line in read(path).splitlines():
        row = json.loads(line)
        errors[row["timestamp"][:16]] += row["level"] == "ERROR"
    counts = sorted(errors.values())
    assert counts[-1] > 10 * max(counts[len(counts) // 2], 1)


def test_resource_series_is_regular() -> None:
    rows = list(csv.DictReader(read(SAMPLES / "resources" / "host.csv.gz").decode().splitlines()))
    assert set(rows[0]) == {"ts", "source", "metric", "value"}
    cpu = [datetime.fromisoformat(row["ts"]) for row in rows if row["metric"] == "cpu_percent"]
    assert len(cpu) > 300
    steps = Counter(round((after - before).total_seconds()) for before, after in pairwise(cpu))
    assert steps.most_common(1)[0][0] == 5
    assert all(float(row["value"]) >= 0 for row in rows)


def test_the_queue_was_served_in_order_by_one_worker() -> None:
    rows = list(csv.DictReader((SAMPLES / "tasks" / "encoder.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) > 300
    assert {row["status"] for row in rows} == {"completed"}
    assert Counter(row["kind"] for row in rows).keys() == {"probe", "loudness", "waveform", "encode_mp3", "encode_opus"}
    times = [[datetime.fromisoformat(row[n]) for n in ("queued_at", "started_at", "finished_at")] for row in rows]
    assert all(queued <= started <= finished for queued, started, finished in times)
    assert all(before[2] <= after[1] for before, after in pairwise(times))
    assert [int(row["task_id"]) for row in rows] == list(range(1, len(rows) + 1))
