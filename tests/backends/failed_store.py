"""A store with failed builds, diagnosed and clustered, for tests of what comes after."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import polars as pl

from banana_assets.backends import derive
from banana_assets.backends.ingest.builds import ingest_builds
from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.core.builds.clusters import failure_clusters
from banana_assets.core.tables import BUILD_FAILURES, BUILDS, FAILURE_CLUSTERS
from tests.core.metrics.frames import at

GREEN = "##[group]Run pytest\ncollected 2 items\n2 passed in 0.12s\n"


def red(name: str = "total", said: str = "assert 4 == 5") -> str:
    """The log of a failing test."""
    lines = [
        "##[group]Run pytest",
        "collected 2 items",
        "",
        "=================== FAILURES ===================",
        f"___________________ test_{name} ___________________",
        "",
        f"    def test_{name}():",
        f">       {said}",
        f"E       {said}",
        "",
        "tests/test_pay.py:41: AssertionError",
        "=========== short test summary info ===========",
        f"FAILED tests/test_pay.py::test_{name} - {said}",
        "1 failed, 1 passed in 0.31s",
        "##[error]Process completed with exit code 1.",
    ]
    return "\n".join(lines) + "\n"


def take_in(store: Store, folder: Path, builds: Sequence[tuple[str, str, float]], job: str = "test") -> None:
    """Ingest builds: id, log (that of a green build where it is empty) and the hour at which each ended."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for build_id, log, hour in builds:
        (folder / f"{build_id}.log").write_text(f"Build {build_id}\n{log or GREEN}")
        status = "failed" if log else "success"
        rows.append(
            {"build_id": build_id, "pipeline": "ci", "job": job, "status": status, "log": f"{build_id}.log",
             "branch": "main", "commit": sha256(build_id.encode()).hexdigest()[:40],
             "started_at": at(hour - 0.1).isoformat(), "finished_at": at(hour).isoformat()}
        )  # fmt: skip
    (folder / "manifest.jsonl").write_text("\n".join(json.dumps(r) for r in rows))
    assert ingest_builds(store, [folder]).new == len(builds)


def diagnose(store: Store, lake: Tables) -> None:
    """Compute the tables that planning reads from the records."""
    builds, known = store.builds(), lake.read(BUILD_FAILURES)
    chosen = derive.undiagnosed(builds, known)["build_id"].to_list()
    rows = pl.concat([known, *derive.build_failures(store, builds, chosen, 2000)])
    lake.replace(BUILDS, builds)
    lake.replace(BUILD_FAILURES, rows)
    lake.replace(FAILURE_CLUSTERS, failure_clusters(rows, builds, lake.read(FAILURE_CLUSTERS)))
