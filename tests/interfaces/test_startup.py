"""What commands that look import: not what takes seconds and is not needed. No time is measured here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import TABLES

NEVER = ("dagster", "pandas", "scipy", "lightgbm", "matplotlib", "chromadb", "openai", "ollama", "mcp", "pyarrow",
         "duckdb", "fastapi", "alembic", "pydantic_settings", "rich")  # fmt: skip
READING = (
    ["builds"], ["plans"], ["plan", "failures"], ["flaky"], ["patterns"], ["recommend"], ["templates", "--list"],
    ["analyze"], ["bottlenecks"], ["search", "timeout", "--by", "words"], ["keys", "list"], ["deliveries"], ["costs"],
    ["config"], ["ask", "how many builds failed?", "--no-model"],
)  # fmt: skip
LIGHT = (["bottlenecks"], ["config"], ["search", "timeout", "--by", "words"], ["builds"], ["plans"], ["flaky"],
         ["recommend"], ["plan", "failures"])  # fmt: skip
"""Those that need no records, or only read them, of a SQLite file: SQLAlchemy stays out too."""

PROGRAM = """
import json, sys
from banana_assets.interfaces.cli.main import main
for words in json.loads(sys.argv[1]):
    try: main(words)
    except SystemExit as left: status = left.code
    found = {name.split(".")[0] for name in sys.modules}
    print(json.dumps([words, status, sorted(found)]), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def store_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose tables are there, and empty."""
    home = tmp_path_factory.mktemp("startup")
    with open_store(load_from(home)):
        pass
    tables = Tables(str(home / "tables"))
    for table in TABLES.values():
        if not table.partition_by:
            tables.replace(table, table.empty())
    return home


def imported(home: Path, commands: tuple[list[str], ...]) -> list[tuple[list[str], int, set[str]]]:
    """Run commands one after the other in one child process: each with its status and what is imported after it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("BANANA_", "OPENAI_", "OLLAMA_"))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(commands)],
        capture_output=True, text=True, env=environment | {"BANANA_HOME": str(home)}, check=True,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith('[["')]
    return [(words, status, set(modules)) for words, status, modules in lines]


def test_commands_that_look_import_nothing_slow(store_home: Path) -> None:
    rows = imported(store_home, READING)
    assert len(rows) == len(READING)
    assert {words[0]: sorted(modules & set(NEVER)) for words, _, modules in rows if modules & set(NEVER)} == {}


def test_what_only_reads_a_file_of_records_needs_no_sqlalchemy(store_home: Path) -> None:
    rows = imported(store_home, (*LIGHT, ["health"], ["patterns"]))
    assert {words[0]: status for words, status, _ in rows if status == 1} == {}
    assert [words for words, _, modules in rows if "sqlalchemy" in modules] == []
