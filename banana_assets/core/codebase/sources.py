"""Which source files are shown first to somebody who wants to know what a project does."""

from __future__ import annotations

from collections.abc import Iterable

from banana_assets.core.codebase.entries import is_program_name
from banana_assets.core.codebase.languages import KINDS, PROGRAMMING, language_of
from banana_assets.core.codebase.names import is_generated, is_test

SERVER_FOLDERS = ("backend", "back-end", "server", "api", "app", "src", "lib", "pkg", "internal", "cmd")
_NO_PROGRAMS = frozenset(
    {"SQL", "CMake", "Makefile", "Dockerfile", "Starlark", "Meson", "Shell", "Batch", "HCL", "Nix", "TeX"}
)


def key_sources(paths: Iterable[str], most: int) -> list[str]:
    """The source files, at most so many: of a folder ``backend`` first, then programs, then those near the root."""
    chosen = [path for path in paths if _is_source(path)]
    return sorted(chosen, key=_order)[:most]


def _is_source(path: str) -> bool:
    language = language_of(path)
    return (
        language is not None
        and KINDS[language] == PROGRAMMING
        and language not in _NO_PROGRAMS
        and not is_generated(path)
        and not is_test(path)
    )


def _order(path: str) -> tuple[int, bool, bool, int, str]:
    top, slash, _ = path.partition("/")
    served = SERVER_FOLDERS.index(top) if slash and top in SERVER_FOLDERS[:4] else 4
    aside = top in ("docs", "doc", "examples", "benchmarks", "scripts", "tools", "samples") or "/samples/" in path
    says_little = path.endswith(("__init__.py", "package-info.java", "mod.rs", ".d.ts"))
    return served + 10 * aside, not is_program_name(path), says_little, path.count("/"), path
