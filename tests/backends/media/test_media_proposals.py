"""Proposals: made once, decided by people or a policy, never in place of what somebody said; models only read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from banana_assets.backends.llm import Clock, Models
from banana_assets.backends.llm.cache import Cache
from banana_assets.backends.llm.fake import Fake
from banana_assets.backends.llm.ledger import Ledger
from banana_assets.backends.media.analysis import analyze_metadata_quality
from banana_assets.backends.media.exporting import exported
from banana_assets.backends.media.filling import fill_gaps
from banana_assets.backends.media.ingesting import ingest_media
from banana_assets.backends.media.proposals import Proposals
from banana_assets.backends.media.records import MediaRecords
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError
from banana_assets.core.media.proposing import Proposal
from banana_assets.core.media.standard import MEDIA
from banana_assets.core.models.budgets import Amount, Budgets
from banana_assets.core.models.prices import FREE
from banana_assets.core.models.routing import Candidate, Tiers
from banana_assets.core.models.types import ModelError
from tests.backends.conftest import Opener
from tests.backends.media.audio import SAMPLE
from tests.core.media.libraries import albums

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ABOUT = "We read a log backwards and find the first line that went wrong in the night build."


def models(store: Store, fake: Fake) -> Models:
    candidate = Candidate(fake.provider, fake.model, FREE)
    return Models(
        Ledger(store.engine, Budgets(*[Amount(100.0, 10**9)] * 3)),
        Cache(store.engine),
        tiers=Tiers(default=candidate),
        make=lambda c: fake,
        named=lambda name: candidate,
        clock=Clock(lambda: NOW, lambda: 0.0, lambda seconds: None, lambda: 1.0),
    )


def export(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """The rows as a JSON export."""
    told = [{k.lstrip("_"): v for k, v in row.items() if k != "_collection"} for row in rows]
    path = folder / "export.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


@pytest.fixture
def music(any_store: Store, tmp_path: Path) -> Store:
    rows = albums(12)
    del rows[5]["genre"], rows[20]["date"]
    rows[9]["artist"] = "Unknown Artist"
    ingest_media(any_store, [export(tmp_path, rows)], collection="music")
    return any_store


def states(store: Store) -> dict[str, tuple[str, list[str]]]:
    return {row["field"]: (row["state"], row["value"]) for row in Proposals(store.engine).rows().to_dicts()}


def test_what_is_derived_is_proposed_once(music: Store) -> None:
    told = fill_gaps(music, dry_run=True).told()
    assert (told["dryRun"], told["proposals"], told["byField"]) == (True, 3, {"artist": 1, "date": 1, "genre": 1})
    assert Proposals(music.engine).rows().is_empty()
    assert [fill_gaps(music).new for _ in range(2)] == [3, 0]
    assert states(music) == {
        "genre": ("proposed", ["Jazz"]),
        "date": ("proposed", ["1995"]),
        "artist": ("proposed", ["Artist 2"]),
    }
    assert analyze_metadata_quality(music)["missingValues"] == 3


def test_accepted_values_count_and_carry_their_provenance(music: Store) -> None:
    fill_gaps(music)
    kept = Proposals(music.engine)
    assert kept.decide(kept.rows()["proposal_id"].to_list(), "accepted", by="ann") == (3, [])
    assert analyze_metadata_quality(music)["completenessScore"] == 1.0
    rows = exported(music, accepted_only=True)
    assert {(r["field"], r["origin"], r["source"].endswith("accepted by ann")) for r in rows} == {
        ("genre", "derived", True),
        ("date", "derived", True),
        ("artist", "derived", True),
    }
    assert fill_gaps(music).told()["proposals"] == 0


def test_what_was_rejected_is_not_proposed_again(music: Store) -> None:
    fill_gaps(music)
    kept = Proposals(music.engine)
    (number,) = kept.rows(field="genre")["proposal_id"]
    kept.decide([number], "rejected", by="ann", note="no")
    fill_gaps(music)
    assert states(music)["genre"][0] == "rejected"
    assert kept.counts() == {"proposed": 2, "rejected": 1}


def test_a_proposal_whose_ground_is_gone_is_withdrawn_and_comes_back(music: Store, tmp_path: Path) -> None:
    fill_gaps(music)
    rows = albums(12)
    del rows[5]["genre"]
    ingest_media(music, [export(tmp_path, rows)], collection="music")
    fill_gaps(music)
    assert {field: state for field, (state, _) in states(music).items()} == {
        "genre": "proposed",
        "date": "withdrawn",
        "artist": "withdrawn",
    }
    del rows[20]["date"]
    ingest_media(music, [export(tmp_path, rows)], collection="music")
    assert fill_gaps(music).new == 1
    assert states(music)["date"][0] == "proposed"


def test_accepting_looks_again(music: Store, tmp_path: Path) -> None:
    fill_gaps(music)
    ingest_media(music, [export(tmp_path, albums(12))], collection="music")
    kept = Proposals(music.engine)
    done, refused = kept.decide(kept.rows()["proposal_id"].to_list(), "accepted", by="ann")
    assert done == 0
    assert all("has a value by now" in why for why in refused)
    with pytest.raises(InputError, match="no proposal 99"):
        kept.decide([99], "accepted", by="ann")


def test_placeholders_are_refused(store: Store, tmp_path: Path) -> None:
    ingest_media(store, [export(tmp_path, [{"path": "/m/1.mp3", "genre": "Jazz"}])], collection="music")
    (item,) = MediaRecords(store.engine).items()["item_id"]
    kept = Proposals(store.engine)
    made = [Proposal(item, "title", (text,), "derived", "r", "s") for text in ("Track 03", "Unknown", "No")]
    assert kept.offer(made) == 1
    assert kept.rows()["value"].to_list() == [["No"]]
    with pytest.raises(InputError, match="no value"):
        kept.set_value(item, "title", "unknown title", MEDIA, by="ann")


def test_a_policy_accepts_what_is_measured_and_replaces_nothing(new_store: Opener, tmp_path: Path) -> None:
    store = new_store(metadata_accept_from=0.9)
    rows = albums(60)
    del rows[5]["genre"]
    rows[9]["artist"] = "Unknown Artist"
    ingest_media(store, [export(tmp_path, rows)], collection="music")
    assert fill_gaps(store).accepted == 1
    assert {field: state for field, (state, _) in states(store).items()} == {"genre": "accepted", "artist": "proposed"}
    assert set(Proposals(store.engine).rows(states=["accepted"])["decided_by"]) == {"policy"}


def test_what_a_person_says_goes_before_everything(music: Store) -> None:
    fill_gaps(music)
    kept = Proposals(music.engine)
    row = kept.rows(field="genre").row(0, named=True)
    kept.decide([row["proposal_id"]], "accepted", by="ann")
    assert kept.set_value(row["item_id"], "genre", "Blues; Folk", MEDIA, by="bo") == ("Blues", "Folk")
    item = MediaRecords(music.engine).items().filter(pl.col("item_id") == row["item_id"]).row(0, named=True)
    assert [(v["value"], v["origin"], v["source"]) for v in item["values"] if v["field"] == "genre"] == [
        (["Blues", "Folk"], "person", "set by bo")
    ]
    with pytest.raises(InputError, match="no field colour"):
        kept.set_value(row["item_id"], "colour", "red", MEDIA, by="bo")


@pytest.fixture
def episodes(store: Store, tmp_path: Path) -> Store:
    rows = [
        {"guid": f"e{k}", "kind": "podcast", "title": f"Episode {k}", "show": "S", "summary": f"{ABOUT} Part {k}.",
         "genre": "Technology", "date": "2026-01-01", "duration": "60", "tags": ["logs"], "language": "en"}
        for k in range(6)
    ]  # fmt: skip
    del rows[1]["language"], rows[2]["tags"]
    for row in rows:
        row["show"] = f"S{row['guid']}"
    ingest_media(store, [export(tmp_path, rows)], collection="podcasts")
    return store


def answer(*values: dict[str, Any]) -> dict[str, Any]:
    return {"values": [{"confidence": 0.9} | value for value in values]}


def test_a_model_fills_what_no_rule_does_and_is_measured(episodes: Store) -> None:
    right = [{"item": n, "field": "language", "value": ["en"], "line": 0} for n in range(1, 6)]
    fake = Fake([answer(), answer()])
    told = fill_gaps(episodes, models=models(episodes, fake), batch_size=5)
    assert told.model_calls == 2
    first, second = fake.asked
    assert "wanted: language" in first.data
    shown = first.data.splitlines()
    for value in right:
        place = next(k for k, line in enumerate(shown) if f"item {value['item']}" in line)
        value["line"] = next(k for k in range(place, len(shown)) if "summary: " in shown[k]) - shown_offset(shown)
    lines = second.data.splitlines()
    tagged = next(k for k, line in enumerate(lines) if "summary: " in line) - shown_offset(lines)
    fresh = Fake(
        [answer(*right), answer({"item": 1, "field": "language", "value": ["en"], "line": tagged},
                                {"item": 1, "field": "tags", "value": ["Grace Hopper"], "line": tagged})],
        model="other",
    )  # fmt: skip
    found = fill_gaps(episodes, models=models(episodes, fresh), batch_size=5)
    (made,) = [p for p in found.proposals if p.origin == "model"]
    assert (made.field, made.value, made.rule) == ("language", ("en",), "fake/other")
    assert (made.tried, made.hits) == (5, 5)
    assert "right for 5 of 5 known values hidden from it" in made.source
    row = Proposals(episodes.engine).rows(field="language").row(0, named=True)
    assert (row["state"], row["origin"]) == ("proposed", "model")
    assert row["call_id"] is not None


def shown_offset(lines: list[str]) -> int:
    """How far the numbers of the data lines are from their places in the fenced text."""
    place = next(k for k, line in enumerate(lines) if "genres: " in line)
    return place - 1


def test_models_that_fail_leave_what_is_derived(music: Store) -> None:
    fake = Fake([ModelError("unreachable", "It is gone.")] * 20)
    told = fill_gaps(music, models=models(music, fake), batch_size=2).told()
    assert (told["derived"], told["byModel"]) == (3, 0)
    assert told["modelCalls"] == 0


def test_dry_run_asks_no_model(episodes: Store) -> None:
    fake = Fake()
    told = fill_gaps(episodes, models=models(episodes, fake), dry_run=True)
    assert fake.asked == []
    assert told.said == ["would ask about 2 gaps of 2 items, 10 at a time"]


def test_the_sample_has_something_to_fill(store: Store) -> None:
    ingest_media(store, [SAMPLE / "music"], collection="music")
    ingest_media(store, [SAMPLE / "podcast.xml"], collection="podcasts")
    told = fill_gaps(store)
    truth = {"genre": {"Folk", "Rock", "Electronic"}, "artist": {"The Sidings", "Tin Harbour", "Nora Fell"}}
    assert told.new > 5
    assert all(p.value[0] in truth[p.field] for p in told.proposals if p.field in truth)
