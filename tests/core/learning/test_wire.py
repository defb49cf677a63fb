from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.builds.problems import Problem
from banana_assets.core.learning.wire import log_summary, masked_tail, tail

LINES = st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=40), max_size=30)


@given(LINES, st.integers(1, 200))
def test_a_tail_is_the_end_and_fits(lines: list[str], most: int) -> None:
    end = tail(lines, most)
    assert len(end.text.encode()) <= most
    assert "\n".join(lines).endswith(end.text)
    whole = len("\n".join(lines).encode()) + 1 <= most
    assert end.truncated == (bool(lines) and not whole)
    if not end.truncated:
        assert (end.text, end.first_line) == ("\n".join(lines), 1)


def test_the_number_of_the_first_line_is_that_of_the_log() -> None:
    lines = [f"line {n}" for n in range(1, 1001)]
    end = masked_tail(lines, 100)
    assert end.text.split("\n")[0] == f"line {end.first_line}"
    assert end.truncated


def test_a_key_that_is_cut_is_masked_all_the_same() -> None:
    key = [
        "-----BEGIN RSA PRIVATE KEY-----",
        *["MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn" * 2] * 20,
        "-----END RSA PRIVATE KEY-----",
    ]
    end = masked_tail([*key, "done"], 300)
    assert "MIIEpAIBAAKCAQEA" not in end.text
    assert end.text.endswith("done")


def test_warnings_and_errors_are_told_apart_and_reports_beside_the_log_count() -> None:
    reported = [Problem(None, "a.py", 3, None, "error", "E1", "undefined name", "lint")]
    found = log_summary(["x.c:1:2: warning: unused", "0 errors"], None, "failed", reported)
    assert (found["error_count"], found["errors"]) == (1, ["a.py:3: undefined name"])
    assert found["warnings"] == ["x.c:1:2: warning: unused"]
    assert log_summary(["x.c:1:2: error: bad"], None, "success")["error_count"] == 0
