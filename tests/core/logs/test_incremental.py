"""Adding shapes to patterns gives what mining all of them at once gives, in whatever parts and order they come."""

from __future__ import annotations

import random
from itertools import chain

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.logs import incremental
from banana_assets.core.logs.incremental import MINED, Texts, mined
from banana_assets.core.logs.masks import mask, shape_id
from banana_assets.core.logs.miner import mine

NAMES = [a + b for a in ("al", "be", "ca", "do", "ev") for b in ("ra", "mo", "ti", "nu", "se")]
TEXT = "user host open close failed 7 10.0.0.1 NEW DONE true KB MB a.b.c key=v (x) () , p$ q% r~ s$ x_y camelCase"
WORDS = [*NAMES[::3], *TEXT.split(" ")]
FORMS = [
    "session opened for user {}",
    "session closed for user {} by {}",
    "set {} of {} to {}",
    "took 3 {}",
    "{} is {}",
    "got {}",
]
WORD, FIXED = st.sampled_from(WORDS), st.sampled_from(FORMS)
SENTENCES = st.builds(lambda form, words: form.format(*words), FIXED, st.lists(WORD, min_size=3, max_size=3))
ALIKE = st.builds(
    lambda form, lists: [form.format(*w) for w in lists],
    FIXED,
    st.lists(st.lists(WORD, min_size=3, max_size=3), min_size=4, max_size=20),
)
MESSAGES = st.lists(
    ALIKE | st.lists(SENTENCES | st.lists(WORD, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=20),
    min_size=1,
    max_size=5,
).map(lambda lists: list(dict.fromkeys(chain.from_iterable(lists))))


def ids_and_texts(messages: list[str]) -> tuple[list[int], Texts]:
    shapes = sorted(set(mask(pl.Series(messages, dtype=pl.String))))
    table = pl.DataFrame({"shape_id": [shape_id(s) for s in shapes], "shape": shapes})

    def texts(ids: pl.Series) -> pl.DataFrame:
        return table.filter(pl.col("shape_id").is_in(ids.implode()))

    return table["shape_id"].to_list(), texts


def series(ids: list[int]) -> pl.Series:
    return pl.Series(ids, dtype=pl.Int64)


@settings(max_examples=40, deadline=None)
@given(MESSAGES, st.integers(1, 6), st.randoms(use_true_random=False))
def test_any_parts_in_any_order_give_what_all_at_once_gives(
    messages: list[str], step: int, source: random.Random
) -> None:
    ids, texts = ids_and_texts(messages)
    whole = mined(series(ids), texts)
    source.shuffle(ids)
    answer = None
    for taken in [*range(1, len(ids), step), len(ids)]:
        answer = mined(series(ids[:taken]), texts, answer)
    assert answer is not None
    assert answer.equals(whole)


def test_many_random_logs_in_parts_give_what_all_at_once_gives() -> None:
    source = random.Random(5)
    for _ in range(20):
        forms = source.sample(FORMS, 3)
        test = [form.format(*source.choices(WORDS, k=3)) for form in forms for _ in range(source.randint(2, 14))]
        ids, texts = ids_and_texts(test)
        source.shuffle(ids)
        answer = None
        for taken in [*range(1, len(ids), 3), len(ids)]:
            answer = mined(series(ids[:taken]), texts, answer)
        assert answer is not None
        assert answer.equals(mined(series(ids), texts))


@settings(max_examples=20, deadline=None)
@given(MESSAGES, st.data())
def test_shapes_that_went_leave_nothing_behind(messages: list[str], data: st.DataObject) -> None:
    ids, texts = ids_and_texts(messages)
    left = data.draw(st.lists(st.sampled_from(ids), unique=True))
    assert mined(series(left), texts, mined(series(ids), texts)).equals(mined(series(left), texts))


@settings(max_examples=15, deadline=None)
@given(MESSAGES)
def test_patterns_are_those_of_the_command(messages: list[str]) -> None:
    ids, texts = ids_and_texts(messages)
    shapes = texts(series(ids))
    expected = shapes.join(mine(shapes.with_columns(events=pl.lit(1))), on="shape")
    found = mined(series(ids), texts)
    members = found.select("pattern_id", "template", "named_template", shape_id="shapes").explode("shape_id")
    assert members.sort("shape_id").equals(expected.select(members.columns).sort("shape_id"))


def test_small_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    source = random.Random(3)
    messages = [
        f"session {source.choice(['opened', 'closed'])} for user {source.choice(NAMES)} on host {source.choice(NAMES)}"
        for _ in range(400)
    ]
    ids, texts = ids_and_texts(messages)
    whole = mined(series(ids), texts)
    monkeypatch.setattr(incremental, "BATCH", 7)
    assert mined(series(ids), texts).equals(whole)


def test_only_the_new_shapes_texts_are_asked_for_where_no_decision_changes() -> None:
    messages = [f"session opened for user {name}" for name in NAMES] + [f"{name} is gone" for name in NAMES]
    ids, texts = ids_and_texts([*messages, "session opened for user zora"])
    new = [shape_id("session opened for user zora")]
    asked: list[int] = []

    def noting(wanted: pl.Series) -> pl.DataFrame:
        asked.extend(wanted)
        return texts(wanted)

    before = mined(series([i for i in ids if i not in new]), texts)
    after = mined(series(ids), noting, before)
    of_pattern = after.filter(pl.col("shapes").list.contains(new[0]))["shapes"].item().to_list()
    # Once to mine it, and once with its pattern's other shapes to name the variables.
    assert sorted(asked) == sorted(new + of_pattern)
    assert len(of_pattern) == len(NAMES) + 1


def test_a_group_is_taken_apart_where_new_words_change_a_decision() -> None:
    # Two names with a $ are a variable by their form; among words without, too few to be one.
    old, new = ["got p$", "got q$"], [f"got {word}" for word in ("red", "green", "blue", "old")]
    ids, texts = ids_and_texts([*old, *new])
    first = [shape_id(message) for message in old]
    before = mined(series(first), texts)
    assert before["template"].to_list() == ["got <*>"]
    after = mined(series(ids), texts, before)
    assert after.height == len(ids)
    assert after.equals(mined(series(ids), texts))


def test_no_shapes_are_no_patterns() -> None:
    empty = mined(series([]), ids_and_texts(["a"])[1])
    assert empty.height == 0
    assert empty.schema == MINED
