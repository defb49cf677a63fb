"""A thousand hourly series of two months, 48 hours ahead: the whole command, fit included. Prints seconds.

python benchmarks/forecasting/thousand.py [--series 1000] [--banana banana]
"""

from __future__ import annotations

import argparse
import resource
import shlex
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

HOURS = 60 * 24


def series(count: int) -> pl.DataFrame:
    """Daily waves of different size with autocorrelated noise and spikes, seeded."""
    generator = np.random.default_rng(11)
    hours = np.arange(HOURS)
    start = np.datetime64("2026-01-01T00:00:00", "us")
    parts = []
    for k in range(count):
        size = 10 ** generator.uniform(-1, 5)
        noise = np.zeros(HOURS)
        for t, shock in enumerate(generator.normal(0, 0.2, HOURS)):
            noise[t] = 0.7 * noise[t - 1] + shock
        wave = np.sin((hours + generator.integers(24)) / 24 * 2 * np.pi) * generator.uniform(0, 1)
        spikes = (generator.random(HOURS) < 0.01) * generator.exponential(2, HOURS)
        parts.append(
            pl.DataFrame(
                {"series_id": [f"s{k:04d}"] * HOURS, "ts": start + hours * np.timedelta64(1, "h"),
                 "y": size * np.maximum(0, 2 + wave + noise + spikes)}
            )
        )  # fmt: skip
    return pl.concat(parts)


def main() -> None:
    """Write the series, run the command, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--banana", default="banana")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "in.csv"), Path(folder, "out.csv")
        series(asked.series).write_csv(source, datetime_format="%Y-%m-%d %H:%M:%S")
        begin = time.perf_counter()
        command = [*shlex.split(asked.banana), "forecast", str(source), "--horizon", "48", "--out", str(out)]
        subprocess.run(command, check=True)
        seconds = time.perf_counter() - begin
        rows = pl.scan_csv(out).select(pl.len()).collect().item()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    print(f"{asked.series} series, {rows} rows, {seconds:.1f} s, {cpu:.1f} CPU-s, {used.ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
