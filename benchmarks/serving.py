"""How many answers a second `banana serve` gives, against stand-ins of the original's handlers and a bare ASGI app.

    .venv/bin/python benchmarks/serving.py [--builds 200] [--lines 1000] [--files 1500] [--seconds 2] [--rounds 5]
        [--connections 16]

The stand-ins do what the original server does for each request: its records are a dictionary in the process, a page is
a slice of the ids in their order with whole logs, a build's log is searched line by line, the code base is walked three
levels deep and its files are read, and every answer is a dictionary that FastAPI turns into JSON in a thread. All are
served by uvicorn with one worker, for the same builds and the same folder. All run at once, and are asked in turns, so
that a machine that is busy with other work is as busy for each; the median round counts, after one that does not. The
processor's time for an answer tells the same without regard to what else ran. The load comes from wrk where it is
installed, else from asyncio.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psutil

IGNORED = {".venv", ".git", "node_modules", "__pycache__", ".pytest_cache", "dist", "build"}
CONFIGURATION = (
    "package.json", "pyproject.toml", "setup.py", "tsconfig.json", "vite.config.ts", "pytest.ini", "Dockerfile",
    ".env.example",
)  # fmt: skip
PATHS = ("/llm/learning/builds?limit=20", "/llm/learning/build/{id}", "/llm/learning/codebase", "/llm/learning/report")


def log_of(number: int, lines: int) -> str:
    """The log of a build; every other one fails."""
    body = [f"[{n:05}] compiling module_{n % 97} of shop, {n * 7919 % 1000} ms" for n in range(lines)]
    end = ["FAILED tests/test_cart.py::test_total - assert 12 == 10", "1 failed, 88 passed in 4.1s"]
    return "\n".join([f"build {number}", *body, *(end if number % 2 else ["89 passed in 4.0s"])])


def stand_in(root: Path, builds: int, lines: int) -> Any:
    """The original's four handlers, told from what they answer."""
    from fastapi import Body, FastAPI

    app = FastAPI()
    store: dict[str, dict[str, Any]] = {}
    for number in range(builds):
        ident = str(uuid.uuid5(uuid.NAMESPACE_URL, str(number)))
        store[ident] = {"id": ident, "status": "failed" if number % 2 else "success", "log": log_of(number, lines)}

    @app.get("/llm/learning/builds")
    def listed(limit: int = 20, skip: int = 0) -> dict[str, Any]:
        chosen = sorted(store.values(), key=lambda one: one["id"], reverse=True)[skip : skip + limit]
        return {"status": "ok", "builds": chosen, "total": len(store), "skip": skip, "limit": limit}

    @app.get("/llm/learning/build/{ident}")
    def one(ident: str) -> dict[str, Any]:
        record = store[ident]
        told = record["log"].split("\n")
        errors = [line for line in told if "error" in line.lower() or "failed" in line.lower()]
        warnings = [line for line in told if "warning" in line.lower()]
        summary = {
            "total_lines": len(told),
            "error_count": len(errors),
            "warning_count": len(warnings),
            "errors": errors[:10],
            "warnings": warnings[:10],
        }
        shown = {name: record[name] for name in ("id", "status", "log")}
        return {"status": "ok", "build": shown | {"log_summary": summary}}

    def tree(folder: Path, depth: int) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = []
        for path in sorted(folder.iterdir()):
            if path.name in IGNORED or (path.name.startswith(".") and path.name not in (".gitignore", ".env")):
                continue
            told: dict[str, Any] = {"name": path.name, "path": str(path.relative_to(root))}
            if path.is_file():
                nodes.append({"type": "file"} | told | {"size": path.stat().st_size})
            elif depth > 1 and (children := tree(path, depth - 1)):
                nodes.append({"type": "directory"} | told | {"children": children})
        return nodes

    @app.get("/llm/learning/codebase")
    def codebase() -> dict[str, Any]:
        files = []
        for path in (root / "backend").glob("*.py"):
            text = path.read_text()
            files.append({"name": path.name, "path": str(path), "lines": len(text.split("\n")), "preview": text[:500]})
        found = {
            "workspace_root": str(root),
            "file_tree": tree(root, 3),
            "key_config_files": {n: (root / n).read_text()[:2000] for n in CONFIGURATION if (root / n).exists()},
            "backend_files": files,
            "structure_summary": {
                "has_backend": (root / "backend").exists(),
                "has_frontend": (root / "frontend").exists(),
                "has_tests": any((root / "backend").glob("test_*.py")),
            },
        }
        return {"status": "ok", "codebase": found}

    @app.post("/llm/learning/report")
    def report(told: dict[str, Any] = Body(...)) -> dict[str, Any]:  # noqa: B008
        kept = store[told["build_id"]].setdefault("llm_reports", [])
        kept.append({name: told.get(name) for name in ("type", "analysis", "recommendations", "confidence")})
        return {"status": "ok", "message": "report stored", "report_id": len(kept) - 1}

    return app


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """The least that uvicorn can be asked to serve."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


def make_code(root: Path, files: int) -> None:
    """A repository of so many files in folders."""
    (root / "backend").mkdir(parents=True)
    (root / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    for number in range(files):
        folder = root / ("backend" if number % 20 == 0 else f"part{number % 15}/sub{number % 7}")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"module{number}.py").write_text(f"def f{number}() -> int:\n    return {number}\n" * 20)
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"]):
        subprocess.run(["git", "-C", str(root), *words], check=True)


def fill(url: str, builds: int, lines: int) -> None:
    """Bring the builds in."""
    with httpx.Client(base_url=url, timeout=60) as api:
        for number in range(builds):
            api.put(
                f"/builds/b{number}", json={"pipeline": "p", "job": "j", "exit_code": number % 2}
            ).raise_for_status()
            api.put(f"/builds/b{number}/log", content=log_of(number, lines).encode()).raise_for_status()


def answers(url: str, seconds: int, connections: int, content: bytes | None = None) -> int:
    """Answers within so many seconds. Raises RuntimeError when one of them was no success."""
    if shutil.which("wrk") is None:
        return asyncio.run(_answers(url, seconds, connections, content))
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", url]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        if content is not None:
            script.write(
                'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\n'
                f"wrk.body = [==[{content.decode()}]==]\n"
            )
            script.flush()
            words[1:1] = ["-s", script.name]
        told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    found = re.search(r"(\d+) requests in", told)
    if found is None or "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(f"{url}: {told}")
    return int(found[1])


async def _answers(url: str, seconds: int, connections: int, content: bytes | None) -> int:
    until = time.monotonic() + seconds
    done = 0

    async def ask(api: httpx.AsyncClient) -> None:
        nonlocal done
        while time.monotonic() < until:
            (await (api.get(url) if content is None else api.post(url, content=content))).raise_for_status()
            done += 1

    async with httpx.AsyncClient(timeout=60, headers={"content-type": "application/json"}) as api:
        await asyncio.gather(*(ask(api) for _ in range(connections)))
    return done


class Served:
    """A server in a process of its own, until the block ends."""

    def __init__(self, words: list[str], port: int, folder: Path, **variables: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([sys.executable, *words], cwd=folder, env=os.environ | variables)
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError("the server did not start")

    def processor_seconds(self) -> float:
        """What it has used of the processors."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    numbers = {"builds": 200, "lines": 1000, "files": 1500, "seconds": 2, "rounds": 5, "connections": 16}
    for name, value in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--serve", choices=["original", "bare"], help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        import uvicorn

        app = bare if asked.serve == "bare" else stand_in(asked.root, asked.builds, asked.lines)
        uvicorn.run(app, port=asked.port, log_level="warning", access_log=False)
        return
    with tempfile.TemporaryDirectory() as made, ExitStack() as running:
        folder = Path(made)
        root = folder / "code"
        make_code(root, asked.files)
        servers = {}
        for name in ("bare", "original", "banana"):
            port = free_port()
            words = [__file__, "--serve", name, "--port", str(port), "--root", str(root)]
            words += ["--builds", str(asked.builds), "--lines", str(asked.lines)]
            variables = {}
            if name == "banana":
                words = ["-m", "banana_assets.interfaces.cli.main", "serve", "--port", str(port)]
                variables = {"BANANA_HOME": str(folder / "home"), "BANANA_CODE_ROOT": str(root)}
            servers[name] = running.enter_context(Served(words, port, folder, **variables))
        fill(servers["banana"].url, asked.builds, asked.lines)
        report(servers, asked)


