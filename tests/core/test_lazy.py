"""Names that are imported when they are first asked for."""

from __future__ import annotations

import importlib

import pytest

from banana_assets.core.lazy import lazily

PACKAGES = ("banana_assets.core.tables", "banana_assets.backends.llm", "banana_assets.backends.codebase")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_that_a_package_tells_is_there(package: str) -> None:
    module = importlib.import_module(package)
    assert all(getattr(module, name) is not None for name in module.__all__)


def test_modules_are_of_the_package_or_elsewhere_and_other_names_are_refused() -> None:
    found = lazily("banana_assets.core", {"cut": ".text", "loads": "json"})
    assert found("cut")("abcdef", 3) != "abcdef"
    assert found("loads")("1") == 1
    with pytest.raises(AttributeError, match=r"'banana_assets\.core' has no attribute 'other'"):
        found("other")
