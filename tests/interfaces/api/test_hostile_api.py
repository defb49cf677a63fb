from __future__ import annotations

import gzip
import hashlib
import hmac
import io
import json
import os
import re
import shutil
import socket
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import zstandard
from fastapi.testclient import TestClient
from pydantic import SecretStr

from banana_assets.backends.audit import entries
from banana_assets.backends.ci.service import CiService
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.core.errors import InputError
from banana_assets.interfaces.api import bringing
from tests.interfaces.api.conftest import Client, described, opened
from tests.interfaces.api.listening import Listening

REPORT = "/llm/learning/report"
A_REPORT = {"build_id": "shop-2", "type": "failure_analysis", "analysis": "x"}
OUTLINE = "/api/codebase/outline"
PASSWD = "root:x:0:0"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home and a code base in which links lead outside. What is attacked here keeps no state that
    another attack would be misled by: the tests of this file share it."""
    folder = tmp_path_factory.mktemp("hostile")
    code = folder / "code"
    (code / "src").mkdir(parents=True)
    (code / "src" / "cart.py").write_text("def total() -> int:\n    return 1\n")
    (folder / "outside.py").write_text("def outside() -> int:\n    return 2\n")
    (code / "link.py").symlink_to(folder / "outside.py")
    (code / "folder").symlink_to("/etc")
    (code / "again").symlink_to(code)
    (code / "dangling.py").symlink_to(folder / "nothing.py")
    os.mkfifo(code / "pipe.py")
    return folder


@pytest.fixture(scope="module")
def api(told: Path, place: Path) -> Iterator[TestClient]:
    """The application in its open mode, which takes bodies that unpack to a megabyte."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith("BANANA_")]:
            patch.delenv(name)
        home = place / "home"
        shutil.copytree(told, home)
        settings = {"code_root": place / "code", "max_log_bytes": 1 << 20, "github_webhook_secret": SecretStr("s")}
        with opened(home, **settings) as asked:
            yield asked


def changing(build: str = "c") -> list[tuple[str, str]]:
    """All operations that change something, at an address each. Webhooks are of machines: they are signed."""
    names = {"{build_id}": build, "{key}": "r"}
    return [
        (method.upper(), re.sub(r"{\w+}", lambda found: names[found[0]], path))
        for path, methods in described()["paths"].items()
        for method in methods
        if method not in ("get", "head") and not path.startswith("/webhooks/")
    ]


def with_a_name() -> list[tuple[str, str]]:
    """All operations whose address holds a name, and that address with ``{}`` for it."""
    return [
        (method.upper(), re.sub(r"{\w+}", "{}", path))
        for path, methods in described()["paths"].items()
        for method in methods
        if "{" in path
    ]


