"""Where programs begin: what manifests name, and files that are programs by convention or by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from banana_assets.core.codebase.manifests import EntryPoint, Manifest
from banana_assets.core.codebase.names import is_generated, is_test

MOST = 60
_ORDER = ("command", "program", "service", "container", "script", "package")
_NAMES = re.compile(
    r"(?:^|/)(?:__main__\.py|manage\.py|wsgi\.py|asgi\.py|app\.py|main\.(?:py|go|rs|ts|js|c|cc|cpp|kt|dart|swift|rb|php)"
    r"|server\.(?:py|js|ts|mjs|go|rb)|index\.(?:js|ts|mjs|php|html)|cli\.(?:py|js|ts)|Program\.cs|Main\.(?:java|kt|hs)"
    r"|Application\.(?:java|kt)|\w+Application\.(?:java|kt)|config\.ru|artisan)$"
)
_ALWAYS = re.compile(
    r"(?:^|/)(?:__main__\.py|manage\.py|cmd/[^/]+/main\.go|src/main\.rs|src/bin/[^/]+\.rs|main\.go"
    r"|Program\.cs)$"
)
_BEGINS = re.compile(
    rb"""(?mx)^if\ __name__\ ==\ ['"]__main__['"] | ^func\ main\(\) | ^(?:pub\ )?(?:async\ )?fn\ main\( | ^fun\ main\(
    | ^(?:int|void)\s+main\s*\(
    | ^[ \t]+(?:public\ |private\ |internal\ )?static\ (?:async\ )?\w+(?:<int>)?\ [mM]ain\s*\("""
)
_DEEPEST = 4


def begins_here(content: bytes) -> bool:
    """Whether a source says that a program begins in it."""
    return (b"main" in content or b"Main" in content) and _BEGINS.search(content) is not None


def is_program_name(path: str) -> bool:
    """Whether a file is named as those are in which programs begin."""
    return _NAMES.search(path) is not None


def entry_points(
    manifests: Iterable[Manifest], paths: Iterable[str], begin: Iterable[str]
) -> tuple[tuple[EntryPoint, ...], int]:
    """The entry points, commands first, and how many more there are. ``begin`` are files for which ``begins_here``."""
    told = {point: None for manifest in manifests for point in manifest.entry_points}
    begins = set(begin)
    for path in paths:
        if is_test(path) or is_generated(path):
            continue
        likely = path.count("/") < _DEEPEST and _NAMES.search(path)
        if path in begins or _ALWAYS.search(path) or (likely and not path.endswith((".py", ".go", ".rs", ".java"))):
            told[EntryPoint("program", _name(path), path, "")] = None
    rows = sorted(told, key=lambda p: (_ORDER.index(p.kind), not _NAMES.search(p.path), p.path.count("/"), p.path))
    return tuple(rows[:MOST]), max(0, len(rows) - MOST)


def _name(path: str) -> str:
    """The name of a program by its file: that of the folder where the file's own says nothing."""
    folder, _, name = path.rpartition("/")
    stem = name.partition(".")[0]
    return folder.rpartition("/")[2] if folder and stem in ("__main__", "main", "index", "Program", "Main") else stem
