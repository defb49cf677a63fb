"""One test and how it ended, whatever said so: a JUnit report or the log itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from banana_assets.core.vocabulary import TEST_STATUSES

MESSAGE_CHARACTERS = 2_000
"""A message longer than this is cut: the log keeps the rest."""

_BAD = ("failed", "error")


@dataclass(frozen=True, slots=True)
class TestResult:
    """How one test ended.

    ``suite`` is the suite or file that holds the test and ``classname`` its class or module; both are empty where the
    report names none. ``attempts`` counts how often it was tried in the run, at least 1. ``line`` is 1-based.
    """

    __test__ = False  # a name that starts with "Test" is no pytest class

    suite: str
    classname: str
    name: str
    status: str
    duration_seconds: float | None = None
    attempts: int = 1
    message: str | None = None
    file: str | None = None
    line: int | None = None

    def __post_init__(self) -> None:
        if self.status not in TEST_STATUSES:
            raise ValueError(f"{self.status!r} is none of {TEST_STATUSES}")
        if self.attempts < 1:
            raise ValueError("a test was tried at least once")

    @property
    def key(self) -> tuple[str, str, str]:
        """What names the test within a run."""
        return (self.suite, self.classname, self.name)

    @property
    def bad(self) -> bool:
        """Whether the run failed because of this test."""
        return self.status in _BAD

    @property
    def title(self) -> str:
        """The name as people write it: class and test, after the file where the suite is one."""
        parts = [self.suite] if self.suite.endswith(".py") or "/" in self.suite else []
        parts += [self.classname] if self.classname and self.classname not in (self.name, *parts) else []
        return "::".join([*parts, self.name] if self.name not in parts else parts)


def cut(message: str | None) -> str | None:
    """The message without surrounding blanks, at most ``MESSAGE_CHARACTERS`` long; None where nothing is left."""
    text = (message or "").strip()
    return text[:MESSAGE_CHARACTERS] or None


def merge_attempts(results: Iterable[TestResult]) -> tuple[TestResult, ...]:
    """Results with the same key become one, in order of first appearance.

    Several outcomes of one key in one run are attempts, in the order written: a failure followed by a pass is
    ``flaky``; a last attempt that failed decides for failed; a skip beside another outcome does not count.
    """
    merged: dict[tuple[str, str, str], TestResult] = {}
    for result in results:
        key = result.key
        earlier = merged.get(key)
        merged[key] = result if earlier is None else _joined(earlier, result)
    return tuple(merged.values())


def _joined(earlier: TestResult, later: TestResult) -> TestResult:
    if later.status == "skipped":
        return earlier
    if earlier.status == "skipped":
        return later
    status = later.status
    if status == "passed" and (earlier.bad or earlier.status == "flaky"):
        status = "flaky"
    durations = [r.duration_seconds for r in (earlier, later) if r.duration_seconds is not None]
    return replace(
        later,
        status=status,
        attempts=earlier.attempts + later.attempts,
        duration_seconds=sum(durations) if durations else None,
        message=later.message or earlier.message,
        file=later.file or earlier.file,
        line=later.line or earlier.line,
    )
