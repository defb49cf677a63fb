"""Jobs of CI services into the store, however they were heard of: by webhook or by asking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from banana_assets.backends.ci.service import CiService
from banana_assets.backends.deliveries import Taken
from banana_assets.backends.ingest.amending import Pieces, amend_build
from banana_assets.backends.ingest.content import from_path
from banana_assets.backends.ingest.manifest import row_of
from banana_assets.backends.ingest.report import Item, Report
from banana_assets.backends.lines import Oddities
from banana_assets.backends.scratch import scratch_folder
from banana_assets.backends.settings import Settings
from banana_assets.backends.store import Store
from banana_assets.core.ci import github, gitlab
from banana_assets.core.ci.types import Ignored, Job
from banana_assets.core.errors import InputError

PAGE = 100
RERUN = timedelta(days=31)
"""GitHub runs a workflow again up to 30 days after it first ran; it keeps its old place in the list."""
LATE = timedelta(days=2)
"""Jobs of one time stand in a list in the order in which they were made; those made so long before are behind them."""


@dataclass(frozen=True)
class Wanted:
    """Which jobs are asked for: of which branch, begun since when, and how many of the newest."""

    branch: str | None = None
    since: datetime | None = None
    limit: int = 200


def service_for(provider: str, settings: Settings, transport: httpx.BaseTransport | None = None) -> CiService:
    """The interface of a provider, as the settings have it."""
    hosts = tuple(word.strip().lower() for word in settings.log_hosts.split(",") if word.strip())
    headers = {"User-Agent": "banana"}
    if provider == "github":
        headers |= {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if settings.github_token:
            headers["Authorization"] = f"Bearer {settings.github_token.get_secret_value()}"
        return CiService(settings.github_url, headers=headers, log_hosts=hosts, transport=transport)
    if settings.gitlab_token:
        headers["PRIVATE-TOKEN"] = settings.gitlab_token.get_secret_value()
    return CiService(settings.gitlab_url, headers=headers, log_hosts=hosts, transport=transport)


def job_of_event(provider: str, event: str, payload: Mapping[str, Any]) -> Job | Ignored:
    """The job that an event is about. Raises InputError for a payload that is none of the provider's."""
    return github.of_event(event, payload) if provider == "github" else gitlab.of_event(event, payload)


def read_payload(body: bytes) -> Mapping[str, Any]:
    """The JSON object of a body. Raises InputError for anything else."""
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError(f"The body is no JSON: {error}.", "Choose application/json at the service.") from error
    if not isinstance(payload, dict):
        raise InputError("The body is no JSON object.", "Choose application/json at the service.")
    return payload


def take_event(
    store: Store, provider: str, event: str, body: bytes, transport: httpx.BaseTransport | None = None
) -> Taken:
    """Take in the job of a kept delivery; its log is fetched where the settings have a token.

    Raises InputError for a payload or log that cannot be used.
    """
    job = job_of_event(provider, event, read_payload(body))
    if isinstance(job, Ignored):
        return Taken(ignored=job.why)
    settings = store.settings
    token = settings.github_token if provider == "github" else settings.gitlab_token
    if job.log is None or token is None:
        _take_facts(store, job)
        return Taken((job.build_id,))
    with service_for(provider, settings, transport) as service:
        if job.host not in (None, service.host):
            # The same number there is another job.
            _take_facts(store, job)
            raise InputError(
                f"The log is at {job.host}, and the settings name {service.host}.",
                f"Set BANANA_{provider.upper()}_URL and take it in again.",
            )
        if lacking := take_job(store, service, job).message:
            # Said at the delivery, since a log may come later than the event that tells of it.
            raise InputError(f"The build {job.build_id} is in, but {lacking}.", "Take it in again later.")
    return Taken((job.build_id,))


def _pieces(job: Job) -> Pieces:
    # Services deliver their events in any order, and people take old ones in again.
    return Pieces(row=row_of(job.build_id, job.facts), onward=True)


def _take_facts(store: Store, job: Job) -> None:
    amend_build(store, job.build_id, _pieces(job))


