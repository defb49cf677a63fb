"""Time to a limit: how far off, and how often inside the 80 % range, on accumulated real increments.

Readings that are never negative (bytes a second, load) are added up to a level that only rises, as a disk fills; the
limit is where that level really was 24 to 168 steps later. The error is relative to that time.

    .venv/bin/python benchmarks/limits.py [FILE.csv ...]

Without a file the readings that come with the samples are taken (a grid of 30 s, no daily season). Files have the
columns series_id,ts,y with hourly readings; --half 0 or 1 takes half of the series, by a hash of their name.
"""

from __future__ import annotations

import argparse
import gzip
import io
import zlib
from pathlib import Path

import numpy as np
import polars as pl

from banana_assets.core.metrics.limits import time_to_limit
from banana_assets.core.metrics.readings import grids, parse

SAMPLES = Path(__file__).resolve().parent.parent / "banana_assets" / "samples" / "resources" / "host.csv.gz"
ORIGINS = 6


def series(files: list[Path]) -> list[tuple[str, np.ndarray, int]]:
    """Name, increments and steps a day of each series."""
    if not files:
        table = pl.read_csv(io.BytesIO(gzip.decompress(SAMPLES.read_bytes())), try_parse_dates=True)
        rates = table.filter(pl.col("metric").str.contains("per_second|percent"))
        cells = rates.group_by("metric", pl.col("ts").dt.truncate("30s")).agg(pl.col("value").mean()).sort("ts")
        return [(str(m), g["value"].to_numpy(), 0) for (m,), g in cells.partition_by("metric", as_dict=True).items()]
    found = []
    for file in files:
        for grid in grids(parse(pl.read_csv(file, infer_schema=False), str(file)))[0]:
            known = np.flatnonzero(~np.isnan(grid.values))
            values = np.interp(np.arange(len(grid.values)), known, grid.values[known])
            found.append((grid.name, np.maximum(values, 0), 86400 // grid.step))
    return found


def main() -> None:
    """Draw origins and limits, ask, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--half", type=int, choices=(0, 1))
    asked = parser.parse_args()
    generator = np.random.default_rng(4)
    errors, inside, lengths, answered, asked_for = [], [], [], 0, 0
    for name, increments, season in series(asked.files):
        if asked.half is not None and zlib.crc32(name.encode()) % 2 != asked.half:
            continue
        least = max(7 * season, 48)
        for _ in range(ORIGINS):
            ahead = int(generator.integers(24, 169 if len(increments) - 169 > least else 73))
            if len(increments) - ahead - 1 < least or not increments.any():
                continue
            origin = int(generator.integers(least, len(increments) - ahead))
            level = np.cumsum(increments)
            if level[origin + ahead] <= level[origin]:
                continue
            asked_for += 1
            # A level that stood still before reached the limit earlier.
            true = int(np.argmax(level[origin + 1 :] >= level[origin + ahead])) + 1
            found = time_to_limit(level[: origin + 1], season, level[origin + ahead], 168)
            if found.steps is None:
                continue
            answered += 1
            errors.append(abs(found.steps - true) / true)
            inside.append((found.low or 0.0) <= true <= (found.high or np.inf))
            lengths.append(((found.high or np.inf) - (found.low or 0.0)) / true)
    print(
        f"{answered} of {asked_for} limits dated: median relative error {np.median(errors):.4f}, "
        f"80 % range covers {np.mean(inside):.3f}, its median length {np.median(lengths):.2f} of the time"
    )


if __name__ == "__main__":
    main()
