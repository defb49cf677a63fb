"""``banana doctor``: what is broken is told with how to mend it, never as a traceback, and nothing is left behind."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from banana_assets.backends.checkup import loading, running
from banana_assets.backends.checkup.places import safe_sqlite
from banana_assets.backends.settings import load, load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.schema import Column, Table
from banana_assets.core.tables import BUILD_HEALTH
from banana_assets.interfaces.cli.main import main

Doctor = Callable[..., tuple[int, dict[str, dict[str, Any]], str]]


@pytest.fixture
def doctor(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Run ``banana doctor``: its exit status, its checks by name, and stderr. Dagster is not loaded. ``only``: these
    checks alone."""
    monkeypatch.setattr(loading, "PROGRAM", "print(26, 5, 4, 3)")

    whole = running.QUICK, running.FULL

    def run(*words: str, only: Sequence[str] = ()) -> tuple[int, dict[str, dict[str, Any]], str]:
        load.cache_clear()
        for name, steps in zip(("QUICK", "FULL"), whole, strict=True):
            monkeypatch.setattr(running, name, tuple(s for s in steps if not only or s.name in only))
        with pytest.raises(SystemExit) as left:
            main(["doctor", *words, "--format", "json"])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return int(str(left.value.code)), {row["check"]: row for row in json.loads(out)}, err

    return run


RECORDS = ("records", "records schema", "records write")


def files(folder: Path) -> set[str]:
    return {str(f.relative_to(folder)) for f in folder.rglob("*")} if folder.exists() else set()


def bad(checks: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: f"{row['said']} {row['remedy']}" for name, row in checks.items() if row["status"] == "failed"}


def test_an_installation_without_a_home_works_and_gets_none(doctor: Doctor, home: Path) -> None:
    status, checks, err = doctor()
    assert (status, bad(checks)) == (0, {})
    assert checks["records"]["status"] == "skipped"
    assert {checks[name]["status"] for name in ("home", "parse", "mine", "diagnose", "plan", "write and read")} == {
        "ok"
    }
    assert "26 assets" in checks["definitions"]["said"]
    assert not home.exists()
    assert "skipped" in err


def test_a_store_is_looked_at_and_left_as_it_was(doctor: Doctor, home: Path) -> None:
    with open_store(load_from(home)):
        pass
    Tables(str(home / "tables")).replace(BUILD_HEALTH, BUILD_HEALTH.empty())
    before = {name for name in files(home) if not name.endswith(("-wal", "-shm"))}
    status, checks, _ = doctor("--quick", "--verbose")
    assert (status, bad(checks)) == (0, {})
    assert {checks[n]["status"] for n in ("records", "records schema", "records write", "tables")} == {"ok"}
    assert {name for name in files(home) if not name.endswith(("-wal", "-shm"))} - {"tmp"} == before - {"tmp"}


def test_a_missing_migration_is_told_with_its_command(doctor: Doctor, home: Path) -> None:
    with open_store(load_from(home)):
        pass
    change(home, "UPDATE alembic_version SET version_num = '0003'")
    status, checks, _ = doctor(only=RECORDS)
    assert status == 1
    assert "older schema 0003" in bad(checks)["records"]
    assert "`banana migrate`" in bad(checks)["records"]
    assert checks["records schema"]["said"] == "records failed"
    change(home, "UPDATE alembic_version SET version_num = '9999'")
    assert "newer than this program" in bad(doctor(only=RECORDS)[1])["records"]


def test_a_table_that_somebody_dropped_is_named(doctor: Doctor, home: Path) -> None:
    with open_store(load_from(home)):
        pass
    change(home, "DROP TABLE baselines")
    status, checks, _ = doctor(only=RECORDS)
    assert status == 1
    assert "the table baselines is missing" in bad(checks)["records schema"]


@pytest.mark.parametrize("damage", ["header", "middle", "text"])
def test_a_damaged_database_is_told(doctor: Doctor, home: Path, damage: str) -> None:
    with open_store(load_from(home)):
        pass
    file = home / "banana.sqlite"
    content = bytearray(file.read_bytes())
    if damage == "text":
        content = bytearray(b"this is no database, it is a letter to somebody" * 100)
    elif damage == "header":
        content[:100] = bytes(100)
    else:
        content[4096 * 3 : 4096 * 12] = b"\xff" * (4096 * 9)
    file.write_bytes(content)
    for wal in home.glob("banana.sqlite-*"):
        wal.unlink()
    status, checks, _ = doctor(only=(*RECORDS, "diagnose", "plan"))
    assert status == 1
    told = " ".join(bad(checks).values())
    assert any(word in told for word in ("malformed", "not a database", "damaged"))
    assert checks["plan"]["status"] == "ok"


