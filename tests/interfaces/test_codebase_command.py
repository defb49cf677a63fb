from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from banana_assets.backends.ingest import ingest_builds
from banana_assets.backends.settings import load
from banana_assets.backends.store import open_store
from tests.commands import Run

PROJECT = """[project]
name = "shop"
dependencies = ["flask"]
[project.scripts]
shop = "shop.cli:main"
"""
FAILS = """============================= test session starts ==============================
=================================== FAILURES ===================================
__________________________________ test_total __________________________________

    def test_total():
>       assert total() == 2
E       assert 1 == 2

tests/test_cart.py:4: AssertionError
=========================== short test summary info ============================
FAILED tests/test_cart.py::test_total - assert 1 == 2
========================= 1 failed, 1 passed in 0.01s ==========================
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    for name, text in {
        "pyproject.toml": PROJECT,
        "shop/cart.py": 'def total():\n    """The sum."""\n    return 2\n',
        "shop/mail.py": "def send():\n    pass\n",
        "tests/test_cart.py": "from shop.cart import total\n\ndef test_total():\n    assert total() == 2\n",
        ".env": "PASSWORD=correct-horse-battery-9\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    git(root, "init", "-q", "-b", "main")
    return root


def git(root: Path, *words: str) -> str:
    names = {f"GIT_{who}_{what}": "ada" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), **names}
    return subprocess.run(
        ["git", *words], cwd=root, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(root: Path, message: str) -> str:
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message)
    return git(root, "rev-parse", "HEAD")


def stored(folder: Path, rows: list[dict[str, Any]]) -> None:
    folder.mkdir()
    for row in rows:
        log = row.pop("log_text")
        (folder / f"{row['build_id']}.log").write_text(log)
        row["log"] = f"{row['build_id']}.log"
    (folder / "manifest.jsonl").write_text(
        "\n".join(json.dumps({"pipeline": "shop", "job": "test", **r}) for r in rows)
    )
    load.cache_clear()
    with open_store(load()) as store:
        ingest_builds(store, [folder])


def test_the_summary(banana: Run, shop: Path) -> None:
    head = commit(shop, "one")
    status, out, err = banana("codebase", str(shop))
    assert status == 0
    assert err == ""
    assert out.startswith("shop: 5 files, ")
    for words in (
        head[:12],
        "on main",
        "Python",
        "Flask",
        "shop.cli:main",
        "1 test written in 1 file",
        "pyproject.toml",
    ):
        assert words in out
    assert str(shop) not in out
    assert "correct-horse" not in out


def test_a_name_is_a_line_whatever_it_holds(banana: Run, shop: Path) -> None:
    (shop / "a\nREADME.md  1 B\x1b[31m").write_text("x")
    _, out, _ = banana("codebase", str(shop), "--tree")
    assert "README.md  1 B" not in out.splitlines()
    assert "a\\nREADME.md" in out
    assert "\x1b" not in out


def test_reading_a_code_base_loads_nothing_of_the_store(shop: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom banana_assets.backends.codebase import read\n"
        "read(Path(sys.argv[1]))\nprint(sorted({'sqlalchemy', 'polars', 'dagster'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program, shop], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_tree_and_json(banana: Run, shop: Path) -> None:
    status, out, _ = banana("codebase", str(shop), "--tree", "--depth", "1")
    assert status == 0
    assert out.splitlines()[:2] == [".env  33 B", "pyproject.toml  90 B"]
    assert "tests/  (1 file, 71 B)" in out
    status, out, _ = banana("codebase", str(shop), "--json", "--show-root")
    told = json.loads(out)
    assert told["workspace_root"] == str(shop)
    assert told["structure_summary"]["has_tests"] is True
    assert "correct-horse" not in out


def test_the_outline(banana: Run, shop: Path) -> None:
    status, out, _ = banana("codebase", str(shop), "--outline", "shop/cart.py")
    assert status == 0
    assert "def total()" in out
    assert "The sum." in out
    status, out, _ = banana("codebase", str(shop), "--outline", "shop/cart.py", "--json")
    assert json.loads(out)["symbols"][0]["name"] == "total"
    status, out, _ = banana("codebase", str(shop), "--outline", "shop")
    assert [line for line in out.splitlines() if line.startswith("shop/")] == ["shop/cart.py", "shop/mail.py"]
    for path in ("../x", "/etc/passwd", ".env", ".git/config", "none.py"):
        status, out, err = banana("codebase", str(shop), "--outline", path)
        assert (status, out) == (2, "")
        assert err.startswith("banana codebase: ")
    (shop / "broken.py").write_text("def f(:\n")
    assert "does not parse at line 1" in banana("codebase", str(shop), "--outline", "broken.py")[2]
    assert "no grammar" in banana("codebase", str(shop), "--outline", "pyproject.toml")[2]


def test_what_changed_before_a_failure(banana: Run, shop: Path, tmp_path: Path) -> None:
    green = commit(shop, "one")
    (shop / "shop" / "cart.py").write_text('def total():\n    """The sum."""\n    return 1\n')
    (shop / "shop" / "mail.py").write_text("def send(to):\n    pass\n")
    red = commit(shop, "count differently")
    told = (("g1", green, "success", "ok\n"), ("r1", red, "failed", FAILS), ("r2", "0" * 40, "failed", FAILS))
    stored(
        tmp_path / "builds",
        [
            {
                "build_id": name,
                "commit": sha,
                "status": status,
                "finished_at": f"2026-03-02T1{i}:00:00Z",
                "log_text": log,
            }
            for i, (name, sha, status, log) in enumerate(told)
        ],
    )
    status, out, err = banana("codebase", str(shop), "--changed", "r1")
    assert (status, err) == (0, "")
    suspects = [line for line in out.splitlines() if "%" in line]
    assert suspects[0].endswith("shop/cart.py:3")
    assert "count differently" in out
    status, out, _ = banana("codebase", str(shop), "--changed", "r1", "--json")
    found = json.loads(out)
    assert (found["build_id"], found["green_build_id"], found["base"], found["head"]) == ("r1", "g1", green, red)
    assert found["suspects"][0]["path"] == "shop/cart.py"
    status, out, err = banana("codebase", str(shop), "--changed", "r2")
    assert (status, out) == (1, "")
    assert "another repository" in err
    status, _, err = banana("codebase", str(shop), "--changed", "g1")
    assert status == 1
    assert "did not fail" in err


def test_mistakes_are_told_in_one_sentence(banana: Run, shop: Path, tmp_path: Path) -> None:
    for words in (
        [str(tmp_path / "none")],
        [str(shop / "pyproject.toml")],
        [str(shop), "--tree", "--outline", "shop/cart.py"],
        [str(shop), "--changed", "x"],
    ):
        status, out, err = banana("codebase", *words)
        assert (status, out) == (2, "")
        assert err.count("\n") == 1
