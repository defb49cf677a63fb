"""A diagnosis as a row of the table ``build_failures``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from banana_assets.core.builds.diagnosis import RULES_VERSION, Diagnosis


def failure_row(found: Diagnosis, *, build_id: str, log_sha256: str, failed_at: datetime) -> dict[str, Any]:
    """The row of one failed build, named as the columns of ``BUILD_FAILURES``."""
    return {
        "build_id": build_id,
        "category": found.category or "unknown",
        "confidence": found.confidence,
        "reason": found.reason,
        "cause": _spans(found.cause),
        "cause_text": found.cause_text,
        "tool": found.tool,
        "failing_step": found.failing_step,
        "exit_code": found.exit_code,
        "failing_tests": list(found.failing_tests),
        "evidence": _spans(found.evidence),
        "pack": found.pack,
        "pack_tokens": found.pack_tokens,
        "fingerprint": found.fingerprint,
        "log_sha256": log_sha256,
        "rules_version": RULES_VERSION,
        "failed_at": failed_at,
    }


def _spans(ranges: tuple[tuple[int, int], ...]) -> list[dict[str, int]]:
    return [{"first": first, "last": last} for first, last in ranges]
