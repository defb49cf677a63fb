"""A repository that somebody else wrote: it names programs, leads elsewhere, holds traps, changes while it is read."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from banana_assets.backends.codebase import changed, git, outline, outlines, read, wire, wire_changes
from banana_assets.backends.codebase.folder import Folder
from banana_assets.core.codebase.suspects import Cause
from banana_assets.core.errors import InputError

KEY = "AKIA" + "Q3EGRRTT2SVN7FAX"
PASSWORD = "correct-horse-battery-9"


def everything(root: Path, *commits: str) -> str:
    """All that can be told of a code base, as text."""
    found = read(root, depth=8, submodules=True)
    parts: list[Any] = [wire(found), repr(found), repr(outlines(root, tests=True))]
    if commits:
        cause = Cause(lines=tuple(file.path for file in found.files))
        parts.append(wire_changes(changed(root, commits[0], commits[-1], cause)))
    return json.dumps(parts, default=str)


def test_no_program_that_the_repository_names_is_run(repository: Any, tmp_path: Path) -> None:
    ran, program = tmp_path / "ran", tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {ran}\ncat\n')
    program.chmod(0o755)
    attributes = "*.py diff=evil filter=evil\n*.bin diff=evil\n"
    first = repository.commit("one", {"a.py": "def a(): pass\n", "b.bin": "b", ".gitattributes": attributes})
    last = repository.commit("two", {"a.py": "def a(b): pass\n", "b.bin": "c"})
    hooks = repository.path / ".git" / "hooks"
    for hook in ("post-index-change", "reference-transaction", "fsmonitor-watchman", "pre-commit"):
        (hooks / hook).write_text(program.read_text())
        (hooks / hook).chmod(0o755)
    settings = (
        "core.fsmonitor", "diff.evil.command", "diff.evil.textconv", "diff.external", "filter.evil.clean",
        "filter.evil.smudge", "filter.evil.process", "core.sshCommand", "core.pager", "pager.log", "gpg.program",
        "core.alternateRefsCommand", "credential.helper", "core.askPass", "uploadpack.packObjectsHook",
    )  # fmt: skip
    for name in settings:
        repository.git("config", name, str(program))
    repository.git("config", "log.showSignature", "true")
    repository.git("config", "remote.far.url", f"ext::{program} %S")
    repository.git("config", "remote.far.promisor", "true")
    repository.git("config", "extensions.partialClone", "far")
    repository.git("config", "core.repositoryFormatVersion", "1")
    os.utime(repository.path / "a.py", (1, 1))

    assert "a.py" in everything(repository.path, first, last)
    assert outline(repository.path, "a.py").symbols[0].name == "a"
    assert "not known here" in changed(repository.path, "1" * 40, last).why
    assert not ran.exists()

    # The trap works: git as people call it does run them.
    subprocess.run(["git", "diff", first, last], cwd=repository.path, capture_output=True, check=False)
    assert ran.exists()


def test_the_environment_does_not_reach_git(
    repository: Any, make_repository: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit("one", {"mine.py": ""})
    other = make_repository("other")
    other.commit("one", {"theirs.py": ""})
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git" / "index"))
    found = read(repository.path)
    assert [file.path for file in found.files] == ["mine.py"]


@pytest.mark.parametrize("how", ["file", "link", "common"])
def test_a_git_folder_that_leads_to_another_repository_is_not_followed(
    how: str, make_repository: Any, tmp_path: Path
) -> None:
    private = make_repository("private")
    first = private.commit("one", {"plans.py": "a = 1\n"})
    last = private.commit("two", {"plans.py": "a = 2\n"})
    root = tmp_path / "open"
    root.mkdir()
    (root / "mine.py").write_text("")
    if how == "file":
        (root / ".git").write_text(f"gitdir: {private.path}/.git\n")
    elif how == "link":
        (root / ".git").symlink_to(private.path / ".git")
    else:
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        (root / ".git" / "commondir").write_text(f"{private.path}/.git\n")
    found = changed(root, first, last)
    assert not found.known
    assert git.ELSEWHERE in found.why
    told = everything(root, first, last)
    assert "plans.py" not in told
    assert last not in json.dumps(wire(read(root)))


def test_a_worktree_and_a_submodule_know_of_their_repository(make_repository: Any, tmp_path: Path) -> None:
    inner, outer = make_repository("inner"), make_repository("outer")
    inner.commit("one", {"inside.py": "def f(): pass\n"})
    outer.commit("one", {"outside.py": ""})
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.path), "sub")
    outer.commit("two")
    outer.git("worktree", "add", "-q", str(tmp_path / "tree"))
    assert read(tmp_path / "tree").listed_by == "git"
    found = read(outer.path)
    assert [(f.path, f.kind) for f in found.files if f.path != ".gitmodules"] == [
        ("outside.py", "file"),
        ("sub", "submodule"),
    ]
    entered = read(outer.path, submodules=True)
    assert "sub/inside.py" in [file.path for file in entered.files]
    assert read(outer.path / "sub").listed_by == "git"


def test_links_are_listed_and_not_followed(repository: Any, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "private.py").write_text("def private(): pass\n")
    (outside / "package.json").write_text('{"name": "private-package"}')
    repository.write({"a.py": "def a(): pass\n"})
    for name, target in {
        "folder": outside,
        "package.json": outside / "package.json",
        "b.py": outside / "private.py",
        "loop": repository.path,
        "etc": Path("/etc"),
    }.items():
        (repository.path / name).symlink_to(target)
    first = repository.commit("one")
    repository.commit("two", {"a.py": "def a(b): pass\n"})
    told = everything(repository.path, first, "HEAD")
    assert "def a(b)" in told
    assert "private" not in told
    assert "passwd" not in told
    assert str(outside) not in json.dumps(wire(read(repository.path)))
    nodes = {node["name"]: node for node in wire(read(repository.path))["file_tree"]}
    assert nodes["folder"]["symlink"] is True
    for path in ("b.py", "folder/private.py", "package.json", "loop/a.py"):
        with pytest.raises(InputError):
            outline(repository.path, path)


def test_links_are_not_followed_where_there_is_no_git(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (outside / "private.py").write_text("def private(): pass\n")
    (root / "a.py").write_text("")
    (root / "out").symlink_to(outside)
    (root / ".gitignore").symlink_to(outside / "private.py")
    (root / "again").symlink_to(root)
    found = read(root)
    assert found.listed_by == "walk"
    assert sorted(file.path for file in found.files) == [".gitignore", "a.py", "again", "out"]
    assert "private" not in everything(root)


@pytest.mark.parametrize("with_git", [True, False])
def test_pipes_sockets_and_devices_are_never_opened(with_git: bool, repository: Any, tmp_path: Path) -> None:
    root = repository.path if with_git else tmp_path / "plain"
    root.mkdir(exist_ok=True)
    (root / "a.py").write_text("")
    if with_git:
        repository.commit("one", {"package.json": "{}", "setup.py": ""})
        (root / "package.json").unlink()
        (root / "setup.py").unlink()
    os.mkfifo(root / "package.json")
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(root / "setup.py"))
        found = read(root)
    finally:
        listener.close()
    assert [file.path for file in found.files] == ["a.py"]
    assert found.skipped["no regular files"] == 2
    with pytest.raises(InputError):
        outline(root, "setup.py")


def test_secrets_are_not_told(repository: Any) -> None:
    held = {
        ".env": f"DB_PASSWORD={PASSWORD}\n",
        "config/production.env": f"AWS={KEY}\n",
        "id_rsa": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        "credentials.json": json.dumps({"password": PASSWORD}),
        "deploy.pem": f"{KEY}\n",
    }
    shown = {
        "docker-compose.yml": f"services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: {PASSWORD}\n",
        ".env.example": f"AWS_ACCESS_KEY_ID={KEY}\n",
        "app.py": f'aws_key = "{KEY}"\ndef connect(password="{PASSWORD}"):\n    """Use {KEY}."""\n',
        "package.json": json.dumps({"name": "shop", "scripts": {"start": f"node a.js --password {PASSWORD}"}}),
        "requirements.txt": f"git+https://bob:{PASSWORD}@example.org/x.git#egg=inner\nflask==3 \n",
        "Dockerfile": f"FROM python:3.12\nENV API_TOKEN={KEY}\nCMD run --password={PASSWORD}\n",
    }
    first = repository.commit("one", held | shown)
    changes = {name: text + f"# {KEY}\npassword = '{PASSWORD}'\n" for name, text in (held | shown).items()}
    last = repository.commit(f"rotate {KEY}", changes)
    told = everything(repository.path, first, last)
    assert KEY not in told
    assert PASSWORD not in told
    for name in held:
        assert name in told
    found = read(repository.path)
    assert found.skipped["named like secrets, not opened"] == len(held)
    assert "POSTGRES_PASSWORD" in found.configuration["docker-compose.yml"]
    with pytest.raises(InputError, match="secrets"):
        outline(repository.path, "credentials.json")


def test_a_secret_across_the_cut_is_masked(repository: Any) -> None:
    for at in (1970, 1985, 1995, 1999):
        text = "#" + "x" * (at - 10) + f"\ntoken: {KEY} "
        repository.commit("one", {"Makefile": text})
        told = read(repository.path).configuration["Makefile"]
        assert len(told) <= 2_000
        assert KEY[:6] not in told


def test_ignored_files_are_not_told(repository: Any) -> None:
    repository.commit("one", {".gitignore": "private/\n*.log\n!keep.log\n", "a.py": "", "lib/.gitignore": "gen.py\n"})
    repository.write(
        {"private/x.py": "", "b.log": "", "keep.log": "", "lib/gen.py": "", "gen.py": "", "lib/new.py": ""}
    )
    expected = [".gitignore", "a.py", "gen.py", "keep.log", "lib/.gitignore", "lib/new.py"]
    assert [file.path for file in read(repository.path).files] == expected
    with pytest.raises(InputError, match="no file"):
        outline(repository.path, "private/x.py")
    # The same without git.
    (repository.path / ".git").rename(repository.path.parent / "away")
    found = read(repository.path)
    assert found.listed_by == "walk"
    assert [file.path for file in found.files] == expected
    with pytest.raises(InputError, match="no file"):
        outline(repository.path, "lib/gen.py")


def test_a_gitignore_cannot_stop_the_walk(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / ("a" * 250)).write_text("")
    (root / "b.py").write_text("")
    (root / ".gitignore").write_text("*a" * 60 + "*b*c\n" + "[z-a]\n\\\n!\n" + "**/" * 200 + "x\n")
    assert "b.py" in [file.path for file in read(root).files]


def test_odd_names_are_told(repository: Any) -> None:
    names = [b"caf\xc3\xa9.py", b"latin-\xe9.py", b"new\nline.py", b"-rf.py", b'quote".py', b" blank .py", b"tab\t.py"]
    for name in names:
        (Path(os.fsdecode(bytes(repository.path) + b"/" + name))).write_bytes(b"def f():\n    pass\n")
    first = repository.commit("one")
    for name in names:
        (Path(os.fsdecode(bytes(repository.path) + b"/" + name))).write_bytes(b"def g():\n    pass\n")
    last = repository.commit("two")
    found = read(repository.path)
    assert {file.path for file in found.files} == {name.decode("utf-8", "replace") for name in names}
    assert found.lines == 2 * len(names)
    told = changed(repository.path, first, last)
    assert {file.path for file in told.files} == {name.decode("utf-8", "replace") for name in names}
    assert all(len(file.hunks) == 1 and file.authors == ("Ada",) for file in told.files)
    assert json.loads(json.dumps(wire(found)))
    assert outline(repository.path, "-rf.py").symbols[0].name == "g"


def test_what_vanishes_is_counted(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit("one", {"a.py": "", "b.py": "x\n", "c.py": "y\n"})
    (repository.path / "a.py").unlink()
    look = Folder.look

    def racing(self: Folder, path: str) -> os.stat_result:
        found = look(self, path)
        if path == "b.py":
            (repository.path / "b.py").unlink()
            (repository.path / "b.py").symlink_to("/etc/hostname")
        return found

    monkeypatch.setattr(Folder, "look", racing)
    found = read(repository.path)
    assert [file.path for file in found.files] == ["b.py", "c.py"]
    assert found.files[0].lines is None
    assert found.skipped == {"deleted and not committed": 1, "symbolic links": 1}


def test_a_folder_exchanged_for_a_link_is_not_entered(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    (root / "lib").mkdir(parents=True)
    outside.mkdir()
    (root / "lib" / "a.py").write_text("mine")
    (outside / "a.py").write_text("private")
    with Folder(root) as folder:
        folder.look("lib/a.py")
        (root / "lib").rename(root / "old")
        (root / "lib").symlink_to(outside)
        # The folder that was opened stays the one that is read.
        assert folder.read("lib/a.py", 100)[0] == b"mine"
    with Folder(root) as folder, pytest.raises(Exception, match="symbolic links"):
        folder.read("lib/a.py", 100)


def test_huge_and_binary_files_are_told_by_size_alone(repository: Any) -> None:
    repository.commit(
        "one", {"big.py": b"x = 1\n" * 500_000, "data.py": b"\0" * 100, "pic.png": b"\x89PNG", "a.py": "a\n"}
    )
    found = {file.path: file for file in read(repository.path).files}
    assert found["big.py"].size == 3_000_000
    assert [found[name].lines for name in ("big.py", "data.py", "pic.png", "a.py")] == [None, None, None, 1]
    assert read(repository.path).skipped == {"binary": 2, "too large to read": 1}
    assert "KiB" in outline(repository.path, "big.py").refused
    assert "binary" in outline(repository.path, "data.py").refused


def test_a_repository_of_another_user_is_explained(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit("one", {"a.py": ""})
    # git's own switch for its tests.
    monkeypatch.setattr(git, "_environment", lambda: _OTHER_OWNER | {"PATH": os.environ["PATH"]})
    found = read(repository.path)
    assert found.listed_by == "walk"
    assert "safe.directory" in found.notes[0]
    assert "safe.directory" in changed(repository.path, "HEAD", "HEAD").why


_OTHER_OWNER = {"LC_ALL": "C", "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "HOME": "/nonexistent"}


def test_without_git_the_folder_is_walked(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit("one", {"a.py": ""})
    monkeypatch.setenv("PATH", "/nonexistent")
    found = read(repository.path)
    assert [file.path for file in found.files] == ["a.py"]
    assert git.NO_GIT in found.notes[0]
    assert git.NO_GIT in changed(repository.path, "HEAD", "HEAD").why
