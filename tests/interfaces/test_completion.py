"""Completion in real shells, and what it may import: whoever presses Tab does not wait."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from banana_assets.backends.records import tables as t
from banana_assets.backends.records.engine import writing
from banana_assets.backends.settings import SQLITE_NAME, load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import OPTIMIZATION_RECOMMENDATIONS
from banana_assets.interfaces.cli.completed_values import INDEXED, QUEUES, TABLED, VALUES
from banana_assets.interfaces.cli.completing import candidates
from banana_assets.interfaces.cli.completion import SCRIPTS, Shell
from tests.commands import leaves

HEAVY = (
    "dagster",
    "polars",
    "sqlalchemy",
    "pydantic",
    "numpy",
    "pandas",
    "deltalake",
    "openai",
    "chromadb",
    "mcp",
    "rich",
)


def values(*words: str) -> list[str]:
    return [value for kind, value, _ in candidates(words) if kind == "plain"]


@pytest.fixture
def filled(home: Path) -> Path:
    """A home with three builds."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    needed = {c.name: 0 if isinstance(c.type, sa.Integer) else "x" for c in t.builds.columns if not c.nullable}
    common = needed | {
        "pipeline": "shop",
        "job": "unit",
        "branch": "main",
        "arrived_at": now,
        "arrival_day": now.date(),
    }
    with open_store(load_from(home)) as store, writing(store.engine) as connection:
        for n, status in enumerate(("success", "failed", "failed")):
            row = common | {"build_id": f"unit-{n}", "seq": n + 1, "fingerprint": str(n), "status": status}
            connection.execute(t.builds.insert().values(row))
    return home


def test_commands_options_and_words() -> None:
    assert values("bui") == ["builds", "build"]
    assert values("gen") == ["generate", "generate-optimized-plan"]
    assert "generate-optimized-plan" not in values("")
    assert values("builds", "--st") == ["--status"]
    assert values("builds", "--format", "js") == ["json", "jsonl"]
    assert values("builds", "--format", "=", "js") == ["json", "jsonl"]
    assert values("plan", "sh") == ["show"]
    assert values("help", "bui") == ["builds", "build"]
    assert values("nothing", "") == []


def test_names_come_out_of_the_store(filled: Path) -> None:
    assert values("build", "uni") == ["unit-2", "unit-1", "unit-0"]
    assert values("diagnose", "unit") == ["unit-2", "unit-1"]
    assert candidates(["diagnose", "x"]) == [("file", "x", "")]
    assert values("builds", "--job", "") == ["shop/unit"]
    assert values("builds", "--branch", "") == ["main"]


def test_builds_to_compare_are_the_failed_ones_then_any(filled: Path) -> None:
    assert values("compare", "") == ["unit-2", "unit-1"]
    assert values("compare", "unit-2", "") == values("compare", "--against", "") == ["unit-2", "unit-1", "unit-0"]


def test_names_come_out_of_tables(home: Path) -> None:
    common: dict[str, Any] = {
        c.name: [] if isinstance(c.dtype, pl.List) else {} if isinstance(c.dtype, pl.Struct) else "x"
        for c in OPTIMIZATION_RECOMMENDATIONS.columns
        if not c.nullable
    }
    common |= {"found": True, "created_at": datetime(2026, 3, 1, tzinfo=UTC)}
    rows = [{"recommendation_id": f"r{n}", "subject": f"job {n}\x1b[2J", "impact_score": float(n)} for n in range(3)]
    made = pl.DataFrame([common | row for row in rows], schema=OPTIMIZATION_RECOMMENDATIONS.dtypes)
    Tables(load_from(home).tables_root).replace(OPTIMIZATION_RECOMMENDATIONS, made)
    assert values("recommend", "show", "r") == values("recommend", "dismiss", "") == ["r2", "r1", "r0"]
    assert values("recommend", "reopen", "r1") == ["r1"]
    assert all("\x1b" not in meaning for _, _, meaning in candidates(["recommend", "show", "r"]))
    assert values("flaky", "lift", "") == []


