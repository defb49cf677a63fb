"""Values in parts that one statement takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from banana_assets.backends.records.rows import in_parts


@given(st.lists(st.integers()), st.integers(1, 7))
def test_parts_are_the_whole_in_order(values: list[int], size: int) -> None:
    parts = list(in_parts(values, size))
    assert [value for part in parts for value in part] == values
    assert all(len(part) == size for part in parts[:-1])
