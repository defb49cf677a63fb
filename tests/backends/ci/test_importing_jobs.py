from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from banana_assets.backends.ci.service import CiService
from banana_assets.backends.ci.taking import Wanted, import_jobs, service_for, take_event
from banana_assets.backends.ingest.report import Report
from banana_assets.backends.settings import Settings, load_from
from banana_assets.backends.store import Store, open_store
from banana_assets.core.errors import InputError

TOKEN = "token-of-the-service"
LOG = "cc x.c\nx.c:1:1: error: expected ';'\n##[error]Process completed with exit code 1.\n"
HOSTS = (".blob.core.windows.net",)


def job(ident: int, day: int, **more: Any) -> dict[str, Any]:
    at = f"2026-03-{day:02}T10:00:00Z"
    told = {"id": ident, "name": "test", "status": "completed", "conclusion": "failure", "head_branch": "main"}
    return told | {"head_sha": "abc", "created_at": at, "started_at": at, "completed_at": at} | more


class GitHub:
    """Answers like the interface's lists and log downloads, and remembers what it was asked."""

    def __init__(self, jobs: list[dict[str, Any]], log_host: str = "https://store.blob.core.windows.net") -> None:
        self.jobs = jobs
        self.log_host = log_host
        self.asked: list[httpx.Request] = []
        self.limits = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path, page = request.url.path, int(request.url.params.get("page", 1))
        if self.limits:
            self.limits -= 1
            return httpx.Response(429, headers={"retry-after": "0"})
        if path == "/repos/me/shop/actions/runs":
            runs = [{"id": n, "name": "CI"} for n in range(len(self.jobs))]
            more = {"link": f'<https://api.github.com{path}?page={page + 1}>; rel="next"'} if page < len(runs) else {}
            return httpx.Response(200, json={"workflow_runs": runs[page - 1 : page]}, headers=more)
        if path.endswith("/jobs"):
            return httpx.Response(200, json={"jobs": [self.jobs[int(path.split("/")[-2])]]})
        if path.endswith("/logs"):
            return httpx.Response(302, headers={"location": f"{self.log_host}/log?sig=1"})
        if request.url.host == "store.blob.core.windows.net":
            return httpx.Response(200, text=LOG)
        return httpx.Response(404)


@pytest.fixture
def settings(home: Path) -> Settings:
    return load_from(home).model_copy(update={"github_token": SecretStr(TOKEN), "gitlab_token": SecretStr(TOKEN)})


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings) as opened:
        yield opened


def imported(store: Store, server: Callable[[httpx.Request], httpx.Response], **wanted: Any) -> Report:
    report = Report()
    with service_for("github", store.settings, httpx.MockTransport(server)) as service:
        import_jobs(store, "github", "me/shop", Wanted(**wanted), report, service)
    return report


def test_jobs_come_in_with_their_logs_and_the_same_again_changes_nothing(store: Store) -> None:
    server = GitHub([job(3, 3), job(2, 2, conclusion="success"), job(1, 1, conclusion="skipped")])
    report = imported(store, server)
    assert (report.new, report.count("aside"), report.failed) == (2, 1, 0)
    builds = store.builds().sort("build_id")
    assert builds["build_id"].to_list() == ["github-2", "github-3"]
    assert builds["status"].to_list() == ["success", "failed"]
    assert builds["pipeline"].to_list() == ["me/shop/CI"] * 2
    assert builds["log_lines"].to_list() == [3, 3]
    assert imported(store, server).known == 2


def test_the_token_stays_with_the_service(store: Store) -> None:
    server = GitHub([job(1, 1)])
    imported(store, server)
    hosts = {request.url.host: request.headers.get("authorization") for request in server.asked}
    assert hosts == {"api.github.com": f"Bearer {TOKEN}", "store.blob.core.windows.net": None}


@pytest.mark.parametrize(
    "host", ["https://evil.example", "http://store.blob.core.windows.net", "https://169.254.169.254", "file://"]
)
def test_it_is_not_sent_on_to_hosts_that_are_not_allowed(store: Store, host: str) -> None:
    server = GitHub([job(1, 1)], log_host=host)
    report = imported(store, server)
    assert report.failed == 1
    assert "not allowed" in report.items[0].message
    assert {request.url.host for request in server.asked} == {"api.github.com"}


