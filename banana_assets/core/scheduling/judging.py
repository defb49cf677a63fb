"""What can be said of each queue: the order, the number at once, the sizes of batches, what to begin with now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from banana_assets.core.errors import ContradictionError
from banana_assets.core.evidence import plural, seconds_text
from banana_assets.core.scheduling import batches as sizes
from banana_assets.core.scheduling import parallelism
from banana_assets.core.scheduling.asked import Told
from banana_assets.core.scheduling.dispatch import dispatch
from banana_assets.core.scheduling.estimates import Past, learned
from banana_assets.core.scheduling.history import RECENT, Queue
from banana_assets.core.scheduling.priority import by_weight_over_time, first_come
from banana_assets.core.scheduling.replay import (
    LOSES,
    NO_WAITING,
    PATIENCE,
    SAVES,
    SAVES_NOTHING,
    Replayed,
    most_at_once,
    replay,
)
from banana_assets.core.scheduling.types import Limits, Task
from banana_assets.core.tables.scheduling import QUEUE_SCHEDULES

MOST_WAITING = 500
LEAST_WAIT = 1.0
"""Seconds of waiting that are worth a word."""

LOST = 10.0
"""Times the longest run of its queue, after which a task that is told to run is taken for lost."""

SURE = 2.0
"""Times by which the replay in the order of arrival may differ from the waits that were seen."""


def schedules(found: Sequence[Queue], now: datetime | None, told: Told | None = None) -> pl.DataFrame:
    """QUEUE_SCHEDULES of these queues; ``now`` is the time at which what waits could begin (the latest in the data)."""
    rows = [row(queue, now, told or Told()) for queue in found if queue.past or queue.waiting]
    return QUEUE_SCHEDULES.conform(pl.DataFrame(rows, schema=QUEUE_SCHEDULES.dtypes, orient="row"))


def row(queue: Queue, now: datetime | None, told: Told) -> dict[str, Any]:
    """A row of QUEUE_SCHEDULES."""
    queue, lost = _without_lost(queue, now)
    most = told.at_once or parallelism_seen(queue)
    limits = Limits(most, told.memory or np.inf, told.cpu or np.inf)
    replayed = replay(queue.past, limits)
    best = parallelism.advise(queue.past, memory_limit=limits.memory, cpu_limit=limits.cpu)
    said = f"{statement(replayed, as_seen=_as_seen(told))}{_left_out(queue, lost)}"
    try:
        waiting = waiting_now(queue, limits, now, patience=PATIENCE * replayed.first_come.longest)
    except ContradictionError as error:
        waiting, said = [], f"{said} What waits now has no order: {error.message}"
    return {
        "queue_id": queue.queue_id,
        "origin": queue.origin,
        "queue": queue.name,
        "tasks": len(queue.past),
        "untimed": queue.untimed,
        "since": _moment(min((p.arrived for p in queue.past), default=None)),
        "until": _moment(max((p.finished for p in queue.past), default=None)),
        "at_once": most,
        "seen_wait": replayed.seen.mean,
        "first_come_wait": replayed.first_come.weighted,
        "ordered_wait": replayed.ours.weighted,
        "perfect_wait": replayed.perfect.weighted,
        "longest_first_come": replayed.first_come.longest,
        "longest_ordered": replayed.ours.longest,
        "saved_seconds": replayed.saved,
        "saved_low": replayed.low,
        "saved_high": replayed.high,
        "saved_share": replayed.share,
        "spells": replayed.spells,
        "verdict": replayed.verdict,
        "statement": said,
        "best_at_once": None if isinstance(best, str) else best.at_once,
        "bounded_by": None if isinstance(best, str) else best.bounded_by,
        "parallel_statement": _parallel(best),
        "levels": [] if isinstance(best, str) else [_level(v) for v in best.levels],
        "kinds": kinds(queue.past),
        "batches": list(_batches(queue, told)),
        "waiting": waiting,
    }


def _without_lost(queue: Queue, now: datetime | None) -> tuple[Queue, int]:
    """The queue without tasks that cannot be running any more, and how many these are."""
    if now is None or not queue.past:
        return queue, 0
    since = now.timestamp() - LOST * max(LEAST_WAIT, *(p.runtime for p in queue.past))
    alive = tuple(t for t in queue.running if t.arrived >= since)
    return replace(queue, running=alive), len(queue.running) - len(alive)


def _left_out(queue: Queue, lost: int) -> str:
    """What the figures do not count, in words."""
    counts = (
        (queue.older, f"that ended before the latest {RECENT:,}"),
        (queue.untimed, "that ended {lack} a time"),
        (lost, f"told as running for more than {LOST:.0f} times the longest run {{count}} as lost"),
        (queue.blocked, "{wait} for others that did not succeed"),
    )
    said = [f"{plural(n, 'task')} {text.format(**(_ONE if n == 1 else _MANY))}" for n, text in counts if n]
    return f" Left out: {'; '.join(said)}." if said else ""


_ONE = {"lack": "lacks", "count": "counts", "wait": "waits"}
_MANY = {word: word for word in _ONE}


def parallelism_seen(queue: Queue) -> int:
    """How many tasks of the queue may run at once, by what was seen."""
    return max(most_at_once(queue.past), len(queue.running))


def _as_seen(told: Told) -> bool:
    """Whether a queue is run again under its own limits."""
    return told.at_once is None and told.memory is None and told.cpu is None


def statement(found: Replayed, *, as_seen: bool = True) -> str:
    """What came of running the queue again, in a sentence or two; ``as_seen`` is whether the limits are its own."""
    n = found.first_come.tasks
    if n and found.first_come.mean > 0 and found.first_come.weighted <= 0:
        return f"Whatever waits has the weight 0 ({plural(n, 'task')}), so no order saves anything."
    if found.verdict == NO_WAITING and found.seen.mean >= LEAST_WAIT and not as_seen:
        return (
            f"Within these limits nothing would have waited ({plural(n, 'task')}, at most {found.limits.parallel} at "
            f"once); tasks really waited {seconds_text(found.seen.mean)} each. No order saves anything."
        )
    if found.verdict == NO_WAITING and found.seen.mean >= LEAST_WAIT:
        return (
            f"{plural(n, 'task').capitalize()} waited {seconds_text(found.seen.mean)} each though at most "
            f"{found.limits.parallel} ran at once and there was room: other limits than the number at once were at "
            "work, so nothing can be said of an order."
        )
    if found.verdict == NO_WAITING:
        return f"Nothing waited: {plural(n, 'task')}, at most {found.limits.parallel} at once. No order saves anything."
    base = (
        f"First come first served waits {seconds_text(found.first_come.weighted)} a task ({plural(n, 'task')}, at most "
        f"{found.limits.parallel} at once)"
    )
    if found.low is None or found.high is None:
        said = (
            f"{base}; weight over expected time would wait {seconds_text(found.ours.weighted)}, but waits came in "
            f"{plural(found.spells, 'busy spell')}, which are too few, or of too different weight, to tell them apart."
        )
    else:
        interval = f"95 % interval {_signed(found.low)} to {_signed(found.high)}"
        verb = {
            SAVES: f"saves {seconds_text(found.saved)} of it ({found.share:.0%}; {interval})",
            SAVES_NOTHING: f"saves nothing worth it ({_signed(found.saved)}; {interval}): keep the order of arrival",
            LOSES: f"costs {seconds_text(-found.saved)} more ({interval}): keep the order of arrival",
        }.get(found.verdict, f"makes no clear difference ({_signed(found.saved)}; {interval})")
        said = f"{base}; weight over expected time {verb}."
    if not as_seen:
        return f"{said} Tasks really waited {seconds_text(found.seen.mean)}, under the limits of then."
    ratio = found.first_come.mean / found.seen.mean if found.seen.mean > 0 else np.inf
    if not 1 / SURE <= ratio <= SURE:
        said += (
            f" Tasks really waited {seconds_text(found.seen.mean)}: other limits than the number at once were at work,"
            " so take this with care."
        )
    return said


def _signed(seconds: float) -> str:
    return f"-{seconds_text(-seconds)}" if seconds < 0 else seconds_text(seconds)


def _parallel(best: parallelism.Parallelism | str) -> str:
    if isinstance(best, str):
        return f"How many should run at once cannot be told: {best}."
    top = next(v for v in best.levels if v.at_once == best.at_once)
    why = {
        "throughput": "more at once slow each other down as much as they bring",
        "memory": "more would not fit into memory",
        "cores": "more would not fit on the cores",
        "evidence": "more were never seen often enough",
    }[best.bounded_by]
    return (
        f"{plural(best.at_once, 'task')} at once: each then takes {top.slowdown:.2f} times as long, and together they "
        f"do the work of {top.throughput:.2g} that run alone; {why}."
    )


def _level(level: parallelism.Level) -> dict[str, Any]:
    return {name: getattr(level, name) for name in ("at_once", "tasks", "slowdown", "throughput", "low")}


def kinds(past: Sequence[Past]) -> list[dict[str, Any]]:
    """What each kind takes, the most frequent first."""
    estimates = learned(past)
    runs: dict[str, list[Past]] = {}
    for one in past:
        runs.setdefault(one.kind, []).append(one)
    made = []
    for kind, some in sorted(runs.items(), key=lambda item: (-len(item[1]), item[0])):
        memory, cpu = [p.memory for p in some if p.memory > 0], [p.cpu for p in some if p.cpu > 0]
        made.append(
            {
                "kind": kind,
                "runs": len(some),
                "expected_seconds": estimates.expect(kind, some[0].group),
                "p95_seconds": float(np.quantile([p.runtime for p in some], 0.95)),
                "memory_bytes": float(np.quantile(memory, 0.95)) if memory else None,
                "cpu_cores": float(np.quantile(cpu, 0.95)) if cpu else None,
            }
        )
    return made


def _batches(queue: Queue, told: Told) -> Any:
    together = queue.batches.filter(pl.col("items").max().over("kind") > 1)
    for (kind,), group in together.sort("kind").group_by("kind", maintain_order=True):
        held = group["memory_bytes"].to_numpy() if group["memory_bytes"].null_count() == 0 else None
        best = sizes.advise(
            group["items"].to_numpy(),
            group["seconds"].to_numpy(),
            held,
            memory_limit=told.memory or np.inf,
            time_limit=told.batch_seconds or np.inf,
        )
        if isinstance(best, str):
            yield {"kind": kind, "batches": group.height, "statement": f"No size can be told: {best}."}
            continue
        why = {
            "memory": "more would not fit into memory",
            "time": "more would take too long",
            "evidence": f"the largest seen had {max(group['items'].to_list())}, and a guess reaches no further",
            "return": "larger ones bring less than a tenth more",
        }[best.bounded_by]
        yield {
            "kind": kind,
            "batches": best.batches,
            "size_now": best.size_now,
            "size": best.size,
            "rate_now": best.rate_now,
            "rate": best.rate,
            "bounded_by": best.bounded_by,
            "statement": (
                f"Batches of {best.size} items, as now: {best.rate:.3g} items a second over"
                f" {plural(best.batches, 'batch', 'batches')}; {why}."
                if best.size == best.size_now
                else f"Batches of {best.size} instead of {best.size_now} items: {best.rate:.3g} instead of "
                f"{best.rate_now:.3g} items a second ({seconds_text(best.time.base)} a batch and "
                f"{seconds_text(best.time.per_item)} an item over {plural(best.batches, 'batch', 'batches')}); {why}."
            ),
        }


def waiting_now(queue: Queue, limits: Limits, now: datetime | None, *, patience: float) -> list[dict[str, Any]]:
    """What waits now in the order in which it should begin (PLACE), with the time if nothing else comes.

    Whoever has waited for ``patience`` seconds goes first, as in the replay.
    """
    if not queue.waiting or now is None:
        return []
    estimates = learned(queue.past)
    clock = now.astimezone(UTC).timestamp()

    def known(task: Task) -> Task:
        thought = estimates.expect(queue.kinds[task.task_id], queue.name)
        return replace(
            task,
            runtime=thought,
            expected=thought,
            memory=min(task.memory, limits.memory),
            cpu=min(task.cpu, limits.cpu),
            arrived=min(task.arrived, clock),
        )

    # What runs began already: it holds its place, for as long as it is still expected to.
    left = [
        replace(t, arrived=-np.inf, runtime=max(0.0, t.runtime - (clock - t.arrived)), after=())
        for t in map(known, queue.running)
    ]
    by_id = {t.task_id: known(t) for t in queue.waiting}
    arrival = first_come(list(by_id.values()))
    by_arrival = {t: i + 1 for i, t in enumerate(sorted(arrival, key=lambda t: (arrival[t], t)))}
    # All of them are known by now, whichever was asked for first.
    keys = by_weight_over_time([replace(t, arrived=clock) for t in by_id.values()])
    runs = dispatch(
        [*left, *by_id.values()],
        limits,
        {t.task_id: -np.inf for t in left} | dict(keys),
        patience=lambda _: max(patience, LEAST_WAIT),
        since=clock,
    )
    ours = [r for r in runs if r.task_id in by_id]
    return [
        {
            "task_id": run.task_id,
            "kind": queue.kinds[run.task_id],
            "expected_seconds": by_id[run.task_id].expected,
            "weight": by_id[run.task_id].weight,
            "place": place,
            "first_come_place": by_arrival[run.task_id],
            "begins_at": _moment(run.start),
        }
        for place, run in enumerate(ours, 1)
    ][:MOST_WAITING]


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
