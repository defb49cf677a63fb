"""Repositories that tests make themselves."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Contents = dict[str, str | bytes]


class Repository:
    """A git repository in a folder, with an author of its own and no configuration of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        names = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _ADA.items()}
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.path.parent), "GIT_CONFIG_NOSYSTEM": "1", **names}
        done = subprocess.run(["git", *words], cwd=self.path, env=environment, check=True, capture_output=True)
        return done.stdout.decode("utf-8", "replace").strip()

    def write(self, files: Contents) -> None:
        for name, content in files.items():
            at = self.path / name
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, message: str, files: Contents | None = None, author: str = "") -> str:
        self.write(files or {})
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, *([f"--author={author}"] if author else []))
        return self.git("rev-parse", "HEAD")


_ADA = {"NAME": "Ada", "EMAIL": "ada@example.org"}


@pytest.fixture
def make_repository(tmp_path: Path) -> Callable[[str], Repository]:
    """Makes an empty repository of that name."""
    return lambda name: Repository(tmp_path / name)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository."""
    return Repository(tmp_path / "project")
