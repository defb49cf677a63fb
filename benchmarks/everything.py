"""How ingesting and computing everything grows with the lines: ten times the lines, how many times the time and memory.

The lines are those of the bundled sample logs, copied into files of their own; each copy gets one line that makes it
different, since the same content twice is taken in once. Time is wall-clock of the whole commands, memory the highest
resident set of the process, as the kernel counts it (wait4). Both figures are of one run; only their ratio is a result.

    .venv/bin/python benchmarks/everything.py [--lines 200000] [--times 10]
"""

from __future__ import annotations

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLES = Path(__file__).resolve().parent.parent / "banana_assets" / "samples" / "logs"
BANANA = [sys.executable, "-m", "banana_assets.interfaces.cli.main"]
COMMANDS = (["ingest", "logs"], ["materialize"])


def sample_lines() -> dict[str, list[bytes]]:
    """Sample log name to its lines."""
    lines = {}
    for path in sorted(p for p in SAMPLES.rglob("*") if p.is_file() and p.suffix != ".md"):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        lines[path.name.removesuffix(".gz")] = data.splitlines(keepends=True)
    return lines


def write(folder: Path, wanted: int) -> int:
    """Copy the samples until there are so many lines; answers how many there are."""
    samples = sample_lines()
    written = copy = 0
    while written < wanted:
        for name, lines in samples.items():
            if written >= wanted:
                break
            taken = lines[: wanted - written]
            target = folder / f"copy-{copy}" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"".join([*taken, b"copy %d of this log ends here\n" % copy]))
            written += len(taken) + 1
        copy += 1
    return written


def run(home: Path, *words: str) -> tuple[float, float]:
    """Seconds and highest resident set (MB) of one command."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [*BANANA, *words],
        env=os.environ | {"BANANA_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"banana {' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    """Measure both sizes and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--times", type=int, default=10)
    options = parser.parse_args()
    figures: dict[int, list[tuple[float, float]]] = {}
    for lines in (options.lines, options.lines * options.times):
        with tempfile.TemporaryDirectory() as scratch:
            folder, home = Path(scratch, "in"), Path(scratch, "home")
            count = write(folder, lines)
            figures[lines] = [run(home, *words, *([str(folder)] if words[0] == "ingest" else [])) for words in COMMANDS]
        for words, (seconds, megabytes) in zip(COMMANDS, figures[lines], strict=True):
            print(f"{count:>12,} lines  {' '.join(words):12} {seconds:8.1f} s  {megabytes:7.0f} MB")
    small, large = figures.values()
    seconds = sum(s for s, _ in large) / sum(s for s, _ in small)
    memory = max(m for _, m in large) / max(m for _, m in small)
    print(f"{options.times} times the lines: {seconds:.1f} times the time, {memory:.2f} times the memory")


if __name__ == "__main__":
    main()
