"""``banana health`` as people type it: scores, reasons, baselines, and what it says when there is nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Run


@pytest.fixture
def filled(banana: Run, tmp_path: Path) -> Run:
    """The same on a home with 24 builds of two pipelines."""
    folder = tmp_path / "ci"
    folder.mkdir()
    builds = [
        {
            "pipeline": "shop" if k % 2 else "api",
            "job": "test",
            "branch": "main",
            "commit": f"c{k // 4}",
            "status": "failed" if k % 6 == 1 else "success",
            "started_at": f"2026-05-01T{k:02d}:00:00Z",
            "finished_at": f"2026-05-01T{k:02d}:{5 + k % 3:02d}:00Z",
        }
        for k in range(24)
    ]
    (folder / "manifest.json").write_text(json.dumps(builds))
    assert banana("ingest", "builds", str(folder))[0] == 0
    return banana


def test_without_a_store_it_says_what_to_run(banana: Run, home: Path) -> None:
    status, out, err = banana("health")
    assert (status, out) == (2, "")
    assert "banana ingest" in err
    assert not home.exists()


def test_people_see_score_reasons_and_success(filled: Run) -> None:
    status, out, err = filled("health")
    assert status == 0
    assert out.startswith("Health of all pipelines: ")
    assert "4 of the last 12 builds failed" in out
    assert "not measured yet" in out
    assert "banana materialize" in err


def test_the_whole_adds_up_in_json(filled: Run) -> None:
    status, out, _ = filled("health", "--format", "json")
    told = json.loads(out)
    assert status == 0
    assert [p["pipeline"] for p in told["pipelines"]] == ["", "api", "shop"]
    for row in told["pipelines"]:
        assert row["score"] == pytest.approx(100 - sum(d["points"] for d in row["deductions"]))
    assert told["system_health"]["score"] == told["pipelines"][0]["score"]
    assert len(told["success_metrics"]) == 6
    _, lines, _ = filled("health", "--format", "jsonl")
    assert [json.loads(line)["kind"] for line in lines.splitlines()] == ["pipeline"] * 3 + ["success_metric"] * 6


def test_one_pipeline_and_a_span(filled: Run) -> None:
    _, out, _ = filled("health", "--pipeline", "api", "--since", "6h", "--format", "json")
    (row,) = json.loads(out)["pipelines"]
    assert (row["pipeline"], row["builds"]) == ("api", 3)
    status, out, err = filled("health", "--pipeline", "nope")
    assert (status, out) == (2, "")
    assert "There are api, shop." in err
    status, _, err = filled("health", "--since", "soon")
    assert status == 2


def test_a_score_below_the_mark_is_a_finding(filled: Run) -> None:
    assert filled("health", "--fail-under", "99")[0] == 1
    assert filled("health", "--fail-under", "10")[0] == 0


def test_baselines_are_set_measured_and_forgotten(filled: Run) -> None:
    def time() -> dict[str, object]:
        found = json.loads(filled("health", "--format", "json")[1])["success_metrics"]
        return {m["name"]: m for m in found}["completion_time"]

    assert time()["ratio"] is None
    assert filled("health", "--set-baseline", "completion_time=720")[0] == 0
    assert (time()["ratio"], time()["met"]) == (0.5, True)
    assert filled("health", "--set-baseline", "completion_time=2026-05-01..2026-05-01")[0] == 0
    assert (time()["ratio"], time()["met"]) == (1.0, False)
    assert filled("health", "--clear-baseline", "completion_time")[0] == 0
    assert time()["baseline"] is None


@pytest.mark.parametrize(
    "told",
    ["plan_success=1", "completion_time", "completion_time=0", "completion_time=nan", "completion_time=x..y",
     "completion_time=2026-05-02..2026-05-01", "completion_time=2020-01-01..2020-01-02"],
)  # fmt: skip
def test_a_baseline_that_cannot_be_is_refused(filled: Run, told: str) -> None:
    status, out, err = filled("health", "--set-baseline", told)
    assert (status, out) == (2, "")
    assert err.startswith("banana health: ")