def test_a_table_of_another_schema_is_told(doctor: Doctor, home: Path) -> None:
    other = Table(
        "build_health", "x", (Column("pipeline", pl.String, "x"), Column("score", pl.String, "x")), ("score",)
    )
    Tables(str(home / "tables")).replace(other, pl.DataFrame({"pipeline": ["a"], "score": ["high"]}))
    status, checks, _ = doctor(only=("tables",))
    assert status == 1
    assert "build_health.score" in bad(checks)["tables"]
    assert "banana materialize" in bad(checks)["tables"]


def test_a_table_whose_files_are_gone_is_told(doctor: Doctor, home: Path) -> None:
    row = pl.DataFrame({c.name: [None] for c in BUILD_HEALTH.columns}, schema=BUILD_HEALTH.dtypes)
    filled = row.with_columns(pl.lit("p").alias("pipeline"))
    kept = Table("build_health", "x", tuple(loose(c) for c in BUILD_HEALTH.columns), BUILD_HEALTH.key)
    Tables(str(home / "tables")).replace(kept, filled)
    for file in (home / "tables").rglob("*.parquet"):
        file.unlink()
    status, checks, _ = doctor(only=("tables",))
    assert status == 1
    assert "build_health cannot be read" in bad(checks)["tables"]


def loose(column: Column) -> Column:
    return Column(column.name, column.dtype, column.meaning, nullable=True)


