"""Does `banana serve` hold under load, and is every acknowledged write there after it was killed?

    .venv/bin/python benchmarks/http_load.py [--clients 32] [--seconds 60] [--lines 200]

Clients read what front ends and agents read, bring in builds, logs (whole and in parts), test reports and reports of
agents, without a pause, while `banana materialize` computes the tables again and again. After the seconds the server is
killed (SIGKILL) in the midst of it and started again: everything that was acknowledged is read back and compared. An
answer that is no success, or that lacks what was acknowledged before it was asked for, is an error. Only this machine
is spoken to. Ends with 1 when there was an error or something was lost.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

import psutil

BANANA = [sys.executable, "-m", "banana_assets.interfaces.cli.main"]
READS = (
    "/llm/learning/builds?limit=20", "/llm/learning/builds?limit=20", "/llm/learning/builds?status=failed",
    "/llm/learning/codebase", "/api/failures?limit=50", "/api/patterns?limit=50", "/api/health", "/metrics", "/readyz",
    "/api/search?how=words&q=assertion", "/",
)  # fmt: skip
JUNIT = (
    '<testsuite name="s"><testcase classname="c" name="{name}"><failure message="x">y</failure></testcase></testsuite>'
)
PARTS = 3
SEED = 10
"""Builds that are there, with their tables, when the load begins."""


@dataclass
class Written:
    """What was acknowledged of one build."""

    log: str | None = None
    job: str | None = None
    test: str | None = None
    reports: list[str] = field(default_factory=list)
    stands: int | None = None
    coming: str | None = None


class Gone(Exception):  # noqa: N818 - it is expected
    """The server went away."""


class Line:
    """One connection, opened again when it was closed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> tuple[int, Any, bytes]:
        """Status, headers and body. Raises Gone when there is no answer."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body.encode() if isinstance(body, str) else body
        try:
            self.connection.request(method, path, content, told)
            answer = self.connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            raise Gone(f"{method} {path}: {error!r}") from error


class Load:
    """What the clients share: what was acknowledged, what went wrong, and how long answers took."""

    def __init__(self, port: int, lines: int) -> None:
        self.port, self.lines = port, lines
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.written: dict[str, Written] = {}
        self.seconds: dict[str, list[float]] = {}
        self.errors: Counter[str] = Counter()

    def client(self, number: int) -> None:
        """Ask until the server goes away."""
        drawn = random.Random(number)
        line = Line(self.port)
        count = 0
        while True:
            does = drawn.choices((self.read, self.bring, self.bring_parts, self.say), (50, 20, 10, 20))[0]
            count += 1
            try:
                does(line, drawn, f"client-{number}-{count}")
            except Gone as gone:
                if self.ended.is_set():
                    return
                self.wrong(f"no answer: {gone}")

    def wrong(self, what: str) -> None:
        """Note an error."""
        with self.lock:
            self.errors[what[:200]] += 1

    def asked(
        self, kind: str, line: Line, method: str, path: str, body: Any = None, **told: str
    ) -> tuple[int, Any, Any]:
        """Ask, and note how long it took and whether it succeeded."""
        begun = time.perf_counter()
        status, headers, content = line.ask(method, path, body, **told)
        with self.lock:
            self.seconds.setdefault(kind, []).append(time.perf_counter() - begun)
        if not (200 <= status < 300 or status == 304):
            self.wrong(f"{kind}: {status} {content[:120]!r}")
        return status, headers, content

    def read(self, line: Line, drawn: random.Random, name: str) -> None:
        """Read a list, a build of another client, or ask whether something has changed."""
        with self.lock:
            known = [ident for ident, one in self.written.items() if one.job or one.log][-50:]
        if known and drawn.random() < 0.3:
            ident = drawn.choice(known)
            with self.lock:
                log, reports = self.written[ident].log, list(self.written[ident].reports)
            _, _, content = self.asked("read build", line, "GET", f"/llm/learning/build/{ident}")
            if why := differs(json.loads(content), Written(log=log), reports):
                self.wrong(f"read build: {why}")
            return
        path = drawn.choice(READS)
        _, headers, _ = self.asked("read list", line, "GET", path)
        if (tag := headers.get("etag")) and drawn.random() < 0.5:
            self.asked("read tag", line, "GET", path, if_none_match=tag)

    def bring(self, line: Line, drawn: random.Random, name: str) -> None:
        """Bring in a build: facts, log, tests; and see that it is there."""
        facts = {"pipeline": "shop", "job": f"job-{drawn.randrange(5)}", "exit_code": drawn.randrange(2)}
        headers = {"content_type": "application/json"}
        if self.asked("put build", line, "PUT", f"/builds/{name}", json.dumps(facts), **headers)[0] != 200:
            return
        self.keep(name, job=facts["job"])
        log = self.log_of(name, drawn)
        if self.asked("put log", line, "PUT", f"/builds/{name}/log", log)[0] == 200:
            self.keep(name, log=log)
        _, _, content = self.asked("read list", line, "GET", "/llm/learning/builds?limit=200")
        if name not in [build["id"] for build in json.loads(content)["builds"]]:
            self.wrong("read list: lacks the build that was brought in just now")
        if drawn.random() < 0.3:
            test = f"test_{name}"
            if self.asked("put junit", line, "PUT", f"/builds/{name}/junit", JUNIT.format(name=test))[0] == 200:
                self.keep(name, test=test)

    def bring_parts(self, line: Line, drawn: random.Random, name: str) -> None:
        """Bring a log in part by part."""
        log = self.log_of(name, drawn)
        size = len(log) // PARTS
        for part in range(PARTS):
            first, last = part * size, (part + 1) * size if part + 1 < PARTS else len(log)
            told = {"upload_offset": str(first), "upload_complete": "?1" if part + 1 == PARTS else "?0"}
            told["content_type"] = "application/octet-stream"
            path = f"/builds/{name}/log"
            if self.asked("patch log", line, "PATCH", path, log[first:last], **told)[0] != 200:
                return
            if part + 1 < PARTS:
                self.keep(name, stands=last, coming=log)
        self.keep(name, log=log, done=True)

    def say(self, line: Line, drawn: random.Random, name: str) -> None:
        """Report on a build that is there."""
        with self.lock:
            known = [ident for ident, one in self.written.items() if one.log is not None][-50:]
        if not known:
            return
        ident, analysis = drawn.choice(known), f"{name} says so"
        told = {"build_id": ident, "type": "failure_analysis", "analysis": analysis, "confidence": 0.5}
        headers = {"content_type": "application/json"}
        if self.asked("post report", line, "POST", "/llm/learning/report", json.dumps(told), **headers)[0] == 200:
            with self.lock:
                self.written[ident].reports.append(analysis)

    def keep(self, name: str, *, done: bool = False, **what: Any) -> None:
        """Note what was acknowledged."""
        with self.lock:
            written = self.written.setdefault(name, Written())
            for key, value in what.items():
                setattr(written, key, value)
            if done:
                written.stands = None

    def log_of(self, name: str, drawn: random.Random) -> str:
        """A log that no other build has."""
        body = [f"[{n:05}] {name} compiles module_{drawn.randrange(97)}" for n in range(self.lines)]
        return "\n".join([name, *body, "FAILED tests/test_cart.py::test_total - assert 12 == 10", f"end of {name}", ""])


def differs(answer: dict[str, Any], written: Written, reports: list[str]) -> str | None:
    """What an answer about one build lacks of what was acknowledged."""
    build = answer.get("build") or {}
    if written.log is not None and build.get("log", "").rstrip("\n") != written.log.rstrip("\n"):
        return f"log of {build.get('id')} differs"
    if written.job is not None and build.get("job") != written.job:
        return f"job of {build.get('id')} differs"
    missing = set(reports) - {report["analysis"] for report in build.get("llm_reports", [])}
    return f"{len(missing)} reports of {build.get('id')} are missing" if missing else None


class Server:
    """`banana serve` on a home."""

    def __init__(self, home: Path, root: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.environment = os.environ | {"BANANA_HOME": str(home), "BANANA_CODE_ROOT": str(root)}
        self.start()

    def start(self) -> None:
        """Start, and wait until it is ready."""
        self.process = subprocess.Popen([*BANANA, "serve", "--port", str(self.port)], env=self.environment)
        until = time.monotonic() + 120
        while True:
            try:
                if Line(self.port).ask("GET", "/readyz")[0] == 200:
                    return
            except Gone:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def end(self, number: int) -> int:
        """Send that signal and wait."""
        self.process.send_signal(number)
        return self.process.wait(60)


def materialize(server: Server, ended: threading.Event, found: Counter[str]) -> None:
    """Compute all tables, once and then until the end is told."""
    while True:
        told = subprocess.run([*BANANA, "materialize"], env=server.environment, capture_output=True, text=True)
        found["ok" if told.returncode == 0 else f"ended with {told.returncode}: {told.stderr[-300:]}"] += 1
        if ended.is_set():
            return


def lost(server: Server, written: dict[str, Written]) -> Counter[str]:
    """What was acknowledged and is not there."""
    found: Counter[str] = Counter()
    local = threading.local()

    def look(item: tuple[str, Written]) -> str | None:
        name, one = item
        line = local.__dict__.setdefault("line", Line(server.port))
        if one.stands is not None:
            _, headers, _ = line.ask("HEAD", f"/builds/{name}/log")
            if int(headers.get("upload-offset") or 0) >= one.stands:
                return None
            # The last part may have been taken and not acknowledged: then the whole log is there.
            one.log = one.coming
        status, _, content = line.ask("GET", f"/llm/learning/build/{name}")
        if status != 200:
            return f"a build: {status}"
        if why := differs(answer := json.loads(content), one, one.reports):
            return why
        if one.test is not None and one.test.encode() not in content:
            _, _, tests = line.ask("GET", f"/build/{name}")
            return None if one.test.encode() in tests else f"tests of {answer['build']['id']}"
        return None

    with ThreadPoolExecutor(8) as pool:
        found.update(why for why in pool.map(look, written.items()) if why)
    return found


def main() -> None:
    """Run, kill, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("clients", 32), ("seconds", 60), ("lines", 200)):
        parser.add_argument(f"--{name}", type=int, default=value)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        root = Path(made) / "code"
        (root / "backend").mkdir(parents=True)
        (root / "backend" / "cart.py").write_text("def total() -> int:\n    return 12\n")
        server = Server(Path(made) / "home", root)
        load = Load(server.port, asked.lines)
        for number in range(SEED):
            load.bring(Line(server.port), random.Random(number), f"first-{number}")
        computed: Counter[str] = Counter()
        ended = threading.Event()
        ended.set()
        materialize(server, ended, computed)
        load.seconds.clear()
        threads = [threading.Thread(target=load.client, args=(n,)) for n in range(asked.clients)]
        threads.append(threading.Thread(target=materialize, args=(server, load.ended, computed)))
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        time.sleep(asked.seconds)
        used = psutil.Process(server.process.pid)
        memory = used.memory_info().rss >> 20
        load.ended.set()
        server.end(signal.SIGKILL)
        took = time.monotonic() - begun
        for thread in threads:
            thread.join()
        begun = time.monotonic()
        server.start()
        ready = time.monotonic() - begun
        gone = lost(server, load.written)
        code = server.end(signal.SIGTERM)
    show(asked, load, took, computed, memory, ready, gone)
    sys.exit(1 if load.errors or gone or code or set(computed) - {"ok"} else 0)