@pytest.mark.parametrize(
    "path",
    ["../outside.py", "src/../../outside.py", "/etc/passwd", "folder/passwd", "link.py", "again/src/cart.py", "src",
     "..\\outside.py", "src/cart.py\0.txt", "./../outside.py", "file:///etc/passwd", "%2e%2e/outside.py", "~root/x",
     "dangling.py", "pipe.py", ".git/config", "src/cart.py/", "//etc/passwd", "\u2025/outside.py", "src/cart.py\n"],
)  # fmt: skip
def test_nothing_outside_the_code_base_is_read(api: TestClient, path: str) -> None:
    answer = api.get(OUTLINE, params={"path": path})
    if path == "src/cart.py/":
        assert answer.status_code in (200, 404)
        return
    assert answer.status_code in (400, 404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "outside() ->" not in answer.text
    assert PASSWD not in answer.text


def test_the_code_base_shows_nothing_from_outside(api: TestClient, place: Path) -> None:
    for path in ("/llm/learning/codebase", "/api/llm/learning/codebase"):
        tree = api.get(path, params={"depth": 32}).text
        assert "def outside" not in tree
        assert PASSWD not in tree
        assert str(place) not in tree
        assert "again/src" not in tree


@pytest.mark.parametrize(
    "path",
    ["/static/..%2f..%2f..%2fetc%2fpasswd", "/static/%2e%2e/%2e%2e/pages.py", "/static/..%5c..%5cx", "//etc/passwd",
     "/llm/learning/build/..%2f..%2fetc%2fpasswd", "/llm/learning/build//etc/passwd", "/builds/..%2fx/log",
     "/api/patterns/..%2f..%2fx", "/static//etc/passwd", "/static/banana.css%00.py", "/static/.%2e/examples.json"],
)  # fmt: skip
def test_addresses_lead_to_no_file(api: TestClient, place: Path, path: str) -> None:
    for method in ("GET", "PUT"):
        answer = api.request(method, path, content=b"x")
        assert answer.status_code in (404, 405, 422)
        assert PASSWD not in answer.text
    assert not (place / "x").exists()


LEADING_OUT = ("..%2f..%2fx", "..%5c..%5cx", "%2e%2e%2fx", "%2fetc%2fpasswd", "x%00y", "a%2f..%2f..%2fx")


def test_no_name_in_an_address_leads_out_of_the_home(api: TestClient, place: Path) -> None:
    before = {path for path in place.rglob("*") if place / "home" not in path.parents}
    for method, template in with_a_name():
        for name in LEADING_OUT:
            answer = api.request(method, template.replace("{}", name), content=b"x")
            assert answer.status_code < 500, (method, template, name)
            assert PASSWD not in answer.text
    assert {path for path in place.rglob("*") if place / "home" not in path.parents} == before
    assert all(path.name.split(".")[0].isalnum() for path in (place / "home" / "uploads").glob("*"))


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../evil.log", b"a" * (8 << 20))
    return out.getvalue()


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        link = tarfile.TarInfo("log.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return out.getvalue()


LARGE = b"a line that says nothing\n" * 400_000


@pytest.mark.parametrize(
    "content",
    [gzip.compress(LARGE), zstandard.compress(LARGE), gzip.compress(gzip.compress(LARGE)), _zip()],
    ids=["gzip", "zstd", "gzip in gzip", "zip"],
)
def test_what_unpacks_to_too_much_is_refused(api: TestClient, place: Path, content: bytes) -> None:
    for piece in ("log", "junit", "sarif", "resources"):
        answer = api.put(f"/builds/bomb/{piece}", content=content)
        assert answer.status_code == 400, piece
    half = len(content) // 2
    parts = [(content[:half], "0", "?0"), (content[half:], str(half), "?1")]
    statuses = [
        api.patch("/builds/bomb/log", content=part, headers={"upload-offset": at, "upload-complete": last}).status_code
        for part, at, last in parts
    ]
    assert statuses == [200, 400]
    assert api.delete("/builds/bomb/log/upload").status_code == 204
    assert api.get("/llm/learning/build/bomb").status_code == 404
    assert not list(place.rglob("evil*"))
    assert not [file for file in (place / "home" / "tmp").rglob("*") if file.is_file()]


def test_a_link_in_an_archive_is_not_followed(api: TestClient) -> None:
    for content in (_tar(), gzip.decompress(_tar()), _zip_of_a_link()):
        api.put("/builds/tar/log", content=content)
        found = api.get("/llm/learning/build/tar")
        assert PASSWD not in found.text


def _zip_of_a_link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("log.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


def _laughs() -> bytes:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE t [<!ENTITY l0 "ha">{levels}]><testsuite name="&l11;"><testcase name="a"/></testsuite>'.encode()


@pytest.mark.parametrize(
    "xml",
    [
        _laughs(),
        b'<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite><testcase name="&x;"/></testsuite>',
        b'<!DOCTYPE t [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]><testsuite/>',
        b'<!DOCTYPE t SYSTEM "http://127.0.0.1:9/x.dtd"><testsuite><testcase name="a"/></testsuite>',
        b'<t xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd" parse="text"/></t>',
        b'<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?><testsuite/>',
        b"<testsuite>" * 100_000,
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE t [<!ENTITY x "y">]><t>&x;</t>'.encode("utf-16"),
    ],
    ids=["laughs", "file", "parameter", "dtd", "include", "stylesheet", "deep", "utf-16"],
)
def test_no_document_expands_or_fetches(api: TestClient, monkeypatch: pytest.MonkeyPatch, xml: bytes) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: asked.append(address))
    begun = time.process_time()
    for content in (xml, gzip.compress(xml)):
        assert api.put("/builds/xml/junit", content=content).status_code == 400
    assert api.get("/llm/learning/build/xml").status_code == 404
    assert not asked
    assert time.process_time() - begun < 20


@pytest.mark.parametrize("depth", [500, 100_000])
def test_deep_documents_are_refused(api: TestClient, depth: int) -> None:
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    kind = {"content-type": "application/json"}
    signed = kind | {
        "x-github-event": "workflow_job",
        "x-github-delivery": f"deep {depth}",
        "x-hub-signature-256": f"sha256={hmac.new(b's', nested, hashlib.sha256).hexdigest()}",
    }
    assert api.post("/webhooks/github", content=nested, headers=signed).status_code == 400
    for method, path in changing("deep"):
        answer = api.request(method, path, content=nested, headers=kind | {"upload-offset": "7"})
        assert answer.status_code in (400, 404, 409, 422) or path.endswith(("/log", "/upload")), path
    findings = b'{"build_id":"shop-2","type":"a","findings":' + nested + b"}"
    assert api.post(REPORT, content=findings, headers=kind).status_code in (400, 422)


@pytest.mark.parametrize(
    "to",
    ["http://169.254.169.254/latest/meta-data", "https://127.0.0.1/x", "https://[::1]/x", "file:///etc/passwd",
     "https://store.blob.core.windows.net@127.0.0.1/x", "https://blob.core.windows.net.evil.example/x",
     "https://evilblob.core.windows.net.", "//127.0.0.1/x", "gopher://127.0.0.1/x", "https://2130706433/",
     "https://store.blob.core.windows.net#@127.0.0.1.evil/"],
)  # fmt: skip
def test_no_service_sends_the_server_elsewhere(tmp_path: Path, to: str) -> None:
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        if request.url.host == "api.github.com":
            return httpx.Response(302, headers={"location": to})
        return httpx.Response(302, headers={"location": "https://127.0.0.1/after"})

    transport = httpx.MockTransport(answer)
    with (
        CiService(
            "https://api.github.com", headers={}, log_hosts=(".blob.core.windows.net",), transport=transport
        ) as service,
        pytest.raises(InputError),
    ):
        service.download("/log", tmp_path / "log", 1000)
    assert {url.host for url in asked} <= {"api.github.com", "store.blob.core.windows.net"}


def test_a_webhook_makes_the_server_ask_no_address_that_it_names(
    api: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: asked.append(str(address)))
    job = {"id": 7, "name": "t", "workflow_name": "CI", "status": "completed", "conclusion": "failure"}
    evil = {"url": "http://169.254.169.254/", "html_url": "http://169.254.169.254/", "logs_url": "file:///etc/passwd"}
    told = {
        "action": "completed",
        "repository": {"full_name": "me/shop", "url": "http://x"},
        "workflow_job": job | evil,
    }
    body = json.dumps(told).encode()
    signature = hmac.new(b"s", body, hashlib.sha256).hexdigest()
    headers = {
        "x-github-event": "workflow_job",
        "x-github-delivery": "d",
        "x-hub-signature-256": f"sha256={signature}",
        "content-type": "application/json",
    }
    assert api.post("/webhooks/github", content=body, headers=headers).status_code == 202
    assert not asked


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "file:///etc/passwd", "javascript:alert(1)", "gopher://x"])
def test_addresses_that_are_told_are_kept_and_never_asked(
    api: TestClient, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: asked.append(str(address)))
    api.put("/builds/linked", json={"url": url, "exit_code": 1}).raise_for_status()
    api.put("/builds/linked/log", content=f"see {url}\nError: no\n").raise_for_status()
    told = {"build_id": "linked", "type": "a", "analysis": url, "findings": {"url": url, "callback": url}}
    assert api.post(REPORT, json=told).status_code == 200
    assert api.get("/llm/learning/build/linked").json()["build"]["url"] == url
    page = api.get("/builds/linked", headers={"accept": "text/html"}).text
    assert f'href="{url}"' not in page or url.startswith("http")
    assert api.get(OUTLINE, params={"path": url}).status_code in (400, 404)
    assert not asked


