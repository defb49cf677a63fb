"""``get_optimization_recommendations``: every argument narrows the list as it says, and asking changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch

import pytest

from banana_assets.core.schema import Table
from banana_assets.core.tables import METADATA_QUALITY, OPTIMIZATION_RECOMMENDATIONS, QUEUE_SCHEDULES, RESOURCE_USAGE
from banana_assets.interfaces.mcp.advice import Recommendations
from banana_assets.interfaces.mcp.calls import Sources
from banana_assets.interfaces.mcp.paging import LEAN_BYTES
from banana_assets.interfaces.mcp.records import Recommendation
from banana_assets.interfaces.mcp.wire import size_of
from tests.interfaces.mcp.conftest import Ask, asked, asking

NAME = "get_optimization_recommendations"
WHOLE = {"max_bytes": 100_000}


def test_the_greatest_impact_comes_first_with_what_it_rests_on(ask: Ask) -> None:
    found = ask(NAME, **WHOLE)
    scores = [r["impact_score"] for r in found["recommendations"]]
    assert scores == sorted(scores, reverse=True)
    assert found["total_recommendations"] == found["filtered_recommendations"] == len(scores) > 3
    assert all(r["evidence"] for r in found["recommendations"])
    failing = next(r for r in found["recommendations"] if r["subject"].startswith("failure "))
    assert 0.5 < failing["confidence"] <= 1


def test_filters_narrow(ask: Ask) -> None:
    everything = ask(NAME)
    resources = ask(NAME, category="resource")
    assert {r["recommendation_type"] for r in resources["recommendations"]} == {"resource"}
    assert 0 < resources["filtered_recommendations"] < everything["filtered_recommendations"]
    assert resources["total_recommendations"] == everything["total_recommendations"]
    assert min(r["impact_score"] for r in ask(NAME, min_impact_score=4)["recommendations"]) >= 4
    medium = ask(NAME, implementation_difficulty="medium")["recommendations"]
    assert {r["implementation_difficulty"] for r in medium} == {"medium"}
    hard = ask(NAME, implementation_difficulty="high", category="resource")
    assert (hard["filtered_recommendations"], hard["recommendations"]) == (0, [])
    assert hard["filters_applied"] == {
        "category": "resource", "min_impact_score": 0, "implementation_difficulty": "high", "status": "open",
    }  # fmt: skip


def test_pages_join(ask: Ask) -> None:
    everything = [r["id"] for r in ask(NAME, **WHOLE)["recommendations"]]
    first = ask(NAME, limit=2)
    assert (len(first["recommendations"]), first["truncated"]) == (2, True)
    seen, cursor = [r["id"] for r in first["recommendations"]], first["next_cursor"]
    while cursor:
        page = ask(NAME, limit=2, cursor=cursor)
        seen += [r["id"] for r in page["recommendations"]]
        cursor = page["next_cursor"]
    assert seen == everything
    small = ask(NAME, max_bytes=4000)
    assert (0 < len(small["recommendations"]) < len(everything), small["truncated"]) == (True, True)


def test_a_cursor_of_another_question_is_refused(sources: Sources, ask: Ask) -> None:
    cursor = ask(NAME, limit=1)["next_cursor"]
    found = asked(sources, NAME, cursor=cursor, category="resource")
    assert found.is_error
    assert "another question" in found.content[0].text  # type: ignore[union-attr]


def test_what_people_decided_shows_and_asking_changes_nothing(own_sources: Sources) -> None:
    ask = asking(own_sources)
    before = ask(NAME)
    assert ask(NAME) == before
    mine = before["recommendations"][0]["id"]
    now = datetime(2026, 3, 14, tzinfo=UTC)
    own_sources.store.set_recommendation_state(mine, "implemented", set_by="tests", set_at=now, implemented_at=now)
    assert mine not in [r["id"] for r in ask(NAME)["recommendations"]]
    done = ask(NAME, status="implemented")["recommendations"]
    assert [(r["id"], r["implemented"]) for r in done] == [(mine, True)]
    assert ask(NAME, status="all")["filtered_recommendations"] == before["total_recommendations"]


def test_arguments_that_cannot_be_are_refused_with_a_remedy(sources: Sources) -> None:
    for wrong in ({"category": "money"}, {"min_impact_score": 11}, {"limit": 0}, {"catgory": "all"}):
        found = asked(sources, NAME, **wrong)
        assert found.is_error
    assert "Did you mean category?" in found.content[0].text  # type: ignore[union-attr]


@pytest.mark.parametrize(("category", "table", "run"), [
    ("metadata", METADATA_QUALITY, "banana ingest media"), ("resource", RESOURCE_USAGE, "banana watch"),
    ("schedule_optimization", QUEUE_SCHEDULES, "banana ingest tasks"),
])  # fmt: skip
def test_a_category_whose_data_are_not_there_says_what_brings_them_in(
    sources: Sources, category: str, table: Table, run: str
) -> None:
    reads, held = sources.tables.read, table.empty()
    with patch.object(sources.tables, "read", lambda one: held if one.name == table.name else reads(one)):
        told = asking(sources)(NAME, category=category)["missing"]
        assert [run in str(one["run"]) for one in told] == [True]
        assert asking(sources)(NAME, category="performance")["missing"] == []
        held = table.empty().clear(1)
        assert asking(sources)(NAME, category=category)["missing"] == []


def test_ten_usual_rows_fit_unless_told_otherwise(ask: Ask) -> None:
    page = ask(NAME, status="all")
    rows = [size_of(Recommendation.model_validate(row)) for row in page["recommendations"]]
    rest = size_of(Recommendations.model_validate(page | {"recommendations": []}))
    assert rest + 10 * sum(rows) / len(rows) <= LEAN_BYTES


def test_the_impact_comes_with_its_formula_alone(ask: Ask, sources: Sources) -> None:
    stored = sources.tables.read(OPTIMIZATION_RECOMMENDATIONS)
    whole = dict(stored.select("recommendation_id", "impact_method").iter_rows())
    for row in ask(NAME, status="all")["recommendations"]:
        assert row["impact_method"].startswith("10 x sqrt(")
        assert row["impact_method"].endswith(")")
        assert whole[row["id"]].startswith(row["impact_method"] + ": ")
