"""What a recorded build is called where nobody says it: told from the repository, the CI system and the command."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_BRANCHES = (
    "GITHUB_HEAD_REF",
    "GITHUB_REF_NAME",
    "CI_COMMIT_REF_NAME",
    "BUILDKITE_BRANCH",
    "CIRCLE_BRANCH",
    "GIT_BRANCH",
)
_COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1", "GIT_COMMIT")


def branch_and_commit(folder: Path, environ: Mapping[str, str] | None = None) -> tuple[str | None, str | None]:
    """The branch and commit of the repository that the folder is in; on a detached head the CI system's word."""
    environ = os.environ if environ is None else environ
    branch = _git(folder, "symbolic-ref", "--short", "-q", "HEAD")
    commit = _git(folder, "rev-parse", "--verify", "-q", "HEAD")
    return (
        branch or next((environ[name] for name in _BRANCHES if environ.get(name)), None),
        commit or next((environ[name] for name in _COMMITS if environ.get(name)), None),
    )


def pipeline_name(folder: Path) -> str:
    """The name of the repository's folder, or of the folder."""
    top = _git(folder, "rev-parse", "--show-toplevel")
    return (Path(top) if top else folder.absolute()).name or "builds"


def job_name(command: Sequence[str]) -> str:
    """The command with its first words: what it is, without options, paths and values."""
    words = [Path(command[0]).name]
    rest = list(command[1:])
    if rest[:1] == ["-m"]:
        words, rest = [*words, *rest[:2]], rest[2:]
    for word in rest:
        if (
            len(words) >= 4
            or word.startswith("-")
            or "/" in word
            or not word.replace("_", "").replace(":", "").isalnum()
        ):
            break
        words.append(word)
    return " ".join(words)


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
