from __future__ import annotations

import asyncio
import gzip
import shutil
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
import zstandard

from banana_assets.backends.settings import load_from
from banana_assets.core.errors import InputError
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
    _calls,
    _steps,
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
    monkeypatch.setattr(_steps, "PART_BYTES", 1000)
    file = tmp_path / "log"
    file.write_text("line\n" * 1234)
    with BananaClient(transport=transport) as banana:
        assert banana.put_log("large", file) == "changed"
        assert banana.build("large").log.count("\n") == 1233


class Disturbed(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Passes requests on, but loses the answers of some, and refuses others (by their number, from 1)."""

    def __init__(self, inner: AppTransport, lost: Collection[int] = (), busy: Collection[int] = ()) -> None:
        self.inner = inner
        self.lost = lost
        self.busy = busy
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.method)
        if len(self.asked) in self.busy:
            return httpx.Response(503, json={"detail": "not now"}, request=request)
        answer = self.inner.handle_request(request)
        if len(self.asked) in self.lost:
            raise httpx.ReadError("the answer was lost", request=request)
        return answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await asyncio.to_thread(
            self.handle_request,
            httpx.Request(request.method, request.url, headers=request.headers, content=await request.aread()),
        )


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(_steps, "PART_BYTES", 1000)
    file = tmp_path / "log"
    file.write_text("".join(f"line {n}\n" for n in range(500)))
    return file


@pytest.mark.parametrize(
    ("lost", "busy", "asked"),
    [({2, 4}, (), 7), ((), {1, 2, 5}, 8), ({5}, {6}, 12)],
    ids=["answers are lost", "the server is busy", "the last answer is lost"],
)
def test_a_disturbed_upload_goes_on(
    transport: AppTransport, large: Path, lost: Collection[int], busy: Collection[int], asked: int
) -> None:
    disturbed = Disturbed(transport, lost, busy)
    with BananaClient(transport=disturbed, retry=AT_ONCE) as banana:
        banana.put_log("large", large)
    assert len(disturbed.asked) == asked
    with BananaClient(transport=transport) as banana:
        assert banana.build("large").log == large.read_text().rstrip("\n")


def test_the_asynchronous_client_uploads_alike(transport: AppTransport, large: Path) -> None:
    async def use() -> None:
        async with AsyncBananaClient(transport=Disturbed(transport, {2}, {4}), retry=AT_ONCE) as banana:
            await banana.put_log("large", large)

    asyncio.run(use())
    with BananaClient(transport=transport) as banana:
        assert banana.build("large").log == large.read_text().rstrip("\n")


def test_a_later_client_goes_on_where_the_same_log_broke_off_and_begins_anew_with_another(
    transport: AppTransport, large: Path
) -> None:
    broken = Disturbed(transport, busy=range(4, 99))
    with BananaClient(transport=broken, retry=AT_ONCE) as banana, pytest.raises(ServerError):
        banana.put_log("large", large)
    again = Disturbed(transport)
    with BananaClient(transport=again, retry=AT_ONCE) as banana:
        banana.put_log("large", large)
    assert again.asked == ["PATCH", "HEAD", "PATCH", "PATCH"]

    with BananaClient(transport=Disturbed(transport, busy=range(4, 99)), retry=AT_ONCE) as banana:
        with pytest.raises(ServerError):
            banana.put_log("large", large)
        large.write_text(large.read_text().replace("line", "LINE"))
    with BananaClient(transport=transport) as banana:
        banana.put_log("large", large)
        assert banana.build("large").log == large.read_text().rstrip("\n")


def test_a_file_that_shrinks_while_it_is_uploaded_is_said(transport: AppTransport, large: Path) -> None:
    class Shrinking(Disturbed):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            large.write_text("x" * 1500)
            return super().handle_request(request)

    with (
        BananaClient(transport=Shrinking(transport), retry=AT_ONCE) as banana,
        pytest.raises(InputError, match="became shorter"),
    ):
        banana.put_log("large", large)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
def test_packed_logs_go_in_parts_as_they_are(
    transport: AppTransport, large: Path, pack: Callable[[bytes], bytes]
) -> None:
    text = "".join(f"{hash(str(n))}\n" for n in range(500))
    large.write_bytes(pack(text.encode()))
    with BananaClient(transport=transport) as banana:
        banana.put_log("large", large)
        assert banana.build("large").log == text.rstrip("\n")


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


def test_a_pause_may_be_asked_for_until_a_date() -> None:
    def asking(until: datetime) -> float | None:
        answer = httpx.Response(503, headers={"retry-after": format_datetime(until, usegmt=True)})
        return Retry().wait(1, answer)

    now = datetime.now(UTC)
    assert 8 < (asking(now + timedelta(seconds=10)) or 0) <= 10
    assert asking(now - timedelta(hours=1)) == 0
    assert asking(now + timedelta(hours=1)) is None
    assert (Retry(base=0).wait(1, httpx.Response(503, headers={"retry-after": "soon"}))) == 0


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"[]", b"{}", b'{"builds": 1, "total": 0, "next": null}'])
def test_an_answer_of_something_else_is_said(body: bytes) -> None:
    other = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    with BananaClient(transport=other) as banana, pytest.raises(ApiError, match="no answer of Banana's"):
        banana.page()
    with pytest.raises(ApiError, match="no answer of Banana's"):
        LLMClient(transport=other).get_build("x")


def test_a_body_that_does_not_unpack_is_no_answer() -> None:
    headers = {"content-encoding": "gzip"}

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"no gzip"))

    with (
        BananaClient(transport=httpx.MockTransport(handle), retry=AT_ONCE) as banana,
        pytest.raises(UnreachableError),
    ):
        banana.page()


@pytest.mark.parametrize("url", ["localhost:8000", "http://", "ftp://host", "http://host:port", ""])
def test_what_is_no_address_is_said(url: str) -> None:
    for client in (BananaClient, AsyncBananaClient, LLMClient):
        with pytest.raises(InputError, match="no address"):
            client(url)
    with pytest.raises(InputError, match="key"):
        BananaClient(key="banana_\n")


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


def test_the_original_client_tries_again_and_says_what_is_wrong() -> None:
    sent, asked = answering(503, httpx.ConnectError("no"), 200)
    assert LLMClient(transport=sent, retry=AT_ONCE).get_builds().total == 0
    assert len(asked) == 3
    with pytest.raises(UnreachableError, match="banana serve"):
        LLMClient("http://127.0.0.1:1", retry=AT_ONCE).get_codebase()


def test_names_travel_whole() -> None:
    assert _calls.build("a/b c?d").path == "/llm/learning/build/a%2Fb%20c%3Fd"
