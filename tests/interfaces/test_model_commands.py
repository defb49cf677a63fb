"""What people see of language models on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from banana_assets.backends.llm import Clock, open_models
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.core.models.types import Request
from tests.commands import Run

NOBODY = "http://127.0.0.1:9"
HASTY = Clock(sleep=lambda seconds: None)


@pytest.fixture
def asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is set up, asked once, and not there."""
    monkeypatch.setenv("OLLAMA_URL", NOBODY)
    settings = load_from(home)
    request = Request("explain", "Why?", "no space left", {"type": "object"}, "cause", "1", category="disk_full")
    with open_store(settings) as store:
        open_models(settings, store.engine, tasks={"explain": lambda r: {}}, clock=HASTY).generate(
            request, complexity=0.5
        )


def test_without_models(banana: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # What listens at Ollama's usual port on this machine must not matter.
    monkeypatch.setenv("BANANA_LANGUAGE_MODELS", "false")
    status, out, err = banana("models")
    assert (status, "plans are made without one" in err) == (0, True)
    assert "switched off" in out
    status, out, err = banana("costs")
    assert (status, out) == (2, "")
    assert "There is no store" in err


def test_models_that_do_not_answer_are_a_finding(banana: Run, asked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-never-shown")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://me:hush@127.0.0.1:9/v1")
    status, out, _ = banana("models", "--format", "json")
    told = json.loads(out)
    assert status == 1
    assert [(m["provider"], m["ready"], m["breaker"]) for m in told["models"]] == [
        ("ollama", False, "open"),
        ("openai", False, "closed"),
    ]
    assert told["models"][1]["url"] == "http://me:****@127.0.0.1:9/v1"
    assert "hush" not in out
    assert "sk-never-shown" not in out
    assert [b["budget"] for b in told["budgets"]] == ["call", "run", "day"]
    status, out, _ = banana("models")
    assert out.splitlines()[1].split()[:2] == ["ollama", "qwen3:8b"]
    assert len(banana("models", "--format", "jsonl")[1].splitlines()) == 5


def test_a_model_of_unknown_price_is_never_asked(banana: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_URL", NOBODY)
    monkeypatch.setenv("OPENAI_BASE_URL", "https://llm.example.invalid/v1")
    status, out, _ = banana("models", "--format", "jsonl")
    row = next(json.loads(line) for line in out.splitlines() if '"openai"' in line)
    assert (status, row["ready"], row["price"]) == (1, False, "price not known")
    assert row["said"].startswith("never asked: what it costs is not known")


def test_costs_by_what_is_asked_for(banana: Run, asked: None) -> None:
    status, out, err = banana("costs", "--by", "outcome", "--by", "category", "--format", "json")
    assert status == 0
    assert "of $5" in err
    (row,) = json.loads(out)
    assert (row["outcome"], row["category"], row["calls"], row["retries"]) == ("unreachable", "disk_full", 3, 2)
    calls = [json.loads(line) for line in banana("costs", "--calls", "--format", "jsonl")[1].splitlines()]
    assert [c["retries"] for c in calls] == [0, 1, 2]
    assert banana("costs")[1].splitlines()[1].split()[1:3] == ["ollama/qwen3:8b", "3"]
    status, out, err = banana("costs", "--since", "2999-01-01")
    assert (status, out, "since then" in err) == (0, "", True)
    assert banana("costs", "--by", "colour")[0] == 2
