"""Metadata over HTTP: the analysis with the original's keys, proposals, and decisions that write no file."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from banana_assets.backends.media.filling import fill_gaps
from banana_assets.backends.media.ingesting import ingest_media
from banana_assets.backends.media.proposals import Proposals
from banana_assets.backends.media.records import MediaRecords
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.core.media.proposing import Proposal
from banana_assets.interfaces.api.app import create_app
from banana_assets.interfaces.client import (
    AppTransport,
    AsyncAppTransport,
    AsyncBananaClient,
    BananaClient,
    NotFoundError,
)
from tests.backends.media.audio import SAMPLE
from tests.interfaces.api.conftest import SECRET, Client, opened


@pytest.fixture
def media(home: Path, tmp_path: Path) -> Path:
    shutil.copytree(SAMPLE / "music", tmp_path / "music")
    with open_store(load_from(home)) as store:
        ingest_media(store, [tmp_path / "music"], collection="music")
        fill_gaps(store)
    return home


def test_the_analysis_has_the_originals_keys_and_a_tag(media: Path) -> None:
    with opened(media) as api:
        answer = api.get("/api/metadata/quality", params={"collection": "music", "min_completeness": 90})
        told = answer.json()
        assert {"completenessScore", "qualityIssues", "recommendations", "missingFields"} <= set(told)
        assert (told["itemCount"], told["minCompleteness"]) == (28, 0.9)
        in_full = api.get("/api/metadata/quality?detailed_analysis=true").text
        assert str(media.parent) not in in_full + api.get("/api/media").text + api.get("/api/metadata-quality").text
        assert "music/singles" not in in_full
        assert '"singles/single.wav"' in in_full
        again = api.get(
            "/api/metadata/quality",
            params={"collection": "music", "min_completeness": 90},
            headers={"if-none-match": answer.headers["etag"]},
        )
        assert again.status_code == 304
        assert api.get("/api/metadata/quality?collection=opera").status_code == 404
        assert api.get("/api/metadata/quality?min_completeness=101").status_code == 422


def test_proposals_are_paged_and_decided_once(media: Path) -> None:
    files = {path: path.read_bytes() for path in media.parent.rglob("*.mp3")}
    with opened(media) as api:
        answer = api.get("/api/metadata/proposals?limit=2&field=genre")
        assert answer.links["next"]["url"].startswith("/api/metadata/proposals?limit=2&cursor=")
        assert "field=genre" in answer.links["next"]["url"]
        page = api.get("/api/metadata/proposals?limit=2").json()
        assert (page["count"], page["limit"]) == (2, 2)
        rest = api.get("/api/metadata/proposals", params={"cursor": page["next"]}).json()
        assert rest["next"] is None
        assert not any(row["uri"].startswith("/") for row in page["items"])
        for none in ("x", "WzEsMl0", "WyJhIl0", "Wy0xXQ"):
            assert api.get("/api/metadata/proposals", params={"cursor": none}).status_code == 404
        numbers = [row["proposal_id"] for row in page["items"] + rest["items"]]
        assert len(set(numbers)) == len(numbers) > 5
        url = f"/api/metadata/proposals/{numbers[0]}/state"
        assert api.put(url, json={"state": "accepted"}).json()["state"] == "accepted"
        row = api.get("/api/metadata/proposals?state=accepted").json()["items"][0]
        assert (row["proposal_id"], row["decided_at"][-1]) == (numbers[0], "Z")
        assert api.put("/api/metadata/proposals/9999/state", json={"state": "accepted"}).status_code == 404
        assert api.put(url, json={"state": "applied"}).status_code == 422
        twin = next(r for r in page["items"] + rest["items"] if r["proposal_id"] == numbers[1])
        assert api.put(f"/api/metadata/proposals/{twin['proposal_id']}/state", json={"state": "rejected"}).is_success
    assert {path: path.read_bytes() for path in files} == files


def test_the_client_asks_for_media_and_decides(media: Path) -> None:
    app = create_app(load_from(media), open_here=True)
    with AppTransport(app) as transport, BananaClient(transport=transport) as banana:
        told = banana.metadata_quality("music")
        assert (told.items, told.fields[0].field, told.message) == (28, "genre", None)
        assert 0 < told.completeness < 1
        assert told.advice
        every = list(banana.proposals(state="proposed", page_size=2))
        assert len({one.proposal_id for one in every}) == len(every) > 5
        assert banana.decide_proposal(every[0].proposal_id, "rejected", note="no") == "rejected"
        (decided,) = banana.proposals(state="rejected")
        assert (decided.value, decided.decided_at is not None) == (every[0].value, True)
        with pytest.raises(NotFoundError):
            banana.decide_proposal(9999, "accepted")
        with pytest.raises(NotFoundError):
            banana.decide_recommendation("none", "dismissed")

    async def ask() -> tuple[int, list[int], list[object]]:
        app = create_app(load_from(media), open_here=True)
        async with app.router.lifespan_context(app), AsyncBananaClient(transport=AsyncAppTransport(app)) as banana:
            found = [one.proposal_id async for one in banana.proposals(collection="music", page_size=3)]
            empty = [one async for one in banana.queues()] + [one async for one in banana.room(queue="none")]
            return (await banana.metadata_quality()).items, found, empty

    items, found, empty = asyncio.run(ask())
    assert (items, found, empty) == (28, [one.proposal_id for one in every], [])


def test_without_media_it_says_what_to_run(client: Client) -> None:
    with client() as api:
        told = api.get("/api/metadata/quality").json()
        assert "banana ingest media" in told["message"]
        assert api.get("/api/metadata/proposals").json()["items"] == []
        assert api.get("/api/media").json()["items"] == []


def test_proposals_are_decided_on_the_page(media: Path) -> None:
    with opened(media) as api:
        page = api.get("/media")
        assert page.status_code == 200
        assert 'action="/media/proposals/1"' in page.text
        answer = api.post("/media/proposals/1", data={"state": "accepted", "back": "/media"}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/media")
        assert api.get("/api/metadata/proposals?state=accepted").json()["count"] == 1
        assert api.post("/media/proposals/9999", data={"state": "accepted"}).status_code == 404


def test_what_files_say_is_escaped_and_masked_on_the_page(home: Path, tmp_path: Path) -> None:
    bad = f"<script>alert(1)</script> {SECRET}"
    (tmp_path / "a.json").write_text(json.dumps([{"path": f"/m/{k}.mp3", "artist": bad} for k in range(2)]))
    with open_store(load_from(home)) as store:
        ingest_media(store, [tmp_path / "a.json"], collection="c")
        frame = MediaRecords(store.engine).items()
        Proposals(store.engine).offer([Proposal(frame["item_id"][0], "title", (bad,), "derived", bad, bad)])
    with opened(home) as api:
        for text in (api.get("/media").text, api.get("/api/metadata/proposals").text):
            assert SECRET not in text
        assert "<script>alert" not in api.get("/media").text
        assert "&lt;script&gt;alert" in api.get("/media").text
