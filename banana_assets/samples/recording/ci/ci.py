"""Commits the shop's history and builds every commit as a small CI server with one runner does.

Run as root on a machine made for it:  unshare --uts --mount /srv/venv/bin/python3 ci.py OUTPUT_FOLDER
Each build is a log file, a line of manifest.jsonl, the JUnit XML its tests wrote and its CPU and memory series.
"""

import csv
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

import psutil
from history import FIRST, HISTORY

OUT = pathlib.Path(sys.argv[1])
REPO, WORK = pathlib.Path("/srv/shop"), pathlib.Path("/srv/ci/checkout")
ENVIRONMENT = {
    "HOME": "/srv/home-ci",
    "PATH": "/srv/venv/bin:/srv/ci/checkout/node_modules/.bin:/srv/rust/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "CI": "true",
    "USER": "ci",
    "CARGO_TERM_COLOR": "always",
    "CARGO_TARGET_DIR": "/srv/ci/cache/pricing",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "NO_UPDATE_NOTIFIER": "1",
}
AS_CI = ["setpriv", "--reuid=ci", "--regid=ci", "--init-groups"]
STAMPED = {"api", "web", "pricing"}  # pipelines whose log has a time on each line, as hosted runners write
FOLDERS = {"web": "web", "pricing": "pricing", "invoice": "invoice", "imaging": "imaging", "tools": "release", "ci/release": "release"}
JOBS = {
    "api": ["lint", "test"],
    "web": ["check", "test"],
    "pricing": ["test"],
    "invoice": ["build"],
    "imaging": ["build"],
    "release": ["package", "publish"],
}
TRIED_AGAIN = {"api-test", "web-test"}
number = 0


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def text(moment):
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def git(*arguments, folder=REPO):
    return subprocess.run([*AS_CI, "git", *arguments], cwd=folder, env=ENVIRONMENT, check=True, capture_output=True, text=True).stdout.strip()


def write(edits):
    for path, *change in edits:
        file = REPO / path
        if len(change) == 1:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(change[0])
        else:
            before = file.read_text()
            if change[0] not in before:
                raise SystemExit(f"{path} has no {change[0]!r}")
            file.write_text(before.replace(change[0], change[1], 1))
    subprocess.run(["chown", "-R", "ci:ci", str(REPO)], check=True)


class Log:
    def __init__(self, path, stamped):
        self.file, self.stamped = path.open("w", encoding="utf-8"), stamped

    def line(self, content):
        stamp = now().strftime("%Y-%m-%dT%H:%M:%S.%f0Z ") if self.stamped else ""
        self.file.write(stamp + content + "\n")


def watch(pid, rows, done, source):
    seen = {}
    while not done.wait(0.25):
        cpu = memory = 0.0
        try:
            tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        for process in tree:
            try:
                process = seen.setdefault(process.pid, process)
                cpu += process.cpu_percent()
                memory += process.memory_info().rss
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
        moment = text(now())
        rows.append([moment, source, "cpu_percent", round(cpu, 1)])
        rows.append([moment, source, "memory_used_bytes", int(memory)])


def step(command, log, folder, rows, source):
    if log.stamped:
        log.line(f"##[group]Run {command}")
        log.line("shell: /usr/bin/bash -e -o pipefail {0}")
        log.line("##[endgroup]")
    else:
        log.line(f"+ {command}")
    process = subprocess.Popen(
        [*AS_CI, "bash", "-e", "-o", "pipefail", "-c", command],
        cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        text=True, encoding="utf-8", errors="replace",
    )
    done = threading.Event()
    watcher = threading.Thread(target=watch, args=(process.pid, rows, done, source))
    watcher.start()
    for content in process.stdout:
        log.line(content.rstrip("\n"))
    code = process.wait()
    done.set()
    watcher.join()
    if code and log.stamped:
        log.line(f"##[error]Process completed with exit code {code}.")
    elif code:
        log.line(f"ERROR: job failed: exit status {code}")
    return code


