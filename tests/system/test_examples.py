"""The examples of the help of commands that look, run on the demo's data."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from banana_assets.interfaces.cli.manual import page

LOOKING = (
    "builds", "build", "plans", "plan failures", "flaky", "patterns", "bottlenecks", "recommend", "health", "analyze",
    "templates", "search", "ask", "costs", "config", "keys list", "deliveries", "anomalies", "generate", "models",
    "forecast", "compare", "schedule", "flaky quarantine", "flaky lift",
)  # fmt: skip
ELSEWHERE = re.compile(r"3fa2|\.(csv|log|json|md|html)\b|--set-baseline|\s\|\s")
"""Examples that name what the demo has not, write a file, or read another program's output."""

PROGRAM = """
import contextlib, io, json, sys
from banana_assets.interfaces.cli.main import main
for words in json.loads(sys.stdin.read()):
    out, err, status = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try: main(words)
        except SystemExit as left: status = left.code or 0
    print(json.dumps([words, status, out.getvalue(), err.getvalue()]))
"""


def examples() -> list[list[str]]:
    lines = [line for path in LOOKING for line, _ in (page(path) or missing(path)).examples]
    # A day to come, also when the one that is written has gone by.
    lines = [line.replace("2027-01-31", "2999-01-31") for line in lines]
    return [shlex.split(line)[1:] for line in lines if not ELSEWHERE.search(line)]


def missing(path: str) -> None:
    raise AssertionError(f"there is no page of {path}")


def test_examples_do_what_they_say(demo_home: Path, tmp_path: Path) -> None:
    told = examples()
    # Some keep what they made, a plan for instance.
    home = shutil.copytree(demo_home, tmp_path / "home")
    assert len(told) > 30
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BANANA_", "OPENAI_", "OLLAMA_"))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps(told), capture_output=True, text=True, check=True,
        env=kept | {"BANANA_HOME": str(home)},
    )  # fmt: skip
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [words for words, *_ in rows] == told
    for words, status, out, err in rows:
        assert status in (0, 1), (words, err)
        assert "Traceback" not in err
        if status == 1:
            assert out + err, words
        if "--format" in words and status == 0:
            form = words[words.index("--format") + 1]
            if form == "json":
                json.loads(out)
            elif form == "jsonl":
                assert all(json.loads(line) is not None for line in out.splitlines())
    done_well = [words[0] for words, status, *_ in rows if status == 0]
    assert {"builds", "build", "plans", "patterns", "bottlenecks", "recommend", "health", "analyze", "search", "ask",
            "generate", "config", "forecast", "flaky"} <= set(done_well)  # fmt: skip
