"""Tests: which fail by chance, which fail since when, which are slow; and what people took out of judgement."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import APIRouter, Form, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.core.builds.quarantine import quarantined
from banana_assets.core.errors import InputError
from banana_assets.core.tables import FLAKY_TESTS, TEST_HISTORY
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.api.problems import ProblemError
from banana_assets.interfaces.dashboard.reading import choices, returning, table_page, versions
from banana_assets.interfaces.dashboard.viewing import Acting, Looking

router = APIRouter()
MOST = 50


@router.get("/tests")
async def shown_tests(
    request: Request, viewer: Looking, pipeline: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    """Flaky tests first, then those that fail now, then the slow ones."""
    service = service_of(request)
    kept = await run_in_threadpool(service.store.quarantines)
    today = datetime.now(UTC).date()

    def values() -> dict[str, Any]:
        flaky, known = service.tables.read(FLAKY_TESTS), service.tables.read(TEST_HISTORY)
        # Tests in quarantine are shown also when they are flaky no more.
        others = kept.join(flaky, on="test_id", how="anti").select("test_id", "pipeline", "title")
        flaky = quarantined(pl.concat([flaky, others], how="diagonal"), kept, today)
        pipelines = choices([*flaky["pipeline"], *known["pipeline"]])
        if pipeline:
            flaky, known = (frame.filter(pl.col("pipeline") == pipeline) for frame in (flaky, known))
        order = pl.col("state") == "quiet"
        flaky = flaky.sort(order, "flake_rate_low", "test_id", descending=[False, True, False], nulls_last=True)
        held = set(flaky.filter(pl.col("quarantine") == "active")["test_id"])
        failing = known.drop_nulls("failing_since").sort("failing_since", "test_id")
        slow = known.drop_nulls("total_seconds").filter(pl.col("total_seconds") > 0)
        slow = slow.sort("slower", "total_seconds", "test_id", descending=[True, True, False])
        return {
            "flaky": flaky.head(MOST).to_dicts(),
            "failing": failing.head(MOST).to_dicts(),
            "slow": slow.head(20).to_dicts(),
            "total": known.height,
            "counts": {"flaky": flaky.height, "failing": failing.height, "held": len(held)},
            "held": held,
            "pipelines": pipelines,
            "known": known.height + flaky.height,
            "pipeline": pipeline,
            "today": today.isoformat(),
        }

    rests_on = (*await versions(request, FLAKY_TESTS, TEST_HISTORY), tuple(kept.iter_rows()), today)
    return await table_page(request, rests_on, "tests.html", values)


@router.post("/tests/{test_id}")
async def decide(
    request: Request,
    viewer: Acting,
    test_id: Annotated[str, Path(max_length=100)],
    act: Annotated[Literal["quarantine", "lift"], Form()],
    until: Annotated[str, Form(max_length=10)] = "",
    reason: Annotated[str, Form(max_length=2000)] = "",
    back: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Put a test in quarantine up to a day, or end its quarantine."""
    service = service_of(request)

    def keep() -> None:
        now, by = datetime.now(UTC), viewer.caller.name
        columns = ["test_id", "pipeline", "title"]
        parts = [service.tables.read(table).select(columns) for table in (TEST_HISTORY, FLAKY_TESTS)]
        known = pl.concat([*parts, service.store.quarantines().select(columns)])
        rows = known.filter(pl.col("test_id") == test_id).to_dicts()
        if not rows:
            raise ProblemError(404, f"There is no test {test_id}.", "The page of tests lists them.")
        if act == "lift":
            if not service.store.lift_quarantine(test_id, lifted_by=by, lifted_at=now):
                raise InputError("That test is in no quarantine.", "It may have ended by itself.")
            return
        service.store.set_quarantine(
            test_id, pipeline=rows[0]["pipeline"], title=rows[0]["title"], until=_day(until), reason=reason.strip(),
            set_by=by, set_at=now,
        )  # fmt: skip

    await run_in_threadpool(keep)
    return returning(back, "/tests")


def _day(told: str) -> date:
    try:
        return date.fromisoformat(told)
    except ValueError as error:
        raise InputError("A quarantine needs the day on which it ends.", "Write it as 2026-01-31.") from error
