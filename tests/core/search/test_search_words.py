from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.search.words import asked, coverage, distance, essence, near, trigrams, words


def test_identifiers_are_found_whole_and_by_their_parts() -> None:
    assert list(words("requests_toolbelt.adapters")) == ["requests_toolbelt", "requests", "toolbelt", "adapters"]
    assert list(words("ModuleNotFoundError")) == ["modulenotfounderror", "module", "not", "found", "error"]
    assert list(words("HTTPServer")) == ["httpserver", "http", "server"]
    assert list(words("/srv/ci/test_orders.py:42")) == ["srv", "ci", "test_orders", "test", "orders", "py", "42"]


def test_error_codes_stay_as_they_are_written() -> None:
    assert "ts2307" in words("error TS2307")
    assert "e0382" in words("error[E0382]")
    assert "0xc0000005" in words("exit 0xC0000005")


def test_accents_do_not_count_and_long_runs_are_no_words() -> None:
    assert list(words("Größe naïve")) == ["große", "naive"]
    assert list(words("x" * 65)) == []


def test_a_question_leaves_out_what_says_nothing_unless_there_is_nothing_else() -> None:
    assert asked("the disk is full") == ["disk", "full"]
    assert asked("is it on") == ["is", "it", "on"]
    assert asked("disk disk DISK") == ["disk"]


def test_slips_of_the_finger() -> None:
    known = ["timeout", "timer", "connection", "permission"]
    assert near("timeuot", known) == ["timeout"]
    assert near("conection", known) == ["connection"]
    assert near("permisson", known) == ["permission"]
    assert near("tim", known) == []
    assert near("e0383", ["e0382"]) == []
    assert near("timeout", ["timeout"]) == []


def test_the_essence_is_the_same_in_another_run() -> None:
    one = "2026-03-01T10:00:01Z /srv/a/x.py:12: took 31 ms, id 3f2a9c1d77"
    two = "2027-11-22T23:59:59Z /home/me/b/x.py:99: took 4 ms, id 99ffee0011"
    assert essence(one) == essence(two)
    assert "took" in essence(one)
    assert essence("same line 1\nsame line 2") == "same line"


def test_coverage_is_the_share_by_weight() -> None:
    weights = {"rare": 3.0, "usual": 1.0}
    assert coverage(["rare"], weights) == 0.75
    assert coverage([], weights) == 0.0
    assert coverage([], {}) == 0.0


@given(st.text())
def test_any_text_has_words_that_can_be_asked_for(text: str) -> None:
    found = list(words(text))
    assert all(word and word == word.lower() and " " not in word and '"' not in word for word in found)
    assert set(asked(text)) <= set(found)


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_the_distance_is_one_of_slips(a: str, b: str) -> None:
    slips = distance(a, b, 8)
    assert slips == distance(b, a, 8)
    assert (slips == 0) == (a == b)
    assert abs(len(a) - len(b)) <= slips <= max(len(a), len(b))
    assert distance(a, b, 1) == min(slips, 2)


@given(st.text(min_size=3, max_size=20))
def test_trigrams_cover_the_word(word: str) -> None:
    assert set("".join(trigrams(word))) == set(word)
