"""Code bases on this machine: read, outlined, compared over a failed build, and kept while they do not change.

Nothing outside the given folder is opened, no link is followed, no file that is named like a secret is read, and git is
asked in such a way that a repository cannot make it run anything.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from banana_assets.backends.codebase.cache import CodeBases, Rendered, with_models
    from banana_assets.backends.codebase.changing import Changes, changed, wire_changes
    from banana_assets.backends.codebase.failed import BuildChanges, build_changes
    from banana_assets.backends.codebase.outlining import Outlines, outline, outlines
    from banana_assets.backends.codebase.reading import Bounds, read
    from banana_assets.core.codebase.wire import wire, wire_structure

_MODULES = {
    "Bounds": "banana_assets.backends.codebase.reading",
    "BuildChanges": "banana_assets.backends.codebase.failed",
    "Changes": "banana_assets.backends.codebase.changing",
    "CodeBases": "banana_assets.backends.codebase.cache",
    "Outlines": "banana_assets.backends.codebase.outlining",
    "Rendered": "banana_assets.backends.codebase.cache",
    "build_changes": "banana_assets.backends.codebase.failed",
    "changed": "banana_assets.backends.codebase.changing",
    "outline": "banana_assets.backends.codebase.outlining",
    "outlines": "banana_assets.backends.codebase.outlining",
    "read": "banana_assets.backends.codebase.reading",
    "wire": "banana_assets.core.codebase.wire",
    "wire_changes": "banana_assets.backends.codebase.changing",
    "wire_structure": "banana_assets.core.codebase.wire",
    "with_models": "banana_assets.backends.codebase.cache",
}

__all__ = [
    "Bounds",
    "BuildChanges",
    "Changes",
    "CodeBases",
    "Outlines",
    "Rendered",
    "build_changes",
    "changed",
    "outline",
    "outlines",
    "read",
    "wire",
    "wire_changes",
    "wire_structure",
    "with_models",
]


def __getattr__(name: str) -> Any:
    # Who only compares commits needs no parser of any language.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