def test_a_home_that_cannot_be_written_is_told(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("BANANA_HOME", str(tmp_path / "file" / "home"))
    status, checks, _ = doctor()
    assert status == 1
    assert "BANANA_HOME" in bad(checks)["home"]
    assert checks["write and read"]["status"] == "skipped"


def test_settings_that_cannot_be_read_are_told(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANANA_PLAN_BATCH", "lots")
    status, checks, _ = doctor()
    assert status == 1
    assert "BANANA_PLAN_BATCH" in bad(checks)["settings"]
    assert {row["status"] for name, row in checks.items() if name != "settings"} == {"skipped"}


def test_a_mistyped_address_or_name_is_told(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANANA_DATABSE_URL", "postgresql://db/x")
    status, checks, _ = doctor(only=("settings",))
    assert (status, checks["settings"]["status"]) == (0, "warning")
    assert "BANANA_DATABASE_URL" in checks["settings"]["remedy"]
    monkeypatch.setenv("OLLAMA_URL", "localhost:11434")
    status, checks, _ = doctor(only=("settings",))
    assert status == 1
    assert "OLLAMA_URL" in bad(checks)["settings"]
    assert "http://localhost:11434" in bad(checks)["settings"]


def test_a_home_that_is_a_file_is_told_once(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("BANANA_HOME", str(tmp_path / "file"))
    status, checks, _ = doctor(only=("home", "disk", "server secret"))
    assert status == 1
    assert bad(checks) == {"home": f"{tmp_path / 'file'} is no folder Set BANANA_HOME to a folder of yours."}


def test_a_secret_that_others_can_read_is_told(doctor: Doctor, home: Path) -> None:
    home.mkdir()
    (home / "server.secret").write_bytes(b"x" * 32)
    (home / "server.secret").chmod(0o644)
    status, checks, _ = doctor(only=("server secret",))
    assert status == 1
    assert "chmod 600" in bad(checks)["server secret"]
    (home / "server.secret").chmod(0o600)
    assert doctor(only=("server secret",))[0] == 0


def test_definitions_that_do_not_load_are_told(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "PROGRAM", "import nothing_of_that_name")
    status, checks, _ = doctor(only=("definitions",))
    assert status == 1
    assert "nothing_of_that_name" in bad(checks)["definitions"]


def test_a_check_that_breaks_otherwise_is_a_failed_check(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a package is broken")

    monkeypatch.setattr("banana_assets.core.builds.diagnosis.diagnose", broken)
    status, checks, _ = doctor(only=("parse", "diagnose", "plan"))
    assert status == 1
    assert "ZeroDivisionError: a package is broken" in bad(checks)["diagnose"]
    assert checks["plan"]["said"] == "diagnose failed"


def test_a_model_that_does_not_answer_is_told(doctor: Doctor, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("BANANA_LLM_DEADLINE_SECONDS", "1")
    status, checks, _ = doctor("--full", only=("language models",))
    assert status == 1
    assert "ollama/qwen3:8b" in bad(checks)["language models"]
    assert "banana models" in bad(checks)["language models"]
    assert "(OLLAMA_URL)" in bad(checks)["language models"]
    assert not home.exists()


@pytest.fixture
def answering() -> Iterator[Callable[[str], str]]:
    """A server of OpenAI's protocol that always answers with that text; gives its address."""
    servers = []

    def start(text: str) -> str:
        class Always(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
                usage = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
                told = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
                body = json.dumps({**told, "choices": [choice], "usage": usage}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Always)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/v1"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("text", "good"), [('{"status": "ok"}', True), ("I am fine, thanks.", False), ("{}", False)])
def test_a_model_that_answers_well_or_rubbish(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, answering: Callable[[str], str], text: str, good: bool
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", answering(text))
    monkeypatch.setenv("BANANA_OPENAI_INPUT_PRICE", "1")
    monkeypatch.setenv("BANANA_OPENAI_OUTPUT_PRICE", "2")
    monkeypatch.setenv("BANANA_LLM_DEADLINE_SECONDS", "60")
    status, checks, _ = doctor("--full", only=("language models",))
    assert status == (0 if good else 1)
    if good:
        assert "answered in" in checks["language models"]["said"]
        assert "25 tokens, $0.0000" in checks["language models"]["said"]
    else:
        assert "openai/gpt-4" in bad(checks)["language models"]


def test_full_says_what_is_not_set_up(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANANA_GITHUB_WEBHOOK_SECRET", "short")
    monkeypatch.setenv("MEILISEARCH_URL", "http://127.0.0.1:9")
    status, checks, _ = doctor("--full", only=("language models", "webhooks", "meilisearch"))
    assert status == 1
    assert checks["language models"]["status"] == "skipped"
    assert "fewer than 16" in bad(checks)["webhooks"]
    assert "meilisearch" in bad(checks)


def test_what_was_skipped_is_named_and_full_says_why(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, check in (("QUICK", "records"), ("FULL", "language models")):
        monkeypatch.setattr(running, name, [step for step in getattr(running, name) if step.name == check])
    told = {}
    for word in ("--full", "--quick"):
        load.cache_clear()
        with pytest.raises(SystemExit) as left:
            main(["test-llm-planning", word])
        assert left.value.code == 0
        told[word] = capsys.readouterr()
    assert told["--full"].out.count("skipped ") == 2
    assert "-> Set OLLAMA_URL or OPENAI_API_KEY to use one." in told["--full"].out
    assert "skipped " not in told["--quick"].out
    assert "skipped records; --verbose says why" in told["--quick"].err


def test_quick_and_full_exclude_each_other(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["test-llm-planning", "-q", "-f"])
    assert left.value.code == 2
    assert capsys.readouterr().out == ""


def test_which_sqlite_is_safe() -> None:
    good, harmful = [(3, 51, 3), (3, 53, 0), (3, 50, 7), (3, 44, 6)], [(3, 51, 2), (3, 40, 1), (3, 50, 6), (3, 7, 0)]
    assert all(map(safe_sqlite, good))
    assert not any(map(safe_sqlite, harmful))


def test_the_table_is_written_as_checks_are_made(home: Path, tmp_path: Path) -> None:
    program = (
        "from banana_assets.backends.checkup import running\nrunning.QUICK = running.QUICK[:5]\n"
        "from banana_assets.interfaces.cli.main import main\nmain(['test-llm-planning', '--quick'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[0].startswith("ok        settings")
    assert done.stderr.startswith("banana test-llm-planning: ")


def change(home: Path, statement: str) -> None:
    connection = sqlite3.connect(home / "banana.sqlite")
    connection.execute(statement)
    connection.commit()
    connection.close()
