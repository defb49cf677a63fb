"""Lines a second and memory of `banana mine`, beside drain3 on a share of the same lines in the same run.

    python benchmarks/mining/speed.py [--log FILE] [--lines N] [--drain-lines N]

Without a log it invents one of three services. Prints
one JSON object: lines a second of the whole command, of drain3 as it comes, their ratio, and the peak memory.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

TEXT = "open close read write block node link cache disk packet user queue task stage commit retry lease index shard"
WORDS = TEXT.split()


def invented(count: int, seed: int = 1) -> list[str]:
    """Log lines of three services with 300 kinds of messages, every line with its own time, numbers and addresses."""
    r = random.Random(seed)
    kinds = [
        [*r.choices(WORDS, k=r.randint(3, 9)), r.choice(["id={n}", "from {a}", "took {n} ms"])] for _ in range(300)
    ]
    heads = (
        "Jun 14 {t} web-1 svc[{n}]: ",
        "2024-01-01 {t},123 INFO  [pool-1] a.b.Store: ",
        "[Sun Dec 04 {t} 2005] [error] ",
    )
    lines = []
    for i in range(count):
        clock = f"{i // 3600 % 24:02d}:{i // 60 % 60:02d}:{i % 60:02d}"
        address = f"10.{r.randrange(256)}.{r.randrange(256)}.{r.randrange(256)}:{r.randrange(65536)}"
        line = r.choice(heads) + " ".join(r.choice(kinds))
        lines.append(line.format(t=clock, n=r.randrange(10**6), a=address))
    return lines


def mine(log: Path, out: Path) -> tuple[float, int]:
    """Seconds and peak kibibytes of the whole command."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "banana_assets.interfaces.cli.main", "mine", str(log), "--assignments", str(out)],
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def drain(lines: list[str]) -> float:
    """Seconds of drain3 with its defaults."""
    from drain3 import TemplateMiner

    miner = TemplateMiner()
    start = time.perf_counter()
    for line in lines:
        miner.add_log_message(line)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=Path, help="lines to repeat instead of invented ones")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--drain-lines", type=int, default=20_000)
    options = parser.parse_args()
    if options.log:
        source = options.log.read_text(encoding="utf-8", errors="replace").splitlines()
    else:
        source = invented(min(options.lines, 1_000_000))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "bench.log"
        with log.open("w", encoding="utf-8") as out:
            out.writelines(f"{line}\n" for line in islice(cycle(source), options.lines))
        seconds, peak = mine(log, Path(folder) / "out.csv")
    some = list(islice(cycle(source), options.drain_lines))
    ours, theirs = options.lines / seconds, len(some) / drain(some)
    print(
        json.dumps(
            {
                "lines": options.lines,
                "lines_per_second": round(ours),
                "drain3_lines_per_second": round(theirs),
                "times_drain3": round(ours / theirs, 1),
                "peak_mebibytes": peak // 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
