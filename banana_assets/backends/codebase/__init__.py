"""Code bases on this machine: read, outlined, compared over a failed build, and kept while they do not change.

Nothing outside the given folder is opened, no link is followed, no file that is named like a secret is read, and git is
asked in such a way that a repository cannot make it run anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from banana_assets.core.lazy import lazily

if TYPE_CHECKING:
    from banana_assets.backends.codebase.cache import CodeBases, Rendered, with_models
    from banana_assets.backends.codebase.changing import Changes, changed, wire_changes
    from banana_assets.backends.codebase.failed import BuildChanges, build_changes
    from banana_assets.backends.codebase.outlining import Outlines, outline, outlines
    from banana_assets.backends.codebase.reading import Bounds, read
    from banana_assets.core.codebase.wire import wire, wire_structure

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

# Who only compares commits needs no parser of any language.
__getattr__ = lazily(
    __name__,
    {
        "Bounds": ".reading",
        "BuildChanges": ".failed",
        "Changes": ".changing",
        "CodeBases": ".cache",
        "Outlines": ".outlining",
        "Rendered": ".cache",
        "build_changes": ".failed",
        "changed": ".changing",
        "outline": ".outlining",
        "outlines": ".outlining",
        "read": ".reading",
        "wire": "banana_assets.core.codebase.wire",
        "wire_changes": ".changing",
        "wire_structure": "banana_assets.core.codebase.wire",
        "with_models": ".cache",
    },
)
