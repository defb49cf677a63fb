"""Which files a code base has: as git tells, or by walking where no git answers."""

from __future__ import annotations

import os
import stat
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from banana_assets.backends.codebase import git
from banana_assets.backends.codebase.folder import (
    DEEPEST,
    FOLDER,
    SPECIAL,
    TOO_DEEP,
    Folder,
    GoneError,
)
from banana_assets.backends.codebase.ignoring import MOST_BYTES, Rules, ignored, rules_of
from banana_assets.core.codebase.names import NEVER_LISTED, USUALLY_IGNORED

MOST_FILES = 100_000
SECONDS = 20.0
BEYOND, TOO_SLOW, MISSING = "beyond the bound of files", "not reached in time", "deleted and not committed"

_LIST = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")


@dataclass(frozen=True, slots=True)
class Listed:
    """A file, link or submodule that is listed, by its path as the system has it, and what stands there."""

    path: str
    found: os.stat_result

    @property
    def regular(self) -> bool:
        """Whether it can be opened as a file."""
        return stat.S_ISREG(self.found.st_mode)

    @property
    def submodule(self) -> bool:
        """Whether it is a repository of its own in this one."""
        return stat.S_ISDIR(self.found.st_mode)


@dataclass(frozen=True, slots=True)
class Listing:
    """The files, sorted by path; ``by`` is git or walk, ``why`` says why git did not answer."""

    by: str
    files: tuple[Listed, ...]
    skipped: Counter[str] = field(default_factory=Counter)
    why: str = ""


def listing(folder: Folder, *, most: int = MOST_FILES, submodules: bool = False, seconds: float = SECONDS) -> Listing:
    """The files that are not ignored, at most so many, found in at most so many seconds.

    ``submodules`` says whether repositories inside this one are entered.
    """
    until = time.monotonic() + seconds
    names, skipped, why = _by_git(folder.path, most, submodules, until)
    if names is None:
        return _walked(folder, most, until, why)
    files = _looked_at(folder, names, skipped, until)
    return Listing("git", tuple(files), skipped)


def _by_git(root: Path, most: int, submodules: bool, until: float) -> tuple[list[str] | None, Counter[str], str]:
    skipped: Counter[str] = Counter()
    if why := git.distrust(root):
        return None, skipped, why
    answer = git.ask(root, _LIST, seconds=max(0.5, until - time.monotonic()))
    if answer.problem:
        return None, skipped, answer.problem
    raw = answer.out.split(b"\0")
    raw.pop()
    if not raw and not _is_top(root):
        # A folder that the repository around it ignores as a whole.
        return None, skipped, "the repository around it has no file here"
    if answer.cut or len(raw) > most:
        skipped[BEYOND] += max(1, len(raw) - most)
    names = sorted(os.fsdecode(name) for name in raw[:most])
    if submodules:
        names = list(_entered(root, names, most, until))
    return names, skipped, ""


def _is_top(root: Path) -> bool:
    answer = git.ask(root, ["rev-parse", "--show-cdup"], most=4096)
    return not answer.problem and not answer.out.strip()


def _entered(root: Path, names: Sequence[str], most: int, until: float) -> Iterator[str]:
    """The names, with those of the repositories among them in their place."""
    count = 0
    stack = [iter(names)]
    above = [""]
    while stack and count < most:
        name = next(stack[-1], None)
        if name is None:
            stack.pop()
            above.pop()
            continue
        path = f"{above[-1]}{name}".rstrip("/")
        inner = root / path
        if (
            (name.endswith("/") or inner.is_dir())
            and _plain(root, path)
            and len(stack) < 8
            and (inner / ".git").exists()
        ):
            answer = git.ask(inner, _LIST, seconds=max(0.5, until - time.monotonic()))
            if not answer.problem and not git.distrust(inner):
                stack.append(iter(sorted(os.fsdecode(part) for part in answer.out.split(b"\0")[:-1])))
                above.append(f"{path}/")
                continue
        count += 1
        yield path


def _plain(root: Path, path: str) -> bool:
    """Whether no part of the path is a link, so that git is started below the root only."""
    try:
        return (root / path).resolve(strict=True) == root / path
    except (OSError, RuntimeError):
        return False


def _looked_at(folder: Folder, names: Sequence[str], skipped: Counter[str], until: float) -> Iterator[Listed]:
    for at, name in enumerate(names):
        if at % 1024 == 0 and time.monotonic() > until:
            skipped[TOO_SLOW] += len(names) - at
            return
        path = name.rstrip("/")
        try:
            found = folder.look(path)
        except GoneError as gone:
            skipped[MISSING if gone.reason.startswith("vanished") else gone.reason] += 1
            continue
        if stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode) or stat.S_ISDIR(found.st_mode):
            yield Listed(path, found)
        else:
            skipped[SPECIAL] += 1


def _walked(folder: Folder, most: int, until: float, why: str) -> Listing:
    """All files but those that .gitignore files name and the folders that hardly anybody keeps."""
    files: list[Listed] = []
    skipped: Counter[str] = Counter()
    stack: list[tuple[str, tuple[Rules, ...]]] = [("", _rules(folder, ".git/info/exclude", ""))]
    while stack:
        at, rules = stack.pop()
        if time.monotonic() > until:
            skipped[TOO_SLOW] += len(stack) + 1
            break
        rules = (*rules, *_rules(folder, f"{at}/.gitignore" if at else ".gitignore", at))
        try:
            entries = list(folder.entries(at))
        except GoneError as gone:
            skipped[f"{FOLDER} {gone.reason}"] += 1
            continue
        for name, found in entries:
            path = f"{at}/{name}" if at else name
            is_folder = stat.S_ISDIR(found.st_mode)
            if name in NEVER_LISTED or (is_folder and name in USUALLY_IGNORED):
                continue
            if ignored(os.fsencode(path).decode("utf-8", "replace"), rules, folder=is_folder):
                continue
            if is_folder:
                if path.count("/") + 1 >= DEEPEST:
                    skipped[TOO_DEEP] += 1
                else:
                    stack.append((path, rules))
            elif not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
                skipped[SPECIAL] += 1
            elif len(files) >= most:
                skipped[BEYOND] += 1
            else:
                files.append(Listed(path, found))
        if skipped[BEYOND]:
            # More is not counted: it could be without end.
            break
    return Listing("walk", tuple(sorted(files, key=lambda file: file.path)), +skipped, why)


def _rules(folder: Folder, path: str, at: str) -> tuple[Rules, ...]:
    try:
        content, _ = folder.read(path, MOST_BYTES)
    except GoneError:
        return ()
    found = rules_of(at, content)
    return (found,) if found else ()


def is_listed(folder: Folder, path: str) -> bool:
    """Whether a file is among those that are not ignored."""
    if not git.distrust(folder.path):
        answer = git.ask(folder.path, [*_LIST, "--", path])
        if not answer.problem and (answer.out or _is_top(folder.path)):
            return os.fsencode(path) in answer.out.split(b"\0")
    rules = _rules(folder, ".git/info/exclude", "")
    parts = path.split("/")
    for i, name in enumerate(parts):
        at, here = "/".join(parts[:i]), "/".join(parts[: i + 1])
        rules = (*rules, *_rules(folder, f"{at}/.gitignore" if at else ".gitignore", at))
        last = i == len(parts) - 1
        if name in NEVER_LISTED or (not last and name in USUALLY_IGNORED):
            return False
        if ignored(os.fsencode(here).decode("utf-8", "replace"), rules, folder=not last):
            return False
    return True
