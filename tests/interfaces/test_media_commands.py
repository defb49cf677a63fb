"""``banana optimize-metadata`` and ``banana media``: every flag does what it says, data alone on stdout."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from banana_assets.backends.settings import load
from banana_assets.interfaces.cli.main import main
from tests.backends.media.audio import SAMPLE


def run(*words: str) -> int:
    load.cache_clear()
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


@pytest.fixture
def media(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    shutil.copytree(SAMPLE / "music", tmp_path / "music")
    assert run("ingest", "media", str(tmp_path / "music"), "--collection", "music") == 0
    assert run("ingest", "media", str(SAMPLE / "podcast.xml"), "--collection", "podcasts", "--format", "json") == 0
    assert '"items": 6' in capsys.readouterr().out
    return tmp_path


def out(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    capsys.readouterr()
    assert run(*words) == status
    return capsys.readouterr().out


def test_the_originals_file_and_csv(media: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    assert out(capsys, "optimize-metadata", "--analyze-only", "-o", str(file)) == ""
    told = json.loads(file.read_text(encoding="utf-8"))
    assert set(told) == {"analysis_timestamp", "collection", "analysis_duration_ms", "analysis"}
    assert {"completenessScore", "qualityIssues", "recommendations", "missingFields"} <= set(told["analysis"])
    rows = list(csv.reader(io.StringIO(out(capsys, "optimize-metadata", "--format", "csv"))))
    assert rows[0] == ["Field", "Missing Count", "Percentage"]
    fields = {r["field"]: (r["missingCount"], f"{r['percentage']:.1f}") for r in told["analysis"]["missingFields"]}
    assert {row[0]: (int(row[1]), row[2]) for row in rows[1:]} == fields


def test_an_empty_home_is_told_what_brings_in_what_is_looked_at(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, bring in ((("media", "list"), "banana ingest media"), (("schedule",), "banana ingest tasks")):
        assert run(*words) == 2
        assert bring in capsys.readouterr().err


def test_a_person_is_told_when_a_value_counts_as_invalid(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    item = json.loads(out(capsys, "media", "list", "--format", "jsonl").splitlines()[0])["item_id"]
    for value, objection in (("2026-02-31", "counts as an invalid date"), ("2026-02-28", "")):
        assert run("media", "set", item, "date", value) == 0
        said = capsys.readouterr()
        assert value in said.out
        assert (objection in said.err) if objection else not said.err


def test_a_collection_and_a_completeness_that_is_asked_for(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("metadata", "-c", "podcasts", "--format", "json", "--min-completeness", "99")
    told = json.loads(out(capsys, *asked, status=1))["analysis"]
    assert (told["collection"], told["itemCount"], told["minCompleteness"]) == ("podcasts", 6, 0.99)
    assert told["belowMinimum"]
    assert run("metadata", "-c", "podcasts", "--min-completeness", "50") == 0
    assert run("metadata", "-c", "opera") == 2
    assert "Proposed" not in out(capsys, "metadata", "--fill-gaps", "--analyze-only")
    assert run("metadata", "--fill-gaps", "--use-model", "gpt-4") == 2


def test_gaps_are_filled_written_and_taken_out(
    media: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in (media / "music").rglob("*.*") if path.is_file()}
    assert "Would propose" in out(capsys, "metadata", "--fill-gaps", "--dry-run")
    assert "nothing was proposed yet" in shown(capsys, "media", "proposals")
    told = json.loads(out(capsys, "optimize-metadata", "-f", "--format", "json", "--batch-size", "5"))["filled"]
    assert told["newProposals"] == told["proposals"] > 5
    rows = [json.loads(line) for line in out(capsys, "media", "proposals", "--format", "jsonl").splitlines()]
    first, *others = [str(row["proposal_id"]) for row in rows]
    assert run("media", "reject", first, "--note", "no") == 0
    assert run("media", "accept", *others) == 0
    assert run("media", "accept") == 2
    assert run("media", "accept", "999") == 2
    complete = json.loads(out(capsys, "metadata", "--format", "json"))["analysis"]["missingValues"]
    assert run("media", "apply", "--all", "--dry-run") == 0
    said = capsys.readouterr()
    assert "not written" in said.out
    values = {"; ".join(row["value"]) for row in rows[1:]}
    assert all(value[:20] in said.out for value in values)
    assert "if it were no dry run" in said.err
    assert {path: path.read_bytes() for path in before} == before
    with monkeypatch.context() as patched:
        for name, value in (("WRITTEN_SECONDS", 0.0), ("watched", lambda: True)):
            patched.setattr(f"banana_assets.interfaces.cli.progressing.{name}", value)
        assert run("media", "apply", "--all") == 0
    files = len({row["uri"] for row in rows[1:]})
    assert f"Writing tags: {files} of {files} files" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} != before
    assert json.loads(out(capsys, "metadata", "--format", "json"))["analysis"]["missingValues"] == complete
    assert run("media", "undo", "--all") == 0
    assert {path: path.read_bytes() for path in before} == before
    assert "undone" in out(capsys, "media", "proposals", "--state", "all")


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    run(*words)
    return capsys.readouterr().err


def test_items_are_listed_shown_and_set(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[dict[str, Any]] = json.loads(out(capsys, "media", "list", "--missing", "genre", "--format", "json"))
    assert rows
    assert all("genre" in row["missing"] for row in rows)
    short = json.loads(out(capsys, "media", "list", "--issue", "short_summaries", "--format", "json"))
    assert [row["title"] for row in short] == ["Short one"]
    item = short[0]["item_id"]
    assert "entry 4 of the feed" in out(capsys, "media", "show", item[:8])
    assert run("media", "set", item, "tags", "brief; soon") == 0
    assert "set by" in out(capsys, "media", "show", item)
    assert run("media", "show", "ffff") == 2
    assert "no item is like that" in shown(capsys, "media", "list", "--issue", "duplicate_content")
    for option, told, like in (("--issue", "missing_gnre", "missing_genre"), ("--missing", "lnguage", "language")):
        assert run("media", "list", option, told) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert f" {like}," in said.err


def test_values_are_exported_and_precision_is_told(
    media: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert json.loads(out(capsys, "media", "export", "--accepted")) == []
    rows = list(csv.DictReader(io.StringIO(out(capsys, "media", "export", "-c", "podcasts", "--format", "csv"))))
    assert {row["origin"] for row in rows} == {"feed", "channel"}
    assert run("media", "export", "-o", str(tmp_path / "a.json")) == 0
    told = json.loads(out(capsys, "media", "precision", "--format", "json"))
    assert {"field", "hidden", "offered", "right", "precision", "low", "high"} <= set(told["fields"][0])
    assert any(rule["offered"] for rule in told["rules"])
    assert "recovered" in out(capsys, "media", "precision")


def test_without_media_it_says_what_to_run(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "a.log"
    log.write_text("2026-01-01 10:00:00 INFO up\n", encoding="utf-8")
    run("ingest", "logs", str(log))
    assert "banana ingest media" in shown(capsys, "metadata")
    assert out(capsys, "metadata", status=1) == "Metadata of all collections: no items\n"
    assert json.loads(out(capsys, "metadata", "--format", "json", status=1))["analysis"]["itemCount"] == 0


def test_a_file_is_written_by_its_suffix_and_jsonl_has_a_line_a_field(
    media: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert out(capsys, "metadata", "-o", str(tmp_path / "m.csv")) == ""
    assert (tmp_path / "m.csv").read_text(encoding="utf-8") == out(capsys, "metadata", "--format", "csv")
    rows = [json.loads(line) for line in out(capsys, "metadata", "--format", "jsonl").splitlines()]
    assert rows == json.loads(out(capsys, "metadata", "--format", "json"))["analysis"]["missingFields"]


def test_accepting_all_leaves_what_would_replace_something(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("metadata", "--fill-gaps") == 0
    rows = json.loads(out(capsys, "media", "proposals", "--format", "json"))
    standing = [row["proposal_id"] for row in rows if row["stands"] is not None]
    said = shown(capsys, "media", "accept", "--all")
    left = json.loads(out(capsys, "media", "proposals", "--format", "json"))
    assert [row["proposal_id"] for row in left] == standing
    assert ("accept them by their numbers" in said) == bool(standing)
