# ruff: noqa: E501 - logs and reports are shown as they are written
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.builds.junit import parse_junit
from banana_assets.core.builds.results import TestResult, merge_attempts
from banana_assets.core.errors import InputError


def only(xml: str) -> TestResult:
    (result,) = parse_junit(xml.encode())
    return result


def test_pytest_dialect_with_file_and_line() -> None:
    found = only(
        '<testsuites><testsuite name="pytest" tests="1"><testcase classname="tests.test_cart" name="test_total[1]" time="0.012" '
        'file="tests/test_cart.py" line="7"><failure message="assert 3 == 4">def test_total(): ...</failure></testcase></testsuite></testsuites>'
    )
    assert found == TestResult(
        "pytest",
        "tests.test_cart",
        "test_total[1]",
        "failed",
        0.012,
        1,
        "assert 3 == 4\ndef test_total(): ...",
        "tests/test_cart.py",
        7,
    )


@pytest.mark.parametrize("kind", ["flakyFailure", "flakyError"])
def test_surefire_flaky_counts_every_try(kind: str) -> None:
    found = only(
        f'<testsuite name="CartTest"><testcase name="adds" classname="CartTest"><{kind} message="late"/><{kind}/></testcase></testsuite>'
    )
    assert (found.status, found.attempts, found.message) == ("flaky", 3, "late")


@pytest.mark.parametrize("kind", ["rerunFailure", "rerunError"])
def test_surefire_reruns_of_a_failure_stay_failed(kind: str) -> None:
    found = only(
        f'<testsuite name="S"><testcase name="t"><failure message="no"/><{kind}/><{kind}/></testcase></testsuite>'
    )
    assert (found.status, found.attempts) == ("failed", 3)


def test_repeated_names_are_attempts_of_one_test() -> None:
    found = only(
        '<testsuite name="S"><testcase name="t" time="1"><failure/></testcase><testcase name="t" time="2"/></testsuite>'
    )
    assert (found.status, found.attempts, found.duration_seconds) == ("flaky", 2, 3.0)


def test_nested_suites_take_the_innermost_name() -> None:
    found = parse_junit(
        b'<testsuites><testsuite name="a"><testsuite name="b"><testcase name="x"/></testsuite><testcase name="y"/></testsuite></testsuites>'
    )
    assert [(r.suite, r.name) for r in found] == [("b", "x"), ("a", "y")]


def test_skipped_and_status_attributes() -> None:
    found = parse_junit(
        b'<testsuite><testcase name="a"><skipped message="later"/></testcase><testcase name="b" status="disabled"/><testcase name="c"><error/></testcase></testsuite>'
    )
    assert [r.status for r in found] == ["skipped", "skipped", "error"]


@pytest.mark.parametrize("time", ["1,234.5", "nan", "-1", "", "soon"])
def test_odd_times(time: str) -> None:
    assert only(f'<testsuite><testcase name="a" time="{time}"/></testsuite>').duration_seconds in (1234.5, None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b"<html/>",
        b"<testsuite><testcase></testsuite>",
        b'<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><testsuite name="&c;"/>',
        b'<!DOCTYPE x SYSTEM "file:///etc/hostname"><testsuite/>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><testsuite name="s"><testcase name="&e;"/></testsuite>',
    ],
)
def test_unusable_reports_are_refused_with_a_remedy(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        parse_junit(data)
    assert caught.value.remedy


def test_deep_nesting_is_no_recursion() -> None:
    depth = 5_000
    found = parse_junit(b"<testsuite>" * depth + b'<testcase name="x"/>' + b"</testsuite>" * depth)
    assert len(found) == 1


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["passed", "failed", "error", "skipped"])), max_size=30)
)
def test_keys_are_unique_and_attempts_add_up(rows: list[tuple[str, str]]) -> None:
    merged = merge_attempts(TestResult("s", "", name, status) for name, status in rows)
    assert len({r.key for r in merged}) == len(merged)
    for result in merged:
        mine = [status for name, status in rows if name == result.name]
        tried = [s for s in mine if s != "skipped"]
        assert result.attempts == max(1, len(tried))
        if not tried:
            assert result.status == "skipped"
        elif tried[-1] == "passed":
            assert result.status == ("flaky" if set(tried) - {"passed"} else "passed")
        else:
            assert result.bad


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        parse_junit(data)
    except InputError as error:
        refused = error.message
    else:
        refused = "read"
    assert refused
