"""``banana ask`` over a store: answers with their rows, honest refusals, and a model that may only choose."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from banana_assets.backends.asking import ask
from banana_assets.backends.llm.fake import Fake
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from tests.backends.test_planning import models
from tests.commands import Run
from tests.core.metrics.frames import at
from tests.interfaces.test_builds_command import homes

__all__ = ["homes"]


@pytest.fixture
def filled(home: Path, homes: tuple[Path, Path], banana: Run) -> Run:
    """A home with builds and the tables about them."""
    shutil.copytree(homes[1], home)
    return banana


def test_an_answer_has_the_rows_and_lines_it_rests_on(filled: Run) -> None:
    status, out, err = filled("ask", "why", "did", "test-5", "fail?")
    assert (status, err) == (0, "")
    assert out.startswith("test-5 (shop/test) failed 2026-03-02 16:00 UTC by test failure")
    assert "build_failures test-5: " in out
    assert "    test-5:" in out


def test_json_tells_how_it_was_understood(filled: Run) -> None:
    status, out, _ = filled("ask", "how many builds failed on main?", "--json")
    told = json.loads(out)
    assert status == 0
    assert (told["query"], told["by"], told["named"]["branch"]) == ("counted", "words", "main")
    assert told["answer"].startswith("4 of 7 finished builds on main failed: 57.1%")
    assert all(f["table"] == "builds" for f in told["facts"])


def test_what_is_not_in_the_data_is_no_answer(filled: Run) -> None:
    for question, told in (
        ("how many builds failed on windows?", "'window'"),
        ("what is the code coverage?", "coverage reports are not read"),
        ("when will the disk be full?", "resource_usage_predictions hold nothing"),
        ("why did build 4711 fail?", "There is no build 4711."),
    ):
        status, out, err = filled("ask", question)
        assert (status, out) == (1, "")
        assert told in err


def test_without_a_store_it_says_what_to_run(banana: Run, home: Path) -> None:
    status, out, err = banana("ask", "what fails most?")
    assert (status, out) == (2, "")
    assert "banana ingest builds" in err
    assert not (home / "banana.sqlite").exists()


def test_a_model_chooses_a_query_and_writes_nothing(homes: tuple[Path, Path]) -> None:
    settings = load_from(homes[1])
    with open_store(settings) as store:
        tables = Tables(settings.tables_root)
        strange = "gimme the lowdown on the stuff that keeps exploding"
        assert not ask(store, tables, strange, now=at(0)).answered
        fake = Fake([{"query": "fails_most"}])
        told = ask(store, tables, strange, now=at(0), models=models(store, fake))
        assert (told.query, told.by, told.answered) == ("fails_most", "fake", True)
        assert told.answer == ask(store, tables, "what fails most?", now=at(0)).answer
        assert "exploding" in fake.asked[0].data
        none = ask(store, tables, strange + "!", now=at(0), models=models(store, Fake([{"query": "none"}])))
        assert (none.query, none.answered) == (None, False)
        broken = ask(store, tables, strange + "?", now=at(0), models=models(store, Fake(["no JSON"] * 9)))
        assert not broken.answered
