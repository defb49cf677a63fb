"""How many bottlenecks are found, and how many are told that are none: bottlenecks put into recorded builds.

    python benchmarks/bottlenecks.py [--trials 50] [--seed 1]

Each trial makes a store's tables: the jobs of the bundled sample with their recorded durations (each over the median of
the recorded ones around it, drawn again in runs of five, so that noise is real and levels are flat), their recorded
failure rate, one runner of each pipeline, the recorded memory of the host (drawn again in blocks), and three log
sources with bursts. Into each copy but the clean one a single bottleneck is put. *Found* says that one of that kind
and place is told; *others* are all that is told beside it, a trial; of the clean copy everything told is false.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import numpy as np
import polars as pl

from banana_assets.core.advice.bottlenecks import bottlenecks
from banana_assets.core.advice.observed import Observed, by_hour
from banana_assets.core.metrics.usage import resource_usage
from banana_assets.core.tables import BUILD_STEPS, BUILDS, LOG_PATTERNS, LOG_SHAPES, RESOURCE_SAMPLES

Random = np.random.Generator
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
BUILDS_EACH = 120
AFFECTED = 20
HOURS = 24 * 14
STEPS = (("checkout", 0.1), ("install", 0.3), ("test", 0.6))


@dataclass
class World:
    """What a trial's tables are made of; a bottleneck changes one thing in it."""

    durations: dict[str, np.ndarray]
    slow_step: dict[str, np.ndarray]
    red: dict[str, np.ndarray]
    gap: dict[str, np.ndarray]
    memory: np.ndarray
    logs: dict[tuple[str, str], np.ndarray]
    together: dict[str, float] = field(default_factory=dict)


def recorded() -> tuple[dict[str, np.ndarray], dict[str, float], np.ndarray]:
    """Durations over their own level and failure rates by job, and the host's memory, of the bundled sample."""
    samples = files("banana_assets") / "samples"
    rows = [json.loads(line) for line in (samples / "builds" / "manifest.jsonl").read_text().splitlines()]
    taken, failed = defaultdict(list), defaultdict(list)
    for row in sorted(rows, key=lambda r: r["started_at"]):
        name = f"{row['pipeline']}/{row['job']}"
        begun, ended = (datetime.fromisoformat(row[k]) for k in ("started_at", "finished_at"))
        failed[name].append(row["status"] != "success")
        if row["status"] == "success" and ended > begun:
            taken[name].append((ended - begun).total_seconds())
    noise = {}
    for name, seconds in taken.items():
        values = np.array(seconds)
        if len(values) >= 12:
            level = np.array([np.median(values[max(0, k - 4) : k + 5]) for k in range(len(values))])
            noise[name] = values / level
    text = gzip.decompress((samples / "resources" / "host.csv.gz").read_bytes()).decode().splitlines()
    memory = np.array([float(line.rsplit(",", 1)[1]) for line in text if ",memory_percent," in line])
    return noise, {name: float(np.mean(v)) for name, v in failed.items()}, memory


