"""Frames computed ahead arrive in order, an error comes through as it is, and an unfinished thread ends."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import polars as pl
import pytest

from banana_assets.backends.prefetch import AHEAD, Prefetched


def frames(counted: list[int]) -> Iterator[pl.DataFrame]:
    for i in itertools.count():
        counted.append(i)
        yield pl.DataFrame({"i": [i]})


def test_order_and_count() -> None:
    source = Prefetched(itertools.islice(frames([]), 20))
    assert [frame["i"][0] for frame in source] == list(range(20))
    assert source.rows == 20
    source.close()


def test_an_error_comes_through_after_the_frames_before_it() -> None:
    def failing() -> Iterator[pl.DataFrame]:
        yield pl.DataFrame({"i": [1]})
        raise ValueError("here")

    source = Prefetched(failing())
    seen = []
    with pytest.raises(ValueError, match="here"):
        seen.extend(source)
    assert len(seen) == 1
    source.close()


def test_it_computes_few_ahead_and_ends_when_closed() -> None:
    computed: list[int] = []
    source = Prefetched(frames(computed))
    next(iter(source))
    source.close()
    assert len(computed) <= AHEAD + 3
    assert "prefetch" not in {thread.name for thread in threading.enumerate()}
