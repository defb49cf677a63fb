"""What .gitignore files say, where no git answers: those of every folder on the way down, the nearest deciding."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import re2
from pathspec import GitIgnoreSpec

MOST_BYTES = 256 * 1024
_BAD = (ValueError, re.error, re2.error)
"""What patterns that are none raise, whichever engine finds out."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The patterns of one folder (its path relative to the root, "" the root)."""

    folder: str
    spec: GitIgnoreSpec


def rules_of(folder: str, content: bytes) -> Rules | None:
    """The rules of a .gitignore file; None where it has none that can be read.

    They are matched by RE2, whose time grows with the text and never with how a pattern repeats itself.
    """
    lines = content.decode("utf-8", "replace").splitlines()
    try:
        return Rules(folder, GitIgnoreSpec.from_lines(lines, backend="re2"))
    except _BAD:
        pass
    readable = []
    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line], backend="re2")
        except _BAD:
            continue
        readable.append(line)
    return Rules(folder, GitIgnoreSpec.from_lines(readable, backend="re2")) if readable else None


def ignored(path: str, rules: Sequence[Rules], *, folder: bool) -> bool:
    """Whether the rules of the folders above (the root's first) leave a path out."""
    for rule in reversed(rules):
        below = path[len(rule.folder) + 1 :] if rule.folder else path
        told = rule.spec.check_file(f"{below}/" if folder else below).include
        if told is not None:
            return told
    return False
