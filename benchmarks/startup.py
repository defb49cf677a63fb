"""How long `banana --help` takes, as a multiple of bare Python's start: the median of alternating runs.

.venv/bin/python benchmarks/startup.py [--runs 20]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

BANANA = Path(sys.executable).parent / "banana"
COMMANDS = {"bare": [sys.executable, "-c", "pass"], "banana --help": [str(BANANA), "--help"]}


def seconds(command: list[str]) -> float:
    """Wall-clock time of one run."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    """Measure both in turn and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(f"{name:14} {1000 * median:7.1f} ms")
    print(f"ratio {medians['banana --help'] / medians['bare']:.2f}")


if __name__ == "__main__":
    main()
