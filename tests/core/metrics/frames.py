"""Frames that keep the schemas, with defaults for what a test does not care about."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from banana_assets.core.schema import Table
from banana_assets.core.tables import (
    BUILD_FAILURES,
    BUILDS,
    LOG_PATTERNS,
    LOG_SHAPES,
    RESOURCE_SAMPLES,
    TEST_RESULTS,
)

T0 = datetime(2026, 3, 2, tzinfo=UTC)
DAY = date(2026, 3, 2)


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def frame(table: Table, rows: list[dict[str, Any]], defaults: dict[str, Any]) -> pl.DataFrame:
    defaults = {"arrival_day": DAY} | defaults if "arrival_day" in table.dtypes else defaults
    whole = pl.DataFrame([{**defaults, **row} for row in rows], schema=table.dtypes)
    conformed = table.conform(whole)
    assert table.violations(conformed) == {}
    return conformed


def builds(rows: list[dict[str, Any]]) -> pl.DataFrame:
    defaults = {
        "pipeline": "ci", "job": "test", "branch": "main", "status": "success", "log_lines": 10, "log_bytes": 100,
        "origin": "folder", "arrived_at": T0, "arrival_day": DAY,
    }  # fmt: skip
    for k, row in enumerate(rows):
        row.setdefault("build_id", f"b{k:03d}")
        row.setdefault("finished_at", at(k))
    return frame(BUILDS, rows, defaults)


def failures(rows: list[dict[str, Any]]) -> pl.DataFrame:
    text = "E   ModuleNotFoundError: No module named 'yaml'"
    defaults = {
        "category": "missing_dependency", "confidence": 0.9, "reason": "the log names a missing module",
        "cause": [{"first": 7, "last": 7}], "cause_text": text, "failing_tests": [], "evidence": [], "pack": "",
        "pack_tokens": 0, "fingerprint": "f1", "log_sha256": "a" * 64, "rules_version": 1, "failed_at": T0,
    }  # fmt: skip
    return frame(BUILD_FAILURES, rows, defaults)


def results(rows: list[dict[str, Any]]) -> pl.DataFrame:
    defaults = {"suite": "", "classname": "", "status": "passed", "attempts": 1, "arrived_at": T0}
    return frame(TEST_RESULTS, rows, defaults)


def shapes(rows: list[dict[str, Any]]) -> pl.DataFrame:
    defaults = {
        "arrival_day": DAY, "file_id": 1, "source": "api", "shape_id": 1, "shape": "request failed",
        "severity_number": 17, "events": 1, "first_line": 1, "example": "request failed",
    }  # fmt: skip
    return frame(LOG_SHAPES, rows, defaults)


def patterns(rows: list[dict[str, Any]]) -> pl.DataFrame:
    defaults = {
        "pattern_id": "p1", "template": "request <*> failed", "named_template": "request <number> failed",
        "frequency": 40, "severity_number": 17, "severity": "high", "first_arrived": DAY, "sources": ["api"],
        "files": 1, "shapes": [1], "last_arrived": T0, "is_new": False, "rarity": 0.5, "state": "open",
        "regressed": False, "formerly": [],
        "rules_version": 1,
        "examples": [{"file_id": 1, "path": "api.log", "line": 3, "text": "request 4 failed"}],
    }  # fmt: skip
    return frame(LOG_PATTERNS, rows, defaults)


def samples(values: list[float], step_seconds: float = 60, **row: Any) -> pl.DataFrame:
    defaults = {"arrival_day": DAY, "series_id": 1, "source": "host1", "metric": "cpu_percent"}
    rows = [{"ts": T0 + timedelta(seconds=k * step_seconds), "value": v, **row} for k, v in enumerate(values)]
    return frame(RESOURCE_SAMPLES, rows, defaults)
