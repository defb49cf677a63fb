"""What a tenth more lines cost where a table of lines is there already.

    python benchmarks/mining/increment.py [--lines N] [--names N]

Takes in N invented lines of three services (300 kinds of messages, half of the lines with a name that varies), makes
``log_events``, ``log_shapes`` and ``log_patterns`` of them with their checks, then takes in a tenth as many further
lines and makes the tables again, then ten lines more. Prints one JSON object: CPU seconds of the three runs, in this
process and without starting it; the ratio of the second to the first; the same when what ten lines cost, which is what
a run costs whatever it adds, is taken off both; the seconds of each asset; how many shapes and patterns there were.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import polars as pl
from speed import WORDS, invented

from banana_assets.assets import checks, patterns, raw
from banana_assets.backends.ingest import ingest_logs
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import LOG_PATTERNS, LOG_SHAPES
from resources import build_resources

ASSETS = (raw.log_files, raw.log_events, patterns.log_shapes, patterns.log_patterns)


def named(lines: list[str], names: int, seed: int) -> list[str]:
    """Every other line with one of so many names at its end, the k-th of them a k-th as often as the first."""
    words = random.Random(0)
    known = [f"{words.choice(WORDS)}{words.choice(WORDS)}{chr(97 + n % 26)}" for n in range(names)]
    r = random.Random(seed)
    chosen = r.choices(known, [1 / k for k in range(1, names + 1)], k=len(lines))
    return [f"{line} for user {name}" if r.random() < 0.5 else line for line, name in zip(lines, chosen, strict=True)]


def make(home: Path) -> dict[str, float]:
    """CPU seconds of each asset with its checks."""
    settings = load_from(home)
    spent: dict[str, float] = defaultdict(float)
    with dg.DagsterInstance.ephemeral() as instance:
        for asset in ASSETS:
            about = dg.load_asset_checks_from_modules([checks])
            day = datetime.now(UTC).date().isoformat() if asset.partitions_def else None
            start = time.process_time()
            done = dg.materialize(
                [*ASSETS, *about],
                selection=dg.AssetSelection.assets(asset.key),
                resources=build_resources(settings),
                partition_key=day,
                instance=instance,
            )
            spent[asset.key.to_user_string()] += time.process_time() - start
            failed = [e.check_name for e in done.get_asset_check_evaluations() if not e.passed]
            if not done.success or failed not in ([], ["no_new_severe_pattern"]):
                raise SystemExit(f"{asset.key.to_user_string()} failed: {failed}")
    return spent


def counted(home: Path) -> tuple[int, int]:
    """Shapes and patterns that there are."""
    tables = Tables(load_from(home).tables_root)
    return (
        tables.scan(LOG_SHAPES).select(pl.col("shape_id").n_unique()).collect().item(),
        tables.scan(LOG_PATTERNS).select(pl.len()).collect().item(),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--names", type=int, default=300)
    options = parser.parse_args()
    every = named(list(invented(options.lines * 11 // 10 + 10)), options.names, 2)
    parts = (every[: options.lines], every[options.lines : -10], every[-10:])
    runs, sizes = [], []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        for number, lines in enumerate(parts):
            log = Path(folder) / f"{number}.log"
            log.write_text("\n".join(lines) + "\n", encoding="utf-8")
            with open_store(load_from(home)) as store:
                ingest_logs(store, [log])
            runs.append(make(home))
            sizes.append(counted(home))
    whole, tenth, fixed = (sum(run.values()) for run in runs)
    print(
        json.dumps(
            {
                "lines": [len(part) for part in parts],
                "shapes": [shapes for shapes, _ in sizes],
                "patterns": [found for _, found in sizes],
                "cpu_seconds": [round(seconds, 2) for seconds in (whole, tenth, fixed)],
                "ratio": round(tenth / whole, 3),
                "ratio_without_fixed": round((tenth - fixed) / (whole - fixed), 3),
                "cpu_seconds_of": {name: [round(run[name], 2) for run in runs] for name in runs[0]},
            }
        )
    )


if __name__ == "__main__":
    main()
