"""What schedules are worth: the order of a queue, how many at once, the size of batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from banana_assets.core.advice.impact import BUILD_TIME, BuildTime, Impact, Part, of_shares, part
from banana_assets.core.advice.observed import Observed, Target, target
from banana_assets.core.evidence import Evidence, fact
from banana_assets.core.scheduling.replay import NOTHING, SAVES

TYPE = "schedule_optimization"
LEAST_SAVED = 30.0
"""Seconds a task that have to be saved for sure before an order is advised, or NOTHING of the time that tasks wait and
run."""

LEAST_GAIN = 1.1
"""Times the rate of today from which on another number or size is advised."""

TASK_TIME = "share of the time that tasks of the queue waited and ran, which it would save"
RATE = "share of the time for the same work that it would save"

Advised = tuple[str, str, Impact, Target, Evidence]
"""Subject, description, impact, target and evidence."""


def advised(seen: Observed, time: BuildTime) -> Iterator[Advised]:
    """What QUEUE_SCHEDULES speak for."""
    for row in seen.schedules.sort("queue_id").iter_rows(named=True):
        yield from _order(row, time)
        yield from _fewer(row)
        yield from _batches(row)


def _order(row: dict[str, Any], time: BuildTime) -> Iterator[Advised]:
    low, wait = row["saved_low"], row["first_come_wait"]
    ran = sum(k["runs"] * k["expected_seconds"] for k in row["kinds"]) / max(1, row["tasks"])
    if row["verdict"] != SAVES or low is None or low < min(LEAST_SAVED, NOTHING * (wait + ran)):
        return
    shares: list[Part] = [
        part("share of the waiting saved (at least)", low / wait if wait > 0 else 0.0),
        part("share of waiting in waiting and running", wait / (wait + ran) if wait + ran > 0 else 0.0),
    ]
    of_builds = row["origin"] == "builds"
    impact = of_shares(BUILD_TIME, *shares, time.share(row["queue"])) if of_builds else of_shares(TASK_TIME, *shares)
    yield (
        f"order of {row['origin']} {row['queue']}",
        f"Begin what waits in {row['queue']} by weight over expected time. {row['statement']}",
        impact,
        target("queue_wait" if of_builds else "task_wait", row["queue"]),
        fact(row["statement"], "queue_schedules", row["queue_id"]),
    )


def _fewer(row: dict[str, Any]) -> Iterator[Advised]:
    """Fewer at once, where more were seen and did less."""
    levels = {level["at_once"]: level for level in row["levels"]}
    best = levels.get(row["best_at_once"])
    if best is None or row["bounded_by"] != "throughput":
        return
    most = levels[max(levels)]
    gain = best["low"] / most["throughput"]
    if most["at_once"] <= best["at_once"] or gain < LEAST_GAIN:
        return
    yield (
        f"number at once of {row['origin']} {row['queue']}",
        f"Run at most {best['at_once']} of {row['queue']} at once. {row['parallel_statement']}",
        of_shares(RATE, part("share saved (at least)", 1 - 1 / gain)),
        target("run_duration", row["queue"]) if row["origin"] == "builds" else target("none"),
        fact(row["parallel_statement"], "queue_schedules", row["queue_id"]),
    )


def _batches(row: dict[str, Any]) -> Iterator[Advised]:
    for batch in row["batches"]:
        if batch["size"] is None or batch["rate"] is None or batch["size"] <= batch["size_now"]:
            continue
        gain = batch["rate"] / batch["rate_now"] if batch["rate_now"] else 1.0
        if gain < LEAST_GAIN:
            continue
        yield (
            f"batch size of {row['origin']} {row['queue']} {batch['kind']}",
            f"Raise the batches of {batch['kind']} in {row['queue']}. {batch['statement']}",
            of_shares(RATE, part("share saved", 1 - 1 / gain)),
            target("item_duration", row["queue"], item=batch["kind"]),
            fact(batch["statement"], "queue_schedules", row["queue_id"]),
        )
