"""Every option of the original's commands, on the demo's data: each value changes what is answered, kept or asked."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import polars as pl
import pytest

from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.backends.template_records import TemplateRecords
from banana_assets.core.plans.templates import Template, TemplateStep
from banana_assets.core.tables import PLAN_OUTCOMES
from banana_assets.interfaces.cli.main import load
from banana_assets.interfaces.cli.running import prepared
from tests.core.metrics.frames import at
from tests.system.processes import environment

FIX, FASTER = "fix the api test failures", "make api tests faster"
MODELS = {"OLLAMA_URL": "@", "OPENAI_BASE_URL": "@/v1", "OPENAI_API_KEY": "k", "BANANA_LLM_RETRIES": "0",
          "BANANA_OPENAI_INPUT_PRICE": "1", "BANANA_OPENAI_OUTPUT_PRICE": "1"}  # fmt: skip
"""Two models on one server that records who was asked, and refuses."""

Case = tuple[str, str, list[str]]
CASES: list[Case] = [
    # Command and option; what stands before it; what each value is, "" for none. All answers have to differ.
    ("generate --goal", "generate -m none -f json", [f"-g '{FIX}'", f"-g '{FASTER}'"]),
    ("generate --context", "generate -m none -f json -g 'fix the failures'", ["", "-c 'of web / check'"]),
    (
        "generate --constraints",
        f"generate -m none -f json -g '{FIX}'",
        ["", "--constraints 'at most 3 steps'", """--constraints '["at most 3 steps", "no downtime"]'"""],
    ),
    (
        "generate --preferred-approach",
        f"generate -m none -f json -g '{FIX}'",
        ["", "--preferred-approach 'revert the change'", "--preferred-approach 'run it again'"],
    ),
    ("generate --max-subtasks", f"generate -m none -f json -g '{FIX}'", ["--max-subtasks 2", "--max-subtasks 3"]),
    ("generate --use-model", f"+generate -f json -g '{FIX}'", ["-m none", "-m gpt-4", "-m ollama/qwen3:8b"]),
    ("generate --with-analysis", f"generate -m none -f json -g '{FASTER}'", ["-a", "--without-analysis"]),
    ("generate --advanced-model", f"+generate -f json -g '{FIX}'", ["", "--advanced-model"]),
    ("generate --output", f"generate -m none -g '{FIX}'", ["", "-o plan.json", "-o plan.md"]),
    ("generate --dry-run", f"generate -m none -g '{FIX}' -f json", ["", "--dry-run"]),
    ("generate --format", f"generate -m none -g '{FIX}'", ["", "-f json", "-f jsonl", "-f markdown"]),
    ("analyze --days", "analyze -f json", ["--days 1", "--days 7"]),
    ("analyze --hours", "analyze -f json --days 7", ["", "--hours 1", "--hours 2"]),
    ("analyze --generate-recommendations", "analyze", ["", "-r"]),
    ("analyze --bottlenecks-only", "analyze", ["", "-b"]),
    ("analyze --use-model", "+analyze -f json", ["", "-m gpt-4", "-m ollama/qwen3:8b"]),
    ("analyze --output", "analyze", ["", "-o report.json", "-o report.md"]),
    ("analyze --format", "analyze", ["", "-f json", "-f jsonl", "-f markdown"]),
    ("analyze --min-severity", "analyze", ["--min-severity low", "--min-severity high", "--min-severity critical"]),
    ("metadata --collection", "metadata", ["", "-c music", "-c podcasts"]),
    ("metadata --fill-gaps", "metadata --dry-run", ["", "-f"]),
    ("metadata --analyze-only", "metadata -f --dry-run", ["", "-a"]),
    ("metadata --use-model", "+metadata -f --format json", ["-m none", "-m ollama/qwen3:8b"]),
    ("metadata --batch-size", "+metadata -f -m ollama/qwen3:8b --format json", ["--batch-size 1", "--batch-size 100"]),
    ("metadata --output", "metadata", ["", "-o quality.json", "-o quality.csv"]),
    ("metadata --format", "metadata", ["", "--format json", "--format jsonl", "--format csv"]),
    ("metadata --min-completeness", "metadata", ["--min-completeness 0.5", "--min-completeness 0.99"]),
    ("metadata --dry-run", "metadata -f -c podcasts", ["--dry-run", ""]),
    ("templates --list", "templates", ["", "-l"]),
    ("templates --search", "templates", ["-s lock", "-s wheel"]),
    ("templates --show", "templates", ["--show aaaa", "--show bbbb"]),
    ("templates --sort-by", "templates -l", ["--sort-by created_at", "--sort-by name", "--sort-by success_rate"]),
    ("templates --sort-by used", "templates -l --order asc", ["--sort-by usage_count", "--sort-by created_at"]),
    ("templates --order", "templates -l --sort-by name", ["", "--order desc"]),
    ("templates --filter-success-rate", "templates -l", ["--filter-success-rate 0.2", "--filter-success-rate 0.6"]),
    ("templates --format", "templates -l", ["", "-f json", "-f jsonl", "-f csv"]),
    ("templates --limit", "templates -l", ["--limit 1", "--limit 2"]),
    ("templates --export", "templates", ["-e all.json", "-e -"]),
    (
        "templates --conflict-strategy",
        "templates -i again.json",
        ["", "--conflict-strategy merge", "--conflict-strategy replace"],
    ),
    ("templates --import", "templates", ["-i again.json", "-i more.json"]),
    ("templates --delete", "templates", ["--delete aaaa", "--delete aaaa "]),
    ("schedule --show", "schedule", ["", "--show order", "--show windows"]),
    ("schedule --queue", "schedule", ["--queue api", "--queue web"]),
    ("schedule --target-date", "schedule --show windows", ["", "--target-date 2001-01-01"]),
    ("schedule --format", "schedule", ["", "--format json", "--format jsonl"]),
    ("schedule --output-format", "schedule", ["--output-format json", "--output-format detailed"]),
    (
        "schedule --balance-load",
        "schedule",
        ["--balance-load", "--peak-mitigation", "--resource-efficiency", "--conflict-resolution"],
    ),
    ("schedule --risk", "schedule --show windows -f jsonl", ["", "--risk 0", "--risk 1"]),
    ("schedule --at-once", "schedule -f jsonl", ["", "--at-once 2"]),
    ("schedule --batch-seconds", "schedule --show batches -f jsonl", ["", "--batch-seconds 0.1"]),
    ("schedule --memory", "schedule -f jsonl --at-once 2", ["", "--memory 1M"]),
    ("schedule --cores", "schedule -f jsonl --at-once 2", ["", "--cores 0.01"]),
    ("schedule --verbose", "schedule", ["", "--verbose"]),
    ("schedule --dry-run", "schedule", ["", "--dry-run", "--use-model auto", "--auto-apply"]),
]

ELSEWHERE = {"schedule": {"--look-ahead-hours"}}
"""Options whose effect needs other data than the demo's: forecasts of more than an hour."""

