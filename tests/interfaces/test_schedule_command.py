"""``banana schedule`` on queues that wait, and on none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from banana_assets.interfaces.cli.main import main
from tests.queue_files import write_queue


@pytest.fixture(autouse=True)
def queue(home: Path, tmp_path: Path) -> None:
    write_queue(tmp_path / "encoder.csv", 20)
    assert run("ingest", "tasks", str(tmp_path / "encoder.csv")) == 0


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


def rows(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    capsys.readouterr()
    assert run("schedule", *words, "--format", "jsonl") == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_order_is_told_with_what_it_saves(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (queue,) = rows(capsys)
    assert (queue["queue"], queue["verdict"]) == ("encoder", "saves")
    assert run("schedule") == 0
    assert "saves" in capsys.readouterr().out


def test_what_waits_batches_and_windows_are_shown(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [r["kind"] for r in rows(capsys, "--show", "order")] == ["tag", "render"]
    assert {r["kind"] for r in rows(capsys, "--show", "batches")} == {"tag", "render"}
    windows = rows(capsys, "--show", "windows", "--look-ahead-hours", "48")
    assert windows
    day = rows(capsys, "--show", "windows", "--look-ahead-hours", "48", "--target-date", "2026-03-23")
    assert day
    assert all(str(r["begins_at"]).startswith("2026-03-23") for r in day)
    capsys.readouterr()
    assert run("schedule", "--format", "json") == 0
    assert set(json.loads(capsys.readouterr().out)) == {"queues", "windows", "looked_at"}


def test_limits_of_a_person_count(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (seen,), (more,) = rows(capsys), rows(capsys, "--at-once", "3")
    assert (seen["at_once"], more["at_once"]) == (1, 3)
    assert float(str(more["first_come_wait"])) < float(str(seen["first_come_wait"]))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--queue", "none"], "There is no queue 'none'"),
        (["--memory", "much"], "no amount of memory"),
        (["--target-date", "soon"], "is no day"),
    ],
)
def test_mistakes_are_told(home: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert run("schedule", *words) == 2
    assert said in capsys.readouterr().err


LONG = "optimize-resource-schedule"


@pytest.mark.parametrize(
    ("flag", "part"),
    [("balance-load", "queues"), ("peak-mitigation", "windows"), ("resource-efficiency", "batches"),
     ("conflict-resolution", "order")],
)  # fmt: skip
def test_the_originals_options_choose_the_part(
    home: Path, capsys: pytest.CaptureFixture[str], flag: str, part: str
) -> None:
    plain = rows(capsys, "--show", part)
    assert plain
    assert run(LONG, f"--{flag}", "--dry-run", "--use-model", "auto", "--format", "jsonl") == 0
    told = capsys.readouterr()
    assert [json.loads(line) for line in told.out.splitlines()] == plain
    assert f"{LONG}: nothing is changed or started" in told.err
    assert f"--{flag} shows what --show {part} does" in told.err
    assert "no language model is asked" in told.err


def test_the_originals_formats(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heads = {}
    for form in ("table", "detailed", "json"):
        capsys.readouterr()
        assert run(LONG, "--output-format", form) == 0
        heads[form] = capsys.readouterr().out
    assert set(json.loads(heads["json"])) == {"queues", "windows", "looked_at"}
    short, whole = (set(heads[form].splitlines()[0].split()) for form in ("table", "detailed"))
    assert short < whole
    assert run(LONG, "--verbose") == 0
    assert capsys.readouterr().out.splitlines()[0].split() == heads["detailed"].splitlines()[0].split()


def test_nothing_is_applied_and_one_part_is_shown(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(LONG, "--auto-apply") == 2
    assert "Nothing is started or moved by itself" in capsys.readouterr().err
    assert run(LONG, "--balance-load", "--peak-mitigation") == 2
