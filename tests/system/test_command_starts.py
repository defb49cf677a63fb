"""What is loaded when a command begins to read the store: what takes long to import comes later, or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.processes import BANANA, environment

SLOW = {"dagster", "pandas", "numpy", "scipy", "lightgbm", "matplotlib", "pyarrow", "duckdb", "sqlalchemy", "alembic",
        "pydantic", "fastapi", "mcp", "openai", "yaml", "rich"}  # fmt: skip
PROGRAM = """
import json, sys
from banana_assets.interfaces.cli.main import main
from banana_assets.backends.records.rows import SqliteRows
from banana_assets.backends.tables import Tables
def heard(work):
    def told(*words, **named):
        global begun
        begun = begun or sorted({name.split(".")[0] for name in sys.modules})
        return work(*words, **named)
    return told
begun = None
SqliteRows.rows, Tables._open = heard(SqliteRows.rows), heard(Tables._open)
try: main(sys.argv[1:])
finally: print(json.dumps(begun), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def plan_id(demo_home: Path) -> str:
    words = [*BANANA, "plans", "--limit", "1", "--format", "jsonl"]
    told = subprocess.run(words, env=environment(demo_home), capture_output=True, text=True, check=True).stdout
    return str(json.loads(told.splitlines()[0])["plan_id"])


@pytest.mark.parametrize(
    "command",
    ["build", "compare", "why {plan}", "analyze", "anomalies", "forecast --hours 1", "schedule", "health",
     "ask why did the last build fail"],
)  # fmt: skip
def test_nothing_slow_is_loaded_when_a_command_begins_to_read(demo_home: Path, plan_id: str, command: str) -> None:
    words = [sys.executable, "-c", PROGRAM, *command.format(plan=plan_id).split()]
    done = subprocess.run(words, env=environment(demo_home), capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    begun = json.loads(done.stderr.splitlines()[-1])
    assert begun is not None, "nothing was read"
    assert SLOW.intersection(begun) == set()
