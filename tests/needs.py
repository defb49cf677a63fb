"""What a test needs and this machine lacks: a reason to skip it, or to fail where everything must be there."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

REQUIRE_ALL = "BANANA_TESTS_REQUIRE_ALL"
"""Set in CI, which installs all that the tests need."""


def missing(reason: str) -> NoReturn:
    """Skip the test for that reason, or fail it where nothing may be missing."""
    if os.environ.get(REQUIRE_ALL):
        pytest.fail(reason)
    pytest.skip(reason)
