"""A code base as JSON: the shape that clients of the learning endpoints know, and richer keys beside it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from banana_assets.core.codebase.frameworks import BACKEND, FRONTEND, MOBILE
from banana_assets.core.codebase.names import is_test
from banana_assets.core.codebase.tree import tree
from banana_assets.core.codebase.types import CodeBase

MOST_LISTED = 200
_FRONTEND_FOLDERS = frozenset({"frontend", "front-end", "client", "web", "webapp", "ui", "www"})
_BACKEND_FOLDERS = frozenset({"backend", "back-end", "server", "api", "services"})
_FRONTEND_LANGUAGES = frozenset({"TSX", "Vue", "Svelte", "Astro", "Elm"})
_SERVER_LANGUAGES = frozenset(
    {
        "Python",
        "Go",
        "Rust",
        "Java",
        "Kotlin",
        "Scala",
        "Groovy",
        "Clojure",
        "C#",
        "F#",
        "Ruby",
        "PHP",
        "Elixir",
        "Erlang",
    }
)


def wire(codebase: CodeBase) -> dict[str, Any]:
    """The object that answers ``/llm/learning/codebase``.

    ``workspace_root``, ``file_tree``, ``key_config_files``, ``backend_files`` and ``structure_summary`` have the shape
    that is known; the rest is more than it.
    """
    nodes, omitted = tree(codebase.files, codebase.depth)
    kinds = {framework.kind for framework in codebase.frameworks}
    top = {file.path.partition("/")[0] for file in codebase.files if "/" in file.path}
    languages = {row.name for row in codebase.languages}
    skipped = dict(codebase.skipped) | ({"beyond the tree's bound": omitted} if omitted else {})
    return {
        "workspace_root": codebase.root,
        "file_tree": nodes,
        "key_config_files": dict(codebase.configuration),
        "backend_files": [
            {"name": s.path.rpartition("/")[2], "path": s.path, "lines": s.lines, "preview": s.text}
            for s in codebase.sources
        ],
        "structure_summary": {
            "has_backend": bool(top & _BACKEND_FOLDERS or BACKEND in kinds or languages & _SERVER_LANGUAGES),
            "has_frontend": bool(
                top & _FRONTEND_FOLDERS or kinds & {FRONTEND, MOBILE} or languages & _FRONTEND_LANGUAGES
            ),
            "has_tests": codebase.tests.files > 0,
        },
        "commit": codebase.commit,
        "branch": codebase.branch,
        "listed_by": codebase.listed_by,
        "totals": {"files": len(codebase.files), "bytes": codebase.bytes, "lines": codebase.lines},
        "languages": [asdict(row) for row in codebase.languages],
        "frameworks": [asdict(row) for row in codebase.frameworks],
        "entry_points": [asdict(row) for row in codebase.entry_points],
        "tests": {
            "files": codebase.tests.files,
            "helpers": codebase.tests.helpers,
            "written": codebase.tests.written,
            "folders": [{"path": path, "files": files} for path, files in codebase.tests.folders],
            "paths": list(codebase.tests.paths),
        },
        "dependencies": [
            {
                "path": m.path,
                "ecosystem": m.ecosystem,
                "name": m.name,
                "packages": [asdict(d) for d in m.dependencies],
                "omitted": m.omitted,
                "problem": m.problem,
            }
            for m in codebase.manifests
        ],
        "tree_depth": codebase.depth,
        "skipped": skipped,
        "notes": list(codebase.notes),
    }


def wire_structure(codebase: CodeBase) -> dict[str, Any]:
    """The object that answers ``/api/llm/learning/codebase``, but its models: folders, entry points, key files,
    dependencies."""
    mains: dict[str, dict[str, Any]] = {}
    for file in codebase.files:
        folder, slash, _ = file.path.partition("/")
        if slash:
            row = mains.setdefault(folder, {"files": 0, "bytes": 0, "lines": 0, "tests": 0, "languages": {}})
            row["files"] += 1
            row["bytes"] += file.size
            row["lines"] += file.lines or 0
            row["tests"] += is_test(file.path)
            if file.language:
                row["languages"][file.language] = row["languages"].get(file.language, 0) + 1
    packages: dict[str, dict[str, str]] = {}
    for manifest in codebase.manifests:
        for dependency in manifest.dependencies[:MOST_LISTED]:
            packages.setdefault(manifest.ecosystem, {}).setdefault(dependency.name, dependency.wanted)
    files: list[str] = list(codebase.configuration)
    files += [source.path for source in codebase.sources[:MOST_LISTED] if source.path not in codebase.configuration]
    return {
        "structure": {"root": codebase.root, "main_dirs": mains},
        "entry_points": [asdict(row) for row in codebase.entry_points],
        "key_files": files,
        "dependencies": packages,
    }