CROSS = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "http://127.0.0.1:8001"},
    {"origin": "https://127.0.0.1:8000"},
    {"origin": "http://127.0.0.1:8000.evil.example"},
]


@pytest.mark.parametrize("headers", CROSS)
def test_a_page_of_another_site_changes_nothing(api: TestClient, headers: dict[str, str]) -> None:
    before = api.get("/llm/learning/build/shop-2").json()["build"]["llm_reports"]
    content = json.dumps(A_REPORT | {"status": "dismissed"}).encode()
    operations = changing()
    assert len(operations) >= 10
    for method, path in operations:
        for kind in ("text/plain", "application/json"):
            more = {"upload-offset": "0", "content-type": kind}
            answer = api.request(method, path, content=content, headers=headers | more)
            assert answer.status_code in (403, 422), (method, path)
    assert api.get("/llm/learning/build/c").status_code == 404
    assert api.get("/llm/learning/build/shop-2").json()["build"]["llm_reports"] == before


def test_a_page_of_another_site_reads_nothing(api: TestClient) -> None:
    for path in ("/llm/learning/builds", "/api/patterns", "/openapi.json"):
        for headers in CROSS:
            answer = api.get(path, headers=headers)
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_form_is_no_report(api: TestClient) -> None:
    # What a form of another site can send without a preflight (Fetch standard: CORS-safelisted content types).
    body = json.dumps(A_REPORT).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        for path in (REPORT, f"/api{REPORT}"):
            assert api.post(path, content=body, headers={"content-type": kind}).status_code == 422


