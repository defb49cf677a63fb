from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from banana_assets.backends.settings import load_from
from banana_assets.interfaces.api.app import create_app
from banana_assets.interfaces.client import (
    ApiError,
    AppTransport,
    AsyncAppTransport,
    AsyncBananaClient,
    BananaClient,
    LLMClient,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    Retry,
    ServerError,
    UnreachableError,
    _blocking,
    _calls,
)
from tests.interfaces.api.conftest import BUILDS_TOLD

URL = "http://127.0.0.1:8000"
AT_ONCE = Retry(base=0)
Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def transport(told: Path, home: Path) -> Iterator[AppTransport]:
    shutil.copytree(told, home)
    with AppTransport(create_app(load_from(home), open_here=True)) as opened:
        yield opened


def test_builds_are_typed_and_follow_page_by_page(transport: AppTransport) -> None:
    with BananaClient(transport=transport) as banana:
        every = list(banana.builds(page_size=2))
        failed = next(iter(banana.builds(status="failed")))
        whole = banana.build("shop-2")
    assert [b.id for b in every] == [name for name, _, _ in reversed(BUILDS_TOLD)]
    assert failed.diagnosis is not None
    assert failed.finished_at is not None
    assert failed.finished_at.tzinfo is not None
    assert whole.diagnosis is not None
    assert (whole.diagnosis.category, whole.diagnosis.cause[0].first) == ("compile_error", 2)
    assert whole.summary is not None
    assert whole.summary.errors == ("cart.c:2:33: error: expected ';'",)
    assert whole.pack


def test_a_build_is_brought_in_and_reported_on(transport: AppTransport, tmp_path: Path) -> None:
    with BananaClient(transport=transport) as banana:
        now = datetime.now(UTC)
        assert banana.put_build("new 1", pipeline="p", job="j", exit_code=2, finished_at=now, url=None) == "new"
        assert banana.put_log("new 1", "make: *** [all] Error 2\n") == "changed"
        assert banana.put_junit("new 1", b'<testsuite><testcase name="a"/></testsuite>') == "changed"
        first = banana.report("new 1", "why", recommendations=["mend"], confidence=0.9, key="k")
        assert first.new
        assert not banana.report("new 1", "why", recommendations=["mend"], confidence=0.9, key="k").new
        assert [r.analysis for r in banana.build("new 1").reports] == ["why"]


def test_a_large_log_goes_in_parts(transport: AppTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_blocking, "PART_BYTES", 1000)
    file = tmp_path / "log"
    file.write_text("line\n" * 1234)
    with BananaClient(transport=transport) as banana:
        assert banana.put_log("large", file) == "changed"
        assert banana.build("large").log.count("\n") == 1233


