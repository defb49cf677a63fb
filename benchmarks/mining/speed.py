"""Lines a second and memory of `banana mine`, beside drain3 on a share of the same lines in the same run.

    python benchmarks/mining/speed.py [--log FILE] [--lines N] [--drain-lines N] [--tenfold]

Without a log it invents one of three services in which every line has its own time, numbers and addresses, and mines
that, then as many lines that repeat its first 20,000 (as a log without times does). Prints one JSON object for each:
lines a second of the whole command, of drain3 as it comes, their ratio, and the peak memory (maximum resident set, as
`/usr/bin/time -v` reports it). With `--tenfold` ten times the lines too, as the ratio of time and the memory.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

TEXT = "open close read write block node link cache disk packet user queue task stage commit retry lease index shard"
WORDS = TEXT.split()


def invented(count: int, seed: int = 1) -> Iterator[str]:
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
    for i in range(count):
        clock = f"{i // 3600 % 24:02d}:{i // 60 % 60:02d}:{i % 60:02d}"
        address = f"10.{r.randrange(256)}.{r.randrange(256)}.{r.randrange(256)}:{r.randrange(65536)}"
        line = r.choice(heads) + " ".join(r.choice(kinds))
        yield line.format(t=clock, n=r.randrange(10**6), a=address)


def repeated(lines: Sequence[str]) -> Callable[[int], Iterable[str]]:
    """A source of lines that repeats these."""
    return lambda count: islice(cycle(lines), count)


def mine(log: Path, out: Path) -> tuple[float, int]:
    """Seconds and peak mebibytes of the whole command."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "banana_assets.interfaces.cli.main", "mine", str(log), "--assignments", str(out)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"banana mine ended with status {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss // 1024


def drain(lines: list[str]) -> float:
    """Seconds of drain3 with its defaults."""
    from drain3 import TemplateMiner

    miner = TemplateMiner()
    start = time.perf_counter()
    for line in lines:
        miner.add_log_message(line)
    return time.perf_counter() - start


def measure(
    kind: str, source: Callable[[int], Iterable[str]], lines: int, drain_lines: int, tenfold: bool
) -> dict[str, object]:
    """The figures for as many lines, which the source gives."""
    with tempfile.TemporaryDirectory() as folder:
        log, out = Path(folder) / "bench.log", Path(folder) / "out.csv"
        with log.open("w", encoding="utf-8") as text:
            text.writelines(f"{line}\n" for line in source(lines))
        seconds, peak = mine(log, out)
        some = list(source(drain_lines))
        ours, theirs = lines / seconds, len(some) / drain(some)
        found: dict[str, object] = {
            "lines": lines,
            "kind": kind,
            "lines_per_second": round(ours),
            "drain3_lines_per_second": round(theirs),
            "times_drain3": round(ours / theirs, 1),
            "peak_mebibytes": peak,
        }
        if tenfold:
            with log.open("w", encoding="utf-8") as text:
                text.writelines(f"{line}\n" for line in source(10 * lines))
            more, peak = mine(log, out)
            found |= {"tenfold_time": round(more / seconds, 2), "tenfold_peak_mebibytes": peak}
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=Path, help="lines to repeat instead of invented ones")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--drain-lines", type=int, default=20_000)
    parser.add_argument("--tenfold", action="store_true", help="mine ten times the lines too")
    options = parser.parse_args()
    if options.log:
        kinds = {"given": repeated(options.log.read_text(encoding="utf-8", errors="replace").splitlines())}
    else:
        kinds = {"every line its own": invented, "lines repeat": repeated(list(invented(20_000)))}
    for kind, source in kinds.items():
        print(json.dumps(measure(kind, source, options.lines, options.drain_lines, options.tenfold)), flush=True)


if __name__ == "__main__":
    main()