PROGRAM = """
import contextlib, http.server, io, json, os, shlex, sys, threading
from pathlib import Path
from banana_assets.backends.settings import load
from banana_assets.interfaces.cli.main import main

asked = []
class Refusing(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked.append(told.get("model"))
        self.send_response(401); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"{}")
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"
models = json.loads(sys.argv[1])

def files(): return {str(p): p.read_text() for p in sorted(Path(".").iterdir()) if p.is_file()}
for line in json.loads(sys.stdin.read()):
    for name, value in models.items():
        os.environ.pop(name, None)
        if line.startswith("+"): os.environ[name] = value.replace("@", address)
    load.cache_clear()
    asked.clear()
    out, err, status, before = io.StringIO(), io.StringIO(), 0, files()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try: main(shlex.split(line.removeprefix("+")))
        except SystemExit as left: status = left.code or 0
    made = {k: v for k, v in files().items() if before.get(k) != v}
    print(json.dumps([line, status, out.getvalue(), err.getvalue(), made, sorted(map(str, asked))]))
server.shutdown()
"""
VOLATILE = re.compile(r'"(?:\w*_timestamp|\w*_ms|generated_at|plan_id|looked_at)":\s*("[^"]*"|[\d.]+),?|Plan \w{16}')


def template(ident: str, name: str, hour: int) -> Template:
    step = TemplateStep("change", f"{name}.", "It is done.", 10)
    return Template(
        ident * 16,
        name,
        name,
        "missing_dependency",
        "pip",
        name,
        (step,),
        (),
        "",
        "plans",
        ("e",),
        (),
        at(hour),
        at(hour),
    )


