"""``banana bottlenecks``, ``banana recommend`` and ``banana analyze-system-performance``, in this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from banana_assets.backends import focusing
from banana_assets.backends.ingest import ingest_builds
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.advice.bottlenecks import bottlenecks
from banana_assets.core.advice.observed import Observed
from banana_assets.core.advice.standing import recommendations
from banana_assets.core.models.types import Answer, Request
from banana_assets.core.tables import (
    BOTTLENECKS,
    BUILD_FAILURES,
    BUILDS,
    LOG_PATTERNS,
    OPTIMIZATION_RECOMMENDATIONS,
)
from tests.commands import Run
from tests.core.metrics.frames import at, builds, failures

ROWS = [
    {"duration_seconds": (60.0 if k < 40 else 130.0) + k % 3, "status": "failed" if k % 6 == 1 else "success",
     "finished_at": at(k)}
    for k in range(70)
]  # fmt: skip
SEEN = Observed(
    builds=builds(ROWS), failures=failures([{"build_id": f"b{k:03d}", "failed_at": at(k)} for k in range(1, 70, 6)])
)


@pytest.fixture
def filled(home: Path, banana: Run) -> Run:
    """The same on a home with a slow job and a failure that comes again."""
    settings = load_from(home)
    with open_store(settings):
        tables = Tables(settings.tables_root)
    stuck = bottlenecks(SEEN)
    for table, frame in (
        (BUILDS, SEEN.builds),
        (BUILD_FAILURES, SEEN.failures),
        (BOTTLENECKS, stuck),
        (OPTIMIZATION_RECOMMENDATIONS, recommendations(stuck, SEEN)),
    ):
        tables.replace(table, frame)
    return banana


def listed(run: Run, *words: str) -> list[dict[str, Any]]:
    status, out, _ = run(*words, "--format", "jsonl")
    assert status == 0
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("words", [["bottlenecks"], ["recommend"], ["recommend", "dismiss", "abcd"]])
def test_without_tables_they_say_what_to_run(banana: Run, home: Path, words: list[str]) -> None:
    assert banana(*words)[0] == 2
    with open_store(load_from(home)):
        pass
    status, out, err = banana(*words)
    assert (status, out) == (2, "")
    assert "banana materialize" in err


def test_bottlenecks_are_listed_with_evidence(filled: Run) -> None:
    (found,) = listed(filled, "bottlenecks")
    assert (found["kind"], found["subject"]) == ("slow_step", "ci / test")
    assert found["evidence"][0]["key"].startswith("b0")
    assert filled("bottlenecks")[1].splitlines()[0].split() == ["severity", "kind", "since", "description", "look_at"]
    assert listed(filled, "bottlenecks", "--kind", "queue") == []
    assert "none is like that" in filled("bottlenecks", "--kind", "queue")[2]


def test_recommendations_are_listed_by_impact_and_filtered(filled: Run) -> None:
    rows = listed(filled, "recommend")
    assert [r["recommendation_type"] for r in rows] == ["performance", "reliability"]
    assert rows[0]["impact_score"] >= rows[1]["impact_score"] > 0
    assert len(listed(filled, "recommend", "--type", "reliability")) == 1
    assert listed(filled, "recommend", "--min-impact", "9.9") == []
    assert len(listed(filled, "recommend", "--limit", "1")) == 1
    assert filled("recommend", "--min-impact", "11")[0] == 2


def test_decisions_are_kept_and_their_effect_is_measured_at_once(filled: Run) -> None:
    first, second = listed(filled, "recommend")
    ident = first["recommendation_id"]
    status, out, _ = filled("recommend", "implemented", ident[:6], "--at", "2026-03-04T04:00", "--note", "cached")
    assert status == 0
    assert "cached" in out
    assert filled("recommend", "dismiss", second["recommendation_id"])[0] == 0
    assert listed(filled, "recommend") == []
    assert "2 of another status left out" in filled("recommend")[2]
    (done,) = listed(filled, "recommend", "--status", "implemented")
    assert (done["note"], done["status"]) == ("cached", "implemented")
    assert done["effect"]["n_after"] > 0
    assert done["effect"]["verdict"] in ("worse", "no_clear_change")
    shown = filled("recommend", "show", ident)[1]
    assert "evidence 1" in shown
    assert "share of its time that its former level would save" in shown
    assert "share of ci / test in all waiting and running time" in " ".join(shown.split())
    assert done["effect"]["statement"][:30] in shown
    assert filled("recommend", "reopen", ident)[0] == 0
    assert [r["recommendation_id"] for r in listed(filled, "recommend")] == [ident]


def test_implemented_said_again_keeps_the_first_moment(filled: Run) -> None:
    ident = listed(filled, "recommend")[0]["recommendation_id"]

    def moment() -> tuple[str, str]:
        (done,) = listed(filled, "recommend", "--status", "implemented")
        return done["implemented_at"], done["note"]

    assert filled("recommend", "implemented", ident, "--at", "2026-03-04T04:00", "--note", "cached")[0] == 0
    first = moment()
    status, out, err = filled("recommend", "implemented", ident)
    assert status == 0
    assert "2026-03-04" in out
    assert "2026-03-04 04:00 UTC, which stays" in err
    assert moment() == first
    assert "stays" not in filled("recommend", "implemented", ident, "--at", "2026-03-04T05:00")[2]
    assert moment()[0] > first[0]


def test_the_effect_names_its_verdict_once(filled: Run) -> None:
    ident = listed(filled, "recommend")[0]["recommendation_id"]
    assert filled("recommend", "implemented", ident, "--at", "2026-03-04T21:00")[0] == 0
    (done,) = listed(filled, "recommend", "--status", "implemented")
    assert done["effect"]["verdict"] == "too_early"
    shown = " ".join(filled("recommend", "show", ident)[1].split())
    assert shown.count("too early") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dismiss", "nothing"], "There is no recommendation nothing"),
        (["implemented", "{id}", "--at", "2999-01-01"], "in the future"),
        (["implemented", "{id}", "--at", "soon"], "no day and no duration"),
    ],
)
def test_what_makes_no_sense_is_refused(filled: Run, words: list[str], said: str) -> None:
    ident = listed(filled, "recommend")[0]["recommendation_id"]
    status, out, err = filled("recommend", *(w.format(id=ident) for w in words))
    assert (status, out) == (2, "")
    assert said in err


ANALYZE = "analyze-system-performance"


def recorded(folder: Path, home: Path, job: str = "test") -> None:
    """Thirty builds in the store, of which nothing is computed yet; the last ten take twice as long."""
    folder.mkdir()
    rows = []
    for k in range(30):
        seconds = 60 + k % 3 + (60 if k >= 20 else 0)
        (folder / f"b{k}.log").write_text("##[group]Run make\nok\n")
        ended = at(k).timestamp() + seconds
        rows.append(
            {"build_id": f"b{k}", "pipeline": "ci", "job": job, "status": "success", "log": f"b{k}.log",
             "started_at": at(k).isoformat(), "finished_at": at(0).fromtimestamp(ended, at(0).tzinfo).isoformat()}
        )  # fmt: skip
    (folder / "manifest.jsonl").write_text("\n".join(json.dumps(r) for r in rows))
    with open_store(load_from(home)) as store:
        assert ingest_builds(store, [folder]).new == 30


def test_the_report_is_made_from_the_store_before_anything_is_computed(banana: Run, home: Path, tmp_path: Path) -> None:
    recorded(tmp_path / "builds", home)
    status, out, err = banana(ANALYZE, "--days", "2", "-r", "-f", "json")
    assert status == 0
    assert "30 builds came in since the tables were computed" in err
    report = json.loads(out)
    assert {"analysis_timestamp", "time_range_hours", "analysis_duration_ms", "system_health", "patterns",
            "recommendations", "metrics", "bottlenecks"} <= set(report)  # fmt: skip
    assert report["time_range_hours"] == 48
    assert {"total_plans", "average_optimization_score"} <= set(report["metrics"])
    assert report["metrics"]["average_optimization_score"] is None
    assert report["metrics"]["average_optimization_score_missing"] == "no plan was made"
    assert [b["kind"] for b in report["bottlenecks"]] == ["slow_step"]
    assert report["recommendations"][0]["evidence"]
    assert report["builds"][0]["builds"] == 30
    assert {m["what"] for m in report["missing"]} >= {"test results", "application logs", "resource readings"}


def test_the_span_is_that_of_the_settings_unless_told(banana: Run, home: Path, tmp_path: Path) -> None:
    recorded(tmp_path / "builds", home)
    (home / "config.toml").write_text("log_analysis_window_hours = 48\n")
    spans = [
        json.loads(banana(ANALYZE, *words, "-f", "json")[1])["time_range_hours"] for words in ((), ("--hours", "3"))
    ]
    assert spans == [48, 3]


def test_every_flag_changes_the_report(banana: Run, home: Path, tmp_path: Path) -> None:
    recorded(tmp_path / "builds", home)

    def told(*words: str) -> dict[str, Any]:
        status, out, _ = banana(ANALYZE, *words, "-f", "json")
        assert status == 0
        return dict(json.loads(out))

    assert told()["time_range_hours"] == 24
    assert told("--days", "7", "--hours", "3")["time_range_hours"] == 3
    assert told("--hours", "3")["builds"][0]["builds"] < told()["builds"][0]["builds"]
    assert told()["recommendations"] is None
    assert told("-r")["recommendations"] != []
    assert "system_health" not in told("-b")
    assert told("--min-severity", "critical")["bottlenecks"] == []
    assert told("-b")["bottlenecks"] != []


class Choosing:
    """A model that would look at the second pattern first, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def generate(self, request: Request, *, complexity: float, use_model: str) -> Answer:
        self.asked.append(request)
        return Answer({"first": [2]}, "ollama", use_model, 10, 5, 0.0, 0.1)


