"""Whether one source file imports another, told from its import lines in any of the usual languages."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re
from collections.abc import Iterator

from banana_assets.core.codebase.mentions import modules

MOST_CHARACTERS = 200_000


def stem_of(path: str) -> str:
    """A file's name without its last ending."""
    return re.sub(r"\.[cm]?\w+$", "", path.rpartition("/")[2])


_LINES, _WIDEST = 4_000, 400
_IMPORT = re.compile(
    r"[ \t]*(?:from\s+\S+\s+import\b|import\b|@import|(?:pub\s+)?(?:use|mod)\s|#\s*include\b|require|using\s|export\b|package\s|load\()"
)


def _import_lines(text: str) -> Iterator[str]:
    """The lines that import something, those of Go's blocks among them. Line by line, so that no text takes long."""
    inside = False
    for line in text[:MOST_CHARACTERS].split("\n")[:_LINES]:
        line = line[:_WIDEST]
        if inside:
            inside = not line.startswith(")")
            yield line
        elif _IMPORT.match(line) or "require(" in line:
            inside = line.strip() == "import ("
            yield line


def imports(text: str, path: str, importer: str = "") -> bool:
    """Whether a source imports the file of that path, by its module's name or its path as written."""
    stem = stem_of(path)
    if stem in ("__init__", "mod", "index"):
        stem = path.rpartition("/")[0].rpartition("/")[2]
    near = [line for line in _import_lines(text) if stem in line]
    if not near:
        return False
    word = re.compile(rf"(?<![\w-]){re.escape(stem)}(?![\w-])")
    folder = path.rpartition("/")[0].rpartition("/")[2]
    same_folder = importer.rpartition("/")[0] == path.rpartition("/")[0]
    dotted = [name for name in modules(path) if "." in name]
    for line in near:
        if not word.search(line):
            continue
        if any(name in line.replace("/", ".").replace("::", ".") for name in dotted):
            return True
        relative = re.search(r"['\"<](?:\./|\.\./|@/|~/)?[\w./@-]*" + re.escape(stem), line) or re.search(
            r"\bfrom\s+\.", line
        )
        if relative and (not folder or folder in line or same_folder or "./" in line or " ." in line):
            return True
        if same_folder or "/" not in path or not folder or re.search(rf"\b{re.escape(folder)}\b", line):
            return True
    return False
