"""The assets of media over several runs: computed when something changed, and what they say reaches recommendations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from banana_assets.assets import checks, media
from banana_assets.backends.media.filling import fill_gaps
from banana_assets.backends.media.ingesting import ingest_media
from banana_assets.backends.media.proposals import Proposals
from banana_assets.backends.observing import observe
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.advice.effects import effect
from banana_assets.core.advice.standing import recommendations
from banana_assets.core.plots.media import items_plot, quality_plot
from banana_assets.core.tables import BOTTLENECKS, MEDIA_ITEMS, METADATA_QUALITY
from banana_assets.definitions import build_definitions
from resources import build_resources
from tests.backends.media.audio import SAMPLE, library, tone

MADE = ("media_items", "metadata_quality")


@pytest.fixture
def run(home: Path) -> Callable[..., dict[str, Any]]:
    """Compute both once more; the metadata of each."""
    instance = dg.DagsterInstance.ephemeral()
    every = [*dg.load_assets_from_modules([media]), *dg.load_asset_checks_from_modules([checks])]
    own = [a for a in every if isinstance(a, dg.AssetChecksDefinition | dg.AssetsDefinition)]

    def once(*paths: Path) -> dict[str, Any]:
        done = dg.materialize(
            [a for a in own if not isinstance(a, dg.AssetChecksDefinition) or _of_media(a)],
            resources=build_resources(load_from(home)),
            instance=instance,
            run_config={"ops": {"media_items": {"config": {"paths": [str(p) for p in paths]}}}},
        )
        assert done.success
        assert [e.check_name for e in done.get_asset_check_evaluations() if not e.passed] == []
        return {name: done.asset_materializations_for_node(name)[0].metadata for name in MADE}

    return once


def _of_media(check: dg.AssetChecksDefinition) -> bool:
    return all(key.asset_key.path[-1] in MADE for key in check.check_keys)


def lake(home: Path) -> Tables:
    return Tables(load_from(home).tables_root)


def test_an_empty_library_disturbs_nothing(home: Path, run: Callable[..., dict[str, Any]]) -> None:
    assert run()["metadata_quality"]["dagster/row_count"].value == 0
    assert lake(home).read(METADATA_QUALITY).is_empty()
    assert recommendations(BOTTLENECKS.empty(), observe(lake(home))).is_empty()
    assert items_plot(MEDIA_ITEMS.empty()).startswith(b"<?xml")


def test_media_are_judged_and_recommended(home: Path, run: Callable[..., dict[str, Any]]) -> None:
    settings = load_from(home)
    with open_store(settings) as store:
        ingest_media(store, [SAMPLE / "music"], collection="music")
    told = run()
    assert told["media_items"]["dagster/row_count"].value == 28
    assert "plot" in told["metadata_quality"]
    version = lake(home).version(METADATA_QUALITY)
    run()
    assert lake(home).version(METADATA_QUALITY) == version
    made = recommendations(BOTTLENECKS.empty(), observe(lake(home)))
    assert set(made["recommendation_type"]) == {"metadata"}
    genre = made.filter(pl.col("subject") == "metadata media music missing genre").row(0, named=True)
    assert "follow from the rest of the library" in genre["description"]
    assert genre["created_at"] is not None
    assert quality_plot(lake(home).read(METADATA_QUALITY)).startswith(b"<?xml")


def test_what_came_of_filling_gaps_is_measured(home: Path, run: Callable[..., dict[str, Any]]) -> None:
    settings = load_from(home)
    with open_store(settings) as store:
        ingest_media(store, [SAMPLE / "music"], collection="music")
        run()
        fill_gaps(store)
        kept = Proposals(store.engine)
        kept.decide(kept.rows()["proposal_id"].to_list(), "accepted", by="ann")
    seen = observe(lake(home))
    goal = recommendations(BOTTLENECKS.empty(), seen).row(0, named=True)["target"]
    since = datetime.now(UTC) - timedelta(seconds=0)
    assert effect(goal, since, seen)["verdict"] == "too_early"
    run()
    past = lake(home).read(METADATA_QUALITY).filter(pl.col("field") == "genre", pl.col("collection") == "music")
    assert past.filter(pl.col("measure") == "missing")["affected"].item() < 7


def test_files_of_the_watched_folder_become_items_and_proposals(
    home: Path, tmp_path: Path, run: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = library(tmp_path / "watched" / "media" / "music")
    single = tone(tmp_path / "watched" / "media" / "single.wav")
    monkeypatch.setenv("BANANA_WATCH_FOLDER", str(tmp_path / "watched"))
    files = [p for p in sorted(folder.rglob("*.*")) if p.is_file()]
    told = run(*files, single)
    assert told["media_items"]["ingested"].value == len(files) + 1
    assert told["metadata_quality"]["proposed"].value > 5
    items = lake(home).read(MEDIA_ITEMS)
    assert dict(items.group_by("collection").len().rows()) == {"music": len(files), "media": 1}
    files[0].unlink()
    moved = files[1].rename(files[1].with_name("other name.mp3"))
    run(moved)
    items = lake(home).read(MEDIA_ITEMS)
    assert items.filter(uri=str(files[0]))["present"].to_list() == [False]
    assert (items.height, items.filter(uri=str(moved))["present"].to_list()) == (len(files) + 1, [True])


def test_both_are_in_the_job_that_takes_in(home: Path) -> None:
    definitions = build_definitions(load_from(home))
    job = definitions.resolve_job_def("ingest")
    assert "media_items" in {key.path[-1] for key in job.asset_layer.executable_asset_keys}
