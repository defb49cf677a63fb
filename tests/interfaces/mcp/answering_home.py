"""A home with something of everything that tools answer from: builds that fail more often lately, logs, resources,
advice, health, media; with a secret in a build's log, one in an application's log, and one in a title."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl

from banana_assets.backends import derive
from banana_assets.backends.ingest import ingest_logs
from banana_assets.backends.media.ingesting import ingest_media
from banana_assets.backends.observing import observe
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import Store, open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.advice.bottlenecks import bottlenecks
from banana_assets.core.advice.standing import recommendations
from banana_assets.core.logs.patterns import patterns
from banana_assets.core.metrics.forecast.predict import predict
from banana_assets.core.metrics.health import build_health
from banana_assets.core.metrics.system import system_metrics
from banana_assets.core.metrics.usage import resource_usage
from banana_assets.core.tables import (
    BOTTLENECKS,
    BUILD_FAILURES,
    BUILD_HEALTH,
    FAILURE_CLUSTERS,
    LOG_EVENTS,
    LOG_FILES,
    LOG_PATTERNS,
    LOG_SHAPES,
    OPTIMIZATION_RECOMMENDATIONS,
    RESOURCE_ROLLUPS,
    RESOURCE_USAGE,
    RESOURCE_USAGE_PREDICTIONS,
    SYSTEM_METRICS,
)
from tests.backends.failed_store import diagnose, red, take_in
from tests.core.metrics.frames import samples

SECRET = "ghp_" + "x7Kq9TzW2mB4nR6vL8pD" + "1sF3hJ5gY0aC9eUi"
DAYS, BUILDS_A_DAY = 12, 4


def make(home: Path, folder: Path) -> None:
    """Fill a home, out of files in a folder."""
    settings = load_from(home)
    lake = Tables(settings.tables_root)
    with open_store(settings) as store:
        take_in(store, folder / "builds", _builds())
        diagnose(store, lake)
        _logs(store, lake, folder)
        _resources(lake)
        _advice(store, lake)
        _media(store, folder)


def _builds() -> list[tuple[str, str, float]]:
    """Green for six days, then every other one red."""
    found = []
    for k in range(DAYS * BUILDS_A_DAY):
        late = k >= DAYS * BUILDS_A_DAY // 2
        log = f"export GITHUB_TOKEN={SECRET}\n{red()}" if late and k % 2 else ""
        found.append((f"b{k:02d}", log, 24 * k / BUILDS_A_DAY + 1))
    return found


def _logs(store: Store, lake: Tables, folder: Path) -> None:
    """Two days: errors only on the second, warnings all the time, a debug line an hour, one error with a secret."""
    lines = []
    for hour in range(48):
        at = f"2026-03-{2 + hour // 24:02d} {hour % 24:02d}"
        lines += [f"{at}:{minute:02d}:00 INFO served order {hour * 7 + minute} in 12 ms" for minute in range(0, 60, 10)]
        lines.append(f"{at}:20:01 WARN cache of shop {hour} is cold")
        lines.append(f"{at}:30:01 DEBUG pool has {hour} connections")
        if hour >= 24:
            lines += [f"{at}:{40 + n}:02 ERROR database unavailable for order {hour * 9 + n}" for n in range(6)]
    lines.append(f"2026-03-03 23:59:00 ERROR login refused with token={SECRET}")
    (folder / "shop.log").write_text("\n".join(lines) + "\n")
    assert ingest_logs(store, [folder / "shop.log"]).new == 1
    files = store.log_files()
    lake.replace(LOG_FILES, files)
    lake.replace(LOG_EVENTS, pl.concat(derive.log_events(store, files)))
    shapes = pl.concat(derive.log_shapes(lake, files))
    lake.replace(LOG_SHAPES, shapes)
    lake.replace(LOG_PATTERNS, patterns(shapes, files))


def _resources(lake: Tables) -> None:
    """Twelve days of a processor that follows the hours, six of a disk that fills, two hours of a memory."""
    hours = np.arange(DAYS * 24)
    wave = 50 + 20 * np.sin(hours / 24 * 2 * np.pi) + np.random.default_rng(0).normal(0, 1, len(hours))
    disk = 60 + 0.2 * np.arange(144)
    parts = [
        samples(wave.tolist(), 3600),
        samples(disk.tolist(), 3600, series_id=2, metric="disk_percent"),
        samples([1e9, 1.1e9], 3600, series_id=3, metric="memory_used_bytes"),
    ]
    usage = resource_usage(pl.concat(parts))
    lake.replace(RESOURCE_USAGE, usage)
    lake.replace(RESOURCE_USAGE_PREDICTIONS, predict(usage).table)


def _advice(store: Store, lake: Tables) -> None:
    seen = observe(lake)
    stuck = bottlenecks(seen)
    lake.replace(BOTTLENECKS, stuck)
    lake.replace(OPTIMIZATION_RECOMMENDATIONS, recommendations(stuck, seen))
    failures, clusters = lake.read(BUILD_FAILURES), lake.read(FAILURE_CLUSTERS)
    lake.replace(BUILD_HEALTH, build_health(seen.builds, failures, seen.tests, clusters=clusters))
    summed, shapes = RESOURCE_ROLLUPS.empty(), lake.read(LOG_SHAPES)
    lake.replace(SYSTEM_METRICS, system_metrics(shapes, seen.builds, seen.tests, summed, seen.patterns, seen.steps))


def _media(store: Store, folder: Path) -> None:
    rows = [
        {"title": f"Track {n}", "uri": f"music/{n}.mp3", "genre": "jazz" if n % 2 else "", "summary": "short"}
        for n in range(6)
    ]
    rows[0]["title"] = f"Track of {SECRET}"
    (folder / "music.json").write_text(json.dumps(rows))
    (folder / "talks.json").write_text(json.dumps([{"title": "A talk", "uri": "talks/1.mp3"}]))
    for name in ("music", "talks"):
        assert not ingest_media(store, [folder / f"{name}.json"], collection=name).failed
