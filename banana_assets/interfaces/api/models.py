"""What the interface's description says of its bodies, with examples. Answers are rendered elsewhere, once."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

BuildStatus = Literal["queued", "running", "success", "failed", "error", "cancelled"]
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")


def _written(value: object) -> object:
    if isinstance(value, datetime) or value is None or (isinstance(value, str) and _MOMENT.match(value)):
        return value
    raise ValueError("a moment is written as ISO 8601, with its zone")


def _number(value: object) -> object:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise ValueError("this is a number, and no text")


Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
"""A time as text with its zone; numbers are no times, since nobody can tell seconds from milliseconds."""

Absent = SkipJsonSchema[None]
"""What a parameter of an address or a header is that was not sent: neither can say null."""

Number = BeforeValidator(_number)
"""JSON tells numbers from texts, and so do we."""

BUILD_EXAMPLE: dict[str, Any] = {
    "id": "shop-41",
    "status": "failed",
    "log": "FAILED tests/test_cart.py::test_total - assert 12 == 10\n1 failed, 88 passed in 4.1s",
    "log_truncated": True,
    "log_first_line": 118,
    "log_lines": 119,
    "log_bytes": 9021,
    "pipeline": "shop",
    "job": "test",
    "branch": "main",
    "commit": "3f1c9a0",
    "command": "pytest",
    "url": None,
    "exit_code": 1,
    "timestamp": "2026-11-20T10:04:11+00:00",
    "started_at": "2026-11-20T10:03:20+00:00",
    "finished_at": "2026-11-20T10:04:11+00:00",
    "arrived_at": "2026-11-20T10:04:12+00:00",
    "duration_seconds": 51.0,
    "diagnosis": {
        "category": "test_failure",
        "confidence": 0.97,
        "title": "FAILED tests/test_cart.py::test_total - assert 12 == 10",
        "reason": "line 118: FAILED tests/test_cart.py::test_total - assert 12 == 10",
        "cause": [{"first_line": 96, "last_line": 104}],
        "cause_text": ">       assert total(cart) == 10\nE       assert 12 == 10",
        "tool": "pytest",
        "failing_step": "test",
        "exit_code": 1,
        "failing_tests": ["tests/test_cart.py::test_total"],
        "fingerprint": "5d0f6c1e2b3a4958",
    },
    "cluster": None,
    "llm_reports": [],
}


class Lines(BaseModel):
    """Lines of a log, from 1, both ends included."""

    first_line: int
    last_line: int


class DiagnosisBody(BaseModel):
    """Why a build failed. ``confidence`` is calibrated: of those at .8 about eight in ten are right."""

    category: str
    confidence: float
    title: str
    reason: str
    cause: list[Lines]
    cause_text: str
    tool: str | None
    failing_step: str | None
    exit_code: int | None
    failing_tests: list[str]
    fingerprint: str


class ClusterBody(BaseModel):
    """The failure that this one is the ``nth`` case of, over builds and jobs."""

    cluster_id: str
    title: str
    state: str
    is_new: bool
    first_seen: str | None
    failures: int
    nth: int


class ReportBody(BaseModel):
    """What a coding agent said of a build: ``verified`` is false, for nobody checked its words."""

    report_id: int
    type: str
    analysis: str
    recommendations: list[str]
    confidence: float
    timestamp: str
    findings: dict[str, Any]
    model_version: str | None
    cluster_id: str | None
    plan_id: str | None
    reported_by: str
    verified: bool


class BuildBody(BaseModel):
    """A build. In lists ``log`` is the log's last lines of at most 4,096 bytes; times are ISO 8601 in UTC."""

    model_config = ConfigDict(json_schema_extra={"examples": [BUILD_EXAMPLE]})

    id: str
    status: str
    log: str
    log_truncated: bool
    log_first_line: int
    log_lines: int
    log_bytes: int
    pipeline: str
    job: str
    branch: str | None
    commit: str | None
    command: str | None
    url: str | None
    exit_code: int | None
    timestamp: str
    started_at: str | None
    finished_at: str | None
    arrived_at: str
    duration_seconds: float | None
    diagnosis: DiagnosisBody | None
    cluster: ClusterBody | None
    llm_reports: list[ReportBody]


