from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from banana_assets.backends.ci.service import CiService
from banana_assets.backends.ci.taking import Wanted, import_jobs, service_for, take_event
from banana_assets.backends.deliveries import Deliveries
from banana_assets.backends.delivery_reading import delivery_list
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


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited, without waiting."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


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
    assert report.items[0].message == "the service has no log of it (any more)"
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


@pytest.mark.parametrize("project", ["me/shop", "77"])
def test_jobs_of_gitlab(store: Store, project: str) -> None:
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
        asked = b"/api/v4/projects/" + project.replace("/", "%2F").encode() + b"/jobs"
        if request.url.raw_path.startswith(asked + b"?"):
            return httpx.Response(200, json=[told, told | {"id": 6, "status": "manual"}])
        assert request.url.raw_path in (asked + b"/5/trace", b"/api/v4/projects/me%2Fshop/jobs/5/trace")
        return httpx.Response(200, text=LOG)

    report = Report()
    with service_for("gitlab", store.settings, httpx.MockTransport(server)) as service:
        import_jobs(store, "gitlab", project, Wanted(), report, service)
    assert (report.new, report.count("aside")) == (1, 1)
    build = store.builds().row(0, named=True)
    assert (build["build_id"], build["duration_seconds"], build["log_lines"]) == ("gitlab-gitlab.com-5", 10, 3)
    # By its number, too, it is the pipeline that webhooks name.
    assert build["pipeline"] == "me/shop"


def test_an_event_brings_its_log_where_there_is_a_token(store: Store) -> None:
    payload = {"repository": {"full_name": "me/shop"}, "workflow_job": job(1, 1) | {"workflow_name": "CI"}}
    body = json.dumps(payload).encode()
    take_event(store, "github", "workflow_job", body, httpx.MockTransport(GitHub([])))
    assert store.builds()["log_lines"].to_list() == [3]


@pytest.mark.parametrize("order", list(permutations(("queued", "in_progress", "completed"))))
def test_events_may_come_in_any_order(store: Store, order: tuple[str, ...]) -> None:
    for status in order:
        ended = status == "completed"
        told = job(1, 1, status=status, conclusion="failure" if ended else None)
        told |= {} if ended else {"completed_at": None}
        body = json.dumps({"repository": {"full_name": "me/shop"}, "workflow_job": told}).encode()
        take_event(store, "github", "workflow_job", body, httpx.MockTransport(GitHub([])))
    build = store.builds().row(0, named=True)
    assert (build["status"], build["duration_seconds"], build["log_lines"]) == ("failed", 0, 3)


def test_an_event_whose_log_is_not_there_yet_says_so_and_can_be_taken_in_again(store: Store) -> None:
    body = json.dumps({"repository": {"full_name": "me/shop"}, "workflow_job": job(1, 1)}).encode()
    number, _ = Deliveries(store).keep("github", "d1", "workflow_job", body)

    def take(server: Callable[[httpx.Request], httpx.Response]) -> None:
        Deliveries(store).process(number, partial(take_event, store, transport=httpx.MockTransport(server)))

    with pytest.raises(InputError, match="no log of it"):
        take(lambda _: httpx.Response(404))
    assert delivery_list(store.records).select("state", "attempts").row(0) == ("failed", 1)
    assert store.builds()["log_lines"].to_list() == [0]
    take(GitHub([]))
    assert delivery_list(store.records).select("state", "attempts").row(0) == ("done", 2)
    assert store.builds()["log_lines"].to_list() == [3]


def once(first: Callable[[httpx.Request], httpx.Response], end: str) -> Callable[[httpx.Request], httpx.Response]:
    """A server that answers otherwise when an address that ends so is first asked for."""
    server, asked = GitHub([job(1, 1)]), []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(end) and request.url not in asked:
            asked.append(request.url)
            return first(request)
        return server(request)

    return handle


class Broken(httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        yield b"half"
        raise httpx.RemoteProtocolError("peer closed connection")


@pytest.mark.parametrize(
    "first",
    [
        lambda _: httpx.Response(500),
        lambda _: httpx.Response(403, headers={"retry-after": "7"}),
        lambda _: httpx.Response(429, headers={"ratelimit-reset": str(int(datetime.now(UTC).timestamp()) + 7)}),
        lambda _: httpx.Response(200, stream=Broken()),
        lambda _: httpx.Response(200, stream=httpx.ByteStream(b"none"), headers={"content-encoding": "gzip"}),
    ],
    ids=["fails", "asks to wait", "says until when", "breaks off", "does not unpack"],
)
@pytest.mark.parametrize("end", ["/runs", "/jobs", "/logs"])
def test_what_may_be_gone_in_a_moment_is_asked_again(
    store: Store, waits: list[float], first: Callable[[httpx.Request], httpx.Response], end: str
) -> None:
    report = imported(store, once(first, end))
    assert (report.new, report.failed) == (1, 0)
    assert store.builds()["log_lines"].to_list() == [3]
    assert len(waits) == 1
    assert waits[0] <= 7


def test_who_has_to_wait_long_is_told_so_at_once(store: Store, waits: list[float]) -> None:
    limit = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(datetime.now(UTC).timestamp()) + 3000)}
    with pytest.raises(InputError, match="slow down"):
        imported(store, lambda _: httpx.Response(403, headers=limit))
    assert waits == []


