"""Test results and counts from what the test runners print."""

from __future__ import annotations

from dataclasses import dataclass

from banana_assets.core.builds.cleaning import CleanLog
from banana_assets.core.builds.results import TestResult


@dataclass(frozen=True, slots=True)
class TestCounts:
    """How many tests ran (without skipped ones), failed (errors included) and were skipped."""

    __test__ = False

    framework: str
    run: int
    failed: int
    skipped: int


def read_tests(log: CleanLog) -> tuple[TestResult, ...]:
    """The tests that the log names, each key once."""
    return ()


def count_tests(log: CleanLog) -> tuple[TestCounts, ...]:
    """The counts that the runners print at their end."""
    return ()