def report(servers: dict[str, Served], asked: argparse.Namespace) -> None:
    """Ask in turns and print what came."""
    theirs = httpx.get(f"{servers['original'].url}/llm/learning/builds").json()["builds"][0]["id"]
    driver = "wrk" if shutil.which("wrk") else "asyncio and httpx"
    print(f"{driver}, {asked.connections} connections; medians of {asked.rounds} rounds of {asked.seconds} s")
    width = max(map(len, PATHS))
    print(f"{'':{width}}  {'answers a second':^27}  {'ratio to':^16}  {'processor, ms':^21}")
    print(
        f"{'':{width}}  {'bare':>8} {'original':>9} {'banana':>8}  {'original':>8} {'bare':>7}  {'original':>10} banana"
    )
    for path in PATHS:
        rates: dict[str, list[float]] = {name: [] for name in servers}
        costs: dict[str, list[float]] = {name: [] for name in servers}
        for number in range(asked.rounds + 1):
            for name, server in servers.items():
                ident = theirs if name == "original" else "b1"
                told = {"build_id": ident, "type": "failure_analysis", "analysis": "The discount is applied twice."}
                content = json.dumps(told).encode() if path.endswith("report") and name != "bare" else None
                before = server.processor_seconds()
                count = answers(server.url + path.format(id=ident), asked.seconds, asked.connections, content)
                if number:
                    rates[name].append(count / asked.seconds)
                    costs[name].append((server.processor_seconds() - before) / count * 1000)
        ratios = {
            name: median(b / o for b, o in zip(rates["banana"], rates[name], strict=True))
            for name in ("original", "bare")
        }
        bare, original, banana = (f"{median(rates[name]):.1f}" for name in ("bare", "original", "banana"))
        print(
            f"{path:{width}}  {bare:>8} {original:>9} {banana:>8}  {ratios['original']:8.1f} {ratios['bare']:7.3f}"
            f"  {median(costs['original']):10.3f} {median(costs['banana']):8.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
