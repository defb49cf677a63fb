"""What a log writes cannot steer the terminal that shows it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.text import short_path, visible


def test_escape_sequences_and_turned_text_are_defused() -> None:
    assert visible("a\x1b[2Jb\x9b31m\u202ec\x00") == "a\ufffd[2Jb\ufffd31m\ufffdc\ufffd"


@given(st.text())
def test_nothing_but_tab_and_line_feed_controls(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    assert all(unicodedata.category(c) != "Cc" or c in "\t\n" for c in shown)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/srv/shop/logs/app.log.gz", "logs/app.log.gz"),
        ("/app.log", "app.log"),
        ("app.log", "app.log"),
        ("logs/app.log", "logs/app.log"),
        ("C:\\logs\\old\\app.log", "old/app.log"),
        ("/srv/logs/app.log:603", "logs/app.log:603"),
        ("", ""),
    ],
)
def test_a_path_is_shown_without_where_its_folder_is(path: str, shown: str) -> None:
    assert short_path(path) == shown
