from __future__ import annotations

import json
from typing import Any

import pytest

from banana_assets.backends.codebase import changed, changing, wire_changes
from banana_assets.core.codebase.suspects import Cause

CART = """def total(items):
    return sum(items)


def tax(items):
    return total(items) * 0.2
"""
TEST = """from shop.cart import tax, total


def test_total():
    assert total([1, 2]) == 3


def test_tax():
    assert tax([10]) == 2
"""
LINES = (
    "    def test_total():",
    ">       assert total([1, 2]) == 3",
    "E       assert 4 == 3",
    "tests/test_cart.py:5: AssertionError",
    "FAILED tests/test_cart.py::test_total - assert 4 == 3",
)
FAILS = Cause(lines=LINES, failing_tests=("tests/test_cart.py::test_total",), category="test_failure", tool="pytest")


def shop(repository: Any) -> str:
    return str(
        repository.commit(
            "the shop",
            {
                "shop/cart.py": CART,
                "shop/mail.py": "def send():\n    pass\n",
                "tests/test_cart.py": TEST,
                "README.md": "a\n",
            },
        )
    )


def test_the_file_that_the_failing_test_is_about_is_the_first_suspect(repository: Any) -> None:
    green = shop(repository)
    repository.commit(
        "count the bag", {"shop/cart.py": CART.replace("sum(items)", "sum(items) + 1")}, "Bob B <bob@example.org>"
    )
    red = repository.commit("mail", {"shop/mail.py": "def send(to):\n    return to\n", "README.md": "b\n"})
    found = changed(repository.path, green[:10], red, FAILS)
    assert found.known
    assert [file.path for file in found.files] == ["README.md", "shop/cart.py", "shop/mail.py"]
    assert found.suspects[0].path == "shop/cart.py"
    assert found.suspects[0].lines == ((2, 2),)
    assert any("total" in reason for reason in found.suspects[0].reasons)
    assert all(suspect.score < found.suspects[0].score for suspect in found.suspects[1:])
    assert not {"README.md"} & {suspect.path for suspect in found.suspects}
    cart = found.files[1]
    assert cart.authors == ("Bob B",)
    assert (cart.added, cart.removed, cart.status) == (1, 1, "modified")
    hunk = cart.hunks[0]
    assert (hunk.first, hunk.last, hunk.old_first, hunk.old_last) == (2, 2, 2, 2)
    assert hunk.heading == "def total(items):"
    assert hunk.lines == ("-    return sum(items)", "+    return sum(items) + 1")
    assert [commit.subject for commit in found.commits] == ["mail", "count the bag"]
    assert "example.org" not in json.dumps(wire_changes(found))


def test_renames_deletions_and_binary_files(repository: Any) -> None:
    green = shop(repository)
    repository.git("mv", "shop/mail.py", "shop/post.py")
    (repository.path / "README.md").unlink()
    red = repository.commit("move", {"logo.png": b"\x89PNG\0\0"})
    cause = Cause(lines=("ModuleNotFoundError: No module named 'shop.mail'",), category="missing_dependency")
    found = changed(repository.path, green, red, cause)
    told = {file.path: (file.status, file.old_path, file.added) for file in found.files}
    assert told == {
        "README.md": ("deleted", None, 0),
        "logo.png": ("added", None, None),
        "shop/post.py": ("renamed", "shop/mail.py", 0),
    }
    assert found.suspects[0].path == "shop/post.py"
    assert any("renamed" in reason for reason in found.suspects[0].reasons)


def test_a_commit_that_is_not_here_is_said(repository: Any, make_repository: Any, tmp_path: Any) -> None:
    green = shop(repository)
    red = repository.commit("two", {"a.py": ""})
    assert "last green build is not known" in changed(repository.path, None, red).why
    assert "failed build is not known" in changed(repository.path, green, None).why
    unknown = changed(repository.path, "0123456789" * 4, red)
    assert not unknown.known
    assert "another repository" in unknown.why
    repository.git("clone", "-q", "--depth=1", f"file://{repository.path}", str(tmp_path / "shallow"))
    assert "shallow" in changed(tmp_path / "shallow", green, red).why
    for bad in ("--output=x", "a..b", "HEAD:shop/cart.py", "HEAD@{1}", "a b", "", "x" * 300, "HEAD\0"):
        assert not changed(repository.path, bad, red).known
    assert not (repository.path / "x").exists()
    assert "in no git repository" in changed(tmp_path, green, red).why


def test_lines_of_history_and_the_same_commit(repository: Any) -> None:
    green = shop(repository)
    repository.git("checkout", "-q", "-b", "other")
    side = repository.commit("side", {"side.py": "side = 1\n"})
    repository.git("checkout", "-q", "main")
    red = repository.commit("main", {"main.py": "def main():\n    return 2\n"})
    found = changed(repository.path, side, red)
    assert "no ancestor" in found.notes[0]
    assert [file.path for file in found.files] == ["main.py", "side.py"]
    assert "same commit" in changed(repository.path, red, red).notes[0]
    assert changed(repository.path, green, red).notes == ()


def test_only_what_lies_in_the_folder_is_told(repository: Any) -> None:
    green = shop(repository)
    red = repository.commit("two", {"shop/cart.py": CART + "\n", "elsewhere/private.py": "x = 1\n"})
    found = changed(repository.path / "shop", green, red)
    assert [file.path for file in found.files] == ["cart.py"]
    assert found.files[0].authors == ("Ada",)
    assert "private" not in json.dumps(wire_changes(found))


def test_secrets_and_addresses_do_not_pass(repository: Any) -> None:
    green = shop(repository)
    key = "AKIA" + "Q3EGRRTT2SVN7FAX"
    red = repository.commit(
        f"rotate {key} for bob@example.org",
        {"prod.env": f"KEY={key}\n", "shop/cart.py": f'{CART}KEY = "{key}"\n'},
        author="carol@example.org <carol@example.org>",
    )
    found = changed(repository.path, green, red)
    told = json.dumps(wire_changes(found))
    assert key not in told
    assert "example.org" not in told
    assert {file.path: len(file.hunks[0].lines) for file in found.files} == {"prod.env": 0, "shop/cart.py": 1}
    assert "lines" not in wire_changes(found, lines=False)["files"][0]["hunks"][0]


def test_a_change_of_many_files_is_bounded(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changing, "MOST_FILES", 3)
    green = shop(repository)
    red = repository.commit("many", {f"gen/m{i}.py": f"x = {i}\n" * 45 for i in range(5)})
    found = changed(repository.path, green, red)
    assert [file.path for file in found.files] == ["gen/m0.py", "gen/m1.py", "gen/m2.py"]
    assert found.omitted == 2
    assert found.files[0].hunks[0].omitted == 5
    monkeypatch.setattr(changing, "MOST_PATCH", 100)
    assert any("too large" in note for note in changed(repository.path, green, red).notes)
