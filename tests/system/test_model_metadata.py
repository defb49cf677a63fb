"""Real weights read metadata: only what holds of their words becomes a proposal, and each question is accounted."""

from __future__ import annotations

import json
from pathlib import Path

from banana_assets.backends.llm import open_models
from banana_assets.backends.media.filling import fill_gaps
from banana_assets.backends.media.ingesting import ingest_media
from banana_assets.backends.media.proposals import Proposals
from banana_assets.backends.settings import Settings
from banana_assets.backends.store import open_store
from tests.system.model_servers.ollama_protocol import MODEL

GENRES = ("Technology", "History")
ABOUT = ("We read the log of a night build backwards.", "The canal was dug in four years by hand alone.")


def episodes(folder: Path) -> Path:
    """Two episodes of shows of their own, one without a genre, which the rest does not tell."""
    rows = [
        {"guid": f"https://example.org/{k}", "kind": "podcast", "title": f"Part {k}", "show": f"Show {k}",
         "summary": text, "genre": genre, "date": "2026-01-01", "duration": 60 + k, "tags": ["one"], "language": "en"}
        for k, (text, genre) in enumerate(zip(ABOUT, GENRES, strict=True))
    ]  # fmt: skip
    del rows[1]["genre"]
    path = folder / "export.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def test_what_real_weights_say_is_held_to_the_text(home: Path, tmp_path: Path, model_server: dict[str, str]) -> None:
    settings = Settings(home=home, ollama_url=model_server["ollama"], ollama_model=MODEL)
    with open_store(settings) as store:
        ingest_media(store, [episodes(tmp_path)], collection="podcasts")
        models = open_models(settings, store.engine)
        told = fill_gaps(store, models=models, use_model=MODEL, batch_size=1)
        calls = models.ledger.calls()
        rows = Proposals(store.engine).rows()
        again = fill_gaps(store, models=models, use_model=MODEL, batch_size=1)
    # One question about known values that are hidden from it, one about the gaps.
    assert calls.height == 2
    assert set(calls["task"]) == {"metadata"}
    assert (calls["provider"].unique().to_list(), calls["outcome"].to_list()) == (["ollama"], ["ok", "ok"])
    assert (calls["input_tokens"] > 100).all()
    assert (told.model_calls, told.cost, again.model_calls) == (2, 0.0, 0)
    assert again.new == 0
    # What it says stands in the item's own lines or is left out, and that is told.
    assert told.proposals or any("left out" in said for said in told.said)
    for row in rows.iter_rows(named=True):
        assert (row["origin"], row["state"], row["field"]) == ("model", "proposed", "genre")
        assert row["rule"].startswith("ollama/")
        assert row["call_id"] in calls["call_id"].to_list()
        assert "the model said it is" in row["source"]
        assert row["value"] == ["Technology"]
        assert row["confidence"] <= (0.67 if row["tried"] else 0.3)
