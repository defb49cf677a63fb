import random
import re

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.logs.masks import mask
from banana_assets.core.logs.miner import anonymous, cut, mine, pattern_id, tidy, variables

TEXT = "open close user alice bob carol 12 7.5 10.0.0.1 /a/b NEW DONE a.b.c key=v key=w (x) () [y] , x: B KB"
WORD = st.sampled_from(TEXT.split())
MESSAGES = st.lists(st.lists(WORD, min_size=1, max_size=6).map(" ".join), min_size=1, max_size=25)


def templates(messages: list[str]) -> dict[str, str]:
    shapes = mask(pl.Series(messages, dtype=pl.String))
    found = mine(pl.DataFrame({"shape": shapes}).group_by("shape").agg(events=pl.len().cast(pl.Int64)))
    by_shape = dict(zip(found["shape"], found["template"], strict=True))
    return {m: by_shape[s] for m, s in zip(messages, shapes, strict=True)}


def fits(template: str, message: str) -> bool:
    pattern = ".*?".join(re.escape(part) for part in template.split("<*>"))
    return re.fullmatch(pattern, " ".join(message.split()), re.DOTALL) is not None


@settings(deadline=None)
@given(MESSAGES)
def test_every_message_has_one_template_that_fits_it(messages):
    found = templates(messages)
    for message in messages:
        assert fits(found[message], message), (message, found[message])


@settings(max_examples=50, deadline=None)
@given(MESSAGES, st.randoms(use_true_random=False))
def test_order_and_counts_change_nothing(messages, source):
    shuffled = messages * 2
    source.shuffle(shuffled)
    assert templates(shuffled) == templates(messages)


@given(st.text(max_size=60) | st.lists(st.sampled_from([*"ab. !,=<*>()", "<*>", "  "])).map("".join))
def test_words_and_structure_make_up_the_text(text):
    form, words = cut(text)
    rest = iter(words)
    assert form.count("w") == len(words)
    assert "".join(next(rest) if kind == "w" else kind for kind in form) == re.sub(r"\s+", " ", text)


def test_a_name_that_varies_is_a_variable_and_a_verb_is_not():
    users = ["alice", "bob", "carol", "dave", "erin", "frank"]
    found = templates([f"session {verb} for user {u} by (uid=0)" for u in users for verb in ("opened", "closed")])
    assert set(found.values()) == {
        "session opened for user <*> by (uid=<*>)",
        "session closed for user <*> by (uid=<*>)",
    }


def test_states_stay_in_the_template():
    found = templates(
        [f"task_{i} went from {a} to {b}" for i in range(9) for a, b in (("NEW", "READY"), ("READY", "DONE"))]
    )
    assert set(found.values()) == {"<*> went from NEW to READY", "<*> went from READY to DONE"}


def test_a_known_value_is_a_variable_where_it_never_varied():
    users = [f"Failed password for {u} from 10.0.0.1 port 22" for u in ("amy", "bea", "cleo", "dora", "eve")]
    found = templates([*users, "Accepted password for zoe from 10.0.0.1 port 22"])
    assert found["Accepted password for zoe from 10.0.0.1 port 22"] == "Accepted password for <*> from <*> port <*>"


def test_lists_of_any_length_are_one_template():
    found = templates([f"ask node to delete {' '.join(f'blk_{i}' for i in range(n))}" for n in (1, 2, 5, 40)])
    assert set(found.values()) == {"ask node to delete <*>"}


def test_an_empty_optional_value_is_the_same_template():
    found = templates(["connection from 10.0.0.1 () at 12", "connection from 10.0.0.2 (host.a.example.net) at 13"] * 2)
    assert len(set(found.values())) <= 2
    found = templates(
        [f"connection from 10.0.0.1 ({h}) at 12" for h in ("", "10.0.0.1", "a1.example.net", "b2.example.net")]
    )
    assert set(found.values()) == {"connection from <*> (<*>) at <*>"}


def test_units_that_vary_belong_to_their_number():
    found = templates([f"stored block (size {n} {u})" for n in (1, 2) for u in ("B", "KB", "MB")])
    assert set(found.values()) == {"stored block (size <*>)"}


def test_named_templates_name_the_variables():
    shapes = pl.DataFrame({"shape": ["from <ip> in <number> ms"], "events": [3]})
    row = mine(shapes).row(0, named=True)
    assert row["template"] == "from <*> in <*> ms"
    assert row["named_template"] == "from <ip> in <number> ms"
    assert row["pattern_id"] == pattern_id("from <*> in <*> ms") == "c36d0520222185a3"


def test_variables_that_touch_are_one():
    assert tidy("a <*><*> b blk_<*>  c <*>.<*> node-<*> <memory:<*>>") == "a <*> b <*> c <*> node-<*> <memory:<*>"
    assert anonymous("<ip> <notamask> <number>") == "<*> <notamask> <*>"


def test_no_shapes_give_no_templates():
    assert mine(pl.DataFrame(schema={"shape": pl.String, "events": pl.Int64})).height == 0


def test_messages_that_have_nothing_in_common_stay_apart():
    source = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz"
    messages = [" ".join("".join(source.choices(letters, k=6)) for _ in range(3)) for _ in range(200)]
    assert len(set(templates(messages).values())) == 200


def test_a_very_long_word_is_no_trouble():
    found = templates(["x" * 60_000, "y" * 60_000 + " 12", "z." * 20_000, "a_b-" * 20_000])
    assert all(len(template) < 5_000 for template in found.values())


@given(
    st.lists(st.text("ab ", max_size=3), min_size=2, max_size=5),
    st.lists(st.text("ab ", max_size=4), min_size=4, max_size=4),
)
def test_variables_are_those_of_a_lazy_expression(constants, values):
    between = values[: len(constants) - 1]
    text = constants[0] + "".join(v + c for v, c in zip(between, constants[1:], strict=True))
    lazy = re.fullmatch("(.*?)".join(map(re.escape, constants)), text)
    assert variables(constants, text) == list(lazy.groups())
    assert variables([*constants, "!"], text) == []
