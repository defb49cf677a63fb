"""Places of the project in what a failure says, and the code that raised it."""

from __future__ import annotations

import pytest

from banana_assets.core.plans.case import Case, cases
from banana_assets.core.plans.knowledge import Knowledge
from banana_assets.core.plans.places import facts, is_foreign, own_places, raising
from banana_assets.core.plans.planner import failure_plan
from tests.core.metrics.frames import at, builds, failures

RUST = """\
error[E0382]: borrow of moved value: `rows`
  --> src/lib.rs:24:14
note: `into_iter` takes ownership of the receiver `self`, which moves `rows`
  --> /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/iter/traits/collect.rs:312:17"""
COLLECTING = """\
___ ERROR collecting tests/test_box.py ___
/opt/venv/lib/python3.11/site-packages/_pytest/python.py:528: in importtestmodule
    mod = import_path(
/usr/lib/python3.11/importlib/__init__.py:126: in import_module
tests/test_box.py:2: in <module>
    from box import Box
E     File "/builds/app/box/shelf.py", line 21
E       def count(self)
E   SyntaxError: expected ':'"""
RAISED = """\
____ test_price ____
    def test_price():
>       assert price(0) == 0
tests/test_price.py:4:
_ _ _ _ _ _ _ _ _ _ _ _
    def price(total):
>           raise ValueError("too small")
E           ValueError: too small
app/price.py:9: ValueError
____ test_load ____
tests/test_load.py:7: in test_load
    load("a: [")
app/load.py:3: in load
    return yaml.safe_load(text)
/opt/venv/lib/python3.11/site-packages/yaml/scanner.py:35: in check
    raise ScannerError()
E   yaml.scanner.ScannerError: while scanning"""
JAVA = """\
java.lang.OutOfMemoryError: Java heap space
\tat java.base/jdk.internal.misc.Unsafe.allocate(Unsafe.java:1382)
\tat org.example.Page.print(Page.java:19)
\tat PageTest.pages(PageTest.java:15)"""
RUST_PANIC = """\
thread 'main' panicked at /opt/ci/.cargo/registry/src/index-6f17/serde-1.0/src/de.rs:40:9:
stack backtrace:
   0: rust_begin_unwind
             at /rustc/598076/library/std/src/panicking.rs:652:5
   1: serde::de::read
             at /opt/ci/.cargo/registry/src/index-6f17/serde-1.0/src/de.rs:40:9
   2: app::settings::load
             at ./src/settings.rs:12:5"""
VITEST = """\
Error: no such unit
 ❯ parse src/units.ts:12:9
     10|   const unit = known[name]
 ❯ test/units.test.ts:5:10"""


def _case(text: str, reason: str, category: str, **more: object) -> Case:
    known = Knowledge(
        builds=builds([{"build_id": "b", "started_at": at(1)}]),
        failures=failures([{"build_id": "b", "failed_at": at(1), "cause_text": text, "category": category,
                            "confidence": 0.9, "reason": reason,
                            "cause": [{"first": 5, "last": 5 + text.count("\n")}]} | more]),
    )  # fmt: skip
    return cases(known)[0]


def _changes(case: Case) -> list[str]:
    return [s.description for s in failure_plan(case, at(2)).subtasks if s.type == "change"]


@pytest.mark.parametrize(
    "path",
    [
        "/rustc/59807616e1fa/library/core/src/iter/traits/collect.rs", "/usr/lib/python3.11/importlib/__init__.py",
        "/opt/venv/lib/python3.12/site-packages/yaml/scanner.py", "node_modules/vite/dist/node/chunk.js",
        "../node_modules/left-pad/index.js", "vendor/github.com/pkg/errors/errors.go", "/usr/local/go/src/os/file.go",
        "/go/pkg/mod/github.com/x/y@v1/z.go", "/opt/u/.cargo/registry/src/index/serde/src/lib.rs",
        "/usr/include/c++/12/bits/stl_vector.h", "C:\\Python311\\Lib\\json\\decoder.py",
        "<frozen importlib._bootstrap>",
    ],
)  # fmt: skip
def test_libraries_and_toolchains_are_none_of_the_project(path: str) -> None:
    assert is_foreign(path)


@pytest.mark.parametrize(
    "path",
    ["src/lib.rs", "/opt/atlassian/pipelines/agent/build/app/main.py", "/usr/src/app/index.js", "lib/python.rb",
     "/runner/work/shop/shop/src/cart.ts", "C:\\agent\\_work\\1\\s\\Cart.cs", "internals/node.go"],
)  # fmt: skip
def test_checkouts_are_the_project(path: str) -> None:
    assert not is_foreign(path)


def test_places_are_those_of_the_project_and_the_diagnosis_names_the_first() -> None:
    assert own_places(RUST) == ("src/lib.rs:24",)
    assert own_places(JAVA) == ("Page.java:19", "PageTest.java:15")
    found = facts(COLLECTING, "line 5: /builds/app/box/shelf.py:21: SyntaxError: expected ':'", "syntax_error")
    assert found.locations == ("/builds/app/box/shelf.py:21", "tests/test_box.py:2")


def test_the_code_of_an_error_is_that_of_its_own_place() -> None:
    text = (
        "a.c:8:5: error: expected ';' before 'return'\na.c:7:9: error: unused variable 'n' [-Werror=unused-variable]\n"
    )
    assert facts(text, "line 5: gcc says a.c:8:5: error: expected ';'", "compile_error").first("code") is None
    assert facts(text, "line 6: gcc says a.c:7:9: error: unused", "compile_error").first("code") == (
        "-Werror=unused-variable"
    )
    assert facts(RUST, "", "compile_error").first("code") == "E0382"


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (RAISED, ("app/price.py:9", "app/load.py:3")),
        (JAVA, ("Page.java:19",)),
        (RUST_PANIC, ("./src/settings.rs:12",)),
        (VITEST, ("src/units.ts:12",)),
        ("tests/test_a.py:5: in test_a\n    assert f() == 1\nE   assert 2 == 1", ()),
        ("no stack at all in src/a.py:5", ()),
    ],
)
def test_the_innermost_frame_of_the_project_raised_it(text: str, places: tuple[str, ...]) -> None:
    assert raising(text) == places


def test_a_change_is_one_of_the_project() -> None:
    assert _changes(_case(RUST, "", "compile_error")) == ["Correct `src/lib.rs:24`."]
    syntax = _case(COLLECTING, "line 5: /builds/app/box/shelf.py:21: SyntaxError: expected ':'", "syntax_error")
    assert _changes(syntax) == ["Correct `/builds/app/box/shelf.py:21`."]


def test_what_only_a_library_names_is_changed_where_the_project_uses_it() -> None:
    text = "node_modules/unit/index.d.ts(3,4): error TS2304: Cannot find name 'Big'."
    (change,) = _changes(_case(text, "", "type_error"))
    assert change.startswith("Correct how the project uses what holds `node_modules/unit/index.d.ts:3`")


def test_a_stack_beside_the_cause_tells_the_place_in_the_project() -> None:
    """The lines of the cause are of a library; the frames that lead there stand before them."""
    pack = "7: src/old.c:3: warning: unused\n9: " + "\n9: ".join(RUST_PANIC.split("\n"))
    case = _case(
        "thread 'main' panicked at /opt/ci/.cargo/registry/src/i/serde/src/de.rs:40:9:", "", "crash", pack=pack
    )
    assert case.facts.locations == ("./src/settings.rs:12",)