class SummaryBody(BaseModel):
    """What stands out in a log: the first ten errors and warnings as plain lines."""

    total_lines: int
    error_count: int
    warning_count: int
    errors: list[str]
    warnings: list[str]


class BuildInFull(BuildBody):
    """A build with its log of up to 1 MiB (of a longer one the end), what stands out in it, and the evidence pack."""

    log_summary: SummaryBody
    pack: str | None
    pack_tokens: int | None


class BuildsAnswer(BaseModel):
    """A page of builds, the newest first. ``total`` counts all; ``limit`` is the one that held."""

    status: Literal["ok"]
    builds: list[BuildBody]
    count: int
    total: int
    skip: int
    limit: int
    next: str | None = Field(description="cursor of the next page")


class BuildAnswer(BaseModel):
    """One build."""

    status: Literal["ok"]
    build: BuildInFull
    analysis_ready: bool


class ReportAnswer(BaseModel):
    """``report_id`` is the report's place among those of its build, from 0."""

    status: Literal["ok"]
    message: str
    report_id: int
    insights_updated: bool


class LearningMetrics(BaseModel):
    """``model_accuracy`` is the share fixed of the plans that reports named and builds decided; null before that."""

    status: Literal["ok"]
    builds_analyzed: int
    learning_reports_submitted: int
    model_accuracy: float | None
    avg_confidence: float | None
    patterns_learned: int
    recommendations_implemented: int
    model_improvements: list[str]


Advice = Annotated[str, Field(max_length=2_000)]
WORD = r"^[A-Za-z0-9_][A-Za-z0-9_ .:/-]*$"


def _one_of(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [{"required": [name], "properties": {name: rule}} for name, rule in fields.items()]}


class ReportRequest(BaseModel):
    """A report, in either published form; unknown fields are let be."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "build_id": "shop-41",
                    "type": "failure_analysis",
                    "analysis": "The discount is applied twice since commit 3f1c9a0.",
                    "recommendations": ["Apply it in Cart.total alone."],
                    "confidence": 0.8,
                }
            ],
            "allOf": [
                _one_of(type={"type": "string"}, analysis_type={"type": "string"}),
                _one_of(analysis={"type": "string", "minLength": 1}, findings={"type": "object", "minProperties": 1}),
            ],
        },
    )

    build_id: str = Field(min_length=1, max_length=1000)
    type: str | None = Field(None, max_length=64, pattern=WORD)
    analysis_type: str | None = Field(None, max_length=64, pattern=WORD)
    analysis: str | None = Field(None, max_length=20_000)
    findings: dict[str, Any] | None = None
    recommendations: Annotated[list[Advice], Field(max_length=50)] | Advice | None = None
    confidence: Annotated[float, Number] = Field(0.5, ge=0, le=1)
    model_version: str | None = Field(None, max_length=255)
    plan_id: str | None = Field(None, max_length=32)


class BuildFacts(BaseModel):
    """What is known of a build; what is left out stays as it is. Times are ISO 8601."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "pipeline": "shop",
                    "job": "test",
                    "branch": "main",
                    "commit": "3f1c9a0",
                    "exit_code": 1,
                    "started_at": "2026-11-20T10:03:20Z",
                    "finished_at": "2026-11-20T10:04:11Z",
                }
            ]
        },
    )

    pipeline: str | None = Field(None, min_length=1, max_length=500)
    job: str | None = Field(None, min_length=1, max_length=500)
    branch: str | None = Field(None, min_length=1, max_length=500)
    commit: str | None = Field(None, min_length=1, max_length=100)
    status: BuildStatus | None = None
    exit_code: Annotated[int | None, Number] = Field(None, ge=-(2**31), lt=2**32)
    command: str | None = Field(None, min_length=1, max_length=10_000)
    url: str | None = Field(None, min_length=1, max_length=2_000)
    queued_at: Moment | None = None
    started_at: Moment | None = None
    finished_at: Moment | None = None


class BroughtIn(BaseModel):
    """What became of it: ``new`` build, ``changed`` build, or ``known``: nothing changed."""

    status: Literal["ok"]
    build_id: str
    outcome: Literal["new", "changed", "known"]


class UploadStands(BaseModel):
    """How much of an upload in parts is at rest, in bytes."""

    status: Literal["ok"]
    build_id: str
    offset: int
