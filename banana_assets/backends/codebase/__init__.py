"""Code bases on this machine: read, outlined, compared over a failed build, and kept while they do not change.

Nothing outside the given folder is opened, no link is followed, no file that is named like a secret is read, and git is
asked in such a way that a repository cannot make it run anything.
"""

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