def outcomes(ident: str, fixed: int, recurred: int) -> list[dict[str, object]]:
    return [
        {"plan_id": f"{ident}{k}", "kind": "failure", "subject": "x", "outcome": "fixed" if k < fixed else "recurred",
         "why": "", "counts": True, "final": True, "state": "done", "horizon_days": 7.0, "decided_by": [],
         "clean_builds": 0, "past_failures": 0, "past_builds": 0, "failed_otherwise": 0, "planner": "p",
         "model_used": "none", "template_id": ident * 16, "base_n": 0, "base_gone": 0, "base_weight": 0.0,
         "base_low": 0.0, "base_high": 1.0}
        for k in range(fixed + recurred)
    ]  # fmt: skip


def fill(home: Path) -> None:
    """Templates: one worked in 3 of 4, one in 1 of 4, the third was not tried."""
    settings = load_from(home)
    with open_store(settings) as store:
        records = TemplateRecords(store.engine)
        records.save([template("a", "Lock it", 3), template("b", "Wheel it", 2), template("c", "Raise it", 1)])
    rows = pl.DataFrame([*outcomes("c", 1, 3), *outcomes("b", 3, 1)], schema=PLAN_OUTCOMES.dtypes)
    Tables(settings.tables_root).replace(PLAN_OUTCOMES, rows)


@pytest.fixture(scope="module")
def effects(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What each line of each case answered, kept and asked, without what is another every time."""
    folder = tmp_path_factory.mktemp("flags")
    home = shutil.copytree(demo_home, folder / "home")
    work = folder / "work"
    work.mkdir()
    fill(home)
    (work / "more.json").write_text(json.dumps({"templates": [{"name": "x", "template_data": {"subtasks": []}}]}))
    lines = ["templates -e again.json", *dict.fromkeys(line for case in CASES for line in of(case))]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(MODELS)], input=json.dumps(lines), capture_output=True, text=True,
        check=True, cwd=work, env=environment(home) | {"COLUMNS": "80"},
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a[0] for a in answers] == lines
    assert not [a for a in answers if "Traceback" in a[3]]
    told = {line: VOLATILE.sub("", json.dumps(answer)) for line, *answer in answers}
    return {case[0]: [told[line] for line in of(case)] for case in CASES}


def of(case: Case) -> Iterator[str]:
    """The command lines of a case."""
    return (f"{case[1]} {value}" if value else case[1] for value in case[2])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_each_value_of_an_option_makes_a_difference(effects: dict[str, list[str]], case: Case) -> None:
    found = effects[case[0]]
    same = [(case[2][i], case[2][j]) for i in range(len(found)) for j in range(i) if found[i] == found[j]]
    assert not same


@pytest.mark.parametrize("name", ["generate", "analyze", "metadata", "templates", "schedule"])
def test_no_option_is_left_out(name: str) -> None:
    command = prepared(load(name), name)
    tried = " ".join(f"{' '.join(of(case))} {case[0]}" for case in CASES if case[0].split()[0] == name)
    options = [p for p in command.params if isinstance(p, click.Option)]
    left = {o for p in options if not any(re.search(rf"{o}\b", tried) for o in p.opts) for o in p.opts}
    assert left == ELSEWHERE.get(name, set())
