"""Jobs of GitHub Actions, as ``workflow_job`` webhooks and the interface's lists of jobs give them.

Source: docs.github.com, "Webhook events and payloads" and "REST API endpoints for workflow jobs".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from banana_assets.core.ci.types import Ignored, Job, number, part, text
from banana_assets.core.errors import InputError

_CONCLUSIONS = {
    "success": "success",
    "neutral": "success",
    "failure": "failed",
    "timed_out": "error",
    "startup_failure": "error",
    "action_required": "error",
    "cancelled": "cancelled",
    "stale": "cancelled",
}
_STATUSES = {
    "queued": "queued",
    "waiting": "queued",
    "pending": "queued",
    "requested": "queued",
    "in_progress": "running",
}


def of_event(event: str, payload: Mapping[str, Any]) -> Job | Ignored:
    """The job of a webhook. Raises InputError for a payload that lacks what every such event has."""
    if event != "workflow_job":
        return Ignored(f"the event {event} is about no job")
    repository = text(part(payload, "repository").get("full_name"))
    if repository is None:
        raise InputError("The payload names no repository.", "Send GitHub's own payload as JSON.")
    return of_job(repository, part(payload, "workflow_job"))


def of_job(repository: str, job: Mapping[str, Any]) -> Job | Ignored:
    """One job, as webhooks and lists give it alike. Raises InputError for what is none."""
    ident = number(job.get("id"))
    if ident is None:
        raise InputError("The job has no id.", "Send GitHub's own payload as JSON.")
    conclusion, status = text(job.get("conclusion")), text(job.get("status"))
    if conclusion == "skipped":
        return Ignored("the job was skipped")
    stands = _CONCLUSIONS.get(conclusion or "") or _STATUSES.get(status or "")
    if stands is None:
        raise InputError(f"The job {ident} has the unknown conclusion {conclusion or status!r}.", "Tell its makers.")
    workflow = text(job.get("workflow_name"))
    ended = stands not in ("queued", "running")
    facts = {
        "pipeline": f"{repository}/{workflow}" if workflow else repository,
        "job": text(job.get("name")) or str(ident),
        "branch": text(job.get("head_branch")),
        "commit": text(job.get("head_sha")),
        "status": stands,
        "queued_at": text(job.get("created_at")),
        # A job that waits is given the time of its creation as its start.
        "started_at": text(job.get("started_at")) if stands != "queued" else None,
        "finished_at": text(job.get("completed_at")) if ended else None,
        "url": text(job.get("html_url")),
    }
    told = {name: value for name, value in facts.items() if value is not None}
    _in_order(told)
    at = told.get("finished_at") or told.get("started_at") or told.get("queued_at")
    log = f"/repos/{repository}/actions/jobs/{ident}/logs" if ended and stands != "cancelled" else None
    return Job(f"github-{ident}", told, log, at, urlsplit(text(job.get("url")) or "").netloc or None)


def _in_order(told: dict[str, Any]) -> None:
    # GitHub's clock of the start runs ahead now and then; ISO texts of one form are in the order of their times.
    if told.get("finished_at", "~") < told.get("started_at", ""):
        told["started_at"] = told["finished_at"]