def build(pipeline, job, branch, commit, queued, manifest):
    global number
    number += 1
    name, folder = f"{pipeline}-{job}", WORK / pipeline
    identity = f"{name}-{number}"
    started = now()
    log = Log(OUT / f"{identity}.log", pipeline in STAMPED)
    shutil.rmtree(folder / "reports", ignore_errors=True)
    rows = []
    commands = [f"git fetch --quiet origin && git checkout --force --detach {commit} && git clean -ffdq"]
    if branch != "main":
        commands.append("git merge --no-edit origin/main")
    subprocess.run([*AS_CI, "git", "merge", "--abort"], cwd=folder, env=ENVIRONMENT, capture_output=True)
    code, run = 0, list(commands)
    for command in commands:
        code = code or step(command, log, folder, rows, pipeline)
    script = (folder / "ci" / name).read_text().splitlines() if not code else []
    for command in script:
        run.append(command)
        code = step(command, log, folder, rows, pipeline)
        if code:
            break
    if not code:
        log.line("Job succeeded" if not log.stamped else "Cleaning up orphan processes")
    log.file.close()
    finished = now()
    row = {
        "build_id": identity, "pipeline": pipeline, "job": job, "branch": branch, "commit": commit,
        "status": "failed" if code else "success", "exit_code": code, "command": " && ".join(script or run),
        "queued_at": text(queued), "started_at": text(started), "finished_at": text(finished), "log": f"{identity}.log",
    }
    if (folder / "reports/junit.xml").exists():
        shutil.copy(folder / "reports/junit.xml", OUT / f"{identity}.xml")
        row["junit"] = f"{identity}.xml"
    if name in {"api-test", "release-package"} and rows:
        with (OUT / f"{identity}.csv").open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([["ts", "source", "metric", "value"], *rows])
        row["resources"] = f"{identity}.csv"
    manifest.write(json.dumps(row) + "\n")
    manifest.flush()
    print(identity, branch, row["status"], code, round((finished - started).total_seconds(), 1), file=sys.stderr, flush=True)
    return code


def pipelines(commit, branch):
    changed = git("diff", "--name-only", f"{commit}^1", commit).splitlines()
    found = {"api"}
    for path in changed:
        found |= {pipeline for folder, pipeline in FOLDERS.items() if path.startswith(folder)}
    if "web/package.json" in changed and branch == "main":
        found.add("release")
    return [name for name in JOBS if name in found]


class Store:
    """The artifact store that a release is uploaded to."""

    process = None

    def start(self):
        self.process = subprocess.Popen(["/usr/bin/python3", "-c", STORE])
        time.sleep(1)

    def stop(self):
        self.process.terminate()
        self.process.wait()


STORE = """
import http.server
class Store(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(201); self.send_header('Content-Length', '0'); self.end_headers()
    def log_message(self, *a): pass
http.server.HTTPServer(('127.0.0.1', 8099), Store).serve_forever()
"""


def main():
    subprocess.run(["hostname", "ci-runner"], check=True)
    for folder in (REPO, OUT, WORK, "/srv/ci/cache", "/srv/releases", "/srv/staging", "/srv/home-ci"):
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=777", "tmpfs", "/srv/staging"], check=True)
    subprocess.run(["chown", "ci:ci", REPO, WORK, "/srv/ci/cache", "/srv/releases", "/srv/home-ci"], check=True)
    store = Store()
    store.start()
    git("init", "--quiet", "--initial-branch=main")
    git("config", "user.name", "Shop Developers")
    git("config", "user.email", "developers@shop.example")
    write(FIRST.items())
    git("add", "-A")
    git("commit", "--quiet", "-m", "Lay out the shop")
    for pipeline in JOBS:
        git("clone", "--quiet", str(REPO), str(WORK / pipeline), folder=WORK)
        git("config", "user.name", "CI", folder=WORK / pipeline)
        git("config", "user.email", "ci@shop.example", folder=WORK / pipeline)
    with (OUT / "manifest.jsonl").open("w") as manifest:
        head = git("rev-parse", "HEAD")
        for pipeline, jobs in JOBS.items():
            queued = now()
            for job in jobs:
                build(pipeline, job, "main", head, queued, manifest)
        for entry in HISTORY:
            if entry[0] == "machine":
                what = entry[1]
                if what.startswith("artifact store"):
                    store.start() if what.endswith("starts") else store.stop()
                else:
                    subprocess.run(["chown", "root:root" if what.endswith("root") else "ci:ci", "/srv/releases"], check=True)
                continue
            branch, message, edits = entry
            if branch in git("branch", "--format=%(refname:short)").split():
                git("checkout", "--quiet", branch)
            else:
                git("checkout", "--quiet", "-b", branch, "main")
            if isinstance(edits, str):
                git("merge", "--no-ff", "--quiet", "-m", message, edits.removeprefix("merge "))
            else:
                write(edits)
                git("add", "-A")
                git("commit", "--quiet", "-m", message)
            commit, queued = git("rev-parse", "HEAD"), now()
            for pipeline in pipelines(commit, branch):
                for job in JOBS[pipeline]:
                    code = build(pipeline, job, branch, commit, queued, manifest)
                    if code and f"{pipeline}-{job}" in TRIED_AGAIN:
                        build(pipeline, job, branch, commit, now(), manifest)
                    if code and pipeline == "release":
                        break
    store.stop()


main()
