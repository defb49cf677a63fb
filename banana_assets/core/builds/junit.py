"""JUnit XML reports as pytest, Surefire, jest-junit, go-junit-report and their kin write them.

The format has no standard; what is read here is the union of the Ant task's schema, Maven Surefire's (which adds
``flakyFailure``, ``flakyError``, ``rerunFailure`` and ``rerunError`` for tests that were tried again) and the
attributes that pytest and jest-junit add (``file``, ``line``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from banana_assets.core.builds.results import TestResult, cut, merge_attempts
from banana_assets.core.errors import InputError

MAXIMUM_BYTES = 512 * 1024 * 1024

_CASES = {"testcase"}
_SUITES = {"testsuite", "testsuites"}
_RERUNS = {"rerunFailure", "rerunError"}
_FLAKES = {"flakyFailure", "flakyError"}


def parse_junit(data: bytes) -> tuple[TestResult, ...]:
    """The tests of one report, each (suite, classname, name) once.

    Nested suites are named by their innermost one. Entries that repeat a key are attempts of one test.

    Raises:
        InputError: the bytes are no XML, no JUnit report, or use DTDs, entities or external references.
    """
    if len(data) > MAXIMUM_BYTES:
        raise InputError(
            f"The test report is {len(data):,} bytes, over {MAXIMUM_BYTES:,}.", "Split it into a report a suite."
        )
    if not data.strip():
        raise InputError("The test report is empty.", "Check that the test run wrote its report to the end.")
    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise InputError(
            f"The test report uses {_feature(error)}, which is unsafe to read.", "Write it without a DTD or entities."
        ) from error
    except (ParseError, UnicodeError, LookupError, ValueError) as error:
        raise InputError(
            f"The test report is no well-formed XML: {error}.", "Check that it was written completely."
        ) from error
    if _local(root.tag) not in _SUITES | _CASES:
        raise InputError(
            f"The XML file begins with <{_local(root.tag)}>, so it is no JUnit report.",
            "Give a file whose root is <testsuites> or <testsuite>.",
        )
    return merge_attempts(_walk(root))


def _feature(error: DefusedXmlException) -> str:
    kind = type(error).__name__
    return {
        "DTDForbidden": "a DTD",
        "EntitiesForbidden": "entities",
        "ExternalReferenceForbidden": "external references",
    }.get(kind, "a forbidden feature")


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]


def _walk(root: Element) -> Iterator[TestResult]:
    # An explicit stack: nesting depth is the report's choice, the interpreter's recursion limit is not.
    stack: list[tuple[Element, str]] = [(root, "")]
    while stack:
        element, suite = stack.pop()
        tag = _local(element.tag)
        if tag in _CASES:
            yield _case(element, suite)
        elif tag in _SUITES:
            name = (element.get("name") or "").strip() if tag == "testsuite" else ""
            stack.extend((child, name or suite) for child in reversed(element))


def _case(element: Element, suite: str) -> TestResult:
    status, message, attempts = "passed", None, 1
    for child in element:
        tag = _local(child.tag)
        if tag in _FLAKES:
            attempts += 1
            status = "flaky" if status == "passed" else status
            message = message or _message(child)
        elif tag in _RERUNS:
            attempts += 1
        elif tag in ("failure", "error"):
            status = "failed" if tag == "failure" else "error"
            message = _message(child)
        elif tag == "skipped" and status == "passed":
            status, message = "skipped", _message(child)
    # Jest's and some C++ runners' reports carry the outcome as an attribute only.
    written = (element.get("status") or element.get("result") or "").lower()
    if status == "passed" and written in ("failed", "fail", "error", "skipped", "disabled", "notrun", "pending"):
        status = {"fail": "failed", "failed": "failed", "error": "error"}.get(written, "skipped")
    return TestResult(
        suite=suite,
        classname=(element.get("classname") or element.get("class") or "").strip(),
        name=(element.get("name") or "").strip(),
        status=status,
        duration_seconds=_seconds(element.get("time")),
        attempts=attempts,
        message=message,
        file=element.get("file") or element.get("filepath") or None,
        line=_positive(element.get("line")),
    )


def _message(element: Element) -> str | None:
    parts = [element.get("message") or "", "".join(element.itertext())]
    if parts[0].strip() and parts[0].strip() in parts[1]:
        parts[0] = ""
    return cut("\n".join(part for part in parts if part.strip()))


def _seconds(text: str | None) -> float | None:
    """Seconds, also with thousands separators as Surefire writes them."""
    try:
        value = float((text or "").replace(",", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _positive(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and int(text[:15]) > 0 else None
