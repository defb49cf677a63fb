from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from banana_assets.backends.ingest import ingest_builds
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.interfaces.api.comparing import ComparisonAnswer
from tests.commands import Run

SECRET = "ghp_" + "x7Kq9TzW2mB4nR6vL8pD" + "1sF3hJ5gY0aC9eUi"
GREEN = """##[group]Run pytest
test_cart.py ..
============================== 2 passed in 0.02s ===============================
##[endgroup]
"""
RED = f"""##[group]Run pytest
test_cart.py F.
=================================== FAILURES ===================================
__________________________________ test_total __________________________________

    def test_total():
>       assert total() == 2
E       assert 1 == 2

test_cart.py:4: AssertionError
token {SECRET}
=========================== short test summary info ============================
FAILED test_cart.py::test_total - assert 1 == 2
========================= 1 failed, 1 passed in 0.01s ==========================
##[error]Process completed with exit code 1.
"""
JUNIT = (
    '<testsuite name="pytest"><testcase classname="test_cart" name="test_total" time="{1}">{0}</testcase></testsuite>'
)
BROKEN = '<failure message="assert 1 == 2"/>'


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=Ana", "-c", "user.email=a@b", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A home with builds of two jobs, and the repository that they are of."""
    root, folder = tmp_path_factory.mktemp("code"), tmp_path_factory.mktemp("ci")
    commits = []
    _git(root, "init", "-q")
    for number in (2, 1):
        (root / "cart.py").write_text(f"def total():\n    return {number}\n")
        (root / "test_cart.py").write_text("def test_total():\n    assert total() == 2\n")
        _git(root, "add", ".")
        _git(root, "commit", "-qm", f"Return {number} from total")
        commits.append(_git(root, "rev-parse", "HEAD"))
    rows = [
        ("test-1", "test", commits[0], "success", GREEN, JUNIT.format("", 0.1), 30),
        ("test-2", "test", commits[1], "failed", RED, JUNIT.format(BROKEN, 0.2), 65),
        ("test-3", "test", commits[1], "failed", RED, JUNIT.format(BROKEN, 0.2), 66),
        ("lint-1", "lint", commits[1], "failed", None, None, 5),
    ]
    lines = []
    for hour, (name, job, commit, status, log, junit, took) in enumerate(rows):
        at = f"2026-03-02T{10 + hour}:"
        row: dict[str, Any] = {"build_id": name, "pipeline": "shop", "job": job, "branch": "main", "commit": commit}
        row |= {"status": status, "started_at": f"{at}00:00Z", "finished_at": f"{at}{took // 60:02}:{took % 60:02}Z"}
        for kind, text, key in (("log", log, "log"), ("xml", junit, "junit")):
            if text is not None:
                (folder / f"{name}.{kind}").write_text(text)
                row[key] = f"{name}.{kind}"
        lines.append(json.dumps(row))
    (folder / "manifest.jsonl").write_text("\n".join(lines))
    home = tmp_path_factory.mktemp("homes") / "home"
    with open_store(load_from(home)) as store:
        assert not ingest_builds(store, [folder]).failed
    return home, root


@pytest.fixture
def banana(banana: Run, made: tuple[Path, Path], home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in the repository: its exit status, stdout and stderr."""
    shutil.copytree(made[0], home)
    monkeypatch.chdir(made[1])
    return banana


def test_a_failed_build_is_shown_beside_the_last_green_one(banana: Run) -> None:
    code, out, err = banana("compare", "test-2")
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.split("\n")]
    assert lines[0] == "test-1 test-2"
    assert "Status success failed" in lines
    assert "Took 30 s 1 min 5 s" in lines
    assert "Tests 1 passed 1 failed" in lines
    assert "passed -> failed test_cart::test_total" in lines
    assert any(line.startswith("Why test failure: ") for line in lines)
    assert any("Only the log of test-2 says" in line for line in lines)
    assert any(line.endswith("| >       assert total() == 2") for line in out.split("\n"))
    assert any("2 passed in 0.02s" in line for line in lines)
    assert any(line.startswith("Changed ") and line.endswith(": 1 commit, 1 file") for line in lines)
    assert "cart.py" in out
    assert "Ana: Return 1 from total" in out
    assert SECRET not in out


def test_json_holds_all_of_it(banana: Run) -> None:
    code, out, _ = banana("compare", "test-2", "--format", "json")
    told = json.loads(out)
    assert code == 0
    assert (told["base"]["build_id"], told["head"]["build_id"]) == ("test-1", "test-2")
    assert (told["base"]["category"], told["head"]["category"]) == (None, "test_failure")
    assert told["head"]["tests"] == {"failed": 1}
    assert [(test["base"], test["head"]) for test in told["tests"]] == [("passed", "failed")]
    assert told["new_lines_total"] >= len(told["new_lines"]) > 0
    assert all(one["citation"]["build_id"] == "test-2" for one in told["new_lines"])
    assert told["changes"]["known"]
    assert [commit["subject"] for commit in told["changes"]["commits"]] == ["Return 1 from total"]
    assert SECRET not in out


def test_the_json_is_what_http_declares(banana: Run) -> None:
    told = json.loads(banana("compare", "test-2", "--format", "json")[1])
    assert told["changes"]["suspects"][0]["lines"]
    answer = ComparisonAnswer.model_validate({"status": "ok"} | told)
    assert keys(answer.model_dump(exclude={"status"})) == keys(told)


def keys(value: Any) -> Any:
    """A value with the keys of its objects alone."""
    if isinstance(value, list):
        return [keys(one) for one in value]
    return {name: keys(one) for name, one in value.items()} if isinstance(value, dict) else None


def test_the_newest_failed_build_is_meant_where_none_is_named(banana: Run) -> None:
    code, _, err = banana("compare")
    assert code == 2
    assert "No build of shop/lint was green before lint-1" in err


def test_any_two_builds_are_compared(banana: Run) -> None:
    _, same, _ = banana("compare", "test-3", "test-2")
    assert "both are of the same commit" in same
    assert "Only the log" not in same
    assert "Tests that ended otherwise" not in same
    _, other, _ = banana("compare", "lint-1", "--against", "test-1")
    assert "They are builds of different jobs." in other
    assert "lint-1 came without a log" in other
    assert "passed -> not run" in other
    assert banana("compare", "lint-1", "test-1") == banana("compare", "lint-1", "test-1", "--against", "test-1")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing",), "There is no build nothing"),
        (("test-2", "--against", "test-2"), "compared with itself"),
        (("test-2", "--against", "test"), "may be"),
        (("test-2", "test"), "may be"),
        (("test-3", "test-1", "--against", "test-2"), "Both test-1 and --against test-2 are told"),
    ],
)
def test_what_cannot_be_compared_is_said(banana: Run, words: tuple[str, ...], said: str) -> None:
    code, out, err = banana("compare", *words)
    assert (code, out) == (2, "")
    assert said in err


def test_commits_that_are_not_here_are_said_of_their_build(
    banana: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _git(tmp_path, "init", "-q")
    _, out, _ = banana("compare", "test-2")
    assert "of the build test-1 cannot be compared" in out
