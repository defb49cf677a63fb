"""The sensor on the watched folder asks for one run with the files that came, each once."""

from pathlib import Path

import dagster as dg
import pytest

from resources import StoreResource
from sensors import new_files


@pytest.fixture
def folder(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    watched = tmp_path / "in"
    (watched / "logs").mkdir(parents=True)
    (watched / "builds").mkdir()
    monkeypatch.setenv("BANANA_WATCH_FOLDER", str(watched))
    return watched


def look(home: Path, cursor: str | None) -> dg.SensorResult:
    with dg.build_sensor_context(cursor=cursor, resources={"store": StoreResource(home=str(home))}) as context:
        result = new_files(context)
    assert isinstance(result, dg.SensorResult)
    return result


def test_files_are_asked_for_once(home: Path, folder: Path) -> None:
    log, build = folder / "logs" / "app.log", folder / "builds" / "ci" / "1.log"
    build.parent.mkdir()
    log.write_text("hello\n")
    build.write_text("failed\n")
    song = folder / "media" / "music" / "1.wav"
    song.parent.mkdir(parents=True)
    song.write_bytes(b"RIFF")
    first = look(home, None)
    second = look(home, first.cursor)
    third = look(home, second.cursor)
    assert not first.run_requests
    (request,) = second.run_requests or []
    assert request.run_config["ops"]["log_files"]["config"]["paths"] == [str(log)]
    assert request.run_config["ops"]["builds"]["config"]["paths"] == [str(build)]
    assert request.run_config["ops"]["media_items"]["config"]["paths"] == [str(song)]
    assert request.partition_key
    assert not third.run_requests


def test_without_a_folder_it_says_so(home: Path) -> None:
    with dg.build_sensor_context(resources={"store": StoreResource(home=str(home))}) as context:
        result = new_files(context)
    assert isinstance(result, dg.SkipReason)
    assert "BANANA_WATCH_FOLDER" in str(result.skip_message)
