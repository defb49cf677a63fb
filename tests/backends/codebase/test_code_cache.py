from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from typing import Any

import pytest

from banana_assets.backends.codebase import CodeBases, cache, with_models
from banana_assets.core.errors import InputError


class Clock:
    """A clock that moves when told."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done: each look at the files and each reading of their contents."""
    done: list[str] = []

    def noted(name: str) -> None:
        real: Callable[..., Any] = getattr(cache, name)

        def wrapped(*given: Any, **named: Any) -> Any:
            done.append(name)
            return real(*given, **named)

        monkeypatch.setattr(cache, name, wrapped)

    noted("listing")
    noted("of_listing")
    return done


def names(body: bytes) -> list[str]:
    return [node["name"] for node in json.loads(body)["codebase"]["file_tree"]]


def settled() -> None:
    """Wait for what looks in the background."""
    for thread in threading.enumerate():
        if thread.name == "codebase":
            thread.join(30)


def test_an_answer_is_kept_while_nothing_changes(repository: Any, clock: Clock, looks: list[str]) -> None:
    repository.commit("one", {"a.py": ""})
    kept = CodeBases(clock=clock)
    first = kept.get(repository.path)
    assert json.loads(first.body)["status"] == "ok"
    assert kept.get(repository.path) is first
    assert looks == ["listing", "of_listing"]
    # Half a minute later the files are looked at, and not read again.
    clock.now += 60
    assert kept.get(repository.path) is first
    assert looks == ["listing", "of_listing", "listing"]


@pytest.mark.parametrize("what", ["new file", "content", "same size", "touched", "commit", "branch", "ignored"])
def test_what_changes_is_seen(what: str, repository: Any, clock: Clock) -> None:
    repository.commit("one", {"a.py": "a\n", "b.log": ""})
    kept = CodeBases(clock=clock)
    before = kept.get(repository.path)
    if what == "new file":
        repository.write({"c.py": ""})
    elif what == "content":
        repository.write({"a.py": "a\nb\n"})
    elif what == "same size":
        repository.write({"a.py": "#\n"})
        os.utime(repository.path / "a.py", (5, 5))
    elif what == "touched":
        os.utime(repository.path / "a.py", (5, 5))
    elif what == "commit":
        repository.commit("two")
    elif what == "branch":
        repository.git("checkout", "-q", "-b", "side")
    else:
        repository.write({".git/info/exclude": "*.py\n"})
        repository.git("rm", "-q", "--cached", "a.py")
    clock.now += 60
    after = kept.get(repository.path)
    assert after is not before
    assert after.state != before.state
    # What says nothing else sends the same.
    assert (after.etag == before.etag) == (after.body == before.body) == (what == "touched")


def test_an_answer_that_aged_a_little_is_given_at_once_and_looked_at(repository: Any, clock: Clock) -> None:
    repository.commit("one", {"a.py": ""})
    kept = CodeBases(clock=clock)
    first = kept.get(repository.path)
    repository.write({"b.py": ""})
    clock.now += 1
    assert kept.get(repository.path) is first
    clock.now += 4
    assert kept.get(repository.path) is first
    settled()
    assert names(kept.get(repository.path).body) == ["a.py", "b.py"]


def test_many_ask_and_one_reads(repository: Any, looks: list[str]) -> None:
    repository.commit("one", {f"m{i}.py": "x\n" for i in range(50)})
    kept = CodeBases()
    start = threading.Barrier(8)
    bodies: list[bytes] = []

    def ask() -> None:
        start.wait()
        bodies.append(kept.get(repository.path).body)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(bodies)) == 1
    assert looks.count("of_listing") == 1


def test_a_folder_that_went_away_is_told(repository: Any, clock: Clock) -> None:
    repository.commit("one", {"a.py": ""})
    kept = CodeBases(clock=clock)
    kept.get(repository.path)
    shutil.rmtree(repository.path)
    clock.now += 5
    kept.get(repository.path)
    settled()
    with pytest.raises(InputError, match="cannot be opened"):
        kept.get(repository.path)


def test_memory_is_bounded(make_repository: Any, clock: Clock, looks: list[str]) -> None:
    made = [make_repository(f"p{i}") for i in range(3)]
    for one in made:
        one.commit("one", {"a.py": "x\n" * 100})
    kept = CodeBases(most_bytes=1, clock=clock)
    for one in made:
        kept.get(one.path)
    kept.get(made[2].path)
    assert looks.count("of_listing") == 3
    kept.get(made[0].path)
    assert looks.count("of_listing") == 4


def test_what_is_asked_for_differs_by_its_options(repository: Any) -> None:
    repository.commit("one", {"a/b/c.py": "x\n"})
    kept = CodeBases()
    plain, rooted = kept.get(repository.path), kept.get(repository.path, show_root=True)
    assert json.loads(plain.body)["codebase"]["workspace_root"] == "project"
    assert json.loads(rooted.body)["codebase"]["workspace_root"] == str(repository.path)
    assert kept.get(repository.path, depth=1).etag != plain.etag
    told = with_models(plain.structure, ["small"], "small")
    assert told["models"] == {"available": ["small"], "active": "small"}
    assert set(told) == {"structure", "entry_points", "key_files", "dependencies", "models"}
