"""Where the files of logs lie on the machine leaves neither through tools nor through lists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from banana_assets.backends import listings
from banana_assets.backends.ingest import ingest_logs
from banana_assets.core.errors import InputError
from banana_assets.core.tables import LOG_FILES
from banana_assets.interfaces.mcp.calls import Sources
from tests.interfaces.mcp.conftest import Ask, asking


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


def test_what_lines_of_a_log_and_the_walk_to_them_name_it_so_too(own_sources: Sources, folder: str) -> None:
    ask = asking(own_sources, "report")
    short = f"{folder.rsplit('/', 1)[-1]}/shop.log"
    lines, found = ask("get_log_lines", log_file="shop.log"), ask("search_logs", query="order", log_file=short)
    assert (lines["log_file"], found["log_file"]) == (short, short)
    planned = ask("generate_optimized_plan", goal="stop the errors 'database unavailable' of shop")
    walk = ask("why", plan_id=planned["plan"]["plan_id"], max_bytes=200_000)
    came = {cited["came_in"]["path"] for step in walk["steps"] for cited in step["cites"]}
    assert came == {short}
    assert folder not in json.dumps([lines, found, planned, walk])
    with pytest.raises(InputError) as caught:
        ask("get_log_lines", log_file="shop.lag")
    assert short in str(caught.value)
    assert folder not in f"{caught.value}{caught.value.remedy}"


def test_logs_of_one_name_are_told_apart_by_their_ids(own_sources: Sources, tmp_path: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place / "web").mkdir(parents=True)
        (tmp_path / place / "web" / "access.log").write_text(f"2026-03-01 10:00:00 INFO began {place}\n")
    ingest_logs(own_sources.store, [tmp_path / "a" / "web" / "access.log", tmp_path / "b" / "web" / "access.log"])
    ask = asking(own_sources)
    files = own_sources.store.log_files()
    ids = [str(row["file_id"]) for row in files.iter_rows(named=True) if row["path"].endswith("web/access.log")]
    with pytest.raises(InputError, match=f"ids {ids[0]}, {ids[1]}") as caught:
        ask("get_log_lines", log_file="web/access.log")
    assert str(tmp_path) not in str(caught.value)
    told = [ask("get_log_lines", log_file=one) for one in ids]
    assert [one["lines"][0]["text"][-1] for one in told] == ["a", "b"]
