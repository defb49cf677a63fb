"""The tool that says in which order, how many at once, in which sizes and when work should run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from banana_assets.backends.scheduling import Answer, schedule_now
from banana_assets.core.errors import MissingError
from banana_assets.core.scheduling.asked import Told, overtaken
from banana_assets.core.tables import RESOURCE_USAGE_PREDICTIONS
from banana_assets.interfaces.mcp.calls import Call
from banana_assets.interfaces.mcp.paging import DEFAULT_BYTES, Cursor, MaxBytes, Paged, Part, fill, listed
from banana_assets.interfaces.mcp.records import Missing
from banana_assets.interfaces.mcp.tools import ToolSpec, tool
from banana_assets.interfaces.mcp.wire import size_of

MOST_PLACES = 50
MOST_WINDOWS = 20


class Place(BaseModel):
    """A task that waits now."""

    task_id: str
    kind: str
    place: int = Field(description="Its place in the order, from 1.")
    first_come_place: int = Field(description="The place it has by arrival.")
    expected_seconds: float = Field(description="How long it is expected to run.")
    begins_at: datetime = Field(description="When it should begin, if nothing else comes.")


class Window(BaseModel):
    """A time in which work of a kind may begin."""

    kind: str
    host: str = Field(description="The host whose forecasts were looked at; empty where none has any.")
    begins_at: datetime
    ends_at: datetime
    best_at: datetime = Field(description="When the risk is least.")
    risk: float = Field(description="Chance that room runs out while it runs, at best_at.")
    peak_risk: float = Field(description="The same, with spikes of CPU of minutes counted too.")
    fits: int | None = Field(description="How many such tasks have room at once then; null where needs are unknown.")
    tightest: str = Field(description="What is short first.")


class Batches(BaseModel):
    """How large batches of a kind should be."""

    kind: str
    size_now: int | None = Field(description="Items in a batch, as a rule.")
    size: int | None = Field(description="Items that a batch should have; null where that cannot be told.")
    statement: str


class QueueSchedule(BaseModel):
    """One queue."""

    queue: str
    origin: str = Field(description="builds: a pipeline; tasks: a queue of tasks.")
    tasks: int = Field(description="Ended tasks it rests on.")
    verdict: str = Field(description="saves, loses, saves_nothing, no_clear_difference or no_waiting.")
    saved_seconds: float = Field(description="Waiting that the order would have saved a task.")
    saved_low: float | None = Field(description="Lower end of its 95 % interval.")
    saved_high: float | None = Field(description="Upper end of its 95 % interval.")
    statement: str
    at_once: int = Field(description="Tasks that may run at once, as seen or told.")
    best_at_once: int | None = Field(description="How many should, where that can be told.")
    parallel_statement: str
    batches: list[Batches]
    waiting: list[Place] = Field(description=f"What waits now, the first {MOST_PLACES}, in the order to begin.")
    waiting_total: int
    windows: list[Window] = Field(description=f"When there is room, the first {MOST_WINDOWS}.")
    windows_total: int


class Schedules(Paged):
    """Queues, those that wait most first."""

    queues: list[QueueSchedule]
    total_queues: int
    looked_at: datetime | None = Field(description="The latest time in the data, from which times are counted.")
    missing: list[Missing] = Field(description="What is not in the data yet, and what to run.")


@tool("Say in which order and when work should run")
def get_execution_schedule(
    call: Call,
    queue: Annotated[str | None, Field(max_length=500, description="Only this pipeline or queue of tasks.")] = None,
    look_ahead_hours: Annotated[int, Field(ge=1, le=168, description="Hours that windows are looked for in.")] = 24,
    risk: Annotated[float, Field(ge=0, le=1, description="Chance of no room up to which a time counts.")] = 0.1,
    at_once: Annotated[int | None, Field(ge=1, le=10_000, description="Tasks that may run at once.")] = None,
    memory_bytes: Annotated[float | None, Field(gt=0, description="Memory for all tasks together.")] = None,
    cpu_cores: Annotated[float | None, Field(gt=0, description="Cores for all tasks together.")] = None,
    limit: Annotated[int, Field(ge=1, le=100, description="Most queues.")] = 10,
    max_bytes: MaxBytes = DEFAULT_BYTES,
    cursor: Cursor = None,
) -> Schedules:
    """Say in which order what waits should begin, how many at once, how large batches, and when hosts have room.

    Orders were run again on each queue's history beside first come first served; it is said where nothing is saved.
    Nothing is changed or started by asking.
    """
    sources = call.sources
    found = schedule_now(
        sources.store,
        sources.tables,
        queue=queue,
        told=Told(at_once, memory_bytes, cpu_cores),
        accepted=risk,
        hours=look_ahead_hours,
    )
    if queue is not None and found.queues.is_empty():
        raise MissingError(f"There is no queue {queue!r} in the data.", "Ask without a queue for all there are.")
    rows = found.queues.sort("first_come_wait", "queue_id", descending=[True, False]).to_dicts()
    windows: dict[str, list[dict[str, Any]]] = {}
    for window in found.windows.sort("begins_at", "kind", "host").iter_rows(named=True):
        windows.setdefault(window["queue_id"], []).append(window)
    asked = {"queue": queue, "hours": look_ahead_hours, "risk": risk, "limits": [at_once, memory_bytes, cpu_cores]}
    answer = Schedules(
        queues=[],
        total_queues=len(rows),
        looked_at=found.now,
        missing=[*_missing(call, bool(rows)), *_overtaken(found)],
    )
    queues = Part(
        answer,
        "queues",
        [str(row["queue_id"]) for row in rows],
        lambda n: _queue(rows[n], windows.get(rows[n]["queue_id"], [])),
        limit,
        _leaner,
    )
    fill(answer, [queues, listed(answer, "missing")], asked, cursor, max_bytes)
    return answer


def _leaner(queue: QueueSchedule, room: int) -> QueueSchedule:
    """A queue with as much of its lists as these bytes hold, the longest cut first; their totals are told."""
    while size_of(queue) > room:
        name = max(("waiting", "windows", "batches"), key=lambda name: len(getattr(queue, name)))
        rows = getattr(queue, name)
        if not rows:
            break
        queue = queue.model_copy(update={name: rows[: len(rows) // 2]})
    return queue


def _queue(row: dict[str, Any], windows: list[dict[str, Any]]) -> QueueSchedule:
    plain = {name: row[name] for name in QueueSchedule.model_fields if name in row}
    return QueueSchedule(
        **plain
        | {
            "batches": [Batches(**{n: b[n] for n in Batches.model_fields}) for b in row["batches"]],
            "waiting": [Place(**{n: p[n] for n in Place.model_fields}) for p in row["waiting"][:MOST_PLACES]],
            "waiting_total": len(row["waiting"]),
            "windows": [Window(**{n: w[n] for n in Window.model_fields}) for w in windows[:MOST_WINDOWS]],
            "windows_total": len(windows),
        }
    )


def _overtaken(found: Answer) -> Iterator[Missing]:
    for sentence in overtaken(found.windows, found.now):
        yield Missing(what=sentence, run="banana watch, or banana ingest resources FILE; then banana materialize")


def _missing(call: Call, any_queue: bool) -> Any:
    if not any_queue:
        yield Missing(what="No queue has ended tasks.", run="banana ingest builds PATH, or banana ingest tasks FILE")
    if call.sources.tables.version(RESOURCE_USAGE_PREDICTIONS) is None:
        yield Missing(what="Resources were never forecast, so hosts are not looked at.", run="banana materialize")


TOOLS: tuple[ToolSpec, ...] = (get_execution_schedule,)
