from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import typer

from banana_assets.backends.records.migration import HEAD
from banana_assets.core.errors import AccessError
from banana_assets.interfaces.cli.main import COMMANDS
from banana_assets.interfaces.cli.output import Format, to_json, write_object, write_rows
from banana_assets.interfaces.cli.running import run
from tests.commands import Run


def test_the_overview_names_every_command(banana: Run) -> None:
    status, out, err = banana("--help")
    assert (status, err) == (0, "")
    assert all(f"  {name} " in out for name in COMMANDS)


def test_the_readme_names_every_command() -> None:
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    assert [name for name in COMMANDS if f"`banana {name}" not in readme and f"banana {name} " not in readme] == []


def test_a_word_that_is_no_command(banana: Run) -> None:
    status, out, err = banana("ingets")
    assert (status, out) == (2, "")
    assert "`ingest`" in err


def test_ingest_summarises_what_it_did(banana: Run, tmp_path: Path) -> None:
    (tmp_path / "shop.log").write_text("one\ntwo\n")
    status, out, err = banana("ingest", "logs", str(tmp_path / "shop.log"))
    assert (status, err) == (0, "")
    assert out.splitlines()[0].split() == ["new", "1"]
    status, out, _ = banana("ingest", "logs", str(tmp_path / "shop.log"))
    assert ["already", "known", "1"] in [line.split() for line in out.splitlines()]


def test_ingest_as_json(banana: Run, tmp_path: Path) -> None:
    (tmp_path / "shop.log").write_bytes(b"one\ncaf\xe9\n")
    status, out, _ = banana("ingest", "logs", str(tmp_path / "shop.log"), "--format", "json")
    summary = json.loads(out)
    assert (status, summary["new"], summary["lines"], summary["invalid_utf8_lines"]) == (0, 1, 2, 1)
    status, out, err = banana(
        "ingest", "logs", str(tmp_path / "shop.log"), str(tmp_path / "absent.log"), "--format", "jsonl"
    )
    rows = [json.loads(line) for line in out.splitlines()]
    assert (status, [row["outcome"] for row in rows]) == (1, ["known", "failed"])
    assert err.count("\n") == 1
    assert "absent.log does not exist" in err


def test_ingest_builds_and_resources(banana: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "unit-1.log").write_text("ok\n")
    status, out, _ = banana("ingest", "builds", str(tmp_path / "in"), "--branch", "main", "--format", "jsonl")
    assert (status, json.loads(out)["outcome"]) == (0, "new")
    (tmp_path / "usage.csv").write_text("ts,metric,value\n2026-05-01,cpu_percent,5\n")
    status, out, _ = banana("ingest", "resources", str(tmp_path / "usage.csv"), "--source", "web1", "--format", "json")
    assert (status, json.loads(out)["readings"]) == (0, 1)


def test_config_shows_values_and_sources(banana: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    status, out, _ = banana("config")
    assert status == 0
    assert "sk-secret" not in out
    assert "environment (OPENAI_API_KEY)" in out
    rows = {row["name"]: row for row in json.loads(banana("config", "--format", "json")[1])}
    assert rows["openai_api_key"]["value"] == "****"
    assert rows["max_log_bytes"]["value"] == 4 << 30


def test_config_names_a_wrong_setting(banana: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANANA_MAX_LOG_BYTES", "many")
    status, out, err = banana("config")
    assert (status, out) == (2, "")
    assert "max_log_bytes" in err
    assert "Traceback" not in err


def test_migrate_up_and_down(banana: Run) -> None:
    assert json.loads(banana("migrate", "--format", "json")[1])["after"] == HEAD
    status, _, err = banana("migrate")
    assert (status, "there already" in err) == (0, True)
    status, out, err = banana("migrate", "--revision", "base")
    assert (status, out, "--yes" in err) == (2, "", True)
    assert json.loads(banana("migrate", "--revision", "base", "--yes", "--format", "json")[1])["after"] is None
    status, _, err = banana("migrate", "--revision", "zzz")
    assert (status, "no revision zzz" in err) == (2, True)


def test_rows_as_table_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"name": "a", "n": 1234, "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "ok": True},
        {"name": "longer\nname", "n": None, "at": date(2026, 1, 2), "ok": None},
    ]
    write_rows(rows, Format.table)
    assert capsys.readouterr().out.splitlines() == [
        "name             n  at                   ok",
        "a            1,234  2026-01-02 03:04:05  yes",
        "longer name         2026-01-02",
    ]
    write_rows(rows, Format.jsonl, columns=["name"])
    assert [json.loads(line)["n"] for line in capsys.readouterr().out.splitlines()] == [1234, None]
    write_rows([], Format.table)
    write_rows([], Format.json)
    assert capsys.readouterr().out.split() == ["[]"]
    write_object({"a": 1.23456, "bb": None}, Format.table)
    assert capsys.readouterr().out == "a   1.235\nbb\n"
    assert json.loads(to_json(rows[0]))["at"] == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize(
    "module",
    ["banana_assets.core.tables", "banana_assets.backends.store", "banana_assets.backends.ingest",
     "banana_assets.backends.recorder", *sorted({command.module for command in COMMANDS.values() if command.module})],
)  # fmt: skip
def test_nothing_of_core_backends_or_commands_imports_dagster(module: str) -> None:
    program = f"import sys, {module}; print([m for m in sys.modules if m.split('.')[0].startswith('dagster')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_help_needs_nothing_but_the_standard_library() -> None:
    program = (
        "import sys\nfrom banana_assets.interfaces.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = ('typer', 'polars', 'pydantic', 'sqlalchemy', 'numpy')\n"
        "print([m for m in heavy if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_who_may_not_is_told_by_a_status_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer(add_completion=False)

    @app.command()
    def refused() -> None:
        raise AccessError("The key may not report.", "Make one that may.")

    assert run(app, "refused", []) == 4
    assert capsys.readouterr().err == "banana refused: The key may not report. Make one that may.\n"
