"""Telling people: a line in a file that is always there, and a webhook where one is set."""

from __future__ import annotations

import json
import logging
import urllib.error
import urllib.request
from datetime import UTC, datetime

from banana_assets.backends.settings import Settings, mask_password

TIMEOUT_SECONDS = 10
logger = logging.getLogger(__name__)


def failed_run_message(*, run_id: str, job: str, step: str | None, error: str) -> dict[str, str]:
    """What is said of a failed run; ``text`` is the field that chat services show."""
    where = f"{job}, step {step}" if step else job
    return {
        "event": "run_failed",
        "run_id": run_id,
        "job": job,
        "step": step or "",
        "error": error,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "text": f"Run {run_id[:8]} of {where} failed: {error}",
    }


def notify(settings: Settings, message: dict[str, str]) -> bool:
    """Append the message to ``failed_runs.jsonl`` and post it to the webhook; False where that did not take it."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / "failed_runs.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(message) + "\n")
    if not settings.failure_webhook:
        return True
    try:
        request = urllib.request.Request(
            settings.failure_webhook,
            data=json.dumps(message).encode(),
            headers={"content-type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
            return True
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        logger.warning("The webhook %s did not take the message: %s", mask_password(settings.failure_webhook), error)
        return False
