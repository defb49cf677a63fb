"""``get_execution_schedule``: every argument counts, and what is lacking is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from banana_assets.backends.ingest.tasks import ingest_tasks
from banana_assets.interfaces.mcp.calls import Sources
from tests.interfaces.mcp.conftest import Ask, asked, asking
from tests.queue_files import write_queue

NAME = "get_execution_schedule"


@pytest.fixture
def busy(no_sources: Sources, tmp_path: Path) -> Ask:
    """A queue with a long task before short ones, each day at nine, and two tasks that wait now."""
    write_queue(tmp_path / "encoder.csv", 15)
    write_queue(tmp_path / "other.csv", 1, waiting=False)
    ingest_tasks(no_sources.store, [tmp_path / "encoder.csv", tmp_path / "other.csv"])
    return asking(no_sources)


def test_queues_are_told_with_their_order_windows_and_batches(busy: Ask) -> None:
    found = busy(NAME)
    first = found["queues"][0]
    assert (first["queue"], first["verdict"], found["total_queues"]) == ("encoder", "saves", 2)
    assert [(p["kind"], p["place"], p["first_come_place"]) for p in first["waiting"]] == [
        ("tag", 1, 2),
        ("render", 2, 1),
    ]
    assert first["windows"]
    assert {b["kind"] for b in first["batches"]} == {"tag", "render"}
    assert found["missing"][0]["run"] == "banana materialize"


def test_arguments_count(busy: Ask) -> None:
    assert [q["queue"] for q in busy(NAME, queue="other")["queues"]] == ["other"]
    one, four = (busy(NAME, queue="encoder", **limits)["queues"][0] for limits in ({}, {"at_once": 4}))
    assert (one["at_once"], four["at_once"]) == (1, 4)
    assert four["saved_seconds"] < one["saved_seconds"]
    near, far = (busy(NAME, queue="encoder", look_ahead_hours=h)["queues"][0] for h in (6, 72))
    assert near["windows_total"] < far["windows_total"]
    sure = busy(NAME, queue="encoder", risk=0.0)["queues"][0]
    assert all(w["risk"] == 0 for w in sure["windows"])


def test_pages_join(busy: Ask) -> None:
    first = busy(NAME, limit=1)
    assert first["truncated"]
    rest = busy(NAME, limit=1, cursor=first["next_cursor"])
    assert [q["queue"] for q in (*first["queues"], *rest["queues"])] == ["encoder", "other"]
    assert rest["next_cursor"] is None


def test_what_is_lacking_is_said(no_sources: Sources) -> None:
    found = asking(no_sources)(NAME)
    assert found["queues"] == []
    assert "banana ingest tasks" in found["missing"][0]["run"]
    wrong = asked(no_sources, NAME, queue="none")
    assert wrong.is_error
    assert "no queue 'none'" in wrong.content[0].text  # type: ignore[union-attr]
