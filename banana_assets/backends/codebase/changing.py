"""What changed between the last green build and a failed one, and which of it most likely broke the build."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from banana_assets.backends.codebase import git
from banana_assets.backends.codebase.folder import Folder
from banana_assets.core.codebase.changes import (
    LOG_FORMAT,
    ChangedFile,
    Commit,
    commits_of,
    files_of,
    hunks_of,
    joined,
)
from banana_assets.core.codebase.importing import MOST_CHARACTERS
from banana_assets.core.codebase.names import holds_secrets, shown
from banana_assets.core.codebase.suspects import Cause, Suspect, suspects, wanted_context

MOST_FILES = 500
MOST_COMMITS = 200
MOST_PATCH = 8 << 20
SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed from ``base`` to ``head``; ``why`` says why that cannot be told, and then all else is empty.

    ``files`` are sorted by path, ``commits`` the latest first, ``suspects`` the likeliest first. ``omitted`` counts
    files beyond the bound.
    """

    base: str | None
    head: str | None
    why: str = ""
    files: tuple[ChangedFile, ...] = ()
    commits: tuple[Commit, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    omitted: int = 0
    notes: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the two commits could be compared."""
        return not self.why


def changed(
    root: Path | str,
    base: str | None,
    head: str | None,
    cause: Cause | None = None,
    builds: tuple[str, str] = ("last green build", "failed build"),
) -> Changes:
    """Compare two commits of the repository that a folder is in, and rank what changed by how it meets the cause.

    Only what lies in the folder is told. A commit that the repository does not have is said in ``why``, where
    ``builds`` names the two that the commits are of. Raises InputError for a folder that cannot be opened.
    """
    with Folder(root) as folder:
        path = folder.path
    if not base or not head:
        return Changes(base, head, f"The commit of the {builds[0] if not base else builds[1]} is not known.")
    if refused := git.distrust(path):
        return Changes(base, head, f"The commits cannot be compared: {refused}.")
    found: list[str] = []
    for name, told in zip(builds, (base, head), strict=True):
        sha, why = git.commit_of(path, told)
        if sha is None:
            return Changes(base, head, _missing(path, name, told, why))
        found.append(sha)
    return _compared(path, found[0], found[1], cause or Cause(), builds)


def _missing(path: Path, which: str, told: str, why: str) -> str:
    shown_name = told[:12] if git.is_revision(told) else repr(told[:40])
    text = f"The commit {shown_name} of the {which} cannot be compared: {why}"
    if why != "it is not known here":
        return f"{text}."
    if git.is_shallow(path):
        return f"{text}, and this clone is shallow (`git fetch --unshallow` brings the rest)."
    return f"{text}; this is another repository, or the commit was never fetched (`git fetch --all`)."


def _compared(path: Path, base: str, head: str, cause: Cause, builds: tuple[str, str]) -> Changes:
    diff = ["diff-tree", "-r", "-M", "-l400", "--relative", "--no-ext-diff", "--no-textconv", "--no-color"]
    listed = git.ask(path, [*diff, "-z", "--raw", "--numstat", base, head], seconds=SECONDS)
    if listed.problem:
        return Changes(base, head, f"The commits cannot be compared: {listed.problem}.")
    notes = []
    files = list(files_of(listed.out))
    kept = files[:MOST_FILES]
    if listed.cut or len(files) > len(kept):
        notes.append(f"More than {MOST_FILES} files changed; the others are not told.")
    prefixes = ["--src-prefix=a/", "--dst-prefix=b/"]
    patch = git.ask(
        path, [*diff, *prefixes, "-p", "-U0", "--ignore-submodules=all", base, head], most=MOST_PATCH, seconds=SECONDS
    )
    if patch.cut or patch.problem:
        notes.append("The changes are too large to be read whole: some files are told without their lines.")
    told = git.ask(
        path,
        ["log", "-z", "--name-only", "--no-renames", "--relative", f"--max-count={MOST_COMMITS}", "--no-ext-diff",
         "--no-textconv", "--no-show-signature", "--no-mailmap", f"--format={LOG_FORMAT}", f"{base}..{head}", "--"],
        seconds=SECONDS,
    )  # fmt: skip
    commits = commits_of(told.out)
    notes += _notes(path, base, head, commits, builds)
    files_known = joined(kept, hunks_of(patch.out), commits)
    return Changes(
        base,
        head,
        files=files_known,
        commits=tuple(commits),
        suspects=suspects(files_known, cause, context=_context(path, head, cause)),
        omitted=len(files) - len(kept),
        notes=tuple(notes),
    )


def _notes(path: Path, base: str, head: str, commits: list[Commit], builds: tuple[str, str]) -> list[str]:
    notes = []
    if base == head:
        notes.append(f"The {builds[1]} and the {builds[0]} are of the same commit: no change explains what differs.")
    elif not commits or git.ask(path, ["merge-base", "--is-ancestor", base, head], most=10).problem:
        notes.append(
            f"The commit of the {builds[0]} is no ancestor of that of the {builds[1]}: "
            "they are of different lines of history."
        )
    if len(commits) >= MOST_COMMITS:
        notes.append(f"There are more than {MOST_COMMITS} commits between the two; authors are of the latest ones.")
    return notes


def _context(path: Path, head: str, cause: Cause) -> dict[str, str]:
    """The texts, as of the failed commit, of files that the cause names and of failing tests."""
    if not cause.lines and not cause.failing_tests:
        return {}
    listed = git.ask(path, ["ls-tree", "-r", "-z", "--name-only", head], seconds=SECONDS)
    names = [os.fsdecode(name) for name in listed.out.split(b"\0")[:-1]]
    texts = {}
    for name in wanted_context(names, cause):
        if holds_secrets(name):
            continue
        answer = git.ask(path, ["cat-file", "blob", f"{head}:./{name}"], most=MOST_CHARACTERS, seconds=5)
        if not answer.problem:
            texts[shown(name)] = answer.out.decode("utf-8", "replace")
    return texts


def wire_changes(changes: Changes, *, lines: bool = True) -> dict[str, Any]:
    """The changes as JSON; without ``lines`` the text of hunks is left out."""
    return {
        "known": changes.known,
        "why": changes.why or None,
        "base": changes.base,
        "head": changes.head,
        "suspects": [
            {"path": s.path, "score": s.score, "reasons": list(s.reasons), "lines": [wire_lines(x) for x in s.lines]}
            for s in changes.suspects
        ],
        "files": [_wire_file(file, lines) for file in changes.files],
        "files_total": len(changes.files) + changes.omitted,
        "commits": [
            {"sha": c.sha, "author": c.author, "at": c.at.isoformat(), "subject": c.subject, "files": len(c.paths)}
            for c in changes.commits
        ],
        "commits_total": len(changes.commits),
        "omitted": changes.omitted,
        "notes": list(changes.notes),
    }


def wire_lines(span: tuple[int, int]) -> dict[str, int]:
    """Lines, the first and the last, as JSON."""
    return {"first_line": span[0], "last_line": span[1]}


def _wire_file(file: ChangedFile, lines: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "path": file.path,
        "status": file.status,
        "old_path": file.old_path,
        "added": file.added,
        "removed": file.removed,
        "authors": list(file.authors),
        "commits": [sha[:12] for sha in file.commits],
        "hunks": [],
    }
    for hunk in file.hunks:
        told: dict[str, Any] = {
            "first": hunk.first,
            "last": hunk.last,
            "old_first": hunk.old_first,
            "old_last": hunk.old_last,
            "heading": hunk.heading,
        }
        row["hunks"].append(told | {"lines": list(hunk.lines), "omitted": hunk.omitted} if lines else told)
    return row
