from pathlib import Path

import pytest

from banana_assets.core.builds.diagnosis import diagnose
from banana_assets.core.builds.problems import find_problems

# ruff: noqa: SIM905 - output is shown as it is written
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


ECLIPSE = """\
----------
1. ERROR in C:\\shop\\src\\Cart.java (at line 8)
\tInteger x = 0.0f;
\t            ^^^^
Type mismatch: cannot convert from float to Integer
----------
2. WARNING in C:\\shop\\src\\Cart.java (at line 12)
\tInteger y;
\t        ^
The value of the local variable y is not used
----------
2 problems (1 error, 1 warning)""".split("\n")


@pytest.mark.parametrize("before", ["", "    [javac] ", "[INFO]     [javac] "])
def test_eclipse_writes_the_message_below_the_source(before: str) -> None:
    found = find_problems([before + line for line in ECLIPSE])
    assert [(p.file, p.line, p.severity, p.message) for p in found] == [
        ("C:\\shop\\src\\Cart.java", 8, "error", "Type mismatch: cannot convert from float to Integer"),
        ("C:\\shop\\src\\Cart.java", 12, "warning", "The value of the local variable y is not used"),
    ]


def test_eclipse_fails_a_build() -> None:
    found = diagnose([*ECLIPSE, "##[error]Process completed with exit code 255."])
    assert (found.tool, found.category, found.cause[0]) == ("ecj", "compile_error", (2, 5))


def test_aspectj_writes_the_place_below_the_message() -> None:
    found = find_problems(["[WARNING] The type Cart is deprecated", "\t/srv/app/src/Cart.java:12", "import shop.Cart;"])
    assert [(p.at, p.file, p.line, p.message) for p in found] == [
        (2, "/srv/app/src/Cart.java", 12, "The type Cart is deprecated")
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[ERROR] /C:/shop/src/Cart.java:[12,24] found raw type", ("/C:/shop/src/Cart.java", 12, 24)),
        ("08:52 [WARNING] /srv/Cart.java:[86,76] found raw type", ("/srv/Cart.java", 86, 76)),
        ("08:52:34 [WARNING] /srv/Cart.java:[86,76] found raw type", ("/srv/Cart.java", 86, 76)),
        ("[ERROR] Exit code: 1 - /srv/Cart.java:79: error: malformed HTML", ("/srv/Cart.java", 79, None)),
        ("11% cart.cpp:15:28: warning: unused variable", ("cart.cpp", 15, 28)),
        ("[ 11%] cart.cpp:15:28: warning: unused variable", ("cart.cpp", 15, 28)),
    ],
)
def test_places_behind_what_others_put_before_them(line: str, expected: tuple[str, int, int | None]) -> None:
    assert [(p.file, p.line, p.column) for p in find_problems([line])] == [expected]


@pytest.mark.parametrize(
    "line",
    [
        "[app] $ /usr/bin/ct lshistory -since 24-sep-09.15:20:07utc+0000 -fmt x",
        "12:34:56 started",
        "https://example.org:443 ok",
        "at f (a.js:1:2)",
        "x = {a: 1}",
        "took 1:23",
    ],
)
def test_what_only_looks_like_a_place(line: str) -> None:
    assert find_problems([line]) == ()
