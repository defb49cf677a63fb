"""The HTTP interface as a real process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from tests.system.processes import BANANA, Run, Start, environment

Serve = Callable[..., "Server"]
LOG = "cc x.c\nx.c:1:1: error: expected ';'\nmake: *** [all] Error 1\n"


class Server:
    """A running `banana serve`."""

    def __init__(self, home: Path, port: int, **variables: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [*BANANA, "serve", "--port", str(port)],
            env=environment(home) | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=home.parent,
        )
        until = time.monotonic() + 120
        while not self._answers():
            assert self.process.poll() is None, self.process.communicate()[1]
            assert time.monotonic() < until
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).is_success
        except httpx.TransportError:
            return False

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def serve(home: Path) -> Iterator[Serve]:
    started: list[Server] = []

    def begin(**variables: str) -> Server:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        started.append(Server(home, port, **variables))
        return started[-1]

    yield begin
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait(30)


def test_the_clients_of_the_original_work_as_they_are(serve: Serve, home: Path) -> None:
    server = serve()
    with httpx.Client(base_url=server.url) as api:
        for n in range(3):
            api.put(f"/builds/b{n}", json={"pipeline": "p", "job": "j", "exit_code": n % 2}).raise_for_status()
            api.put(f"/builds/b{n}/log", content=LOG).raise_for_status()

    def asked(method: str, path: str, **sent: Any) -> dict[str, Any]:
        # As the original's client does: the status first, then the word in the body.
        answer = requests.request(method, server.url + path, timeout=10, **sent)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        assert body.get("status") == "ok", body.get("message")
        return body

    summary = asked("GET", "/llm/learning/builds", params={"limit": "5", "skip": "0"})
    assert (summary["total"], summary["skip"], summary["limit"]) == (3, 0, 5)
    for build in summary["builds"]:
        assert build["id"][:8]
        assert build["status"] in ("queued", "running", "success", "failed", "error")
        assert build.get("log", "").split("\n")
    failed = next(
        b for b in asked("GET", "/llm/learning/builds", params={"limit": 50})["builds"] if b["status"] == "failed"
    )
    told = asked("GET", f"/llm/learning/build/{failed['id']}")["build"]["log_summary"]
    assert told["errors"][0][:60]
    assert (told["total_lines"], told["error_count"] > 0, told["warning_count"]) == (3, True, 0)
    code = asked("GET", "/llm/learning/codebase")["codebase"]
    assert set(code["structure_summary"]) == {"has_backend", "has_frontend", "has_tests"}
    assert isinstance(len(code["key_config_files"]), int)
    assert all(file["name"] for file in code["backend_files"])
    report = {
        "build_id": failed["id"],
        "type": "failure_analysis",
        "analysis": "x",
        "recommendations": ["y"],
        "confidence": 0.9,
    }
    answer = asked("POST", "/llm/learning/report", json=report)
    assert (answer["report_id"], answer["message"]) == (0, "report stored")
    with pytest.raises(requests.HTTPError):
        asked("GET", "/llm/learning/build/none")


JUNIT = '<testsuite name="s"><testcase classname="c" name="{}"><failure message="m">x</failure></testcase></testsuite>'


def test_what_was_acknowledged_survives_a_kill(serve: Serve, start: Start, home: Path) -> None:
    server = serve()
    with httpx.Client(base_url=server.url, timeout=60) as api:
        bring(api, "first")
    # The tables of what came in: benchmarks/http_load.py computes all of them meanwhile.
    computing = start("materialize", "ingest")
    acknowledged: dict[str, str] = {}
    half: dict[str, int] = {}
    wrong: list[str] = []
    lock = threading.Lock()
    killed = threading.Event()

    def write(worker: int) -> None:
        with httpx.Client(base_url=server.url, timeout=60) as api:
            for n in range(1000):
                name = f"w{worker}-{n}"
                try:
                    if worker % 2:
                        stands, log = bring_in_parts(api, name, half)
                    else:
                        stands, log = bring(api, name), f"{name}\n{LOG}"
                    report = {"build_id": name, "type": "a", "analysis": name}
                    said = api.post("/llm/learning/report", json=report)
                    newest = api.get("/llm/learning/builds", params={"limit": 50})
                except httpx.TransportError as error:
                    if not killed.is_set():
                        wrong.append(f"{name}: {error!r}")
                    return
                with lock:
                    if {*stands, said.status_code, newest.status_code} != {200}:
                        wrong.append(f"{name}: {stands} {said.text} {newest.text}")
                    elif name not in newest.text:
                        wrong.append(f"{name} is not among the newest")
                    else:
                        acknowledged[name] = log

    workers = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for worker in workers:
        worker.start()
    # A few seconds, and on a busy machine until each has got something through.
    least, most = time.monotonic() + 3, time.monotonic() + 90
    while time.monotonic() < least or (time.monotonic() < most and len({n[:2] for n in [*acknowledged]}) < 6):
        time.sleep(0.1)
    killed.set()
    server.end(signal.SIGKILL)
    for worker in workers:
        worker.join()
    assert not wrong
    assert {name[:2] for name in acknowledged} == {f"w{n}" for n in range(6)}
    again = serve()
    with httpx.Client(base_url=again.url, timeout=60) as api:
        builds = {}
        cursor: str | None = ""
        while cursor is not None:
            page = api.get(
                "/llm/learning/builds", params={"limit": 200} | ({"cursor": cursor} if cursor else {})
            ).json()
            builds |= {build["id"]: build for build in page["builds"]}
            cursor = page["next"]
        for name, log in acknowledged.items():
            assert builds[name]["log"].rstrip() == log.rstrip()
            assert [r["analysis"] for r in builds[name]["llm_reports"]] == [name]
        for name, offset in half.items():
            if name not in acknowledged:
                stands = int(api.head(f"/builds/{name}/log").headers["upload-offset"])
                # What was not acknowledged any more may be there, too, up to the whole log.
                assert stands >= offset or name in builds
    told = computing.communicate(timeout=240)[1]
    assert computing.returncode == 0, told
    with open_store(load_from(home)) as store:
        tested = set(store.test_results()["build_id"])
    assert tested >= {name for name in acknowledged if name.startswith(("w0", "w2", "w4"))}
    assert again.end() == 0


def bring(api: httpx.Client, name: str) -> list[int]:
    """Bring in a build with log and test report; answers the status codes."""
    facts = api.put(f"/builds/{name}", json={"pipeline": "p", "job": "j", "exit_code": 1})
    log = api.put(f"/builds/{name}/log", content=f"{name}\n{LOG}")
    tests = api.put(f"/builds/{name}/junit", content=JUNIT.format(name))
    return [facts.status_code, log.status_code, tests.status_code]


def bring_in_parts(api: httpx.Client, name: str, half: dict[str, int]) -> tuple[list[int], str]:
    """Bring in a log in two parts; answers the status codes and the log, and notes where the upload stands."""
    log = f"{name}\n{LOG * 20}"
    middle = len(log) // 2
    first = api.patch(f"/builds/{name}/log", content=log[:middle], headers={"upload-offset": "0"})
    if first.status_code == 200:
        half[name] = middle
    told = {"upload-offset": str(middle), "upload-complete": "?1"}
    second = api.patch(f"/builds/{name}/log", content=log[middle:], headers=told)
    return [first.status_code, second.status_code], log


def test_the_agent_reports_and_ends_when_told(serve: Serve, home: Path, run: Run) -> None:
    server = serve()
    with httpx.Client(base_url=server.url) as api:
        api.put("/builds/b1", json={"pipeline": "p", "job": "j", "exit_code": 1}).raise_for_status()
        api.put("/builds/b1/log", content=LOG).raise_for_status()
    once = run("agent", "--once", "--url", server.url)
    assert (once.returncode, once.stderr.strip()) == (0, "banana agent: 1 reported.")
    service = subprocess.Popen(
        [*BANANA, "agent", "--url", server.url, "--interval", "1"],
        env=environment(home),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert service.stderr is not None
    assert "Ctrl-C ends it" in service.stderr.readline()
    with httpx.Client(base_url=server.url) as api:
        api.put("/builds/b2", json={"pipeline": "p", "job": "k", "exit_code": 1}).raise_for_status()
        api.put("/builds/b2/log", content="Traceback (most recent call last):\nKeyError: 'x'\n").raise_for_status()
    assert "1 reported" in service.stderr.readline()
    service.send_signal(signal.SIGTERM)
    assert service.wait(30) == 0
    assert service.stderr.read().strip() == "banana agent: ended."
    with httpx.Client(base_url=server.url) as api:
        assert len(api.get("/llm/learning/build/b2").json()["build"]["llm_reports"]) == 1


def test_beyond_this_machine_only_with_a_key(serve: Serve, home: Path, run: Run) -> None:
    refused = run("serve", "--host", "0.0.0.0", "--port", "1")
    assert refused.returncode == 2
    assert "banana keys create" in refused.stderr
    key = run("keys", "create", "ide", "--scope", "read").stdout.strip()
    assert key.startswith("banana_")
    server = serve()
    assert httpx.get(f"{server.url}/llm/learning/builds").status_code == 401
    with_key = {"authorization": f"Bearer {key}"}
    assert httpx.get(f"{server.url}/llm/learning/builds", headers=with_key).status_code == 200
    listed = json.loads(run("keys", "list", "--format", "json").stdout)
    assert run("keys", "revoke", listed[0]["key_id"]).returncode == 0
    time.sleep(2.1)
    assert httpx.get(f"{server.url}/llm/learning/builds", headers=with_key).status_code == 401
    assert server.end(signal.SIGINT) == 0


def test_a_port_that_is_taken_is_said(home: Path, run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = run("serve", "--port", str(taken.getsockname()[1]))
    assert answer.returncode == 2
    assert "--port" in answer.stderr
    assert "Traceback" not in answer.stderr
