from __future__ import annotations

import gzip
import hashlib
import hmac
import io
import json
import socket
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import zstandard
from pydantic import SecretStr

from banana_assets.backends.audit import entries
from banana_assets.backends.ci.service import CiService
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.core.errors import InputError
from tests.interfaces.api.conftest import Client
from tests.interfaces.api.listening import Listening

REPORT = "/llm/learning/report"
A_REPORT = {"build_id": "shop-2", "type": "failure_analysis", "analysis": "x"}
OUTLINE = "/api/codebase/outline"
PASSWD = "root:x:0:0"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "cart.py").write_text("def total() -> int:\n    return 1\n")
    (tmp_path / "outside.py").write_text("def outside() -> int:\n    return 2\n")
    (folder / "link.py").symlink_to(tmp_path / "outside.py")
    (folder / "folder").symlink_to("/etc")
    (folder / "again").symlink_to(folder)
    return folder


@pytest.mark.parametrize(
    "path",
    ["../outside.py", "src/../../outside.py", "/etc/passwd", "folder/passwd", "link.py", "again/src/cart.py", "src",
     "..\\outside.py", "src/cart.py\0.txt", "./../outside.py", "file:///etc/passwd", "%2e%2e/outside.py", "~root/x"],
)  # fmt: skip
def test_nothing_outside_the_code_base_is_read(client: Client, root: Path, path: str) -> None:
    with client(code_root=root) as api:
        answer = api.get(OUTLINE, params={"path": path})
        assert answer.status_code in (400, 404)
        assert answer.headers["content-type"] == "application/problem+json"
        assert "outside() ->" not in answer.text
        assert PASSWD not in answer.text
        tree = api.get("/llm/learning/codebase").text
    assert "def outside" not in tree
    assert PASSWD not in tree


@pytest.mark.parametrize(
    "path",
    ["/static/..%2f..%2f..%2fetc%2fpasswd", "/static/%2e%2e/%2e%2e/pages.py", "/static/..%5c..%5cx", "//etc/passwd",
     "/llm/learning/build/..%2f..%2fetc%2fpasswd", "/llm/learning/build//etc/passwd", "/builds/..%2fx/log",
     "/api/patterns/..%2f..%2fx"],
)  # fmt: skip
def test_addresses_lead_to_no_file(client: Client, home: Path, path: str) -> None:
    with client() as api:
        for method in ("GET", "PUT"):
            answer = api.request(method, path, content=b"x")
            assert answer.status_code in (404, 405, 422)
            assert PASSWD not in answer.text
    assert not (home.parent / "x").exists()


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
@pytest.mark.parametrize("piece", ["log", "junit", "sarif", "resources"])
def test_what_unpacks_to_too_much_is_refused(client: Client, home: Path, content: bytes, piece: str) -> None:
    with client(max_log_bytes=1 << 20) as api:
        answer = api.put(f"/builds/bomb/{piece}", content=content)
        assert answer.status_code == 400
        assert api.get("/llm/learning/build/bomb").status_code == 404
    assert not list(home.parent.rglob("evil*"))
    assert not [file for file in (home / "tmp").rglob("*") if file.is_file()]


def test_a_link_in_an_archive_is_not_followed(client: Client) -> None:
    with client() as api:
        api.put("/builds/tar/log", content=_tar())
        assert PASSWD not in api.get("/llm/learning/build/tar").text


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
        b"<testsuite>" * 100_000,
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE t [<!ENTITY x "y">]><t>&x;</t>'.encode("utf-16"),
    ],
    ids=["laughs", "file", "parameter", "dtd", "deep", "utf-16"],
)
def test_no_document_expands_or_fetches(client: Client, xml: bytes) -> None:
    begun = time.process_time()
    with client() as api:
        assert api.put("/builds/xml/junit", content=xml).status_code == 400
        assert api.get("/llm/learning/build/xml").status_code == 404
    assert time.process_time() - begun < 20


@pytest.mark.parametrize("depth", [500, 100_000])
def test_deep_documents_are_refused(client: Client, depth: int) -> None:
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    with client() as api:
        for method, path in (("POST", REPORT), ("PUT", "/builds/deep"), ("PUT", "/builds/deep/sarif")):
            answer = api.request(method, path, content=nested, headers={"content-type": "application/json"})
            assert answer.status_code in (400, 422)
        findings = b'{"build_id":"shop-2","type":"a","findings":' + nested + b"}"
        answer = api.post(REPORT, content=findings, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 422)


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
    client: Client, monkeypatch: pytest.MonkeyPatch
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
    with client(github_webhook_secret=SecretStr("s")) as api:
        api.post("/webhooks/github", content=body, headers=headers)
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
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", REPORT), ("PUT", "/builds/c"), ("PUT", "/builds/c/log"), ("PATCH", "/builds/c/log"),
     ("DELETE", "/builds/c/log/upload"), ("PUT", "/api/recommendations/r/status")],
)  # fmt: skip
def test_a_page_of_another_site_changes_nothing(
    client: Client, headers: dict[str, str], method: str, path: str
) -> None:
    with client() as api:
        content = json.dumps(A_REPORT | {"status": "dismissed"}).encode()
        more = {"upload-offset": "0", "content-type": "text/plain"}
        answer = api.request(method, path, content=content, headers=headers | more)
        assert answer.status_code in (403, 422)
        assert api.get("/llm/learning/build/c").status_code == 404
        assert api.get("/llm/learning/build/shop-2").json()["build"]["llm_reports"] == []


def test_a_form_is_no_report(client: Client) -> None:
    # What a form of another site can send without a preflight (Fetch standard: CORS-safelisted content types).
    body = json.dumps(A_REPORT).encode()
    with client() as api:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            assert api.post(REPORT, content=body, headers={"content-type": kind}).status_code == 422


BREAKS = ["a%0d%0aset-cookie:%20x=1", "a%0aX-Evil:%201", "%0d%0a%0d%0a<script>", "a%c4%8a", "a%e5%98%8a%e5%98%8dX:1"]


@pytest.mark.parametrize("ident", BREAKS)
def test_an_id_writes_no_header(client: Client, ident: str) -> None:
    with client() as api:
        for method, path in (
            ("PUT", f"/builds/{ident}"),
            ("GET", f"/llm/learning/build/{ident}"),
            ("GET", f"/api/patterns/{ident}"),
            ("PUT", f"/builds/{ident}/log"),
        ):
            answer = api.request(method, path, content=b"{}", headers={"x-request-id": "a%0d%0ab"})
            assert not {"set-cookie", "x-evil", "x"} & set(answer.headers)
            assert all("\n" not in value and "\r" not in value for value in answer.headers.values())
        assert "\n" not in api.get("/api/patterns", params={"state": "open\r\nX-Evil: 1", "limit": 1}).headers.get(
            "link", ""
        )


@pytest.mark.parametrize("key", ["a" * 256, "a\x00b", "a\x1b[31mb", "a\rb", "é" * 300])
def test_odd_idempotency_keys_do_no_harm(client: Client, key: str) -> None:
    with client() as api:
        answer = api.post(REPORT, json=A_REPORT, headers=[(b"idempotency-key", key.encode())])
        assert answer.status_code in (200, 422)
        assert key not in str(answer.headers)


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


def test_a_method_that_is_not_there_names_all_that_are(client: Client) -> None:
    with client() as api:
        refused = api.options("/builds/a/log")
    assert refused.status_code == 405
    assert {"PUT", "PATCH"} <= set(refused.headers["allow"].split(", "))
