"""What the server answers, as frozen values. Fields that a newer server adds are let be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class LineRange:
    """Lines of a log, from 1, both ends included."""

    first: int
    last: int


@dataclass(frozen=True)
class Diagnosis:
    """Why a build failed; ``confidence`` in 0..1 is calibrated."""

    category: str
    confidence: float
    title: str
    reason: str
    cause: tuple[LineRange, ...]
    cause_text: str
    tool: str | None
    failing_step: str | None
    exit_code: int | None
    failing_tests: tuple[str, ...]
    fingerprint: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Diagnosis:
        """The diagnosis in an answer."""
        return cls(
            category=told["category"],
            confidence=told["confidence"],
            title=told["title"],
            reason=told["reason"],
            cause=tuple(LineRange(span["first_line"], span["last_line"]) for span in told["cause"]),
            cause_text=told["cause_text"],
            tool=told["tool"],
            failing_step=told["failing_step"],
            exit_code=told["exit_code"],
            failing_tests=tuple(told["failing_tests"]),
            fingerprint=told["fingerprint"],
        )


@dataclass(frozen=True)
class Cluster:
    """The failure, over builds and jobs, that a build is the ``nth`` case of."""

    cluster_id: str
    title: str
    state: str
    is_new: bool
    failures: int
    nth: int

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Cluster:
        """The cluster in an answer."""
        return cls(*(told[name] for name in ("cluster_id", "title", "state", "is_new", "failures", "nth")))


@dataclass(frozen=True)
class Report:
    """What somebody said of a build; nobody checked it."""

    report_id: int
    type: str
    analysis: str
    recommendations: tuple[str, ...]
    confidence: float
    at: datetime
    plan_id: str | None = None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Report:
        """The report in an answer."""
        return cls(
            report_id=told["report_id"],
            type=told["type"],
            analysis=told["analysis"],
            recommendations=tuple(told["recommendations"]),
            confidence=told["confidence"],
            at=datetime.fromisoformat(told["timestamp"]),
            plan_id=told.get("plan_id"),
        )


@dataclass(frozen=True)
class LogSummary:
    """What stands out in a log: the first ten errors and warnings as plain lines."""

    total_lines: int
    error_count: int
    warning_count: int
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Build:
    """A build. Of pages ``log`` is the end of the log; ``summary`` and ``pack`` come with one build in full."""

    id: str
    status: str
    log: str
    log_truncated: bool
    pipeline: str
    job: str
    branch: str | None
    commit: str | None
    exit_code: int | None
    started_at: datetime | None
    finished_at: datetime | None
    duration_seconds: float | None
    diagnosis: Diagnosis | None
    cluster: Cluster | None
    reports: tuple[Report, ...]
    summary: LogSummary | None = None
    pack: str | None = None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Build:
        """The build in an answer."""
        summary = told.get("log_summary")
        return cls(
            id=told["id"],
            status=told["status"],
            log=told["log"],
            log_truncated=told["log_truncated"],
            pipeline=told["pipeline"],
            job=told["job"],
            branch=told["branch"],
            commit=told["commit"],
            exit_code=told["exit_code"],
            started_at=moment(told["started_at"]),
            finished_at=moment(told["finished_at"]),
            duration_seconds=told["duration_seconds"],
            diagnosis=Diagnosis.of(told["diagnosis"]) if told["diagnosis"] else None,
            cluster=Cluster.of(told["cluster"]) if told["cluster"] else None,
            reports=tuple(Report.of(one) for one in told["llm_reports"]),
            summary=LogSummary(
                summary["total_lines"],
                summary["error_count"],
                summary["warning_count"],
                tuple(summary["errors"]),
                tuple(summary["warnings"]),
            )
            if summary
            else None,
            pack=told.get("pack"),
        )


@dataclass(frozen=True)
class BuildPage:
    """A page of builds, the newest first; ``next`` is the cursor of the following one."""

    builds: tuple[Build, ...]
    total: int
    next: str | None


@dataclass(frozen=True)
class ReportReceipt:
    """Where a report is kept; ``new`` is false when it was there already."""

    report_id: int
    new: bool


@dataclass(frozen=True)
class Unreported:
    """A failed build that the caller has said nothing about; it stands for ``waiting`` builds of its cluster."""

    build_id: str
    cluster_id: str | None
    waiting: int


@dataclass(frozen=True)
class RowPage:
    """A page of a derived table: rows as the interface's description has them."""

    rows: tuple[dict[str, Any], ...]
    total: int
    next: str | None


def moment(text: str | None) -> datetime | None:
    """A time of an answer."""
    return datetime.fromisoformat(text) if text else None
