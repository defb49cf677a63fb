"""What each command takes before its own work: its start, less bare Python's.

.venv/bin/python benchmarks/startup.py [--runs 5] [--home FOLDER] [COMMAND ...]

Runs alternate with bare Python's; of each command the least CPU time and the median wall-clock time over its runs is
told (the least is what is left when nobody else is busy). FOLDER is a home with data, for instance of `banana demo`;
without one commands end where they find no store, which takes the imports all the same. `--help` of every command is
measured too.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

BANANA = Path(sys.executable).parent / "banana"
BARE = "bare Python"
READING = (
    "config", "builds", "plans", "plan failures", "flaky", "patterns", "bottlenecks", "recommend", "health", "analyze",
    "templates --list", "forecast --hours 1", "anomalies", "models", "costs", "keys list", "deliveries",
    "search timeout --by words", "search timeout", "media list", "metadata --analyze-only", "schedule",
)  # fmt: skip
HELP = ("--help", "builds --help", "generate --help", "materialize --help", "__complete builds --")


@dataclass
class Times:
    """Of one command: CPU seconds and wall-clock seconds of each run."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)


def run(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """CPU and wall-clock seconds of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, check=False)
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def main() -> None:
    """Measure and print a line a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--home", type=Path)
    parser.add_argument("commands", nargs="*")
    told = parser.parse_args()
    environment = dict(os.environ) | ({"BANANA_HOME": str(told.home.absolute())} if told.home else {})
    lines = {BARE: [sys.executable, "-c", "pass"]}
    lines |= {name: [str(BANANA), *name.split()] for name in told.commands or (*HELP, *READING)}
    times = {name: Times() for name in lines}
    for _ in range(told.runs):
        for name, command in lines.items():
            cpu, wall = run(command, environment)
            times[name].cpu.append(cpu)
            times[name].wall.append(wall)
    bare = min(times[BARE].cpu)
    print(f"{'':28} {'CPU s':>6} {'over bare':>9} {'wall s':>7}")
    for name, one in times.items():
        print(f"{name:28} {min(one.cpu):6.2f} {min(one.cpu) - bare:9.2f} {statistics.median(one.wall):7.2f}")


if __name__ == "__main__":
    main()
