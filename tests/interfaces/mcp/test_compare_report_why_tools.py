"""Builds compared, reports kept, plans walked back to their lines."""

from __future__ import annotations

from typing import Any

import pytest

from banana_assets.backends.plan_records import PlanRecords
from banana_assets.core.errors import InputError
from banana_assets.interfaces.mcp.calls import Sources
from tests.interfaces.mcp.answering_home import SECRET
from tests.interfaces.mcp.conftest import Ask, asked, asking, in_client


def test_a_failed_build_is_compared_with_the_last_green_one(ask: Ask) -> None:
    told = ask("compare_builds", build_id="b47")
    assert (told["base"]["build_id"], told["head"]["build_id"]) == ("b46", "b47")
    assert (told["base"]["status"], told["head"]["status"]) == ("success", "failed")
    assert told["head"]["category"] == "test_failure"
    first = told["new_lines"][0]
    assert "FAILURES" in first["citation"]["quote"] or "test_total" in first["citation"]["quote"]
    assert any("2 passed" in one["citation"]["quote"] for one in told["missing_lines"])
    assert SECRET not in str(told)


def test_two_failures_of_the_same_kind_differ_in_nothing_that_matters(ask: Ask) -> None:
    told = ask("compare_builds", build_id="b47", against="b45")
    assert told["new_lines_total"] == told["missing_lines_total"] == 0
    assert told["tests_total"] == 0


def test_lists_are_shortened_and_counted(ask: Ask) -> None:
    told = ask("compare_builds", build_id="b47", max_bytes=2000)
    assert told["truncated"]
    assert told["new_lines_total"] >= len(told["new_lines"])


def test_what_cannot_be_compared_is_told(ask: Ask) -> None:
    with pytest.raises(InputError, match="with itself"):
        ask("compare_builds", build_id="b47", against="b47")
    with pytest.raises(InputError, match="was green before"):
        ask("compare_builds", build_id="b00")


def test_a_report_is_kept_once_and_only_by_those_who_may(own_sources: Sources) -> None:
    words: dict[str, Any] = {"build_id": "b47", "analysis": "The sum is wrong.", "idempotency_key": "one"}
    refused = asked(own_sources, "submit_report", **words)
    assert refused.is_error
    assert "needs the scope report" in refused.content[0].text  # type: ignore[union-attr]
    assert not own_sources.reports.of(["b47"])
    first = asked(own_sources, "submit_report", "report", **words).structured_content
    again = asked(own_sources, "submit_report", "report", **words).structured_content
    assert first is not None
    assert again is not None
    assert (first["stored"], again["stored"]) == (True, False)
    assert first["cluster_id"] is not None
    (kept,) = own_sources.reports.of(["b47"])["b47"]
    assert (kept["analysis"], kept["verified"], kept["reported_by"]) == ("The sum is wrong.", False, "tests")
    other = asked(own_sources, "submit_report", "report", **words | {"analysis": "Another."})
    assert other.is_error
    assert asking(own_sources)("explain_failure", build_id="b47")["reports"] == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"confidence": 2}, "confidence"),
        ({"analysis": ""}, "analysis"),
        ({"recommendations": ["x"] * 60}, "recommendations"),
        ({"plan_id": "none such"}, "no plan"),
        ({"build_id": "none such"}, "no build"),
        ({"analyses": "x"}, "Did you mean analysis"),
    ],
)
def test_a_report_that_breaks_the_rules_is_refused_in_words(
    own_sources: Sources, wrong: dict[str, Any], said: str
) -> None:
    words: dict[str, Any] = {"build_id": "b47", "analysis": "It is so."} | wrong
    answer = asked(own_sources, "submit_report", "report", **words)
    assert answer.is_error
    assert said in answer.content[0].text  # type: ignore[union-attr]
    assert not own_sources.reports.of(["b47"])


def test_a_caller_sees_the_tools_that_they_may_call(sources: Sources) -> None:
    async def names(client: Any) -> set[str]:
        return {tool.name for tool in (await client.list_tools()).tools}

    reader, reporter = in_client(sources, names), in_client(sources, names, "report")
    assert "submit_report" not in reader
    assert reporter - reader >= {"submit_report"}
    assert {"explain_failure", "list_failed_builds", "why"} <= reader


def test_a_plan_is_walked_back_to_lines_that_were_read_again(own_sources: Sources) -> None:
    ask = asking(own_sources, "report")
    made = ask("generate_optimized_plan", goal="make the failing tests of ci/test pass")
    plan_id = made["plan"]["plan_id"]
    told = ask("why", plan_id=plan_id[:8])
    assert told["plan_id"] == plan_id
    assert told["holds"]
    cites = [cited for step in told["steps"] for cited in step["cites"]]
    assert cites
    assert all(cited["holds"] and any(line["cited"] for line in cited["lines"]) for cited in cites)
    assert {cited["came_in"]["kind"] for cited in cites} == {"build"}
    one = ask("why", plan_id=plan_id, step=told["steps"][0]["step"])
    assert [step["step"] for step in one["steps"]] == [told["steps"][0]["step"]]
    with pytest.raises(InputError, match="has no step"):
        ask("why", plan_id=plan_id, step="s99")
    pages, cursor = [], None
    while True:
        page = ask("why", plan_id=plan_id, max_bytes=1000, cursor=cursor)
        pages += [step["step"] for step in page["steps"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    plan = PlanRecords(own_sources.store.engine).plan(plan_id)
    assert plan is not None
    assert pages == [step.id for step in plan.subtasks]
    with pytest.raises(InputError, match="no plan"):
        ask("why", plan_id="nothing")