BREAKS = ["a%0d%0aset-cookie:%20x=1", "a%0aX-Evil:%201", "%0d%0a%0d%0a<script>", "a%c4%8a", "a%e5%98%8a%e5%98%8dX:1"]


@pytest.mark.parametrize("ident", BREAKS)
def test_an_id_writes_no_header(api: TestClient, ident: str) -> None:
    for method, template in with_a_name():
        headers = {"x-request-id": "a%0d%0ab", "upload-offset": "5"}
        answer = api.request(method, template.replace("{}", ident), content=b"{}", headers=headers)
        assert not {"set-cookie", "x-evil", "x"} & set(answer.headers)
        assert all("\n" not in value and "\r" not in value for value in answer.headers.values())
        assert answer.headers["x-request-id"] != "a%0d%0ab"


def test_what_is_asked_for_writes_no_header(api: TestClient) -> None:
    for params in ({"source": "open\r\nX-Evil: 1", "limit": 1}, {"cursor": "a\r\nX-Evil: 1"}, {"q": "a\r\nX: 1"}):
        for path in ("/api/patterns", "/api/clusters", "/llm/learning/builds", "/api/search"):
            answer = api.get(path, params=params)
            assert "x-evil" not in answer.headers
            assert "\n" not in answer.headers.get("link", "")


@pytest.mark.parametrize("key", ["", "a" * 256, "a\x00b", "a\x1b[31mb", "a\rb", "é" * 300])
def test_odd_idempotency_keys_do_no_harm(api: TestClient, key: str) -> None:
    for analysis in ("one", "two"):
        answer = api.post(REPORT, json=A_REPORT | {"analysis": analysis}, headers=[(b"idempotency-key", key.encode())])
        assert answer.status_code in (200, 409, 422)
        assert not key or key not in str(answer.headers)