def test_a_repository_that_moved_is_followed_on_its_host_alone(store: Store) -> None:
    server = GitHub([job(1, 1)])

    def moved(to: str) -> Callable[[httpx.Request], httpx.Response]:
        return lambda request: (
            server(request)
            if "there" in request.url.params or not request.url.path.endswith("/runs")
            else httpx.Response(301, headers={"location": f"{to}{request.url.path}?there=1"})
        )

    assert imported(store, moved("https://api.github.com")).new == 1
    for to in ("http://api.github.com", "https://evil.example", "https://store.blob.core.windows.net"):
        with pytest.raises(InputError, match="not allowed"):
            imported(store, moved(to))
    assert all(r.url.scheme == "https" for r in server.asked)


def test_the_token_is_not_sent_over_a_plain_connection(store: Store) -> None:
    asked = []

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.scheme)
        more = '<http://api.github.com/repos/me/shop/actions/runs?page=2>; rel="next"'
        return httpx.Response(200, json={"workflow_runs": []}, headers={"link": more})

    with pytest.raises(InputError, match="another host"):
        imported(store, server)
    assert asked == ["https"]


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "br"])
def test_a_list_that_unpacks_without_end_is_refused_before_it_fills_memory(store: Store, encoding: str) -> None:
    class Endless(httpx.SyncByteStream):
        taken = 0

        def __iter__(self) -> Iterator[bytes]:
            packer = gzip.zlib.compressobj(wbits=31)  # type: ignore[attr-defined]
            while Endless.taken < 1 << 30:
                Endless.taken += 1 << 20
                yield packer.compress(b" " * (1 << 20)) + packer.flush(gzip.zlib.Z_SYNC_FLUSH)  # type: ignore[attr-defined]

    with pytest.raises(InputError, match=r"more than 33,554,432 bytes|packed with"):
        imported(store, lambda _: httpx.Response(200, stream=Endless(), headers={"content-encoding": encoding}))
    assert Endless.taken < 64 << 20


def test_what_came_in_before_the_service_failed_is_counted(store: Store) -> None:
    server = GitHub([job(3, 3), job(2, 2)])

    def failing(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500) if request.url.params.get("page") == "2" else server(request)

    report = imported(store, failing)
    assert (report.new, report.failed) == (1, 1)
    assert "answers 500" in report.items[-1].message


def test_a_run_that_ran_again_is_not_too_old(store: Store) -> None:
    old = (datetime.now(UTC) - timedelta(days=20)).isoformat()
    new = datetime.now(UTC).isoformat()
    first = job(1, 1, started_at=old, completed_at=old, created_at=old)
    again = job(2, 1, started_at=new, completed_at=new, created_at=new)
    runs = [
        {"id": 9, "name": "CI", "created_at": old, "updated_at": old},
        {"id": 8, "name": "CI", "created_at": old, "updated_at": new},
        {"id": 7, "name": "CI", "created_at": "2020-01-01T00:00:00Z", "updated_at": new},
    ]
    asked = []

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path.endswith("/jobs"):
            return httpx.Response(200, json={"jobs": [first, again]})
        if request.url.path.endswith("/runs"):
            return httpx.Response(200, json={"workflow_runs": runs})
        return httpx.Response(200, text=LOG)

    report = imported(store, server, since=datetime.now(UTC) - timedelta(days=7))
    assert [item.name for item in report.items] == ["github-2"]
    assert [path for path in asked if path.endswith("/jobs")] == ["/repos/me/shop/actions/runs/8/jobs"]


def test_lines_of_logs_are_counted(store: Store) -> None:
    assert imported(store, GitHub([job(1, 1), job(2, 1)])).oddities.lines == 6


def test_a_log_that_unpacks_to_too_much_is_named_by_its_build(store: Store) -> None:
    store.settings = store.settings.model_copy(update={"max_log_bytes": 1 << 20})
    server = GitHub([job(1, 1)])

    def bomb(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/logs"):
            return httpx.Response(200, content=gzip.compress(b"a" * (2 << 20)))
        return server(request)

    report = imported(store, bomb)
    assert report.items[0].message.startswith("the log of github-1 ")


def test_a_log_at_another_instance_is_not_looked_for_here(store: Store) -> None:
    payload = {
        "object_kind": "build",
        "build_id": 5,
        "build_name": "test",
        "build_status": "failed",
        "build_started_at": "2026-03-01 10:00:00 UTC",
        "build_finished_at": "2026-03-01 10:00:05 UTC",
        "project": {"web_url": "https://git.example/me/shop", "path_with_namespace": "me/shop"},
    }
    asked: list[httpx.Request] = []
    with pytest.raises(InputError, match=r"at git\.example, and the settings name gitlab\.com") as caught:
        take_event(store, "gitlab", "Job Hook", json.dumps(payload).encode(), httpx.MockTransport(asked.append))  # type: ignore[arg-type]
    assert "BANANA_GITLAB_URL" in caught.value.remedy
    assert asked == []
    assert store.builds()["build_id"].to_list() == ["gitlab-git.example-5"]


@pytest.mark.parametrize("url", ["http://ci.example", "ftp://ci.example", "ci.example", "https://"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(InputError, match="no address"):
        CiService(url, headers={}, log_hosts=HOSTS)
