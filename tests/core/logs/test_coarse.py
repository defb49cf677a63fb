from __future__ import annotations

import random

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.logs.coarse import coarse, common_words, joined_shapes
from banana_assets.core.logs.masks import shape_id
from banana_assets.core.logs.patterns import SHAPE_SCHEMA, merge_shapes, shapes
from tests.core.logs.test_log_patterns import some_events

SHAPES = st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6).map(" ".join), min_size=1, unique=True)


def random_words(count: int, seed: int = 1) -> list[str]:
    source = random.Random(seed)
    return [f"job {''.join(source.choices('abcdefghijklmnop', k=9))} ended well" for _ in range(count)]


def counted(messages: list[str], first_line: int = 1) -> pl.DataFrame:
    return shapes(some_events(messages).with_columns(pl.col("first_line", "last_line") + first_line - 1))


def test_rare_words_are_given_up_where_there_are_too_many_shapes() -> None:
    messages = [*random_words(300), "disk is full", *["disk is full again"] * 3]
    whole = joined_shapes([counted(messages[:200]), counted(messages[200:], 201)], most=50)
    assert whole.schema == SHAPE_SCHEMA
    assert whole["events"].sum() == len(messages)
    assert "job <*> ended well" in whole["shape"].to_list()
    assert whole["shape"].n_unique() <= 50
    assert whole["shape_id"].to_list() == [shape_id(text) for text in whole["shape"]]


def test_few_shapes_are_left_as_they_are() -> None:
    one, two = counted(random_words(20)), counted(random_words(20, 2), 21)
    assert joined_shapes([one, two], most=40).equals(merge_shapes(pl.concat([one, two])))


@settings(deadline=None)
@given(SHAPES, st.integers(1, 10))
def test_no_more_shapes_are_left_than_asked_for_and_all_fit(texts: list[str], most: int) -> None:
    given = pl.Series("shape", texts)
    common = common_words(given, most)
    rough = coarse(given, common)
    assert rough.n_unique() <= most
    for text, short in zip(texts, rough, strict=True):
        kept = [word for word in text.split() if word in set(common)]
        assert [word for word in short.split() if word != "<*>"] == kept
        assert "<*> <*>" not in short


def test_no_events_are_no_shapes() -> None:
    assert joined_shapes([]).equals(pl.DataFrame(schema=SHAPE_SCHEMA))
