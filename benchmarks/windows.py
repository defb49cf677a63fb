"""Does the risk of a window hold? Forecasts from a hidden end, and how often work was short of room there.

    python benchmarks/windows.py [FILE.csv ...] [--days 21] [--seed 1]

Readings end at some moment; what follows is hidden, forecast as `banana materialize` does, and work of one or several
steps is asked for whose room is what the 60th, 75th or 90th percentile of the past left. At each step at which it could
begin the risk is told, for means and for the highest readings; then what was hidden says whether room was short while
it ran. Shown is, of the begins with a risk up to so much, how many there are, the share that was
short, and the mean of what was told: alike, if the risk is honest.

Series: *recorded*, the readings that come with the samples (a grid of ten seconds, the last quarter hidden, at six
origins); *generated*, weeks of readings every five minutes (daily and weekly swings, drifts, spells of load, spikes of
minutes), the last day hidden, at three origins. Files have the columns series_id,ts,y with hourly readings.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from banana_assets.core.metrics.forecast.predict import predict
from banana_assets.core.metrics.usage import resource_usage
from banana_assets.core.scheduling.room import ahead
from banana_assets.core.scheduling.windows import Demand, risks
from banana_assets.core.tables import RESOURCE_SAMPLES

SAMPLES = Path(__file__).resolve().parent.parent / "banana_assets" / "samples" / "resources" / "host.csv.gz"
ROOM = (0.6, 0.75, 0.9)
STEPS = (1, 4)
LEVELS = (0.02, 0.05, 0.1, 0.2, 0.5)
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def samples(frame: pl.DataFrame) -> pl.DataFrame:
    """RESOURCE_SAMPLES of source, metric, ts and value."""
    ids = frame.select("source", "metric").unique(maintain_order=True).with_row_index("series_id", 1)
    day = frame.join(ids.with_columns(pl.col("series_id").cast(pl.Int64)), on=["source", "metric"])
    more = day.with_columns(arrival_day=pl.col("ts").dt.date())
    missing = [pl.lit(None, t).alias(n) for n, t in RESOURCE_SAMPLES.dtypes.items() if n not in more.columns]
    return more.with_columns(missing).select(RESOURCE_SAMPLES.dtypes.names())


def recorded() -> pl.DataFrame:
    """CPU and memory of the sample host, as percentages."""
    table = pl.read_csv(io.BytesIO(gzip.decompress(SAMPLES.read_bytes())), try_parse_dates=True)
    return table.filter(pl.col("metric").is_in(["cpu_percent", "memory_percent"]))


def generated(seed: int, days: int) -> pl.DataFrame:
    """Five hosts with a reading every five minutes."""
    draw = np.random.default_rng(seed)
    n = days * 288
    hour, day = np.arange(n) / 12 % 24, np.arange(n) // 288
    parts = []
    for name in ("daily", "weekly", "drift", "spells", "spikes"):
        use = 30 + 15 * np.sin((hour - 9) / 24 * 2 * np.pi) + np.cumsum(draw.normal(0, 0.15, n)) * 0.3
        if name == "weekly":
            use = np.where(day % 7 >= 5, use * 0.5, use * 1.3)
        if name == "drift":
            use += np.linspace(0, 20, n)
        if name == "spells":
            use += 30 * (np.repeat(draw.random(n // 36 + 1), 36)[:n] < 0.15)
        noise = draw.gamma(2.0, 2.0, n)
        if name == "spikes":
            noise += 50 * (draw.random(n) < 0.02)
        times = pl.datetime_range(BEGIN, BEGIN + timedelta(minutes=5 * (n - 1)), "5m", eager=True, time_zone="UTC")
        parts.append(
            pl.DataFrame({"ts": times, "value": np.clip(use + noise, 0, 100)}).select(
                "ts", source=pl.lit(name), metric=pl.lit("cpu_percent"), value="value"
            )
        )
    return pl.concat(parts)


def of_files(files: list[Path]) -> pl.DataFrame:
    """Series of files as shares of the highest value that they reach, so that 100 is a limit."""
    some = pl.concat([pl.read_csv(f, try_parse_dates=True).select("series_id", "ts", "y") for f in files])
    most = pl.col("y").abs().max().over("series_id")
    return some.filter(pl.col("y") >= 0).select(
        pl.col("ts").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        source=pl.col("series_id").cast(pl.String),
        metric=pl.lit("cpu_percent"),
        value=(pl.col("y") / most * 100).fill_nan(0.0),
    )


def judged(readings: pl.DataFrame, cuts: list[datetime]) -> Iterator[tuple[str, float, bool]]:
    """What was looked at (mean or peak), the risk told, and whether room was short, for each begin."""
    for cut in cuts:
        # What is shown ends with a whole step of the grid, as it does after an hourly run.
        usage = resource_usage(samples(readings.filter(pl.col("ts") < cut)))
        for span in ahead(predict(usage, hours=24).table, usage, 24):
            for metric, use in span.series.items():
                real = readings.filter(pl.col("ts") >= span.begin, source=span.host, metric=metric)
                place = (pl.col("ts") - span.begin).dt.total_seconds().floordiv(span.step)
                cells = (
                    real.with_columns(place=place)
                    .group_by("place")
                    .agg(mean=pl.col("value").mean(), peak=pl.col("value").max())
                    .filter(pl.col("place") < span.steps)
                    .sort("place")
                )
                if cells.height < span.steps:
                    continue
                past = usage.filter(source=span.host, metric=metric)
                for name, quantiles in (("mean", use.means), ("peak", use.peaks)):
                    truth = cells[name].to_numpy()
                    for share in ROOM:
                        level = float(np.quantile(past[name].to_numpy(), share))
                        for steps in STEPS:
                            if steps > span.steps:
                                continue
                            told, _ = risks([Demand(metric, quantiles, use.limit, use.limit - level)], steps)
                            over = np.asarray(truth > level)
                            short = np.lib.stride_tricks.sliding_window_view(over, steps).max(axis=1)
                            yield from (
                                (f"{name} x{steps}", float(r), bool(s)) for r, s in zip(told, short, strict=True)
                            )


def summed(found: Iterator[tuple[str, float, bool]]) -> dict[str, dict[str, str]]:
    """For each kind of question and risk: the share short, of how many begins."""
    answers: defaultdict[str, list[tuple[float, bool]]] = defaultdict(list)
    for name, risk, short in found:
        answers[name].append((risk, short))
    made = {}
    for name, rows in sorted(answers.items()):
        risks_told, were_short = np.array([r for r, _ in rows]), np.array([s for _, s in rows])
        made[name] = {"all": f"{were_short.mean():.1%} of {len(rows)}"}
        for level in LEVELS:
            these = risks_told <= level
            if these.any():
                made[name][f"risk <= {level:.0%}"] = (
                    f"{were_short[these].mean():.1%} of {these.sum()}, {risks_told[these].mean():.1%} told"
                )
    return made


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("files", nargs="*", type=Path)
    asked.add_argument("--days", type=int, default=21)
    asked.add_argument("--seed", type=int, default=1)
    told = asked.parse_args()
    if told.files:
        readings = of_files(told.files)
        end = readings["ts"].max()
        assert isinstance(end, datetime)
        print(json.dumps(summed(judged(readings, [end - timedelta(days=d) for d in (1, 2, 4)])), indent=1))
        return
    sample = recorded()
    first, last = sample["ts"].min(), sample["ts"].max()
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    cuts = [first + (last - first) * share for share in (0.5, 0.55, 0.6, 0.65, 0.7, 0.75)]
    series = generated(told.seed, told.days)
    days = [BEGIN + timedelta(days=told.days - back) for back in (1, 2, 4)]
    found = {"recorded": summed(judged(sample, cuts)), "generated": summed(judged(series, days))}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
