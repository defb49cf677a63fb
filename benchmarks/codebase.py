"""What telling of a code base costs: kept answers, looks and whole readings against a plain walk for every answer.

    .venv/bin/python benchmarks/codebase.py [--root FOLDER] [--files 1500] [--answers 20000]

The reference does for every answer what a simple server does: it walks three levels with ``os.scandir``, leaves out the
usual folders, reads the configuration files at the root and every Python file of ``backend``, and writes JSON. Both
answer for the same folder: one that is given, or a repository that is made of so many files.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from banana_assets.backends.codebase import Bounds, CodeBases, read, wire
from banana_assets.backends.codebase.folder import Folder
from banana_assets.backends.codebase.listing import listing

LEFT_OUT = {".venv", ".git", "node_modules", "__pycache__", ".pytest_cache", "dist", "build"}
KEPT = {".gitignore", ".env"}
CONFIGURATION = (
    "package.json", "pyproject.toml", "setup.py", "tsconfig.json", "vite.config.ts", "pytest.ini", "Dockerfile",
    ".env.example",
)  # fmt: skip


def plain(root: Path) -> bytes:
    """An answer made anew: the reference."""

    def below(folder: str, path: str, depth: int) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = []
        for entry in sorted(os.scandir(folder), key=lambda e: e.path):
            if entry.name in LEFT_OUT or (entry.name.startswith(".") and entry.name not in KEPT):
                continue
            here = f"{path}/{entry.name}" if path else entry.name
            if entry.is_dir():
                children = below(entry.path, here, depth - 1) if depth > 1 else []
                if children:
                    nodes.append({"type": "directory", "name": entry.name, "path": here, "children": children})
            else:
                nodes.append({"type": "file", "name": entry.name, "path": here, "size": entry.stat().st_size})
        return nodes

    files = []
    for source in (root / "backend").glob("*.py"):
        text = source.read_text(errors="replace")
        files.append({"name": source.name, "path": str(source), "lines": len(text.split("\n")), "preview": text[:500]})
    configured = {
        name: (root / name).read_text(errors="replace")[:2000] for name in CONFIGURATION if (root / name).exists()
    }
    summary = {"has_backend": True, "has_frontend": True, "has_tests": any((root / "backend").glob("test_*.py"))}
    answer = {
        "workspace_root": str(root),
        "file_tree": below(str(root), "", 3),
        "key_config_files": configured,
        "backend_files": files,
        "structure_summary": summary,
    }
    return json.dumps({"status": "ok", "codebase": answer}).encode()


def made(folder: Path, files: int) -> Path:
    """A repository of so many files: a server, a front end, documentation, in folders of 40."""
    line = "def handler(request):\n    return {'status': 'ok', 'request': request}\n\n\n"
    for i in range(files):
        kind = i % 25
        if kind == 0 and i < 25 * 60:
            path, text = f"backend/module_{i}.py", line * 50
        elif kind < 12:
            path, text = f"frontend/src{i // 1000}/part_{i // 40}/view_{i}.tsx", "export const A = () => null\n" * 40
        elif kind < 20:
            path, text = f"packages/p{i // 400}/lib_{i // 40}/m_{i}.py", line * 20
        else:
            path, text = f"docs/d{i // 400}/page_{i}.md", "# Page\n\nText.\n" * 10
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "package.json").write_text('{"name": "made", "dependencies": {"react": "^19"}}')
    (folder / "pyproject.toml").write_text('[project]\nname = "made"\ndependencies = ["fastapi"]\n')
    (folder / ".gitignore").write_text("node_modules/\n")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    return folder


def seconds(work: Callable[[], object], times: int) -> float:
    """Processor time of one run, that of processes it starts included."""

    def used() -> float:
        return sum(
            r.ru_utime + r.ru_stime for r in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        )

    start = used()
    for _ in range(times):
        work()
    return (used() - start) / times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--files", type=int, default=1500)
    parser.add_argument("--answers", type=int, default=20_000)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = told.root.resolve() if told.root else made(Path(scratch), told.files)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.perf_counter()
        codebase = read(root, bounds=Bounds())
        took = time.perf_counter() - begun
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(f"files {len(codebase.files):,}, {codebase.bytes / 1e6:.1f} MB")
        print(f"first reading {took:.2f} s, {grown:.0f} MiB more memory")
        if codebase.skipped:
            print("left out:", dict(codebase.skipped))
        kept = CodeBases(clock=lambda: 0.0)
        body = kept.get(root).body
        reference = plain(root)
        print(f"answer {len(body):,} bytes, the reference's {len(reference):,}")

        def look() -> object:
            with Folder(root) as folder:
                return listing(folder)

        few = max(1, min(20, 20_000 // max(1, len(codebase.files))))
        rows = {
            "plain walk, every answer": seconds(lambda: plain(root), few),
            "kept answer": seconds(lambda: kept.get(root).body, told.answers),
            "look whether files changed": seconds(look, few),
            "whole reading": seconds(lambda: wire(read(root)), max(1, few // 5)),
        }
        base = rows["plain walk, every answer"]
        for name, cost in rows.items():
            print(
                f"{name:28} {1e3 * cost:10.4f} ms of processor time  {base / cost:10.2f} times the plain walk's speed"
            )


if __name__ == "__main__":
    main()
