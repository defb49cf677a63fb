"""Jobs of GitLab, as ``Job Hook`` webhooks and the interface's lists of jobs give them.

Source: docs.gitlab.com, "Webhook events" and "Jobs API".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from banana_assets.core.ci.types import Ignored, Job, number, part, text
from banana_assets.core.errors import InputError

_STATUSES = {
    "created": "queued",
    "pending": "queued",
    "preparing": "queued",
    "scheduled": "queued",
    "waiting_for_resource": "queued",
    "waiting_for_callback": "queued",
    "running": "running",
    "success": "success",
    "failed": "failed",
    "canceled": "cancelled",
    "canceling": "cancelled",
}
_OLD_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) (UTC|[+-]\d{4})")


def of_event(event: str, payload: Mapping[str, Any]) -> Job | Ignored:
    """The job of a webhook. Raises InputError for a payload that lacks what every such event has."""
    if event != "Job Hook" or payload.get("object_kind") != "build":
        return Ignored(f"the event {event} is about no job")
    project = part(payload, "project")
    address = text(project.get("web_url")) or text(part(payload, "repository").get("homepage"))
    path = text(project.get("path_with_namespace"))
    ident = number(payload.get("build_id"))
    if address is None or ident is None:
        raise InputError("The payload names no project or job.", "Send GitLab's own payload as JSON.")
    host = urlsplit(address).netloc
    return _job(
        host,
        path or urlsplit(address).path.strip("/"),
        ident,
        {
            "name": payload.get("build_name"),
            "status": payload.get("build_status"),
            "branch": payload.get("ref"),
            "commit": payload.get("sha"),
            "queued_at": payload.get("build_created_at"),
            "started_at": payload.get("build_started_at"),
            "finished_at": payload.get("build_finished_at"),
            "url": f"{address}/-/jobs/{ident}",
        },
    )


def of_job(host: str, project: str, job: Mapping[str, Any]) -> Job | Ignored:
    """One job of a list; ``project`` is its path, or the number by which it was asked for. Raises InputError for what
    is none."""
    ident = number(job.get("id"))
    if ident is None:
        raise InputError("The job has no id.", "Send GitLab's own answer as JSON.")
    path, found, _ = urlsplit(text(job.get("web_url")) or "").path.strip("/").partition("/-/jobs/")
    return _job(
        host,
        path if found and project.isdecimal() else project,
        ident,
        {
            "name": job.get("name"),
            "status": job.get("status"),
            "branch": job.get("ref"),
            "commit": part(job, "commit").get("id"),
            "queued_at": job.get("created_at"),
            "started_at": job.get("started_at"),
            "finished_at": job.get("finished_at"),
            "url": job.get("web_url"),
        },
    )


def _job(host: str, project: str, ident: int, told: Mapping[str, Any]) -> Job | Ignored:
    status = text(told["status"])
    if status in ("skipped", "manual"):
        return Ignored(f"the job is {status}")
    if status not in _STATUSES:
        raise InputError(f"The job {ident} has the unknown status {status!r}.", "Tell its makers.")
    stands = _STATUSES[status]
    ended = stands not in ("queued", "running")
    facts = {
        "pipeline": project,
        "job": text(told["name"]) or str(ident),
        "branch": text(told["branch"]),
        "commit": text(told["commit"]),
        "status": stands,
        "url": text(told["url"]),
    } | {name: _time(told[name]) for name in ("queued_at", "started_at", "finished_at")}
    known = {name: value for name, value in facts.items() if value is not None}
    log = f"/projects/{quote(project, safe='')}/jobs/{ident}/trace" if ended and known.get("started_at") else None
    at = known.get("finished_at") or known.get("started_at") or known.get("queued_at")
    return Job(f"gitlab-{host}-{ident}", known, log, at, host)


def _time(value: object) -> str | None:
    told = text(value)
    old = _OLD_TIME.fullmatch(told) if told else None
    return f"{old[1]}T{old[2]}{'Z' if old[3] == 'UTC' else old[3]}" if old else told
