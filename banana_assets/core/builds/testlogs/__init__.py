"""Test results read from the log itself, for builds that keep no report."""

from __future__ import annotations

from banana_assets.core.builds.testlogs.counting import TestCounts, count_tests
from banana_assets.core.builds.testlogs.reading import MOST_TESTS, read_tests, test_hints

__all__ = ["MOST_TESTS", "TestCounts", "count_tests", "read_tests", "test_hints"]