def test_no_control_character_reaches_the_audit_log_or_the_terminal(
    client: Client, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    evil = "a%0abanana%20serve:%20all%20is%20well%1b%5b2J%07%e2%80%ae"
    with client() as api:
        api.put(f"/builds/{evil}", json={}, headers=[(b"x-request-id", b"x\x1b[2Jy")])
        api.put("/builds/" + "a" * 5_000, json={})
        api.post(REPORT, json=A_REPORT | {"build_id": "a\n\x1b[2J"})
    with open_store(load_from(home)) as store:
        rows = entries(store.engine)
    assert rows.height == 3
    for row in rows.rows(named=True):
        assert all(not isinstance(value, str) or value.isprintable() for value in row.values())
        assert len(row["target"]) <= 500
    told = capfd.readouterr().err
    assert "\x1b" not in told
    assert "all is well" not in told


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    server = Listening(tmp_path_factory.mktemp("homes") / "home")
    yield server
    server.end()


def _get(*headers: bytes, path: bytes = b"/healthz", host: bytes = b"127.0.0.1") -> bytes:
    lines = [b"GET " + path + b" HTTP/1.1", b"Host: " + host, b"Connection: close", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        _get(b"x-large: " + b"a" * 200_000),
        _get(*(b"x-%d: a" % n for n in range(20_000))),
        _get(path=b"/" + b"a" * 200_000),
        _get(b"a b: c"),
        _get(b"x: a\x00b"),
        _get(b"content-length: 5", b"transfer-encoding: chunked"),
        _get(b"content-length: 1", b"content-length: 2"),
        _get(b"content-length: -1"),
        _get(b"transfer-encoding: xchunked"),
        _get(host=b"a\r\nHost: b"),
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
    ids=range(12),
)
def test_what_is_no_proper_request_is_refused_and_the_server_goes_on(listening: Listening, request_: bytes) -> None:
    answer = listening.say(request_)
    assert answer == b"" or answer.split()[1][:1] == b"4"
    assert listening.say(_get()).startswith(b"HTTP/1.1 200")


def test_slow_and_many_connections_keep_nobody_out(listening: Listening) -> None:
    head = b"PUT /builds/slow/log HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nx"
    lines = [listening.open() for _ in range(100)]
    try:
        for place, line in enumerate(lines):
            line.sendall(head if place % 2 else b"GET /healthz HTTP/1.1\r\nHost: 127")
        with httpx.Client(base_url=f"http://127.0.0.1:{listening.port}", timeout=20) as api:
            assert api.get("/llm/learning/builds").status_code == 200
            assert api.put("/builds/other", json={"pipeline": "p", "job": "j", "exit_code": 0}).status_code == 200
    finally:
        for line in lines:
            line.close()
    with httpx.Client(base_url=f"http://127.0.0.1:{listening.port}", timeout=20) as api:
        assert api.get("/llm/learning/build/slow").status_code == 404


def test_a_method_that_is_not_there_names_all_that_are(api: TestClient) -> None:
    refused = api.options("/builds/a/log")
    assert refused.status_code == 405
    assert {"PUT", "PATCH"} <= set(refused.headers["allow"].split(", "))
    assert api.post("/api/patterns").headers["allow"] == "GET, HEAD"


def test_what_goes_wrong_inside_is_logged_in_lines_that_cannot_be_taken_for_ours(
    client: Client, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = "x\nbanana serve: all is well\r\nbanana serve: really\x1b[2J\u2028banana serve: yes"

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(evil)

    monkeypatch.setattr(bringing, "amend_build", broken)
    with client() as api:
        answer = api.put("/builds/x", json={})
    assert answer.status_code == 500
    assert "all is well" not in answer.text
    told = capfd.readouterr().err
    assert "all is well" in told
    assert "\x1b" not in told
    assert [line for line in told.splitlines() if line.startswith("banana serve:")] == [
        f"banana serve: request {answer.headers['x-request-id']} failed"
    ]