def test_so_many_since_then_of_a_branch(store: Store) -> None:
    server = GitHub([job(n, n) for n in range(9, 0, -1)])
    assert imported(store, server, limit=2).new == 2
    assert imported(store, server, since=datetime(2026, 3, 7, tzinfo=UTC)).count("new", "known") == 3
    assert imported(store, server, branch="other").items == []


def test_a_log_that_is_gone_leaves_the_facts(store: Store) -> None:
    server = GitHub([job(1, 1)])

    def gone(request: httpx.Request) -> httpx.Response:
        return httpx.Response(410) if request.url.path.endswith("/logs") else server(request)

    report = imported(store, gone)
    assert report.items[0].message == "the service has its log no more"
    assert store.builds()["log_lines"].to_list() == [0]


def test_it_waits_when_asked_to_and_says_when_it_is_refused(store: Store) -> None:
    server = GitHub([job(1, 1)])
    server.limits = 2
    assert imported(store, server).new == 1
    for status, said in ((401, "token"), (404, "no such project"), (500, "answers 500")):
        with pytest.raises(InputError, match=said):
            imported(store, lambda _, status=status: httpx.Response(status))  # type: ignore[misc]
    with pytest.raises(InputError, match="no JSON"):
        imported(store, lambda _: httpx.Response(200, text="<html>"))
    with pytest.raises(InputError, match="no list"):
        imported(store, lambda _: httpx.Response(200, json={"other": 1}))


def test_a_next_page_of_another_host_is_not_asked(store: Store) -> None:
    def server(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "api.github.com"
        return httpx.Response(200, json={"workflow_runs": []}, headers={"link": '<https://evil.example/>; rel="next"'})

    with pytest.raises(InputError, match="another host"):
        imported(store, server)


def test_a_log_that_is_too_large_is_refused(store: Store) -> None:
    store.settings = store.settings.model_copy(update={"max_log_bytes": 10})
    report = imported(store, GitHub([job(1, 1)]))
    assert report.failed == 1
    assert store.builds().is_empty()


def test_jobs_of_gitlab(store: Store) -> None:
    told = {
        "id": 5,
        "name": "test",
        "status": "failed",
        "ref": "main",
        "commit": {"id": "abc"},
        "created_at": "2026-03-01T10:00:00.000Z",
        "started_at": "2026-03-01T10:00:10.000Z",
        "finished_at": "2026-03-01T10:00:20.000Z",
        "web_url": "https://gitlab.com/me/shop/-/jobs/5",
    }

    def server(request: httpx.Request) -> httpx.Response:
        assert request.headers["private-token"] == TOKEN
        if request.url.raw_path.startswith(b"/api/v4/projects/me%2Fshop/jobs?"):
            return httpx.Response(200, json=[told, told | {"id": 6, "status": "manual"}])
        assert request.url.raw_path == b"/api/v4/projects/me%2Fshop/jobs/5/trace"
        return httpx.Response(200, text=LOG)

    report = Report()
    with service_for("gitlab", store.settings, httpx.MockTransport(server)) as service:
        import_jobs(store, "gitlab", "me/shop", Wanted(), report, service)
    assert (report.new, report.count("aside")) == (1, 1)
    build = store.builds().row(0, named=True)
    assert (build["build_id"], build["duration_seconds"], build["log_lines"]) == ("gitlab-gitlab.com-5", 10, 3)


def test_an_event_brings_its_log_where_there_is_a_token(store: Store) -> None:
    import json

    payload = {"repository": {"full_name": "me/shop"}, "workflow_job": job(1, 1) | {"workflow_name": "CI"}}
    body = json.dumps(payload).encode()
    take_event(store, "github", "workflow_job", body, httpx.MockTransport(GitHub([])))
    assert store.builds()["log_lines"].to_list() == [3]


@pytest.mark.parametrize("url", ["http://ci.example", "ftp://ci.example", "ci.example", "https://"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(InputError, match="no address"):
        CiService(url, headers={}, log_hosts=HOSTS)
