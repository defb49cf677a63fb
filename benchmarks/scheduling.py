"""What the order saves, how honest its intervals are, and how far from the best it is.

    python benchmarks/scheduling.py [--trials 40] [--seed 1]

*Queues*: arrivals without memory (in bursts of one to six) on one to four servers at loads from .5 to .95, three kinds
of work whose run times differ a hundredfold and vary by 30 %. Shown is the share of the waiting of first come first
served that is saved with estimates from the past alone, with run times known beforehand, and how often the verdict is
`saves`. *Same*: the same with work of one length, where there is nothing to save: every `saves` or `loses` is false.
*Interval*: how often the 95 % interval of a queue's share holds the share of all other trials, for queues of five
shapes on one machine and three. *Best*: on random lists of seven tasks with dependencies (trees; any)
on one, two and three machines, and under a limit on memory, the weighted waiting over that of the best of all orders.
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import permutations

import numpy as np

from banana_assets.core.scheduling.dispatch import dispatch
from banana_assets.core.scheduling.estimates import Past
from banana_assets.core.scheduling.priority import by_weight_over_time
from banana_assets.core.scheduling.replay import LOSES, SAVES, replay
from banana_assets.core.scheduling.types import Limits, Task, waiting

KINDS = {"short": 20.0, "middle": 200.0, "long": 2_000.0}
SHARES = (0.6, 0.3, 0.1)
SPREAD = 0.3
SHAPES = ("three kinds", "heavy tails", "weights", "days", "one kind")


def history(draw: np.random.Generator, tasks: int, load: float, servers: int, *, same: bool) -> list[Past]:
    """A queue that was served first come first served by so many servers."""
    names = list(KINDS)
    mean = 200.0 if same else float(np.dot(SHARES, list(KINDS.values())))
    free = [0.0] * servers
    clock, made = 0.0, list[Past]()
    while len(made) < tasks:
        burst = int(draw.integers(1, 7))
        clock += float(draw.exponential(mean * 3.5 / (load * servers)))
        for _ in range(burst):
            kind = "only" if same else names[int(draw.choice(len(names), p=SHARES))]
            runtime = 200.0 if same else KINDS[kind] * float(draw.lognormal(-(SPREAD**2) / 2, SPREAD))
            first = int(np.argmin(free))
            start = max(clock, free[first])
            free[first] = start + runtime
            made.append(Past(f"t{len(made)}", kind, "all", clock, start, start + runtime))
    return made


def queues(draw: np.random.Generator, trials: int, *, same: bool) -> dict[str, object]:
    """Shares saved and verdicts over random queues."""
    ours, perfect, verdicts = [], [], []
    for _ in range(trials):
        load, servers = float(draw.uniform(0.5, 0.95)), int(draw.integers(1, 5))
        found = replay(history(draw, 400, load, servers, same=same), Limits(servers))
        ours.append(found.share)
        perfect.append(1 - found.perfect.weighted / max(found.first_come.weighted, 1e-9))
        verdicts.append(found.verdict)
    return {
        "saved_median": round(float(np.median(ours)), 3),
        "saved_with_known_times": round(float(np.median(perfect)), 3),
        "saves": verdicts.count(SAVES) / trials,
        "loses": verdicts.count(LOSES) / trials,
    }


def shaped(draw: np.random.Generator, shape: str, tasks: int, load: float, servers: int) -> list[Past]:
    """A queue served first come first served, of one of SHAPES."""
    kinds = np.array([20.0, 200.0, 2_000.0]) if shape == "three kinds" else np.array([30.0, 100.0, 300.0])
    chosen = draw.choice(3, tasks, p=SHARES)
    if shape in ("one kind", "weights"):
        chosen[:] = 1
    runs = kinds[chosen] * (
        (draw.pareto(1.8, tasks) + 1) * 0.8 / 1.8 if shape == "heavy tails" else draw.lognormal(-0.045, 0.3, tasks)
    )
    weights = draw.choice([1.0, 10.0], tasks) if shape == "weights" else np.ones(tasks)
    arrivals = np.cumsum(draw.exponential(float(kinds[chosen].mean()) / (load * servers), tasks))
    if shape == "days":
        # Everything comes in the first third of each day.
        arrivals = np.sort(arrivals // 86_400 * 86_400 + arrivals % 86_400 / 3)
    free, made = [0.0] * servers, list[Past]()
    for n, (arrived, ran) in enumerate(zip(arrivals, runs, strict=True)):
        first = int(np.argmin(free))
        start = max(float(arrived), free[first])
        free[first] = start + float(ran)
        made.append(Past(f"t{n}", f"k{chosen[n]}", "all", float(arrived), start, free[first], float(weights[n])))
    return made


def coverage(draw: np.random.Generator, trials: int) -> dict[str, str]:
    """How often the interval of 400 tasks holds the share saved over all other trials of the same queue, by shape."""
    held_by: dict[str, str] = {}
    for shape in SHAPES:
        held = told = 0
        for servers, load in ((1, 0.6), (1, 0.8), (3, 0.7)):
            some_load = load * 0.45 if shape == "days" else load
            found = [replay(shaped(draw, shape, 400, some_load, servers), Limits(servers)) for _ in range(trials)]
            saved, waited = np.array([(f.saved, f.first_come.weighted) for f in found]).T
            for one in found:
                if one.low is not None and one.high is not None and one.first_come.weighted > 0:
                    truth = (saved.sum() - one.saved) / (waited.sum() - one.first_come.weighted)
                    told += 1
                    held += one.low <= truth * one.first_come.weighted <= one.high
        held_by[shape] = f"{held / max(1, told):.3f} of {told}"
    return held_by


def from_best(draw: np.random.Generator, trials: int) -> dict[str, dict[str, float]]:
    """Weighted waiting over that of the best of all list orders: the median and the worst."""
    asked = {
        "one machine, trees": (Limits(1), 1),
        "one machine, any dependencies": (Limits(1), 2),
        "two machines, trees": (Limits(2), 1),
        "three machines, any dependencies": (Limits(3), 2),
        "three machines, memory": (Limits(3, memory=10.0), 1),
    }
    found = {}
    for name, (limits, most) in asked.items():
        ratios = []
        for _ in range(trials):
            tasks = [
                Task(
                    f"t{i}",
                    0.0,
                    p := float(draw.integers(1, 30)),
                    p,
                    float(draw.integers(1, 10)),
                    memory=float(draw.integers(1, 9)) if limits.memory == 10.0 else 0.0,
                    after=tuple({f"t{draw.integers(0, i)}" for _ in range(most)}) if i and draw.random() < 0.4 else (),
                )
                for i in range(7)
            ]
            ours = waiting(tasks, dispatch(tasks, limits, by_weight_over_time(tasks))).weighted
            best = min(
                waiting(tasks, dispatch(tasks, limits, {t.task_id: float(k) for k, t in enumerate(order)})).weighted
                for order in permutations(tasks)
            )
            ratios.append(ours / best if best > 0 else 1.0)
        found[name] = {"median": round(float(np.median(ratios)), 3), "worst": round(max(ratios), 3)}
    return found


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--trials", type=int, default=40)
    asked.add_argument("--seed", type=int, default=1)
    told = asked.parse_args()
    draw = np.random.default_rng(told.seed)
    clock = time.process_time()
    found = {
        "queues": queues(draw, told.trials, same=False),
        "same": queues(draw, told.trials, same=True),
        "interval_holds": coverage(draw, told.trials),
        "over_best": from_best(draw, min(told.trials, 12)),
    }
    print(json.dumps(found | {"cpu_seconds": round(time.process_time() - clock, 1)}, indent=1))


if __name__ == "__main__":
    main()
