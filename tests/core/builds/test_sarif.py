# ruff: noqa: E501 - reports are shown as they are written
"""Reports in SARIF: of real tools (recorded under ``sarif/``), of made ones, and of no SARIF at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.builds.diagnosis import diagnose
from banana_assets.core.builds.problems import Problem
from banana_assets.core.builds.sarif import MOST_PROBLEMS, parse_sarif
from banana_assets.core.errors import InputError

REPORTS = Path(__file__).parent / "sarif"


def report(*results: dict[str, Any], **run: Any) -> bytes:
    tool = run.pop("tool", {"driver": {"name": "lint"}})
    return json.dumps({"version": "2.1.0", "runs": [{"tool": tool, "results": list(results), **run}]}).encode()


def result(**more: Any) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": "src/cart.c"}, "region": {"startLine": 3, "startColumn": 5}}
    return {"ruleId": "R1", "message": {"text": "bad"}, "locations": [{"physicalLocation": place}], **more}


@pytest.mark.parametrize(
    ("name", "tool", "expected", "suppressed"),
    [
        ("ruff", "ruff", [("/srv/app/broken.py", 1, 11, "error", "invalid-syntax"), ("/srv/app/cart.py", 1, 8, "error", "F401")], 0),
        ("eslint", "ESLint", [("/srv/app/cart.js", 1, 5, "error", "no-unused-vars"), ("/srv/app/cart.js", 2, 1, "warning", "no-undef")], 1),
        ("clang", "clang", [("/srv/app/cart.c", 4, 12, "error", None)], 0),
    ],
)  # fmt: skip
def test_reads_what_tools_write(name: str, tool: str, expected: list[tuple[object, ...]], suppressed: int) -> None:
    found = parse_sarif((REPORTS / f"{name}.sarif").read_bytes())
    assert found.tools == (tool,)
    assert found.suppressed == suppressed
    got = [(p.file, p.line, p.column, p.severity, p.code) for p in found.problems]
    for wanted in expected:
        assert any(all(w is None or w == g for w, g in zip(wanted, row, strict=True)) for row in got), (wanted, got)
    assert all(problem.message and problem.tool == tool for problem in found.problems)


def test_the_level_is_the_results_own_or_its_rules_or_a_warning() -> None:
    rules = [{"id": "R0"}, {"id": "R1", "defaultConfiguration": {"level": "error"}}]
    tool = {"driver": {"name": "lint", "rules": rules}}
    found = parse_sarif(
        report(result(), result(level="note"), result(ruleId="R0"), result(ruleId="R1/part"), tool=tool)
    )
    assert [p.severity for p in found.problems] == ["error", "info", "warning", "error"]


def test_suppressed_known_and_gone_results_are_counted_not_listed() -> None:
    data = report(
        result(suppressions=[{"kind": "inSource"}]),
        result(suppressions=[{"kind": "external", "status": "accepted"}]),
        result(suppressions=[{"kind": "external", "status": "underReview"}]),
        result(suppressions=[]),
        result(baselineState="unchanged"),
        result(baselineState="absent"),
        result(baselineState="new"),
        result(kind="pass"),
    )
    found = parse_sarif(data)
    assert (len(found.problems), found.suppressed, found.unchanged, found.absent) == (3, 2, 1, 1)


def test_messages_and_places_by_reference() -> None:
    rule = {"id": "R1", "messageStrings": {"unused": {"text": "{0} is unused, see [the rule](https://example.org)"}}}
    data = report(
        {"ruleIndex": 0, "message": {"id": "unused", "arguments": ["price"]}, "locations": [{"physicalLocation": {"artifactLocation": {"index": 0}}}]},
        tool={"driver": {"name": "lint", "rules": [rule]}},
        artifacts=[{"location": {"uri": "file:///C:/a%20b/cart.c"}}],
        invocations=[{"executionSuccessful": False, "toolExecutionNotifications": [{"level": "error", "message": {"text": "out of time"}}]}],
    )  # fmt: skip
    first, second = parse_sarif(data).problems
    assert (first.file, first.line, first.code, first.message) == (
        "C:/a b/cart.c",
        None,
        "R1",
        "price is unused, see the rule",
    )
    assert (second.file, second.severity, second.message) == ("", "error", "out of time")


def test_a_large_report_is_cut_and_the_rest_counted() -> None:
    found = parse_sarif(report(*[result()] * (MOST_PROBLEMS + 5)))
    assert (len(found.problems), found.more) == (MOST_PROBLEMS, 5)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"{", "no JSON"),
        (b"[1]", "no SARIF"),
        (b'{"version": "2.1.0"}', "no SARIF"),
        (b'{"version": "1.0.0", "runs": []}', "version 1.0.0"),
        (b"\xff\xfe{}", "no JSON"),
    ],
)
def test_what_is_no_report_is_said_in_one_sentence(data: bytes, told: str) -> None:
    with pytest.raises(InputError, match=told):
        parse_sarif(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["results", "tool", "driver", "rules", "message", "locations", "text", "level", "ruleIndex", "suppressions", "physicalLocation", "artifactLocation", "uri", "region", "startLine", "name", "id", "rule"]),
        inner, max_size=4,
    ),
    max_leaves=30,
)  # fmt: skip


@given(st.lists(JSON, max_size=3))
def test_any_json_of_the_outer_form_is_read(runs: list[Any]) -> None:
    found = parse_sarif(json.dumps({"version": "2.1.0", "runs": runs}).encode())
    assert all(problem.severity in ("error", "warning", "info") for problem in found.problems)


def problem(**more: Any) -> Problem:
    values = {"at": None, "file": "src/cart.py", "line": 3, "column": 1, "severity": "error", "code": "F401", "message": "`os` imported but unused", "tool": "ruff"}  # fmt: skip
    return Problem(**(values | more))


def test_a_report_explains_a_log_that_says_nothing() -> None:
    log = ["$ make check", "checking", "##[error]Process completed with exit code 1."]
    found = diagnose(log, reported=[problem(), problem(line=9)])
    assert (found.category, found.tool) == ("lint_error", "ruff")
    assert "src/cart.py:3:1: error F401" in found.reason
    assert "ruff reports: src/cart.py:3:1: error F401: `os` imported but unused" in found.pack
    assert "thin" not in found.pack
    assert found.fingerprint != diagnose(log, reported=[problem(code="E501", message="line too long")]).fingerprint


def test_the_line_that_says_what_the_report_says_is_the_cause() -> None:
    noise = [f"looking at file {i}" for i in range(500)]
    log = [*noise, "=> src/cart.py:3:1: F401 somewhat", *noise, "##[error]Process completed with exit code 1."]
    found = diagnose(log, reported=[problem()])
    assert (found.category, found.cause) == ("lint_error", ((501, 501),))


@pytest.mark.parametrize(
    ("more", "category"),
    [
        ({"tool": "clang"}, "compile_error"),
        ({"tool": "Pyright"}, "type_error"),
        ({"code": "invalid-syntax"}, "syntax_error"),
        ({"tool": "clang-tidy"}, "lint_error"),
    ],
)
def test_the_class_comes_from_the_tool_and_the_rule(more: dict[str, str], category: str) -> None:
    assert (
        diagnose(["nothing", "##[error]Process completed with exit code 1."], reported=[problem(**more)]).category
        == category
    )


def test_warnings_of_a_report_fail_no_build_and_tests_that_fail_stay_the_cause() -> None:
    log = ["____ test_total ____", "E   assert 2 == 3", "cart.py:3: AssertionError", "1 failed in 0.1s"]
    assert diagnose(log, reported=[problem(severity="warning")]).category == "test_failure"
    assert diagnose(log, reported=[problem()]).category == "test_failure"


def test_a_report_takes_a_quarter_of_the_pack_at_most() -> None:
    many = [problem(line=i) for i in range(1, 3000)]
    found = diagnose(["the end", "##[error]Process completed with exit code 1."], reported=many, budget=300)
    assert found.pack_tokens <= 300
    assert "more errors reported" in found.pack
    assert "the end" in found.pack
