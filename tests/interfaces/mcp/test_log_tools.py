"""Lines of logs: numbered, masked, bounded, found again."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from banana_assets.backends import log_pages
from banana_assets.backends.log_pages import FEW, LogPages
from banana_assets.core.errors import InputError
from banana_assets.interfaces.mcp.calls import Sources
from banana_assets.interfaces.mcp.searching import _mode
from tests.interfaces.mcp.answering_home import SECRET
from tests.interfaces.mcp.conftest import Ask, asked


def numbers(told: dict[str, Any]) -> list[int]:
    return [line["number"] for line in told["lines"]]


def test_lines_are_those_that_were_asked_for(ask: Ask) -> None:
    total = ask("get_log_lines", build_id="b47")["total_lines"]
    assert numbers(ask("get_log_lines", build_id="b47", first=3, last=5)) == [3, 4, 5]
    assert numbers(ask("get_log_lines", build_id="b47", around=4, context=2)) == [2, 3, 4, 5, 6]
    assert numbers(ask("get_log_lines", build_id="b47", first=total - 1)) == [total - 1, total]
    assert numbers(ask("get_log_lines", build_id="b47", last=2)) == [1, 2]


def test_without_lines_those_around_the_cause_are_given(ask: Ask) -> None:
    told = ask("get_log_lines", build_id="b47")
    first = told["cause"][0]["first_line"]
    assert first in numbers(told)
    assert numbers(told)[0] == max(1, first - 20)


def test_a_log_is_read_to_its_end_by_the_cursor(ask: Ask) -> None:
    whole = numbers(ask("get_log_lines", log_file="shop.log", first=1, last=400, max_bytes=200_000))
    assert whole == list(range(1, len(whole) + 1))
    assert len(whole) > 300
    seen, cursor = [], None
    while True:
        told = ask("get_log_lines", log_file="shop.log", first=1, last=400, max_bytes=2000, cursor=cursor)
        seen += numbers(told)
        cursor = told["next_cursor"]
        assert told["truncated"] == (cursor is not None)
        if cursor is None:
            break
    assert seen == whole


def test_secrets_are_masked_and_cannot_be_searched_for(sources: Sources) -> None:
    lines = asked(sources, "get_log_lines", build_id="b47", first=1, last=5)
    assert SECRET not in lines.model_dump_json()
    assert "masked" in lines.model_dump_json()
    for query in (SECRET, SECRET[:12], SECRET[4:12]):
        answer = asked(sources, "search_logs", build_id="b47", query=query)
        assert answer.structured_content is not None
        assert answer.structured_content["total"] == 0


def test_a_text_is_found_in_the_lines_of_one_log_over_pages(ask: Ask) -> None:
    seen, cursor = [], None
    while True:
        told = ask("search_logs", log_file="shop.log", query="ORDER", limit=50, cursor=cursor)
        seen += numbers(told)
        assert all("order" in line["text"].lower() for line in told["lines"])
        cursor = told["next_cursor"]
        if cursor is None:
            break
    # More than are looked at one by one: all of them, to the last.
    assert len(seen) == told["total"] > FEW
    assert seen == sorted(set(seen))
    assert not told["notes"]


def test_a_log_that_is_too_large_to_be_kept_is_searched_alike(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sources.store.log_files()
    sha256, size = files.filter(source="shop")["sha256"][0], files.filter(source="shop")["bytes"][0]
    kept = list(LogPages(sources.store).find(sha256, size, "Order"))
    monkeypatch.setattr(log_pages, "KEPT_LOG", 0)
    streamed = LogPages(sources.store)
    assert list(streamed.find(sha256, size, "Order")) == kept
    monkeypatch.setattr(streamed, "masked", pytest.fail)
    assert list(streamed.find(sha256, size, "ORDER")) == kept


def test_a_text_is_no_pattern(ask: Ask) -> None:
    assert ask("search_logs", build_id="b47", query="a.*t")["total"] == 0
    assert ask("search_logs", build_id="b47", query="assert 4 == 5")["total"] > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "not told which log"),
        ({"build_id": "b47", "log_file": "shop.log"}, "not told which log"),
        ({"build_id": "b47", "first": 5, "last": 2}, "comes before"),
        ({"build_id": "b47", "first": 10_000}, "The log has"),
        ({"build_id": "b47", "first": 1, "around": 2}, "told twice"),
        ({"build_id": "nothing-like-it"}, "no build"),
        ({"log_file": "nothing-like-it"}, "no log file"),
    ],
)
def test_what_cannot_be_read_is_told_with_a_remedy(ask: Ask, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        ask("get_log_lines", **arguments)
    assert caught.value.remedy


def test_a_cursor_with_another_place_in_it_breaks_nothing(ask: Ask) -> None:
    cursor = ask("search_logs", log_file="shop.log", query="order", limit=1)["next_cursor"]
    question, *_ = orjson.loads(urlsafe_b64decode(cursor + "=="))
    for place in (-3, 3, 10_000):
        other = urlsafe_b64encode(orjson.dumps([question, [place, "no line"]])).decode()
        found = ask("search_logs", log_file="shop.log", query="order", limit=5, cursor=other)
        assert len(found["lines"]) == (0 if place == 10_000 else 5)


def test_a_kind_may_be_one_word_or_several(sources: Sources) -> None:
    for kind in ("plan", ["plan", "failure"]):
        assert not asked(sources, "search_logs", query="test", kind=kind).is_error
    wrong = asked(sources, "search_logs", query="test", kind="plans")
    assert wrong.is_error
    assert "'plan' or 'template'" in wrong.content[0].text  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("how", "able", "cosine", "expected"),
    [
        ("meaning", "words and meaning (Chroma)", 0.9, "meaning (Chroma)"),
        ("meaning", "words", None, "words"),
        ("both", "words and meaning (Chroma)", None, "words and meaning (Chroma)"),
        ("auto", "words and meaning (Chroma)", 0.9, "words and meaning (Chroma)"),
        ("auto", "words and meaning (Chroma)", None, "words"),
    ],
)
def test_the_mode_is_what_was_looked_at(how: str, able: str, cosine: float | None, expected: str) -> None:
    search: Any = SimpleNamespace(mode=able)
    hits: Any = [SimpleNamespace(cosine=cosine)]
    assert _mode(search, hits, how) == expected
