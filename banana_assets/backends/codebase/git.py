"""Asking git, without letting the repository run anything.

A repository's own configuration and attributes can name programs: hooks, file system monitors, external diffs, text
converters, filters, signature checkers, transports. Only commands that read objects and the index are used, each of
these is switched off, variables of the environment do not reach git, and what could be taken for an option is refused.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

SECONDS = 20.0
MOST_BYTES = 64 << 20

_OFF = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "core.sshCommand=false",
    "core.alternateRefsCommand=false",
    "core.attributesFile=/dev/null",
    "core.pager=cat",
    "diff.external=",
    "diff.noprefix=false",
    "log.showSignature=false",
    "gpg.program=false",
    "credential.helper=",
    "protocol.allow=never",
    "uploadpack.packObjectsHook=",
    "submodule.recurse=false",
    "maintenance.auto=false",
    "gc.auto=0",
)
_KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "USER", "LOGNAME")
_REVISION = re.compile(r"^[0-9A-Za-z_][0-9A-Za-z_./+~^-]{0,249}$")
_UNSAFE = re.compile(rb"dubious ownership|safe\.directory")


@dataclass(frozen=True, slots=True)
class Answer:
    """What git wrote: ``cut`` when it wrote more than was asked for or took too long, ``problem`` when it refused."""

    out: bytes
    cut: bool = False
    problem: str = ""


NO_GIT = "git is not installed"
NO_REPOSITORY = "it is in no git repository"
UNSAFE = (
    "git does not trust the folder, since it belongs to another user (`git config --global --add safe.directory` with "
    "its path says that it may)"
)
TOO_SLOW = "git took too long"
ELSEWHERE = "its .git leads to a repository that is not its own"


def ask(folder: Path, words: Sequence[str], *, most: int = MOST_BYTES, seconds: float = SECONDS) -> Answer:
    """Run git in a folder and return at most so many bytes of what it writes."""
    switches = [part for value in _OFF for part in ("-c", value)]
    command = ["git", "--no-pager", "--no-replace-objects", "--literal-pathspecs", *switches, *words]
    with TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                command, cwd=folder, env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
            )
        except OSError:
            return Answer(b"", problem=NO_GIT)
        late = threading.Event()
        alarm = threading.Timer(seconds, _end, (process, late))
        alarm.start()
        with process:
            assert process.stdout is not None
            out = process.stdout.read(most + 1)
            alarm.cancel()
            if len(out) > most:
                process.kill()
        said.seek(0)
        words_of_git = said.read(4096)
    if late.is_set():
        return Answer(out[:most], cut=True, problem=TOO_SLOW)
    if len(out) > most or process.returncode == 0:
        return Answer(out[:most], cut=len(out) > most)
    return Answer(out, problem=_problem(words_of_git))


def _end(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    process.kill()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ASKPASS": "false",
        "GIT_PAGER": "cat",
        "GIT_ATTR_NOSYSTEM": "1",
    }


def _problem(said: bytes) -> str:
    if _UNSAFE.search(said):
        return UNSAFE
    if b"not a git repository" in said or b"must be run in a work tree" in said:
        return NO_REPOSITORY
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return f"git: {lines[0][:200]}" if lines else "git refused without a word"


def distrust(folder: Path) -> str:
    """Why the repository that a folder is in is not asked; empty where it may be.

    A ``.git`` that is a link, a file or has a common folder may lead to any repository of this machine. It is followed
    only where that repository knows of it: a worktree's, or a submodule's.
    """
    answer = ask(
        folder, ["rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir", "--show-toplevel"], most=16_384
    )
    if answer.problem:
        return answer.problem
    lines = os.fsdecode(answer.out).splitlines()
    if len(lines) != 3:
        return ELSEWHERE
    own, common, top = map(Path, lines)
    if top != folder and top not in folder.parents:
        return ELSEWHERE
    entry = top / ".git"
    try:
        if own == common == entry and not entry.is_symlink():
            return ""
        if own == common:
            # A submodule: its repository says where it is checked out, and git took ``top`` from there.
            told = ask(folder, ["config", "--local", "--get", "core.worktree"], most=4096)
            at = os.fsdecode(told.out).rstrip("\n")
            return "" if at and (own / at).resolve() == top and not entry.is_symlink() else ELSEWHERE
        back = (own / "gitdir").read_text(errors="surrogateescape").rstrip("\n")
        return "" if own.parent.parent == common and Path(back) == entry else ELSEWHERE
    except (OSError, ValueError, RuntimeError):
        return ELSEWHERE


def is_revision(text: str) -> bool:
    """Whether a text may be handed to git as the name of a commit."""
    return _REVISION.match(text) is not None and ".." not in text


def commit_of(folder: Path, revision: str) -> tuple[str | None, str]:
    """The full id of a commit, or None and why there is none."""
    if not is_revision(revision):
        return None, f"{revision[:80]!r} is no name of a commit"
    answer = ask(folder, ["rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"], most=200)
    text = answer.out.decode("ascii", "replace").strip()
    if not answer.problem and re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text):
        return text, ""
    return None, answer.problem if answer.problem in (
        NO_GIT,
        NO_REPOSITORY,
        UNSAFE,
        TOO_SLOW,
    ) else "it is not known here"


def is_shallow(folder: Path) -> bool:
    """Whether the repository holds only the latest part of its history."""
    return ask(folder, ["rev-parse", "--is-shallow-repository"], most=20).out.strip() == b"true"


def head(folder: Path) -> tuple[str | None, str | None]:
    """The commit and the branch that are checked out."""
    branch = ask(folder, ["symbolic-ref", "--short", "-q", "HEAD"], most=500).out.decode("utf-8", "replace").strip()
    return commit_of(folder, "HEAD")[0], branch or None
