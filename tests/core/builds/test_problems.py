from pathlib import Path

import pytest

from banana_assets.core.builds.problems import find_problems

OUTPUT = Path(__file__).parent / "output"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gcc", [("cart.c", 2, 33, "error")]),
        ("javac", [("j/Cart.java", 2, 26, "error")]),
        ("tsc", [("cart.ts", 2, 3, "error")]),
        ("tsc-pretty", [("cart.ts", 2, 3, "error")]),
        ("mypy", [("cart.py", 3, None, "error")]),
        ("eslint", [("/srv/app/es/cart.js", 1, 5, "error")]),
        ("rustc", [("src/lib.rs", 1, 25, "error")]),
        ("go-build", [("./cart.go", 4, 9, "")]),
        ("ruff-concise", [("cart.py", 1, 1, ""), ("cart.py", 1, 8, "")]),
        ("cmake", [("CMakeLists.txt", 3, None, "error")]),
    ],
)
def test_places_are_read(name: str, expected: list[tuple[str, int, int | None, str]]) -> None:
    found = find_problems((OUTPUT / f"{name}.txt").read_text(encoding="utf-8").split("\n"))
    assert [(p.file, p.line, p.column, p.severity) for p in found][: len(expected)] == expected


@pytest.mark.parametrize(
    "line", ["12:34:56 started", "https://example.org:443 ok", "at f (a.js:1:2)", "x = {a: 1}", "took 1:23"]
)
def test_what_only_looks_like_a_place(line: str) -> None:
    assert find_problems([line]) == ()
