"""What each command that reads takes until it begins to read the store, and as a whole, beside bare Python.

.venv/bin/python benchmarks/startup.py [--runs 7] [--home FOLDER] [COMMAND ...]

Runs alternate with bare Python's and with those of `import polars`, which nearly every command needs; of each the least
CPU time over its runs (what is left when nobody else is busy), its seconds over bare Python's and its ratio to it, and
the median wall-clock time. ``begins`` is the least CPU time over bare Python's until the first statement on the records
or the first table opened, of runs of their own; empty where nothing is read. FOLDER is a home with data, for instance
of `banana demo`; without one commands end where they find no store, and those that name a build, a plan or an item are
left out.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

BANANA = Path(sys.executable).parent / "banana"
BARE = "bare Python"
POLARS = "import polars"
READING = (
    "config", "builds", "builds --status failed", "build {build}", "compare", "why {plan}", "plans",
    "plan failures", "plan show {plan}", "flaky", "patterns", "bottlenecks", "recommend", "health", "analyze",
    "ask why did the last build fail", "forecast --hours 1", "anomalies", "search timeout --by words",
    "codebase --changed {build} .", "templates --list", "schedule", "media list", "media show {item}",
    "media proposals", "media export", "metadata --analyze-only", "costs", "models", "keys list", "keys sessions",
    "deliveries", "doctor",
)  # fmt: skip
NAMED = {
    "build": ("builds --status failed --limit 1", "build_id"),
    "plan": ("plans --limit 1", "plan_id"),
    "item": ("media list --limit 1", "item_id"),
}
"""What commands name, and which list has it."""
HELP = ("--help", "builds --help", "generate --help", "materialize --help", "__complete builds --")

BEGINS = """
import os, sys, time
from banana_assets.interfaces.cli.main import main
from banana_assets.backends.records.rows import SqliteRows
from banana_assets.backends.tables import Tables
def heard(work):
    def told(*words, **named):
        global out
        if out:
            os.write(out, str(time.process_time()).encode())
            os.close(out)
            out = 0
        return work(*words, **named)
    return told
out = int(sys.argv.pop(1))
SqliteRows.rows, Tables._open = heard(SqliteRows.rows), heard(Tables._open)
main()
"""
"""A command that writes to a pipe how long it has worked when it begins to read."""


@dataclass
class Times:
    """Of one command: CPU seconds and wall-clock seconds of each run, and CPU seconds until it began to read."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    begins: list[float] = field(default_factory=list)


def run(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """CPU and wall-clock seconds of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, check=False)
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def begins(words: list[str], environment: dict[str, str]) -> float | None:
    """CPU seconds of one run until it begins to read; None where it reads nothing."""
    heard, told = os.pipe()
    subprocess.run(
        [sys.executable, "-c", BEGINS, str(told), *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, check=False, pass_fds=[told],
    )  # fmt: skip
    os.close(told)
    with os.fdopen(heard) as pipe:
        said = pipe.read()
    return float(said) if said else None


def ids(environment: dict[str, str]) -> dict[str, str]:
    """An id of each sort that the home has."""
    found = {}
    for name, (words, column) in NAMED.items():
        command = [str(BANANA), *words.split(), "--format", "jsonl"]
        told = subprocess.run(command, capture_output=True, env=environment, check=False, text=True).stdout.splitlines()
        if told:
            found[name] = json.loads(told[0])[column]
    return found


def filled(commands: Iterable[str], known: dict[str, str]) -> Iterator[str]:
    """The commands with those ids in them; those that name something else are left out."""
    for command in commands:
        if all("{" + name + "}" not in command or name in known for name in NAMED):
            yield command.format(**known)


def main() -> None:
    """Measure and print a line a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--home", type=Path)
    parser.add_argument("commands", nargs="*")
    told = parser.parse_args()
    environment = dict(os.environ) | ({"BANANA_HOME": str(told.home.absolute())} if told.home else {})
    lines = {BARE: [sys.executable, "-c", "pass"], POLARS: [sys.executable, "-c", POLARS]}
    asked = told.commands or (*HELP, *filled(READING, ids(environment)))
    lines |= {name: [str(BANANA), *name.split()] for name in asked}
    times = {name: Times() for name in lines}
    for _ in range(told.runs):
        for name, command in lines.items():
            cpu, wall = run(command, environment)
            times[name].cpu.append(cpu)
            times[name].wall.append(wall)
            if command[0] == str(BANANA) and (begun := begins(command[1:], environment)) is not None:
                times[name].begins.append(begun)
    bare = min(times[BARE].cpu)
    print(f"{'':34} {'begins':>6} {'CPU s':>6} {'over bare':>9} {'times':>6} {'wall s':>7}")
    for name, one in times.items():
        cpu, wall = min(one.cpu), statistics.median(one.wall)
        begun = f"{min(one.begins) - bare:6.2f}" if one.begins else ""
        print(f"{name:34} {begun:6} {cpu:6.2f} {cpu - bare:9.2f} {cpu / bare:6.0f} {wall:7.2f}")


if __name__ == "__main__":
    main()
