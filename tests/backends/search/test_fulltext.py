from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banana_assets.backends.search.fulltext import FILE, FullText
from banana_assets.core.errors import StoreError
from banana_assets.core.search.types import Filters
from tests.core.search.samples import AT, document, documents

ANY = Filters()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[FullText]:
    made = FullText(tmp_path)
    made.change(documents(), [])
    yield made
    made.close()


def keys(index: FullText, question: str, filters: Filters = ANY) -> list[str]:
    return [hit.document.key for hit in index.find(question, filters, 10)]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("no space left", "disk"),
        ("ModuleNotFound", "yaml"),
        ("OutOfMemory", "heap"),
        ("memory", "heap"),
        ("pass", "login"),  # a beginning of a word
        ("No module named 'yaml' (test_hours.py:4)", "yaml"),
    ],
)
def test_the_best_comes_first(index: FullText, question: str, first: str) -> None:
    assert keys(index, question)[0] == first


@pytest.mark.parametrize(
    ("question", "first"), [("moduel yaml", "yaml"), ("conflcits", "merge"), ("passwrod", "login")]
)
def test_slips_of_the_finger_are_forgiven_where_the_word_stands_nowhere(
    index: FullText, question: str, first: str
) -> None:
    assert keys(index, question)[0] == first


def test_chance_hits_are_left_out(index: FullText) -> None:
    assert keys(index, "kubernetes ingress controller certificate renewal from disk") == []
    assert keys(index, "kubernetes") == []


def test_the_share_of_words_is_told(index: FullText) -> None:
    (hit, *_) = index.find("java heap space", ANY, 5)
    assert hit.words == pytest.approx(1.0)
    assert index.find("java heap certificate", ANY, 5)[0].words == pytest.approx(0.6, abs=0.15)


@pytest.mark.parametrize(
    "filters",
    [
        Filters(kinds=("pattern", "plan")),
        Filters(severity="medium"),
        Filters(source="api"),
        Filters(since=AT - timedelta(hours=3)),
        Filters(until=AT - timedelta(days=2), severity="low"),
    ],
)
def test_filters_are_those_of_the_documents(index: FullText, filters: Filters) -> None:
    found = {key for d in documents() for key in keys(index, d.title, filters)}
    assert found == {d.key for d in documents() if filters.passes(d)}


def test_changes_replace_and_remove(index: FullText) -> None:
    index.change([document("disk", title="quota exceeded", text="quota")], ["pattern-login"])
    assert keys(index, "quota") == ["disk"]
    assert "disk" not in keys(index, "no space left on device")
    assert "pattern-login" not in index.hashes()
    assert len(index.hashes()) == len(documents()) - 1


def test_documents_come_back_as_they_were(index: FullText) -> None:
    found = index.get([d.document_id for d in documents()] + ["failure-none"])
    assert found == {d.document_id: d for d in documents()}
    assert index.latest() == AT
    assert index.sources() == ["api", "api/test", "shop"]


def test_the_latest_is_of_what_happened_not_of_when_it_came_in(index: FullText) -> None:
    later = AT + timedelta(days=3)
    arrived = document("redis", first_seen=None, last_seen=later)
    index.change([arrived, document("plan", first_seen=later, last_seen=later)], [])
    assert index.latest() == AT
    index.change([], [d.document_id for d in documents() if d.kind in ("failure", "pattern") and d != arrived])
    index.change([arrived], [])
    assert index.latest() == later


def test_a_failed_change_leaves_everything_as_it_was(index: FullText, monkeypatch: pytest.MonkeyPatch) -> None:
    before = index.hashes()
    with pytest.raises(StoreError):
        index.change(
            [document("disk", helped="x"), document("heap", helped="\x00" * 3, document_id=None)], ["plan-plan"]
        )
    assert index.hashes() == before


def test_what_is_no_database_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is no database, " * 200)
    made = FullText(tmp_path)
    made.change(documents(), [])
    assert len(made.hashes()) == len(documents())
    made.close()


def test_a_file_of_another_version_is_made_anew(tmp_path: Path) -> None:
    first = FullText(tmp_path)
    first.change(documents(), [])
    first._connection.execute("PRAGMA user_version = 999")
    first.close()
    again = FullText(tmp_path)
    assert again.hashes() == {}
    again.close()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(), st.text('"*()^:-+NEAROT {}', max_size=30), st.text("abcdeyml ", max_size=40)))
def test_any_text_is_a_question(index: FullText, question: str) -> None:
    for hit in index.find(question, ANY, 5):
        assert 0 < (hit.words or 0) <= 1 + 1e-9