def test_every_argument_that_is_an_id_is_completed() -> None:
    ids = {"ID", "BUILD", "AGAINST", "TEST", "PLAN", "STEP", "[STEP]", "ITEM", "NUMBER...", "BUILD...", "[BUILD]..."}
    wanting = [
        (path, parameter.name)
        for path, command in leaves()
        for parameter in command.params
        if (parameter.metavar in ids or parameter.name in ("ident", "cluster", "plan_id"))
        and not {(path.split()[0], parameter.name), ("*", parameter.name)} & {*VALUES, *TABLED}
    ]
    assert wanting == []


def test_without_a_store_or_with_a_broken_one_nothing_is_said(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert values("build", "") == []
    home.mkdir()
    (home / "banana.sqlite").write_text("no database")
    assert values("build", "") == []
    assert values("plan", "show", "") == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("words", [["bu"], ["builds", "--s"], ["build", ""], ["materialize", "--"], ["diagnose", "--"]])
def test_nothing_heavy_is_imported(words: list[str], home: Path) -> None:
    program = (
        "import sys\nfrom banana_assets.interfaces.cli.completing import candidates\n"
        f"assert candidates({words!r}) is not None\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.fixture
def scripts(filled: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a shell that finds ``banana``, with the scripts in files."""
    for shell, text in SCRIPTS.items():
        (tmp_path / f"banana.{shell}").write_text(text)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return dict(os.environ) | {"PATH": path, "SCRIPTS": str(tmp_path), "BANANA_HOME": str(filled)}


def run(shell: Shell, program: str, environment: dict[str, str]) -> list[str]:
    found = shutil.which(shell.value)
    if found is None:
        pytest.skip(f"{shell.value} is not installed")
    options = ["-f"] if shell is Shell.zsh else ["--norc"] if shell is Shell.bash else ["--no-config"]
    done = subprocess.run([found, *options, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


def test_bash(scripts: dict[str, str]) -> None:
    program = """source $SCRIPTS/banana.bash
        ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _banana_completion 2>/dev/null; echo "${COMPREPLY[*]}"; }
        ask banana builds --st; ask banana build unit; ask banana builds --format = j
        complete -p banana"""
    assert run(Shell.bash, program, scripts) == [
        "--status", "unit-2 unit-1 unit-0", "json jsonl", "complete -o nosort -F _banana_completion banana",
    ]  # fmt: skip


def test_zsh(scripts: dict[str, str]) -> None:
    program = """compdef() { }
        _describe() { print -r -- "${(@P)argv[-1]}" }
        _files() { print files }
        source $SCRIPTS/banana.zsh
        words=(banana builds --st) CURRENT=3; _banana
        words=(banana build unit-0) CURRENT=3; _banana
        words=(banana diagnose unit-1) CURRENT=3; _banana"""
    assert run(Shell.zsh, program, scripts) == [
        "--status:How it stands; repeat for more.", "unit-0:success, shop/unit", "unit-1:shop/unit", "files",
    ]  # fmt: skip


def test_fish(scripts: dict[str, str]) -> None:
    program = """source $SCRIPTS/banana.fish
        complete --do-complete 'banana builds --st'; complete --do-complete 'banana build unit-0'"""
    assert run(Shell.fish, program, scripts) == [
        "--status\tHow it stands; repeat for more.", "unit-0\tsuccess, shop/unit",
    ]  # fmt: skip


def test_every_question_to_the_store_can_be_asked(filled: Path) -> None:
    # A mistake in one would only complete nothing.
    asked = {query for query, _ in VALUES.values() if query not in INDEXED}
    with sqlite3.connect(filled / SQLITE_NAME) as connection:
        found = {query: connection.execute(query, ("p", 9)[2 - query.count("?") :]).fetchall() for query in asked}
    connection.close()
    assert [row[0] for row in found[QUEUES]] == ["shop"]
    assert all(len(row) == 2 for rows in found.values() for row in rows)
