"""``banana generate-optimized-plan``: every flag does what it says, and the answer has the keys that clients know."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.settings import load, load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.interfaces.cli.main import main
from tests.backends.failed_store import diagnose, red, take_in

NAME = "generate-optimized-plan"
GOAL = "make test_total of ci green"
KEYS = {"success", "plan", "optimization_score", "resource_efficiency", "model_used", "context_used", "error"}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def banana(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command on a store with a failing test."""
    settings = load_from(home)
    with open_store(settings) as store:
        take_in(store, tmp_path / "builds", [("g", "", 1), ("r1", red(), 2), ("r2", red(), 3)])
        diagnose(store, Tables(settings.tables_root))

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        load.cache_clear()
        with pytest.raises(SystemExit) as left:
            main([NAME, *words])
        out = capsys.readouterr()
        return int(str(left.value.code)), out.out, out.err

    return run


def stored(home: Path) -> int:
    with open_store(load_from(home)) as store:
        return PlanRecords(store.engine).plans().height


def test_the_answer_has_the_keys_that_clients_know(banana: Run, tmp_path: Path, home: Path) -> None:
    file = tmp_path / "plan.json"
    status, out, err = banana("-g", GOAL, "-c", "it began on Monday", "-o", str(file))
    assert (status, out) == (0, "")
    assert "wrote" in err
    told = json.loads(file.read_text())
    assert set(told) == {"goal", "generated_at", "generation_time_ms", "result"}
    result = told["result"]
    assert set(result) == KEYS
    assert (told["goal"], result["success"], result["error"], result["model_used"]) == (GOAL, True, None, "none")
    assert set(result["context_used"]) == {"logPatternsCount", "templatesCount", "metricsCount"}
    plan = result["plan"]
    assert {"approach", "subtasks", "optimization_notes", "risk_assessment", "estimated_total_duration",
            "resource_requirements"} <= set(plan)  # fmt: skip
    first = plan["subtasks"][0]
    assert {"type", "description", "estimated_duration", "resource_requirements", "dependencies", "priority"} <= set(
        first
    )
    assert isinstance(first["resource_requirements"], str)
    assert any("assert 4 == 5" in c["quote"] for s in plan["subtasks"] for c in s["citations"])
    assert 0 < result["optimization_score"] <= 1
    assert stored(home) == 1


def test_flags_change_the_plan(banana: Run) -> None:
    def steps(*words: str) -> list[dict[str, object]]:
        status, out, _ = banana("-g", GOAL, "-f", "json", *words)
        assert status == 0
        return json.loads(out)["result"]["plan"]["subtasks"]  # type: ignore[no-any-return]

    assert len(steps("--max-subtasks", "2")) == 2
    assert len(steps("--constraints", "at most 3 steps", "--constraints", "no downtime")) == 3
    assert steps("--without-analysis") == steps("--with-analysis")
    assert steps("-m", "none") == steps("--advanced-model")


def test_constraints_come_in_an_array_or_a_file_too(banana: Run, tmp_path: Path) -> None:
    file = tmp_path / "constraints.txt"
    file.write_text("at most 2 steps\n\nno downtime\n")
    for told in ('["at most 2 steps", "no downtime"]', f"@{file}"):
        status, out, _ = banana("-g", GOAL, "--dry-run", "-f", "json", "--constraints", told, "--constraints", "x")
        assert status == 0
        assert [c["constraint"] for c in json.loads(out)["constraints"]] == ["at most 2 steps", "no downtime", "x"]


@pytest.mark.parametrize("told", ["", '["a"', "[1]", '{"a": 1}', "@absent.txt"])
def test_constraints_that_are_none_are_refused(banana: Run, told: str) -> None:
    status, out, err = banana("-g", GOAL, "--constraints", told)
    assert (status, out) == (2, "")
    assert "--constraints" in err


def test_lines_are_the_plan_and_its_steps(banana: Run) -> None:
    rows = [json.loads(line) for line in banana("-g", GOAL, "-f", "jsonl", "--max-subtasks", "2")[1].splitlines()]
    assert [row["part"] for row in rows] == ["plan", "subtasks", "subtasks"]
    assert (rows[0]["goal"], rows[0]["success"]) == (GOAL, True)


def test_a_file_that_cannot_be_written_is_told_before_a_plan_is_kept(banana: Run, home: Path, tmp_path: Path) -> None:
    assert banana("-g", GOAL, "-o", str(tmp_path / "no" / "plan.json"))[:2] == (2, "")
    assert stored(home) == 0
    assert banana("-g", GOAL, "-o", "-")[1].startswith("Goal: ")


def test_text_and_markdown_are_for_people(banana: Run) -> None:
    status, out, _ = banana("-g", GOAL)
    assert status == 0
    assert out.startswith(f"Goal: {GOAL}")
    assert "[r2 lines" in out
    assert "assert 4 == 5" in out
    assert "Prediction:" in out
    assert "Optimization score" in out
    status, out, _ = banana("-g", GOAL, "-f", "markdown")
    assert status == 0
    assert "- r2 lines" in out


def test_a_dry_run_asks_and_stores_nothing(banana: Run, home: Path) -> None:
    status, out, _ = banana("-g", GOAL, "--dry-run", "--constraints", "within 2 hours", "--constraints", "be kind")
    assert status == 0
    assert "at most 120 minutes" in out
    assert "not understood" in out
    assert "test_total" in out
    assert stored(home) == 0
    status, out, _ = banana("-g", GOAL, "--dry-run", "-f", "json")
    assert json.loads(out)["dry_run"] is True


@pytest.mark.parametrize("goal", [GOAL, "wash the car"])
@pytest.mark.parametrize("form", ["json", "text"])
def test_secrets_that_were_typed_are_neither_kept_nor_shown(banana: Run, home: Path, goal: str, form: str) -> None:
    secret = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
    words = ("-g", f"{goal} {secret}", "-c", f"token={secret}", "--constraints", f"not with {secret}", "--format", form)
    _, out, err = banana(*words)
    assert secret not in out + err
    with open_store(load_from(home)) as store:
        assert secret not in str(PlanRecords(store.engine).plans().to_dicts())


def test_no_plan_is_a_handled_failure_with_its_reason(banana: Run) -> None:
    status, out, _ = banana("-g", "move billing_db to another cloud", "-f", "json")
    result = json.loads(out)["result"]
    assert status == 1
    assert set(result) == KEYS
    assert (result["success"], result["plan"]) == (False, None)
    assert "billing_db" in result["error"]


@pytest.mark.parametrize(
    "words", [(), ("-g", " "), ("-g", GOAL, "--max-subtasks", "0"), ("-g", GOAL, "-m", "nobody/nothing")], ids=str
)
def test_mistakes_are_told_without_a_traceback(banana: Run, words: tuple[str, ...]) -> None:
    status, out, err = banana(*words)
    assert (status, out) == (2, "")
    assert err
    assert "Traceback" not in err


def test_without_a_store_it_says_what_to_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load.cache_clear()
    with pytest.raises(SystemExit) as left:
        main([NAME, "-g", GOAL])
    assert left.value.code == 2
    assert "banana ingest" in capsys.readouterr().err