def test_a_broken_upload_goes_on(transport: AppTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_blocking, "PART_BYTES", 1000)
    file = tmp_path / "log"
    file.write_text("line\n" * 1234)
    lost = {2, 4}
    count = 0

    class Losing(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal count
            count += 1
            answer = transport.handle_request(request)
            if count in lost:
                raise httpx.ReadError("the answer was lost", request=request)
            return answer

    with BananaClient(transport=Losing(), retry=AT_ONCE) as banana:
        banana.put_log("large", file)
    with BananaClient(transport=transport) as banana:
        assert banana.build("large").log.count("\n") == 1233


def test_the_asynchronous_client_does_the_same(told: Path, home: Path, tmp_path: Path) -> None:
    shutil.copytree(told, home)
    app = create_app(load_from(home), open_here=True)

    async def use() -> None:
        async with app.router.lifespan_context(app), AsyncBananaClient(transport=AsyncAppTransport(app)) as banana:
            assert [b.id async for b in banana.builds(page_size=2)] == [name for name, _, _ in reversed(BUILDS_TOLD)]
            assert (await banana.build("shop-2")).status == "failed"
            assert await banana.put_build("new", pipeline="p", job="j", status="failed") == "new"
            assert await banana.put_log("new", b"error: x\n") == "changed"
            assert (await banana.report("new", "why")).report_id == 0
            with pytest.raises(NotFoundError, match="not found"):
                await banana.build("nothing")

    asyncio.run(use())


def answering(
    *answers: int | Exception, headers: dict[str, str] | None = None
) -> tuple[httpx.MockTransport, list[str]]:
    asked: list[str] = []
    left = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        one = left.pop(0)
        if isinstance(one, Exception):
            raise one
        body = {"builds": [], "total": 0, "next": None, "detail": f"said {one}", "remedy": "do this"}
        return httpx.Response(one, json=body, headers=headers)

    return httpx.MockTransport(handle), asked


@pytest.mark.parametrize("first", [503, 502, 504, 429, httpx.ConnectError("no"), httpx.ReadTimeout("slow")])
def test_what_may_be_sent_again_is(first: int | Exception) -> None:
    sent, asked = answering(first, first, 200)
    with BananaClient(transport=sent, retry=AT_ONCE) as banana:
        assert banana.page().total == 0
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("status", "kind"), [(401, NotAllowedError), (404, NotFoundError), (400, ApiError), (500, ServerError)]
)
def test_what_is_refused_is_not_sent_again_and_says_why(status: int, kind: type[ApiError]) -> None:
    sent, asked = answering(status, 200)
    with BananaClient(transport=sent, retry=AT_ONCE) as banana, pytest.raises(kind) as caught:
        banana.page()
    assert (caught.value.status, caught.value.message, caught.value.remedy) == (status, f"said {status}", "do this")
    assert len(asked) == 1


def test_it_gives_up_in_the_end_and_heeds_how_long_to_wait() -> None:
    sent, asked = answering(*[503] * 9)
    with BananaClient(transport=sent, retry=AT_ONCE) as banana, pytest.raises(ServerError):
        banana.page()
    assert len(asked) == AT_ONCE.attempts
    sent, asked = answering(429, 200, headers={"retry-after": "3600"})
    with BananaClient(transport=sent, retry=AT_ONCE) as banana, pytest.raises(RateLimitedError):
        banana.page()
    assert len(asked) == 1


def test_a_server_that_is_not_there_is_named() -> None:
    with (
        BananaClient("http://127.0.0.1:1", retry=AT_ONCE) as banana,
        pytest.raises(UnreachableError, match="banana serve"),
    ):
        banana.page()


def test_waits_grow_and_are_drawn() -> None:
    retry = Retry(attempts=6, base=1)
    waits = [max(retry.wait(n, None) or 0 for _ in range(200)) for n in (1, 2, 3)]
    assert waits[0] <= 2 < waits[1] <= 4 < waits[2] <= 8
    assert retry.wait(6, None) is None


def test_the_original_client_works_as_its_callers_have_it(transport: AppTransport) -> None:
    client = LLMClient(transport=transport)
    summary = client.get_builds(limit=5)
    assert (summary.total, summary.limit, len(summary.builds)) == (5, 5, 5)
    assert isinstance(summary.builds[0].log, str)
    assert client.get_build(summary.builds[-2].id)["log_summary"]["errors"]
    for spelled in ({"report_type": "failure_analysis"}, {"type": "code_improvement"}):
        answer = client.submit_report("shop-2", **spelled, analysis="why", recommendations=["a"], confidence=0.8)
        assert answer["status"] == "ok"
    assert client.submit_report("shop-2", "test_coverage", "why", None, 0.5)["report_id"] == 2
    with pytest.raises(TypeError, match="report_type"):
        client.submit_report("shop-2", analysis="why")
    with pytest.raises(NotFoundError):
        client.get_build("nothing")
    client.close()


def test_names_travel_whole() -> None:
    assert _calls.build("a/b c?d").path == "/llm/learning/build/a%2Fb%20c%3Fd"
