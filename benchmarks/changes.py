"""Change points: false alarms on clean series of builds, and how soon shifts are found, against two references.

Each build arrives, and the method says whether a change is there (online). A clean series has 120 builds; a shift of
10 or 25 % begins at a build between the 40th and the 112th. It counts as found when it is told with one of the first
three builds after it. Noise: five models (normal; Student's t with three degrees; one build in twenty slow; skewed;
autocorrelated .4) and the residuals of the recorded jobs that come with the samples, drawn in blocks of four. Its size
is drawn between --least and --most of the duration. Every method gets the same series.

    .venv/bin/python benchmarks/changes.py [--series 100] [--least 0.02] [--most 0.08] [--references]
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from banana_assets.core.metrics.changes import duration_changes, rate_changes

BUILDS = 120
SHIFTS = (1.1, 1.25)
MODELS = ("normal", "student", "outliers", "skewed", "autocorrelated", "recorded")
MANIFEST = Path(__file__).resolve().parent.parent / "banana_assets" / "samples" / "builds" / "manifest.jsonl"
Floats = NDArray[np.float64]
Told = Callable[[Floats], list[int]]


def recorded() -> list[Floats]:
    """Standardised residuals of the log durations of recorded jobs with 13 successful builds or more, between the one
    change that was made on purpose."""
    jobs: dict[str, list[float]] = {}
    for line in MANIFEST.read_text().splitlines():
        row = orjson.loads(line)
        if row["status"] == "success":
            begin, end = (datetime.fromisoformat(row[k]) for k in ("started_at", "finished_at"))
            jobs.setdefault(f"{row['pipeline']}/{row['job']}", []).append((end - begin).total_seconds())
    found = []
    for values in jobs.values():
        logs = np.log(values)
        starts = [0, *(c.start for c in duration_changes(np.array(values))), len(logs)]
        found += [_standard(logs[a:b]) for a, b in itertools.pairwise(starts) if b - a >= 13]
    return found


def _standard(values: Floats) -> Floats:
    apart = values - np.median(values)
    return np.asarray(apart / (1.4826 * np.median(np.abs(apart))))


def noise(model: str, count: int, generator: np.random.Generator) -> Floats:
    """Series of unit noise. Shape (count, 120)."""
    shape = (count, BUILDS)
    if model == "normal":
        return generator.normal(size=shape)
    if model == "student":
        return generator.standard_t(3, size=shape) * 0.882
    if model == "outliers":
        return generator.normal(size=shape) + (generator.random(shape) < 0.05) * generator.exponential(8, shape)
    if model == "skewed":
        return np.apply_along_axis(_standard, 1, np.log(generator.gamma(4, size=shape)))
    if model == "autocorrelated":
        shocks, out = generator.normal(size=(count, BUILDS + 20)), np.zeros((count, BUILDS + 20))
        for t in range(1, BUILDS + 20):
            out[:, t] = 0.4 * out[:, t - 1] + np.sqrt(0.84) * shocks[:, t]
        return out[:, 20:]
    pool = recorded()
    out = np.empty(shape)
    for row in out:
        residuals = pool[generator.integers(len(pool))]
        starts = generator.integers(len(residuals) - 3, size=BUILDS // 4)
        row[:] = np.concatenate([residuals[s : s + 4] for s in starts])
    return out


def ours(seconds: Floats) -> list[int]:
    """The builds with which ``duration_changes`` told a change."""
    return [c.found for c in duration_changes(seconds, told=True)]


def kernel(seconds: Floats, penalty: float = 2.4) -> list[int]:
    """ruptures' KernelCPD (rbf, gamma .1) on standardised log durations of the last 60 builds, asked at each build."""
    import ruptures

    logs, begin, told = np.log(seconds), 0, []
    for now in range(11, len(logs)):
        first = max(begin, now - 59)
        values = logs[first : now + 1]
        if len(values) < 11:
            continue
        spread = 1.4826 * np.median(np.abs(values - np.median(values))) + 1e-9
        search = ruptures.KernelCPD(kernel="rbf", min_size=2, params={"gamma": 0.1})
        ends = search.fit_predict((values / spread)[:, None], pen=penalty)
        if len(ends) > 1 and ends[-2] >= 8:
            begin = first + ends[-2]
            told.append(now)
    return told


