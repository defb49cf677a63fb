"""``analyze_metadata_quality``: every argument changes the answer as it says."""

from __future__ import annotations

from banana_assets.interfaces.mcp.calls import Sources
from tests.interfaces.mcp.conftest import Ask, asked, asking

NAME = "analyze_metadata_quality"


def test_what_is_missing_and_wrong_is_told_with_its_extent(ask: Ask) -> None:
    found = ask(NAME)
    genre = next(field for field in found["missingFields"] if field["field"] == "genre")
    assert (genre["missingCount"], genre["expectedCount"]) == (4, 7)
    assert 0 < found["completenessScore"] < 1
    short = next(issue for issue in found["qualityIssues"] if issue["type"] == "short_summaries")
    assert (short["count"], short["of"], short["schema"]) == (6, 6, "media")
    assert all(reason["reason"] and 0 < reason["items"] <= short["count"] for reason in short["reasons"])
    assert short["reasons"]
    assert (found["itemCount"], found["truncated"]) == (7, False)


def test_a_collection_or_a_part_of_paths_narrows(ask: Ask) -> None:
    assert ask(NAME, collection="talks")["itemCount"] == 1
    assert ask(NAME, collection="music/")["itemCount"] == 6
    assert ask(NAME, collection="talks")["collection"] == "talks"


def test_an_unknown_collection_is_refused_with_those_there_are(sources: Sources) -> None:
    found = asked(sources, NAME, collection="films")
    assert found.is_error
    assert "music, talks" in found.content[0].text  # type: ignore[union-attr]


def test_what_is_less_complete_than_asked_for_is_told(ask: Ask) -> None:
    assert ask(NAME)["belowMinimum"] == []
    below = ask(NAME, min_completeness=0.9)
    assert {row["collection"] for row in below["belowMinimum"]} == {"music", "talks"}
    assert ask(NAME, min_completeness=90)["belowMinimum"] == below["belowMinimum"]
    assert below["minCompleteness"] == 0.9


def test_recommendations_and_detail_come_when_they_are_asked_for(ask: Ask) -> None:
    plain = ask(NAME)
    assert plain["recommendations"]
    assert ask(NAME, include_recommendations=False)["recommendations"] == []
    assert (plain["fields"], plain["measures"], plain["worstItems"]) == ([], [], [])
    detailed = ask(NAME, detailed_analysis=True, max_bytes=200_000)
    assert detailed["fields"]
    assert detailed["measures"]
    assert len(detailed["worstItems"]) == 7


def test_the_budget_shortens_lists_and_says_so(ask: Ask) -> None:
    short = ask(NAME, detailed_analysis=True, max_bytes=2000)
    assert short["truncated"]
    assert len(str(short)) < 4000


def test_shares_of_nothing_are_null(no_sources: Sources) -> None:
    found = asking(no_sources)(NAME)
    assert (found["completenessScore"], found["weightedCompleteness"], found["itemCount"]) == (None, None, 0)
    assert found["missing"][0]["run"].startswith("banana ingest media")