@pytest.fixture
def logs(banana: Run, home: Path) -> Run:
    """The same on a home with two patterns of an application's log."""
    with open_store(load_from(home)):
        pass
    same = {"template": "x", "severity_number": 17, "first_arrived": at(3), "last_seen": at(3), "last_arrived": at(3),
            "frequency": 3, "state": "open", "sources": ["shop"], "is_new": False, "rarity": 0.0, "regressed": False,
            "files": 1, "shapes": [], "rules_version": "1", "examples": [], "formerly": []}  # fmt: skip
    rows = [
        same | {"pattern_id": "p1", "severity": "high", "named_template": "no room for order <number>"},
        same | {"pattern_id": "p2", "severity": "medium", "named_template": "the cache is cold"},
    ]
    Tables(load_from(home).tables_root).replace(LOG_PATTERNS, pl.DataFrame(rows))
    return banana


def test_a_model_that_is_named_chooses_what_to_look_at_first(logs: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Choosing()
    monkeypatch.setattr(focusing, "open_models", lambda settings, engine: model)
    told = json.loads(logs(ANALYZE, "-f", "json", "-m", "small")[1])
    assert told["focus"] == {"patterns": ["p2"], "model": "ollama/small", "notes": []}
    assert "no room for order" in model.asked[0].data
    text = logs(ANALYZE, "-m", "small")[1]
    assert "Looked at first: the choice of the language model ollama/small\n  - medium: the cache is cold" in text
    plain = json.loads(logs(ANALYZE, "-f", "json")[1])
    assert "focus" not in plain
    assert plain["patterns"] == told["patterns"]
    assert len(model.asked) == 2


def test_a_model_that_is_not_set_up_is_told(logs: Run) -> None:
    status, out, err = logs(ANALYZE, "-m", "any")
    assert (status, out) == (2, "")
    assert "any is not set up" in err
    assert "Looked at first" not in logs(ANALYZE, "-m", "none")[1]


def test_a_model_has_nothing_to_choose_where_patterns_are_left_out(logs: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(focusing, "open_models", lambda settings, engine: Choosing())
    assert "no model was asked" in logs(ANALYZE, "-b", "-m", "small")[2]


def test_the_report_as_text_markdown_and_file(banana: Run, home: Path, tmp_path: Path) -> None:
    recorded(tmp_path / "builds", home)
    text = banana(ANALYZE)[1]
    assert text.startswith("System performance, 2026-03-02")
    assert "Not in the data" in text
    assert max(map(len, text.splitlines())) <= 100
    markdown = banana(ANALYZE, "-r", "--format", "markdown")[1]
    assert markdown.startswith("# System performance")
    assert "| pipeline | builds |" in markdown
    for name, begins in (("r.md", "# System"), ("r.txt", "System"), ("r.json", "{"), ("r", "{")):
        status, out, err = banana(ANALYZE, "-o", str(tmp_path / name))
        assert (status, out) == (0, "")
        assert "wrote" in err
        assert (tmp_path / name).read_text().startswith(begins)


def test_the_report_as_lines_with_figures_that_are_rounded(banana: Run, home: Path, tmp_path: Path) -> None:
    recorded(tmp_path / "builds", home)
    status, out, _ = banana(ANALYZE, "--days", "2", "-f", "jsonl")
    assert status == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines[0]["part"] == "report"
    assert lines[0]["time_range_hours"] == 48
    assert {"builds", "bottlenecks", "system_health", "metrics", "missing"} <= {line["part"] for line in lines}
    (row,) = (line for line in lines if line["part"] == "builds")
    assert all(value == round(value, 6) for value in row.values() if isinstance(value, float))


def test_an_empty_store_and_a_wrong_span_are_told(banana: Run, home: Path, tmp_path: Path) -> None:
    assert "There is no store" in banana(ANALYZE)[2]
    with open_store(load_from(home)):
        pass
    status, out, _ = banana(ANALYZE)
    assert status == 0
    assert out.startswith("System performance: no data")
    assert "banana ingest builds PATH" in out
    for words in (["--hours", "0"], ["--days", "-1"], ["--hours", "nan"], ["-o", str(tmp_path / "no" / "r.md")]):
        status, out, err = banana(ANALYZE, *words)
        assert (status, out) == (2, ""), words
        assert err


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "markdown"])
def test_secrets_are_masked_in_every_form(banana: Run, home: Path, tmp_path: Path, form: str) -> None:
    secret = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
    recorded(tmp_path / "builds", home, job=f"deploy {secret}")
    _, out, err = banana(ANALYZE, "--days", "2", "-r", "--format", form)
    assert "/ deploy " in out
    assert secret not in out + err


def test_tables_of_builds_that_the_store_has_not_end_without_a_traceback(filled: Run) -> None:
    # As where the address of the records is another one since.
    status, out, _ = filled("analyze", "-r", "--format", "json")
    assert status == 0
    assert json.loads(out)["builds"] == []
