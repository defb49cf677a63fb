"""Running a job in this process, with its progress told as it goes."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg

from banana_assets.backends.planned import Planned
from banana_assets.backends.settings import Settings
from banana_assets.backends.store import open_store
from banana_assets.launch.instance import prepare
from jobs.processes import PROCESS_TAG, free_slots, this_process

Tell = Callable[[str], None]


@dataclass(frozen=True)
class RunReport:
    """What a run did: assets computed, checks that did not hold (asset, check, why), seconds, and how it failed."""

    run_id: str
    success: bool
    assets: tuple[str, ...]
    failed_checks: tuple[tuple[str, str, str], ...]
    seconds: float
    error: str = ""


def run_job(
    settings: Settings,
    job: str,
    days: Sequence[date],
    tell: Tell = lambda _: None,
    *,
    ops: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    run_id: str | None = None,
) -> RunReport:
    """Run that job for the arrival days, in this process, recorded in the home folder's Dagster instance.

    ``ops`` configures its assets, ``tags`` mark the run, which gets that ``run_id`` where one is given.
    """
    prepare(settings)
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    from banana_assets.definitions import build_definitions

    definitions = build_definitions(settings)
    resolved = dg.Definitions.merge(definitions, dg.Definitions(loggers={"progress": _progress(tell)})).resolve_job_def(
        job
    )
    start = time.monotonic()
    with dg.DagsterInstance.get() as instance, open_store(settings) as store:
        free_slots(instance, Planned(store.engine).owners(now=datetime.now(UTC)), datetime.now(UTC))
        done = resolved.execute_in_process(
            instance=instance,
            run_config={"loggers": {"progress": {}}, "ops": dict(ops or {})},
            raise_on_error=False,
            partition_key=days[0].isoformat() if len(days) == 1 else None,
            tags={PROCESS_TAG: this_process(), **(tags or {}), **(_range(days) if len(days) > 1 else {})},
            run_id=run_id,
        )
    materialized = done.get_asset_materialization_events()
    failed_checks = tuple(
        (e.asset_key.to_user_string(), e.check_name, _why(e.metadata))
        for e in done.get_asset_check_evaluations()
        if not e.passed
    )
    return RunReport(
        run_id=done.run_id,
        success=done.success,
        assets=tuple(e.asset_key.to_user_string() for e in materialized if e.asset_key),
        failed_checks=failed_checks,
        seconds=time.monotonic() - start,
        error="" if done.success else _error(done),
    )


def _range(days: Sequence[date]) -> dict[str, str]:
    return {
        "dagster/asset_partition_range_start": min(days).isoformat(),
        "dagster/asset_partition_range_end": max(days).isoformat(),
    }


def _why(metadata: object) -> str:
    if not isinstance(metadata, dict):
        return ""
    return ", ".join(f"{name}: {getattr(value, 'value', value)}" for name, value in metadata.items())


def _error(done: dg.ExecuteInProcessResult) -> str:
    for event in done.all_events:
        if event.is_step_failure:
            failure = event.step_failure_data
            error = failure.error.cause if failure.error and failure.error.cause else failure.error
            return f"{event.step_key}: {error.message.strip() if error else 'failed'}"
    return "the run failed before its first step"


def _progress(tell: Tell) -> dg.LoggerDefinition:
    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            event = getattr(record, "dagster_event", None) or getattr(record, "dagster_meta", {}).get("dagster_event")
            if event is None:
                return
            if event.event_type_value == "ASSET_MATERIALIZATION":
                rows = event.materialization.metadata.get("dagster/row_count")
                tell(f"{event.asset_key.to_user_string()}: {int(rows.value):,} rows" if rows else str(event.asset_key))
            elif event.event_type_value == "STEP_FAILURE":
                tell(f"{event.step_key}: failed")

    def make(_: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("progress")
        logger.addHandler(Handler())
        return logger

    return dg.LoggerDefinition(make, description="Tells each asset as it is computed.")
