"""A report of a coding agent about a build: what it may hold, and when two are the same."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from banana_assets.core.errors import InputError

REPORT_TYPES = (
    "failure_analysis",
    "code_improvement",
    "test_coverage",
    "dependency_audit",
    "performance_analysis",
    "code_quality",
    "performance",
    "architecture",
    "security",
    "testing",
)
"""The words of both published interfaces; other short words are kept too."""

LONGEST_ANALYSIS = 20_000
MOST_RECOMMENDATIONS = 50
LONGEST_RECOMMENDATION = 2_000
LONGEST_TYPE = 64
MOST_FINDINGS_BYTES = 50_000
DEFAULT_CONFIDENCE = 0.5


@dataclass(frozen=True)
class Report:
    """What somebody says about a build. ``confidence`` is in 0..1; ``findings`` is free JSON of theirs."""

    build_id: str
    type: str
    analysis: str
    recommendations: tuple[str, ...] = ()
    confidence: float = DEFAULT_CONFIDENCE
    findings: Mapping[str, Any] = field(default_factory=dict)
    model_version: str | None = None
    plan_id: str | None = None

    @property
    def content_sha256(self) -> str:
        """The same for the same report."""
        told = vars(self) | {"recommendations": list(self.recommendations)}
        return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def report_of(body: Mapping[str, Any]) -> Report:
    """The report in a request's body, in either published form. Raises InputError saying which field is wrong.

    The first form has ``build_id, type, analysis, recommendations, confidence``; the second ``build_id, analysis_type,
    findings, recommendations, confidence, model_version``.
    """
    build_id = body.get("build_id")
    if not isinstance(build_id, str) or not build_id:
        raise InputError("build_id must be a string.", "Name the build: GET builds lists them.")
    kind = body.get("type") or body.get("analysis_type")
    if kind is None or kind == "":
        raise InputError("missing required fields: type.", f"Say what it is, for instance {REPORT_TYPES[0]}.")
    if not isinstance(kind, str) or len(kind) > LONGEST_TYPE or not kind.isprintable():
        raise InputError(
            f"type must be a word of at most {LONGEST_TYPE} characters.", f"For instance {REPORT_TYPES[0]}."
        )
    findings = body.get("findings")
    findings = {} if findings is None else _kept(findings)
    if not isinstance(findings, dict) or len(_json(findings)) > MOST_FINDINGS_BYTES:
        raise InputError(f"findings must be an object of at most {MOST_FINDINGS_BYTES:,} bytes.", "Shorten it.")
    analysis = body.get("analysis") or findings.get("summary") or ("see findings" if findings else None)
    if analysis is None:
        raise InputError("missing required fields: analysis.", "Say in words what you found.")
    if not isinstance(analysis, str) or len(analysis) > LONGEST_ANALYSIS:
        raise InputError(f"analysis must be a text of at most {LONGEST_ANALYSIS:,} characters.", "Shorten it.")
    return Report(
        build_id=build_id,
        type=kind,
        analysis=analysis,
        recommendations=_recommendations(body.get("recommendations")),
        confidence=_confidence(body.get("confidence", DEFAULT_CONFIDENCE)),
        findings=findings,
        model_version=_optional(body, "model_version"),
        plan_id=_optional(body, "plan_id"),
    )


def _kept(value: object) -> object:
    """JSON as it is kept: whole numbers beyond 64 bits as the nearest that others read, too (RFC 8259, section 6)."""
    try:
        return orjson.loads(json.dumps(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError("findings cannot be kept: they are no plain JSON, or too deep.", "Use plain JSON.") from error


def _json(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"findings cannot be kept: {error}.", "Use plain JSON.") from error


def _recommendations(told: object) -> tuple[str, ...]:
    # A single text was taken by the original, so that its clients send it.
    texts = [] if told is None else [told] if isinstance(told, str) else told
    if not isinstance(texts, list) or len(texts) > MOST_RECOMMENDATIONS:
        raise InputError(f"recommendations must be a list of at most {MOST_RECOMMENDATIONS} texts.", "Shorten it.")
    for text in texts:
        if not isinstance(text, str) or len(text) > LONGEST_RECOMMENDATION:
            raise InputError(
                f"Each of recommendations must be a text of at most {LONGEST_RECOMMENDATION:,} characters.", "Mend it."
            )
    return tuple(text for text in texts if text.strip())


def _confidence(told: object) -> float:
    number = isinstance(told, int | float) and not isinstance(told, bool)
    if not number or not math.isfinite(float(told)) or not 0 <= float(told) <= 1:  # type: ignore[arg-type]
        raise InputError("confidence must be a number from 0 to 1.", "0.5 means as likely wrong as right.")
    return float(told)  # type: ignore[arg-type]


def _optional(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None or (isinstance(value, str) and len(value) <= 255):
        return value
    raise InputError(f"{name} must be a text of at most 255 characters.", "Mend or omit it.")