def cusum(seconds: Floats, slack: float = 0.75, limit: float = 5.5) -> list[int]:
    """Page's two-sided CUSUM on log durations standardised by the builds before, clipped at 2.5."""
    logs, begin, told = np.log(seconds), 0, []
    up = down = 0.0
    for now in range(10, len(logs)):
        past = logs[max(begin, now - 100) : now]
        if len(past) < 10:
            continue
        middle = np.median(past)
        spread = 1.4826 * np.median(np.abs(past - middle)) * (1 + 5 / len(past)) + 1e-9
        z = float(np.clip((logs[now] - middle) / spread, -2.5, 2.5))
        up, down = max(0.0, up + z - slack), max(0.0, down - z - slack)
        if max(up, down) > limit:
            told.append(now)
            begin, up, down = now - 2, 0.0, 0.0
    return told


def measure(name: str, method: Told, count: int, least: float, most: float) -> None:
    """Print alarms on clean series and the share of shifts found, by noise model and over the five models."""
    rows = []
    for k, model in enumerate(MODELS):
        generator = np.random.default_rng(100 + k)
        size = np.exp(generator.uniform(np.log(least), np.log(most), count))[:, None]
        at = generator.integers(40, 113, size=count)
        clean = 60 * np.exp(noise(model, count, generator) * size)
        alarms = np.mean([len(method(x)) for x in clean])
        found = []
        for shift in SHIFTS:
            moved = 60 * np.exp(noise(model, count, generator) * size)
            moved *= np.where(np.arange(BUILDS)[None, :] >= at[:, None], shift, 1.0)
            found.append(np.mean([any(t <= n < t + 3 for n in method(x)) for x, t in zip(moved, at, strict=True)]))
        rows.append([alarms, *found])
        print(
            f"{name:10} {model:15} {alarms:.3f} alarms a clean series, {found[0]:.2f} of 10 %, {found[1]:.2f} of 25 %"
        )
    mean = np.mean(rows[:5], axis=0)
    shares = f"{mean[1]:.2f} of 10 %, {mean[2]:.2f} of 25 %"
    print(f"{name:10} {'the first five':15} {mean[0]:.3f} alarms a clean series, {shares}")


def rates(count: int) -> None:
    """The same for failure rates: independent failures, and ones that come in spells of two builds on average."""
    for rate in (0.02, 0.05, 0.1, 0.2):
        generator = np.random.default_rng(7)
        single = [len(rate_changes(generator.random(BUILDS) < rate, told=True)) for _ in range(count)]
        spells = []
        for _ in range(count):
            red = np.zeros(BUILDS, dtype=np.bool_)
            for t in range(1, BUILDS):
                red[t] = generator.random() < (0.5 if red[t - 1] else 0.5 * rate / (1 - rate))
            spells.append(len(rate_changes(red, told=True)))
        told = f"{np.mean(spells):.3f} where they come in spells"
        print(f"rate {rate:.2f}: {np.mean(single):.3f} alarms a clean series, {told}")
    for before, after in ((0.05, 0.3), (0.05, 0.5), (0.1, 0.4), (0.3, 0.05)):
        generator = np.random.default_rng(8)
        delays = []
        for _ in range(count):
            red = generator.random(BUILDS) < np.where(np.arange(BUILDS) < 70, before, after)
            delays.append(next((c.found - 69 for c in rate_changes(red, told=True) if c.found >= 70), 99))
        within = [np.mean(np.array(delays) <= n) for n in (5, 10, 20)]
        print(
            f"rate {before:.2f} to {after:.2f}: found within 5, 10, 20 builds: " + ", ".join(f"{x:.2f}" for x in within)
        )


def main() -> None:
    """Measure ours, and the references where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=100)
    parser.add_argument("--least", type=float, default=0.02)
    parser.add_argument("--most", type=float, default=0.08)
    parser.add_argument("--references", action="store_true")
    asked = parser.parse_args()
    methods: dict[str, Told] = {"ours": ours} | ({"ruptures": kernel, "cusum": cusum} if asked.references else {})
    for name, method in methods.items():
        measure(name, method, asked.series, asked.least, asked.most)
    rates(asked.series)


if __name__ == "__main__":
    main()
