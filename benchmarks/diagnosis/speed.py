"""Megabytes of log diagnosed a second on one core, start-up excluded, and memory for a long log and a huge line.

POLARS_MAX_THREADS=1 python benchmarks/diagnosis/speed.py [LOG]
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from banana_assets.core.builds.diagnosis import diagnose

OUTPUT = Path(__file__).parents[2] / "tests" / "core" / "builds" / "output"


def made(count: int) -> list[str]:
    """A log of ``count`` lines, mostly progress, every tool's failure somewhere in it."""
    noise = [f"[{i % 100:3d}%] Building CXX object src/CMakeFiles/app.dir/module_{i % 977}.cpp.o" for i in range(count)]
    at = count // 2
    recorded = [line for path in sorted(OUTPUT.glob("*.txt")) for line in path.read_text(encoding="utf-8").split("\n")]
    return [*noise[:at], *recorded, *noise[at + len(recorded) :], "##[error]Process completed with exit code 1."]


def main() -> None:
    """Print the figures."""
    if len(sys.argv) > 1:
        lines = Path(sys.argv[1]).read_text(encoding="utf-8", errors="replace").split("\n")
    else:
        lines = made(200_000)
    diagnose(lines[:2_000])
    size = sum(len(line) + 1 for line in lines) / 1e6
    start = time.process_time()
    found = diagnose(lines)
    spent = time.process_time() - start
    print(f"{len(lines):,} lines, {size:.1f} MB: {spent:.2f} CPU-s, {size / spent:.1f} MB/s ({found.category})")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    diagnose(["x" * 72_000_000, "make: *** [all] Error 1"])
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"a line of 72 MB: {grown / 1024:.0f} MiB more than before")


if __name__ == "__main__":
    main()
