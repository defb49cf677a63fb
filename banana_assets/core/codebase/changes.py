"""What changed between two commits, as git tells it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from banana_assets.core.codebase.names import holds_secrets
from banana_assets.core.safety.secrets import mask, mask_lines

MOST_LINES = 40
"""Lines of a hunk that are kept."""
STATUSES = {"A": "added", "M": "modified", "D": "deleted", "R": "renamed", "C": "copied", "T": "retyped"}


@dataclass(frozen=True, slots=True)
class Hunk:
    """A stretch that changed: lines ``first`` to ``last`` now, ``old_first`` to ``old_last`` before; 0 to 0 for none.

    ``heading`` is the line that git takes for the head of what holds it. ``lines`` begin with ``+`` or ``-``.
    """

    first: int
    last: int
    old_first: int
    old_last: int
    heading: str
    lines: tuple[str, ...]
    omitted: int = 0


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file that changed: ``added`` and ``removed`` lines, None for a binary one; who changed it, in which commits."""

    path: str
    status: str
    old_path: str | None = None
    added: int | None = None
    removed: int | None = None
    hunks: tuple[Hunk, ...] = ()
    authors: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit between the two. The author's name is told, never the address."""

    sha: str
    author: str
    at: datetime
    subject: str
    paths: tuple[str, ...] = ()


def files_of(raw: bytes) -> Iterator[ChangedFile]:
    """The files of ``git diff-tree -r -z --raw --numstat``, without their hunks."""
    parts = iter(raw.decode("utf-8", "replace").split("\0"))
    found: dict[str, ChangedFile] = {}
    for part in parts:
        if part.startswith(":"):
            letter = part.rsplit(" ", 1)[-1][:1]
            old = next(parts, "")
            path = next(parts, "") if letter in "RC" else old
            found[path] = ChangedFile(path, STATUSES.get(letter, "modified"), old if path != old else None)
        elif part.count("\t") >= 2:
            added, removed, path = part.split("\t", 2)
            if not path:
                next(parts, "")
                path = next(parts, "")
            if path in found and added.isdigit() and removed.isdigit():
                found[path] = replace(found[path], added=int(added), removed=int(removed))
    return iter(found.values())


_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def hunks_of(patch: bytes) -> dict[str, tuple[Hunk, ...]]:
    """The hunks of ``git diff-tree -p -U0`` by the path now (by the path before for a deleted file).

    What files that are named like secrets hold is left out; secrets elsewhere are masked.
    """
    found: dict[str, list[Hunk]] = {}
    path = before = ""
    hunk: Hunk | None = None
    lines: list[str] = []
    left = 0
    for line in patch.decode("utf-8", "replace").split("\n"):
        if left > 0 and line[:1] in ("+", "-"):
            left -= 1
            lines.append(line)
            continue
        if left > 0 and line.startswith("\\"):
            continue
        if hunk is not None:
            found.setdefault(path, []).append(_filled(hunk, lines, path))
            hunk = None
        if line.startswith("--- "):
            before = _path(line[4:], "a/")
        elif line.startswith("+++ "):
            path = _path(line[4:], "b/") or before
        elif match := _HUNK.match(line):
            old, removed, new, added = int(match[1]), int(match[2] or 1), int(match[3]), int(match[4] or 1)
            left = removed + added
            lines = []
            heading = " ".join(match[5].split())[:200]
            hunk = Hunk(
                new if added else 0, new + added - 1 if added else 0,
                old if removed else 0, old + removed - 1 if removed else 0, heading, (),
            )  # fmt: skip
    if hunk is not None:
        found.setdefault(path, []).append(_filled(hunk, lines, path))
    return {name: tuple(hunks) for name, hunks in found.items()}


def _filled(hunk: Hunk, lines: list[str], path: str) -> Hunk:
    if holds_secrets(path):
        return replace(hunk, heading="", omitted=len(lines))
    kept = mask_lines([hunk.heading, *(line[:400].rstrip("\r") for line in lines[:MOST_LINES])]).lines
    return replace(hunk, heading=kept[0], lines=kept[1:], omitted=max(0, len(lines) - MOST_LINES))


def _path(text: str, prefix: str) -> str:
    """A path of a patch's header, of which git quotes the unusual ones; empty for /dev/null."""
    text = text.removesuffix("\t")
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        raw = re.sub(r'\\([0-7]{3}|[abfnrtv"\\])', _unquoted, text[1:-1])
        text = raw.encode("latin-1", "replace").decode("utf-8", "replace") if "\\" in text else raw
    return "" if text == "/dev/null" else text.removeprefix(prefix)


def _unquoted(found: re.Match[str]) -> str:
    return chr(int(found[1], 8) & 0xFF) if found[1].isdigit() else _ESCAPES[found[1]]


LOG_FORMAT = "%x01%H%x02%an%x02%at%x02%s%x02"
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<=\w)@[\w.-]+")


def commits_of(raw: bytes) -> list[Commit]:
    """The commits of ``git log -z --name-only --format=LOG_FORMAT``, the latest first."""
    out = []
    for record in raw.decode("utf-8", "replace").split("\x01"):
        fields = record.split("\x02")
        if len(fields) < 5 or not re.fullmatch(r"[0-9a-f]{40,64}", fields[0]) or not fields[2].isdigit():
            continue
        paths = tuple(name.lstrip("\n") for name in fields[-1].split("\0") if name.strip("\n"))
        at = datetime.fromtimestamp(min(int(fields[2]), 253_402_300_799), UTC)
        subject = mask(_ADDRESS.sub("…", " ".join(fields[3].split()))[:200]).text
        out.append(Commit(fields[0], author_name(fields[1]), at, subject, paths))
    return out


def author_name(text: str) -> str:
    """A name without any address in it."""
    return _ADDRESS.sub("", text.split("<")[0]).strip(" \t'\"()") or "unnamed"


def joined(
    files: Iterable[ChangedFile], hunks: dict[str, tuple[Hunk, ...]], commits: Iterable[Commit]
) -> tuple[ChangedFile, ...]:
    """The files with their hunks, authors (the latest first) and commits."""
    authors: dict[str, dict[str, None]] = {}
    shas: dict[str, list[str]] = {}
    for commit in commits:
        for path in commit.paths:
            authors.setdefault(path, {})[commit.author] = None
            shas.setdefault(path, []).append(commit.sha)
    out = []
    for file in files:
        names = {**authors.get(file.path, {}), **authors.get(file.old_path or "", {})}
        ids = dict.fromkeys([*shas.get(file.path, ()), *shas.get(file.old_path or "", ())])
        out.append(replace(file, hunks=hunks.get(file.path, ()), authors=tuple(names), commits=tuple(ids)))
    return tuple(sorted(out, key=lambda f: f.path))
