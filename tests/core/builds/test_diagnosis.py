from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.builds.diagnosis import diagnose
from banana_assets.core.vocabulary import FAILURE_CATEGORIES

OUTPUT = Path(__file__).parent / "output"


def lines(name: str) -> list[str]:
    return (OUTPUT / f"{name}.txt").read_text(encoding="utf-8").split("\n")


def test_the_cause_is_found_in_the_middle_of_noise() -> None:
    noise = [f"Downloading package {i} of 5000" for i in range(5_000)]
    found = diagnose([*noise, *lines("gcc"), *noise, "##[error]Process completed with exit code 2."])
    assert found.category == "compile_error"
    assert found.cause == ((5001, 5005),)
    assert found.exit_code == 2


def test_the_same_failure_has_the_same_fingerprint_elsewhere() -> None:
    here = lines("pytest")
    there = [line.replace("/srv/app", "/builds/42/shop").replace("0.0", "0.9") for line in here]
    assert diagnose(here).fingerprint == diagnose(["2026-01-02T03:04:05.1Z " + t for t in there]).fingerprint
    assert diagnose(here).fingerprint != diagnose(lines("unittest")).fingerprint
    assert len(diagnose(here).fingerprint) == 16


def test_what_a_green_log_holds_too_is_no_evidence() -> None:
    usual = "ERROR: cache 12 could not be restored"
    log = [
        usual,
        "make: *** [all] Error 1",
        "a.py:3: error: Missing return  [return]",
        "##[error]Process completed with exit code 1.",
    ]
    found = diagnose(log, against=[usual.replace("12", "77"), "Job succeeded"])
    assert found.category == "type_error"
    assert diagnose([usual, "##[error]Process completed with exit code 1."], against=[usual]).cause_text != usual


def test_a_green_log_has_nothing_to_explain() -> None:
    found = diagnose(["running 2 tests", "test result: ok. 2 passed; 0 failed; 0 ignored", "Job succeeded"])
    assert found.status == "success"
    assert "Nothing in the log says that the build failed" in found.pack
    assert "Evidence is thin" not in found.pack


def test_a_recorded_exit_status_makes_a_failure() -> None:
    assert diagnose(["nothing to see"], exit_code=3).status == "failed"
    assert diagnose(["nothing to see"], exit_code=3).exit_code == 3


def test_thin_evidence_says_so_and_is_never_empty() -> None:
    found = diagnose(["step one", "step two", "##[error]Process completed with exit code 7."])
    assert "thin" in found.pack
    assert "step two" in found.pack
    assert found.exit_code == 7
    assert diagnose([""], exit_code=1).pack


def test_thin_evidence_names_the_tool_that_sums_up() -> None:
    found = diagnose(
        ["collected 2 items", "FAILED tests/test_a.py::test_x - AssertionError: 1 != 2", "1 failed in 0.1s"]
    )
    assert found.tool == "pytest"
    assert "no tool that is known" not in found.pack


def test_tests_that_all_fail_on_the_network_are_a_network_failure() -> None:
    log = [
        "=== FAILURES ===",
        "____ test_fetch ____",
        "E   requests.exceptions.ConnectionError: Max retries exceeded",
        "t.py:3: ConnectionError",
    ]
    assert diagnose([*log, "1 failed in 0.1s"]).category == "network_error"


def test_many_alike_lines_are_counted_not_shown() -> None:
    log = [f'src/a{i}.py:{i}: error: Name "x{i}" is not defined  [name-defined]' for i in range(1, 400)]
    found = diagnose([*log, "Found 399 errors in 399 files (checked 400 source files)"])
    assert found.pack_tokens <= 2000
    assert "Found 399 errors" in found.pack


def test_every_line_of_the_pack_passes_the_redaction() -> None:
    found = diagnose(lines("pytest"), redact=lambda text: text.replace("assert", "######"))
    assert "assert" not in found.pack
    assert "assert" not in found.cause_text


def test_a_budget_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="50"):
        diagnose(["x"], budget=10)


WORDS = st.sampled_from(
    [
        *lines("pytest"),
        *lines("gcc"),
        *lines("cargo-test"),
        "",
        "##[group]Run x",
        "##[error]Process completed with exit code 1.",
        "\x1b[31mx\r",
        "ERROR: y",
    ]
)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.one_of(WORDS, st.text(max_size=40).map(lambda t: t.replace("\n", ""))), max_size=60),
    st.integers(50, 600),
)
def test_any_log_gets_a_bounded_well_formed_diagnosis(log: list[str], budget: int) -> None:
    found = diagnose(log, budget=budget, exit_code=1)
    assert found.category in FAILURE_CATEGORIES
    assert 0 <= found.confidence <= 1
    assert found.pack
    assert len(found.pack) <= 4 * budget
    assert found.pack_tokens == -(-len(found.pack) // 4)
    for ranges in (found.cause, found.evidence):
        assert all(1 <= first <= last <= len(log) for first, last in ranges)
        assert all(a[1] < b[0] for a, b in pairwise(ranges))
    assert found == diagnose(log, budget=budget, exit_code=1)


@pytest.mark.parametrize(
    "broken",
    [
        "[404] http://localhost:5422/dist/cart.js",
        "  [✖] https://example.org/cart → Status: 404",
        "\t404\thttps://example.org/cart",
    ],
)
def test_a_broken_link_belongs_to_the_count_of_them(broken: str) -> None:
    found = diagnose(["checking", broken, "ERROR: Detected 1 broken links. Scanned 9 links in 0.1 seconds."])
    assert found.cause == ((2, 3),)


def test_the_list_of_a_checker_of_links_is_the_cause() -> None:
    log = [
        "Issues :-(",
        "> Links",
        "  1. [L0410] 404 https://example.org/a",
        "  2. [L0412] https://example.net Failed to open TCP connection to example.net:443",
        "> Dupes",
        "  None ✓",
        "",
        "Wrote results to ab-results-README.md.json",
    ]
    found = diagnose(log, exit_code=1)
    assert (found.tool, found.category, found.cause) == ("awesome_bot", "lint_error", ((2, 6),))


def test_what_node_adds_to_an_unhandled_rejection_explains_nothing() -> None:
    log = [
        "src/cart.coffee:8:25: error: unexpected identifier",
        "eq 'a', typeof 42n",
        "(node:49) UnhandledPromiseRejectionWarning: Unhandled promise rejection (rejection id: 1): undefined",
    ]
    assert diagnose(log, exit_code=1).cause[0][0] == 1
