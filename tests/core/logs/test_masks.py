import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.logs.masks import mask, shape_id, shape_ids, shorten, shorten_block
from banana_assets.core.logs.textlines import split_lines


def shape(message: str) -> str:
    return mask(pl.Series([message]))[0]


@pytest.mark.parametrize(
    ("message", "masked"),
    [
        ("from 10.0.0.1:80 to /10.0.0.2", "from <ip> to <ip>"),
        ("open /var/log/a.txt failed", "open <path> failed"),
        (r"load C:\Windows\x86\y.dll now", "load <path> now"),
        ("see https://a.b/c?d=1, then", "see <url>, then"),
        ("mail to a.b@example.org", "mail to <email>"),
        ("id 113d3a99-c3da-401f-bd62-cc2caa5b96d2 ok", "id <uuid> ok"),
        ("at 0x7fed806eb5d", "at <hex>"),
        ("commit 9f4ef63a1 pushed", "commit <hex> pushed"),
        ("mac 00:1b:44:11:3a:b7", "mac <mac>"),
        ("took 12ms, read 3.5MB", "took <duration>, read <size>"),
        ("at 2024-01-01 10:00:00,123 sharp", "at <timestamp> sharp"),
        ("at Sat Jul  9 12:16:49 2005", "at <timestamp>"),
        ("block blk_-3888 of job_2015_0001", "block <id> of <id>"),
        ("node R30-M0-L3 down", "node <id> down"),
        ("version v1.2.3", "version <version>"),
        ("value -5 or 3.25 or 1e", "value <number> or <number> or <id>"),
        ('name="View Lock" x', 'name="<quoted>" x'),
        ("ssh2 sha256 jk2_init() L1", "ssh2 sha256 jk2_init() L1"),
        ("no variables at all", "no variables at all"),
        ("", ""),
    ],
)
def test_what_varies_is_named(message, masked):
    assert shape(message) == masked


def reference(message: str) -> str:
    message = re.sub(r"(?<![A-Za-z\d\x80-\U0010ffff])\d+", "0", message, flags=re.ASCII)
    return re.sub(r"(?<=[A-Za-z\x80-\U0010ffff])\d{4,}", "0000", message, flags=re.ASCII)


@given(st.lists(st.text(st.sampled_from("0123a_é. -:Z"), max_size=14), min_size=1, max_size=9))
def test_shortening_is_what_the_plain_expression_says(messages):
    assert shorten(pl.Series(messages, dtype=pl.String)).to_list() == [reference(m) for m in messages]


@given(st.lists(st.text(st.sampled_from("0123a_é. -:Zxf"), max_size=24), min_size=1, max_size=9))
def test_a_text_at_a_time_and_blocks_are_shortened_alike(messages):
    block = "".join(f"{m}\n" for m in messages).encode()
    assert shorten(pl.Series(messages, dtype=pl.String)).to_list() == split_lines(shorten_block(block)).to_list()


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=9))
def test_any_text_survives_shortening(messages):
    short = shorten(pl.Series(messages, dtype=pl.String))
    assert len(short) == len(messages)
    assert len(mask(pl.Series(messages, dtype=pl.String))) == len(messages)


def test_shortening_does_not_depend_on_where_blocks_end():
    message = "x9" * 40_000 + "1234567" + "y12345" * 20_000
    assert split_lines(shorten_block(f"{message}\n{message}\n".encode()))[1] == reference(message)


def test_hexadecimal_digits_are_shortened_before_they_multiply():
    distinct = shorten(pl.Series([f"at 0x{i * 7919:08x} done" for i in range(500)])).n_unique()
    assert distinct == 1


def test_lines_are_split_at_line_feeds_alone():
    assert split_lines(b"a\r\nb\rc\n\n").to_list() == ["a", "b\rc", ""]


def test_ids_are_the_same_everywhere_and_always():
    assert shape_id("Connection from <ip> closed") == 8035665209620420128
    ids = shape_ids(pl.Series(["a 1", None, "a 2", "b"]))
    assert ids.dtype == pl.Int64
    assert ids[0] == ids[2] != ids[3]
    assert ids[1] == shape_id("")


def test_a_path_is_one_whatever_its_query():
    lines = ['"GET /a/b?c=d&e=1 HTTP/1.1" 200', '"GET /a/b HTTP/1.1" 200', '"GET /i?q=x,y HTTP/2" 200']
    assert mask(pl.Series(lines)).unique().to_list() == ['"GET <path>" <number>']
