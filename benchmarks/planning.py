"""What it costs to plan an answer to failed builds without a model, as a ratio to explaining the same builds.

    .venv/bin/python -m benchmarks.planning [BUILDS]

Takes in so many failed builds (100 unless told), each a failure of its own, with logs of some 400 lines; computes the
tables; plans. Prints CPU seconds of explaining (the reference: it reads the same logs), of planning, and their ratio.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from banana_assets.backends import derive
from banana_assets.backends.ingest.builds import ingest_builds
from banana_assets.backends.planning import plan_failures
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import Store, open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.builds.clusters import failure_clusters
from banana_assets.core.tables import BUILD_FAILURES, BUILDS, FAILURE_CLUSTERS

START = datetime(2026, 3, 2, tzinfo=UTC)
FAILURES = (
    "E   ModuleNotFoundError: No module named '{0}'",
    "src/{0}.c:{1}: error: '{0}' undeclared (first use in this function)",
    "src/{0}.ts({1},5): error TS2322: Type 'string' is not assignable to type 'number'.",
    "FAILED tests/test_{0}.py::test_{0}_{1} - assert {1} == {2}",
    "/srv/{0}/out: No space left on device",
    "curl: (6) Could not resolve host: {0}.example.test",
    "npm ERR! code ERESOLVE could not resolve {0}@{1}",
)


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder, open_store(load_from(Path(folder) / "home")) as store:
        lake = Tables(str(Path(folder) / "tables"))
        _take_in(store, Path(folder) / "builds", count)
        began = time.process_time()
        builds = store.builds()
        ids = derive.undiagnosed(builds, BUILD_FAILURES.empty())["build_id"].to_list()
        rows = pl.concat(derive.build_failures(store, builds, ids, 2000))
        explained = time.process_time() - began
        lake.replace(BUILDS, builds)
        lake.replace(BUILD_FAILURES, rows)
        lake.replace(FAILURE_CLUSTERS, failure_clusters(rows, builds))
        began, wall = time.process_time(), time.monotonic()
        report = plan_failures(store, lake, run_id="benchmark", most=count)
        planned, took = time.process_time() - began, time.monotonic() - wall
    made = sum(plan.status != "abstained" for plan in report.made)
    sys.stdout.write(
        f"{report.failures} failed builds, {len(report.made)} distinct, {made} plans\n"
        f"explained in {explained:.2f} CPU-s\nplanned in {planned:.2f} CPU-s ({took:.2f} s)\n"
        f"ratio {planned / explained:.2f}\n"
    )


def _take_in(store: Store, folder: Path, count: int) -> None:
    folder.mkdir()
    chance = random.Random(1)
    rows = []
    for k in range(count):
        noise = [f"step {n}: compiled module_{chance.randrange(10**6)} in {chance.random():.3f} s" for n in range(400)]
        name = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=9))
        said = FAILURES[k % len(FAILURES)].format(name, chance.randrange(2, 900), chance.randrange(900, 999))
        log = ["##[group]Run make", *noise, said, "##[error]Process completed with exit code 1."]
        (folder / f"b{k}.log").write_text("\n".join(log) + "\n")
        at = START + timedelta(minutes=k)
        rows.append(
            {"build_id": f"b{k}", "pipeline": "ci", "job": f"job{k % 5}", "status": "failed", "log": f"b{k}.log",
             "started_at": at.isoformat(), "finished_at": (at + timedelta(seconds=50)).isoformat()}
        )  # fmt: skip
    (folder / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)))
    ingest_builds(store, [folder])


if __name__ == "__main__":
    main()