def blocks(random: Random, values: np.ndarray, n: int, length: int) -> np.ndarray:
    """So many values, drawn again in runs."""
    starts = random.integers(0, max(1, len(values) - length), size=-(-n // length))
    return np.concatenate([values[s : s + length] for s in starts])[:n]


def world(random: Random, noise: dict[str, np.ndarray], rates: dict[str, float], memory: np.ndarray) -> World:
    """A world in which nothing is wrong."""
    made = World({}, {}, {}, {}, np.zeros(0), {})
    for name, ratios in noise.items():
        made.durations[name] = 180 * blocks(random, ratios, BUILDS_EACH, 5)
        made.slow_step[name] = np.zeros(BUILDS_EACH)
        made.red[name] = random.random(BUILDS_EACH) < min(0.3, rates[name])
        # One runner, used for a quarter of the time on average: some builds wait for the one before them.
        made.gap[name] = random.exponential(180 * 4, BUILDS_EACH)
    changes = np.diff(memory)
    drawn = blocks(random, changes - changes.mean(), HOURS, 24)
    wave = 4 * np.sin(np.arange(HOURS) / 24 * 2 * np.pi)
    made.memory = np.clip(45 + wave + 0.5 * np.cumsum(drawn) / np.sqrt(np.arange(1, HOURS + 1)), 1, 99)
    for source in ("web", "worker", "db"):
        traffic = 200 * (1 + 0.5 * np.sin(np.arange(HOURS) / 24 * 2 * np.pi))
        made.logs[source, "served"] = random.poisson(traffic)
        for k in range(4):
            mean = random.uniform(0.5, 6) * traffic / 200
            made.logs[source, f"error {k}"] = random.poisson(mean * random.gamma(1.0, 1.0, HOURS))
    return made


def tables(w: World) -> Observed:
    """The tables of a world."""
    builds: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    for name, seconds in w.durations.items():
        pipeline, job = name.split("/")
        free = queued = BEGIN
        for k in range(BUILDS_EACH):
            queued += timedelta(seconds=float(w.gap[name][k]))
            taken = float(seconds[k] + w.slow_step[name][k])
            started = max(queued, free)
            free = started + timedelta(seconds=taken)
            ident = f"{pipeline}-{job}-{k}"
            status = "failed" if w.red[name][k] else "success"
            builds.append(
                {"build_id": ident, "pipeline": pipeline, "job": job, "branch": "main", "status": status,
                 "queued_at": queued, "started_at": started, "finished_at": free, "duration_seconds": taken,
                 "log_lines": 3, "log_bytes": 99, "origin": "folder", "arrived_at": free, "arrival_day": free.date()}
            )  # fmt: skip
            at = started
            for position, (step, share) in enumerate(STEPS, 1):
                own = float(seconds[k]) * share + (float(w.slow_step[name][k]) if step == "test" else 0.0)
                steps.append(
                    {"build_id": ident, "position": position, "name": step, "step": step, "first_line": position,
                     "last_line": position, "started_at": at, "duration_seconds": own, "heading": step,
                     "log_sha256": "0" * 64, "rules_version": 1}
                )  # fmt: skip
                at += timedelta(seconds=own)
    samples = [
        {"arrival_day": BEGIN.date(), "series_id": 1, "source": "host", "metric": "memory_percent",
         "ts": BEGIN + timedelta(hours=k), "value": float(v)}
        for k, v in enumerate(w.memory)
    ]  # fmt: skip
    shapes: list[dict[str, Any]] = []
    patterns: list[dict[str, Any]] = []
    for number, ((source, text), counts) in enumerate(w.logs.items(), 1):
        severity = 9 if text == "served" else 17
        for k, n in enumerate(counts):
            if n:
                hour = BEGIN + timedelta(hours=k)
                shapes.append(
                    {"arrival_day": BEGIN.date(), "file_id": 1, "source": source, "hour": hour, "shape_id": number,
                     "shape": text, "severity_number": severity, "events": int(n), "first_ts": hour, "last_ts": hour,
                     "first_line": 1, "example": text}
                )  # fmt: skip
        patterns.append(
            {"pattern_id": f"p{number}", "template": text, "named_template": text, "frequency": int(counts.sum()),
             "severity_number": severity, "severity": "low" if severity == 9 else "medium",
             "first_arrived": BEGIN.date(), "last_arrived": BEGIN, "is_new": False, "rarity": 0.1, "state": "open",
             "regressed": False, "sources": [source], "files": 1, "shapes": [number], "groups": [],
             "rules_version": 1, "examples": [], "formerly": []}
        )  # fmt: skip
    return Observed(
        builds=BUILDS.conform(pl.DataFrame(builds)),
        steps=BUILD_STEPS.conform(pl.DataFrame(steps)),
        usage=resource_usage(RESOURCE_SAMPLES.conform(pl.DataFrame(samples))),
        shapes=by_hour(LOG_SHAPES.conform(pl.DataFrame(shapes)).lazy()),
        patterns=LOG_PATTERNS.conform(pl.DataFrame(patterns, schema_overrides=LOG_PATTERNS.dtypes)),
    )


Injected = tuple[World, str, str]


def slow_step(times: float) -> Callable[[Random, World], Injected]:
    """A step that makes its job take so many times as long from the last twenty builds on."""

    def put(random: Random, w: World) -> Injected:
        name = str(random.choice(sorted(w.durations)))
        slower = np.zeros(BUILDS_EACH)
        slower[-AFFECTED:] = (times - 1) * np.median(w.durations[name])
        return replace(w, slow_step=w.slow_step | {name: slower}), "slow_step", name.replace("/", " / ")

    return put


def queue(random: Random, w: World) -> Injected:
    """Builds asked for faster than they run, in the last third."""
    name = str(random.choice(sorted(w.durations)))
    gap = w.gap[name].copy()
    gap[-BUILDS_EACH // 3 :] = random.exponential(0.8 * 180, -(-BUILDS_EACH // 3))
    return replace(w, gap=w.gap | {name: gap}), "queue", name.replace("/", " / ")


def failing(share: float) -> Callable[[Random, World], Injected]:
    """A job of whose last twenty builds so many that would have passed fail."""

    def put(random: Random, w: World) -> Injected:
        name = str(random.choice(sorted(w.durations)))
        red = w.red[name].copy()
        red[-AFFECTED:] |= random.random(AFFECTED) < share
        return replace(w, red=w.red | {name: red}), "failure_rate", name.replace("/", " / ")

    return put


def leak(random: Random, w: World) -> Injected:
    """Memory that grows by a fifth of its limit in the last six days, to be full within a week."""
    grown = w.memory.copy()
    grown[-144:] += np.linspace(0, random.uniform(25, 35), 144)
    return replace(w, memory=np.clip(grown, 1, 99)), "resource_limit", "host: memory_percent"


def full(random: Random, w: World) -> Injected:
    """Memory near its limit for the last day."""
    high = w.memory.copy()
    high[-24:] = np.clip(high[-24:] + random.uniform(38, 48), 1, 99.5)
    return replace(w, memory=high), "resource_limit", "host: memory_percent"


def pattern(random: Random, w: World) -> Injected:
    """An error that comes five times as often in the last day and a half."""
    keys = [k for k in w.logs if k[1] != "served"]
    key = keys[int(random.integers(len(keys)))]
    counts = w.logs[key].copy()
    mean = max(1.0, float(counts.mean()))
    counts[-36:] += random.poisson(4 * mean * random.gamma(1.0, 1.0, 36))
    number = list(w.logs).index(key) + 1
    return replace(w, logs=w.logs | {key: counts}), "pattern_rate", f"{key[0]}: p{number}"


def hot_hour(random: Random, w: World) -> Injected:
    """An hour of the day with eight times the errors."""
    source, hour = str(random.choice(["web", "worker", "db"])), int(random.integers(24))
    logs = dict(w.logs)
    for key, counts in w.logs.items():
        if key[0] == source and key[1] != "served":
            logs[key] = np.where(np.arange(HOURS) % 24 == hour, counts * 8, counts)
    return replace(w, logs=logs), "hot_hour", f"errors of {source} at {hour:02d}:00"


INJECTED: dict[str, Callable[[Random, World], Injected]] = {
    "step, job x1.1": slow_step(1.1),
    "step, job x1.25": slow_step(1.25),
    "step, job x1.5": slow_step(1.5),
    "queue": queue,
    "failing, 2 in 5": failing(0.4),
    "failing, 2 in 3": failing(0.67),
    "leak": leak,
    "memory near limit": full,
    "pattern x5": pattern,
    "hot hour x8": hot_hour,
}


def subjects(subject: str) -> list[str]:
    """Where the bottleneck may rightly be told: of a step, by itself or by its job; of a queue, by job or pipeline."""
    return [subject, f"{subject} step test", subject.split(" / ")[0]]


def main() -> None:
    """Print a row a kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    noise, rates, memory = recorded()
    found: Counter[str] = Counter()
    others: dict[str, Counter[str]] = defaultdict(Counter)
    named = 0
    for trial in range(told.trials):
        random = np.random.default_rng([told.seed, trial])
        clean = world(random, noise, rates, memory)
        known = bottlenecks(tables(clean))
        others["clean"].update(known["kind"].to_list())
        for title, put in INJECTED.items():
            changed, kind, subject = put(random, clean)
            rows = bottlenecks(tables(changed))
            hit = rows.filter(pl.col("kind") == kind, pl.col("subject").is_in(subjects(subject)))
            found[title] += min(1, hit.height)
            named += bool(title.startswith("step") and hit.height and "`test`" in hit["description"][0])
            rest = rows.join(hit, on="bottleneck_id", how="anti")
            others[title].update(rest.join(known, on="bottleneck_id", how="anti")["kind"].to_list())
    n = told.trials
    print(
        f"{n} trials of {len(noise)} jobs with {BUILDS_EACH} builds each, 12 error patterns, one host; seed {told.seed}"
    )
    print(f"{'':20}{'found':>8}{'others a trial':>16}")
    for title in INJECTED:
        print(f"{title:20}{found[title] / n:8.0%}{others[title].total() / n:16.2f}  {dict(others[title])}")
    print(f"{'clean':20}{'':8}{others['clean'].total() / n:16.2f}  {dict(others['clean'])}")
    hits, alarms = sum(found.values()), others["clean"].total()
    steps = sum(found[title] for title in INJECTED if title.startswith("step"))
    print(f"all: {hits / (n * len(INJECTED)):.0%} found; the right step named in {named} of {steps}")
    print(f"{alarms / n:.2f} false alarms a clean store")


if __name__ == "__main__":
    main()