def take_job(store: Store, service: CiService, job: Job) -> Item:
    """Bring in a job with its log: the facts also when the service has the log no more."""
    pieces = _pieces(job)
    message, met = "" if job.log else "it has no log yet", Oddities()
    with scratch_folder(store.settings.home) as tmp:
        path = tmp / "log"
        if job.log and service.download(job.log, path, store.settings.max_log_bytes):
            name = f"the log of {job.build_id}"
            try:
                log = from_path(path, store.settings, tmp, name)
            except InputError as error:
                raise InputError(error.message.replace(str(path), name), error.remedy) from error
            pieces = replace(pieces, log=log) if log.head(1) else pieces
        elif job.log:
            message = "the service has no log of it (any more)"
        outcome = amend_build(store, job.build_id, pieces, met)
    return Item(str(job.facts.get("url") or job.build_id), outcome, job.build_id, met, message)


def import_jobs(store: Store, provider: str, project: str, wanted: Wanted, report: Report, service: CiService) -> None:
    """Take in the newest jobs of a project that ended; one that cannot be used is counted, the rest goes in.

    Raises InputError when the service refuses the list itself; later, that is counted, for what came before is in.
    """
    jobs = islice(_jobs(provider, project, wanted, report, service), wanted.limit)
    while True:
        try:
            job = next(jobs, None)
        except InputError as error:
            if not report.items:
                raise
            report.refuse(project, error)
            return
        if job is None:
            return
        try:
            report.add(take_job(store, service, job))
        except InputError as error:
            report.refuse(str(job.facts.get("url") or job.build_id), error)


def _jobs(provider: str, project: str, wanted: Wanted, report: Report, service: CiService) -> Iterator[Job]:
    found = _of_github(project, wanted, service) if provider == "github" else _of_gitlab(project, wanted, service)
    for told in found:
        try:
            job = github.of_job(project, told) if provider == "github" else gitlab.of_job(service.host, project, told)
        except InputError as error:
            report.refuse(project, error)
            continue
        if _before(job.at if isinstance(job, Job) else told.get("created_at"), wanted.since):
            continue
        if isinstance(job, Ignored):
            report.add(Item(str(told.get("html_url") or told.get("web_url") or project), "aside", message=job.why))
        elif job.facts["status"] in ("queued", "running"):
            report.add(Item(job.build_id, "aside", message="it has not ended"))
        elif wanted.branch is None or job.facts.get("branch") == wanted.branch:
            yield job


def _of_github(project: str, wanted: Wanted, service: CiService) -> Iterator[Mapping[str, Any]]:
    """The jobs of the runs that something happened in since then, the run that began last first."""
    params: dict[str, Any] = {"per_page": PAGE} | ({"branch": wanted.branch} if wanted.branch else {})
    for page in service.pages(f"/repos/{project}/actions/runs", params):
        for run in _list(page, "workflow_runs"):
            if wanted.since and _before(run.get("created_at"), wanted.since - RERUN):
                return
            if _before(run.get("updated_at"), wanted.since):
                continue
            for jobs in service.pages(
                f"/repos/{project}/actions/runs/{run.get('id')}/jobs", {"per_page": PAGE, "filter": "all"}
            ):
                yield from ({"workflow_name": run.get("name")} | job for job in _list(jobs, "jobs"))


def _of_gitlab(project: str, wanted: Wanted, service: CiService) -> Iterator[Mapping[str, Any]]:
    """The jobs, the one that was made last first."""
    for page in service.pages(f"/projects/{quote(project, safe='')}/jobs", {"per_page": PAGE}):
        for job in _list({"jobs": page}, "jobs"):
            if wanted.since and _before(job.get("created_at"), wanted.since - LATE):
                return
            yield job


def _list(answer: Any, name: str) -> list[dict[str, Any]]:
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InputError(f"The service's answer has no list {name}.", "Check the address of its interface.")
    return found


def _before(at: object, since: datetime | None) -> bool:
    """Whether a service's time is told and lies before that."""
    try:
        told = datetime.fromisoformat(at) if isinstance(at, str) and since else None
    except ValueError:
        return False
    return told is not None and since is not None and (told if told.tzinfo else told.replace(tzinfo=UTC)) < since
