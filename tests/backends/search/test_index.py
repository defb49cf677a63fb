from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from banana_assets.backends.search import Search, embedding, open_search, vectors
from banana_assets.backends.settings import Settings
from banana_assets.core.search.types import Filters, Hit
from tests.core.search.samples import QUESTIONS, document, documents


def shown(hits: list[Hit]) -> list[tuple[str, float, float | None, float | None]]:
    return [(h.document.document_id, h.score, h.words, h.cosine) for h in hits]


def answers(search: Search) -> list[object]:
    ways = (search.text, search.search, search.similar)
    return [shown(way(question)) for way in ways for question in QUESTIONS]


@pytest.fixture
def search(with_weights: Settings) -> Iterator[Search]:
    with open_search(with_weights) as opened:
        yield opened


def test_what_means_the_same_is_found_without_its_words(search: Search) -> None:
    done = search.update(documents())
    assert (done.written, done.removed, done.waiting) == (8, 0, 0)
    assert "embedded" in done.mode
    assert search.notes == []
    assert search.text("JVM exhausted")[:1] == []
    assert search.search("JVM exhausted")[0].document.key == "heap"
    assert search.similar("brute force attack on ssh", Filters(("pattern",)))[0].document.key == "login"


def test_only_what_changed_is_embedded_again(search: Search) -> None:
    search.update(documents())
    assert search.update(documents()).embedded == 0
    told = [document("disk", helped="a bigger disk"), *(d for d in documents() if d.key not in ("disk", "plan"))]
    done = search.update(told)
    assert (done.written, done.removed, done.embedded) == (1, 1, 0)
    assert search.search("disk full")[0].document.helped == "a bigger disk"
    assert all(hit.document.kind != "plan" for hit in search.similar("install what the tests import", limit=20))


def test_no_text_is_embedded_twice_and_an_update_embeds_at_most_so_many(unpacked: Settings) -> None:
    with open_search(unpacked) as search:
        first = search.update(documents(), most=3)
        assert (first.embedded, first.waiting) == (3, 5)
        assert {h.document.key for h in search.text("heap disk yaml order", limit=20)} >= {"heap", "disk"}
        second = search.update(documents(), most=5)
        assert (second.embedded, second.waiting) == (5, 0)
        assert search.similar("Declare yaml in the requirements")[0].document.key == "plan"
        assert search.update([document("disk", helped="a bigger disk", essence="quota exceeded")]).embedded == 1


def test_a_rebuilt_index_answers_the_same(search: Search) -> None:
    search.update(reversed(documents()))
    before = answers(search)
    assert any(before)
    done = search.rebuild(documents())
    assert (done.written, done.embedded) == (8, 0)
    assert answers(search) == before


def test_filters_hold_for_both(search: Search) -> None:
    search.update(documents())
    for filters in (Filters(severity="high"), Filters(source="shop"), Filters(kinds=("plan",), until=None)):
        for hit in (
            *search.search("error of the build: no disk, no package", filters),
            *search.similar("zebra", filters, 9),
        ):
            assert filters.passes(hit.document)


def test_without_the_weights_words_are_searched_and_it_is_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "PACKAGE", "no-such-package")
    with open_search(settings) as search:
        done = search.update(documents())
        assert done.mode == "words"
        assert "no-such-package is not installed" in done.note
        assert search.search("no space left")[0].document.key == "disk"
        assert search.similar("no space left")[0].document.key == "disk"
        assert len(search.notes) == 1


def test_while_another_process_has_the_vectors_words_are_searched(
    with_weights: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "LOCK_SECONDS", 0.05)
    with FileLock(with_weights.home / "search" / vectors.LOCK), open_search(with_weights) as search:
        search.update(documents())
        assert search.search("no space left")[0].document.key == "disk"
        assert "Another process has the vectors" in search.notes[0]


def test_the_vectors_are_given_back(with_weights: Settings) -> None:
    for _ in range(2):
        with open_search(with_weights) as search:
            search.update(documents())
            assert search.notes == []
    with FileLock(with_weights.home / "search" / vectors.LOCK, timeout=0.1):
        pass


def test_threads_of_one_process_share_the_vectors(with_weights: Settings) -> None:
    with open_search(with_weights) as search:
        search.update(documents())

    def ask(question: str) -> tuple[str, list[str]]:
        with open_search(with_weights) as search:
            return search.search(question)[0].document.key, search.notes

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, ["no space left", "JVM exhausted"] * 6))
    assert found == [("disk", []), ("heap", [])] * 6
    with FileLock(with_weights.home / "search" / vectors.LOCK, timeout=0.1):
        pass


def test_a_server_that_does_not_answer_is_named(settings: Settings, weights: Path) -> None:
    told = settings.model_copy(update={"chroma_url": "http://127.0.0.1:9"})
    with open_search(told) as search:
        assert search.update(documents()).mode == "words"
        assert "Chroma at http://127.0.0.1:9 does not answer" in search.notes[0]


def test_embeddings_survive_the_loss_of_index_and_vectors(with_weights: Settings) -> None:
    with open_search(with_weights) as search:
        search.update(documents())
        before = answers(search)
    folder = with_weights.home / "search"
    for file in folder.iterdir():
        if file.name.startswith("index.sqlite"):
            file.unlink()
    with open_search(with_weights) as search:
        done = search.rebuild(documents())
        assert (done.written, done.embedded) == (8, 0)
        assert answers(search) == before


@pytest.mark.parametrize("damaged", ["index.sqlite", "chroma/chroma.sqlite3"])
def test_a_rebuild_mends_what_is_damaged(with_weights: Settings, damaged: str) -> None:
    with open_search(with_weights) as search:
        search.update(documents())
        before = answers(search)
    file = with_weights.home / "search" / damaged
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\x5a" * (len(whole) - 4096))
    with open_search(with_weights) as search:
        search.rebuild(documents())
        assert search.notes == []
        assert answers(search) == before


def test_damaged_embeddings_are_made_again(unpacked: Settings) -> None:
    (unpacked.home / "search" / "embeddings.sqlite").write_bytes(b"no database " * 500)
    with open_search(unpacked) as search:
        assert search.update(documents()[:1]).embedded == 1


def test_questions_may_be_anything(search: Search) -> None:
    search.update(documents())
    for question in ("", "\x00", "'; DROP TABLE documents; --", "x" * 100_000, "🍌"):
        assert len(search.search(question)) <= 10
