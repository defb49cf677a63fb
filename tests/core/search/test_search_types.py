from __future__ import annotations

from datetime import timedelta

import pytest

from banana_assets.core.errors import InputError
from banana_assets.core.search.listing import frame
from banana_assets.core.search.types import COLLECTIONS, Document, Filters, Hit, fused, joined
from banana_assets.core.tables.search import PLANNING_INDEX
from banana_assets.core.vocabulary import SEARCH_KINDS
from tests.core.search.samples import AT, document, documents


def test_fusion_prefers_what_both_rankings_have() -> None:
    assert list(fused(["a", "b", "c"], ["d", "b"])) == ["b", "a", "d", "c"]
    assert fused(["a"], ["a"])["a"] == pytest.approx(2 / 61)
    assert fused([], []) == {}


def test_several_questions_become_one_ranking_without_repeats() -> None:
    one, two = Hit(document("yaml"), 0.9), Hit(document("disk"), 0.5)
    assert [hit.document.key for hit in joined([[one], [two, one]])] == ["yaml", "disk"]
    assert joined([[one, two]]) == [one, two]


def test_a_document_survives_its_row_and_its_table() -> None:
    rows = frame(documents())
    assert PLANNING_INDEX.violations(PLANNING_INDEX.conform(rows)) == {}
    assert [Document.of_row(row) for row in rows.iter_rows(named=True)] == documents()


def test_the_content_hash_changes_with_the_content_alone() -> None:
    assert document("yaml").content_hash == document("yaml").content_hash
    assert document("yaml").content_hash != document("yaml", helped="a plan").content_hash
    assert document("yaml").content_hash != document("yaml", last_seen=AT + timedelta(days=1)).content_hash


@pytest.mark.parametrize(
    ("filters", "keys"),
    [
        (Filters(kinds=("pattern",)), {"redis", "login"}),
        (Filters(severity="high"), {"yaml", "disk", "heap", "merge"}),
        (Filters(severity="low"), {"yaml", "disk", "heap", "merge", "redis", "login", "cpu"}),
        (Filters(source="shop"), {"redis", "login"}),
        (Filters(since=AT - timedelta(hours=1)), {"yaml", "disk"}),
        (Filters(until=AT - timedelta(days=6)), {"cpu", "plan"}),
    ],
)
def test_filters(filters: Filters, keys: set[str]) -> None:
    assert {d.key for d in documents() if filters.passes(d)} == keys


def test_filters_refuse_what_does_not_exist() -> None:
    with pytest.raises(InputError, match="no kind 'patterns'"):
        Filters(kinds=("patterns",))
    with pytest.raises(InputError, match="no severity"):
        Filters(severity="grave")


def test_every_kind_has_a_collection() -> None:
    assert set(COLLECTIONS) == set(SEARCH_KINDS)
