"""Where the files of logs lie on the machine leaves neither through tools nor through lists."""

from __future__ import annotations

import json

import pytest

from banana_assets.backends import listings
from banana_assets.core.tables import LOG_FILES
from banana_assets.interfaces.mcp.calls import Sources
from tests.interfaces.mcp.conftest import Ask


@pytest.fixture(scope="module")
def folder(sources: Sources) -> str:
    """The folder of the log that was ingested."""
    path = next(path for path in sources.tables.read(LOG_FILES)["path"] if path.endswith("/shop.log"))
    return str(path.removesuffix("/shop.log"))


def test_lists_name_a_file_with_its_folder_alone(sources: Sources, folder: str) -> None:
    rows = listings.read(sources.tables, listings.LISTINGS["patterns"], {}, limit=100).items
    paths = {example["path"] for row in rows for example in row["examples"]}
    assert paths == {f"{folder.rsplit('/', 1)[-1]}/shop.log"}
    key = rows[0]["pattern_id"]
    assert listings.one(sources.tables, listings.LISTINGS["patterns"], key) == rows[0]


def test_what_recommendations_and_plans_rest_on_names_it_so_too(ask: Ask, folder: str) -> None:
    advice = ask("get_optimization_recommendations", limit=50, max_bytes=200_000)
    facts = [fact["fact"] for one in advice["recommendations"] for fact in one["evidence"]]
    assert any(fact.startswith(f"{folder.rsplit('/', 1)[-1]}/shop.log, line ") for fact in facts)
    told = [advice, ask("analyze_system_logs"), ask("search_logs", query="timeout")]
    assert folder not in json.dumps(told)


def test_what_a_step_takes_in_is_named_so_too() -> None:
    sentence = "Take in the builds that ran since from `{}`, so that the prediction is decided."
    step = {"description": sentence.format("/srv/ci/shop/builds"), "expects": None}
    action = {"kind": "ingest", "arguments": ("/srv/ci/shop/builds", "logs")}
    (outside,) = listings.outward({"steps": (step | {"action": action},)})["steps"]
    assert outside["description"] == sentence.format("shop/builds")
    assert outside["action"] == {"kind": "ingest", "arguments": ["shop/builds", "logs"]}
    assert listings.outward({"kind": "backfill", "arguments": ["2026-11-22"]})["arguments"] == ["2026-11-22"]