def show(
    asked: argparse.Namespace,
    load: Load,
    took: float,
    computed: Counter[str],
    memory: int,
    ready: float,
    gone: Counter[str],
) -> None:
    """Print what was found."""
    print(f"{asked.clients} clients for {took:.0f} s, {sum(computed.values())} materializations: {dict(computed)}")
    print(f"{'':12} {'answers':>8} {'median ms':>10} {'p99 ms':>8} {'longest ms':>11}")
    for kind, seconds in sorted(load.seconds.items()):
        cuts = quantiles(seconds, n=100) if len(seconds) > 1 else seconds * 99
        print(f"{kind:12} {len(seconds):8,} {cuts[49] * 1000:10.1f} {cuts[98] * 1000:8.0f} {max(seconds) * 1000:11.0f}")
    writes = sum(
        (one.log is not None) + (one.job is not None) + (one.test is not None) + len(one.reports)
        for one in load.written.values()
    )
    print(f"server: {memory} MiB before it was killed, ready again after {ready:.1f} s")
    print(f"errors: {sum(load.errors.values())}; acknowledged writes: {writes:,}; lost: {sum(gone.values())}")
    for what, count in (*load.errors.most_common(10), *gone.most_common(10)):
        print(f"  {count} x {what}")


if __name__ == "__main__":
    main()
