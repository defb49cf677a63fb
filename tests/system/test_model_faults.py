"""Whatever a server does: a usable answer or an honest failure within the deadline, and the ledger knows of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from banana_assets.backends.llm import Clock, open_models
from banana_assets.backends.llm.ollama_client import Ollama
from banana_assets.backends.llm.openai_client import OpenAI
from banana_assets.backends.settings import Settings
from banana_assets.backends.store import Store, open_store
from banana_assets.core.models.types import ModelError, Request
from tests.system.model_servers.faults import FAULTS, GOOD, MOST_SENT, FaultServer

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"cause": {"type": "string", "maxLength": 60}},
    "required": ["cause"],
    "additionalProperties": False,
}
REQUEST = Request("explain", "Say why.", "E   No module named 'yaml'", SCHEMA, "cause", "1", max_tokens=60)
SHORT, LONG = 0.5, 30.0
"""Deadlines: of what ends in a time-out, and of all else, so that a busy machine does not turn one into the other."""

HASTY = Clock(sleep=lambda seconds: None)

KINDS = {
    "silence": "timeout",
    "slow body": "timeout",
    "slow head": "timeout",
    "429": "rate_limited",
    "429 for a second": "rate_limited",
    "429 for an hour": "rate_limited",
    "500": "server_error",
    "503 without a body": "server_error",
    "401": "not_allowed",
    "404": "unknown_model",
    "redirect": "rejected",
    "cut body": "unreachable",
    "cut JSON": "invalid_json",
    "page": "invalid_json",
    "nothing": "invalid_json",
    "a list": "invalid_json",
    "null message": "invalid_json",
    "parts": "invalid_json",
    "too large a number": "invalid_json",
    "half a character": "unsafe",
    "error with colours": "server_error",
    "wrong schema": "wrong_schema",
    "too long": "wrong_schema",
    "words": "invalid_json",
    "no words": "invalid_json",
    "deep": "invalid_json",
    "truncated": "truncated",
    "secret": "unsafe",
    "download": "unsafe",
    "10 MB": "too_large",
    "10 MB of no known length": "too_large",
    "10 MB of an error": "too_large",
    "endless": "too_large",
    "bomb": "rejected",
    "reset": "unreachable",
    "no temperature": "rejected",
}
ONLY_OPENAI = {"odd counts": "wrong_schema", "no credit": "not_allowed", "refusal": "refusal", "filtered": "refusal"}
CASES = [(p, f, k) for p in ("openai", "ollama") for f, k in KINDS.items()]
CASES += [("openai", f, k) for f, k in ONLY_OPENAI.items()]


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    import_module("openai")
    server = FaultServer()
    yield server
    server.end()


def settings(home: Path, provider: str, server: FaultServer) -> Settings:
    if provider == "openai":
        return Settings(home=home, openai_base_url=f"{server.url}/v1", openai_model="m")
    return Settings(home=home, ollama_url=server.url, ollama_model="m")


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all faults; each provider gets a model's name of its own, so that no breaker opens."""
    with open_store(Settings(home=tmp_path_factory.mktemp("faults"))) as store:
        yield store


def test_every_fault_is_expected() -> None:
    assert {f for _, f, _ in CASES} == set(FAULTS) - {"none"}


@pytest.mark.parametrize(("provider", "fault", "kind"), CASES)
def test_any_fault_is_told_by_its_name_within_the_deadline_and_planning_goes_on(
    provider: str, fault: str, kind: str, server: FaultServer, shared_store: Store
) -> None:
    server.fault = fault
    name = f"m-{fault.replace(' ', '-')}"
    chosen = settings(shared_store.settings.home, provider, server).model_copy(update={f"{provider}_model": name})
    deadline = SHORT if kind == "timeout" else LONG
    began = time.monotonic()
    models = open_models(chosen, shared_store.engine, tasks={"explain": lambda request: GOOD}, clock=HASTY)
    answer = models.generate(REQUEST, complexity=0.5, deadline_seconds=deadline)
    took = time.monotonic() - began
    assert (answer.provider, answer.value) == ("deterministic", GOOD)
    assert answer.tried[-1].startswith(f"{provider}/{name}: {kind}.")
    # The slow ones would take minutes; the rest of the margin is for a busy machine.
    assert took < deadline + 10
    calls = models.ledger.calls()
    calls = calls.filter(calls["model"] == name, calls["provider"] == provider)
    assert set(calls["outcome"]) == {kind}
    assert not any(c in "".join(calls["error"]) + answer.tried[-1] for c in "\x1b\u202e")
    assert calls["error"].str.len_chars().max() <= 400


@pytest.mark.parametrize("provider", ["openai", "ollama"])
def test_an_endless_answer_is_left(provider: str, server: FaultServer) -> None:
    server.fault = "endless"
    model = OpenAI("", "m", url=f"{server.url}/v1") if provider == "openai" else Ollama(server.url, "m")
    with pytest.raises(ModelError, match="larger than 1 MiB"):
        model.generate(REQUEST, 20)
    # What was not read may stand in buffers of the system.
    assert server.sent < MOST_SENT / 4


@pytest.mark.parametrize("provider", ["openai", "ollama"])
def test_a_server_that_comes_back_is_asked_again(provider: str, server: FaultServer, home: Path) -> None:
    server.fault, server.asked = "429 for a second", 0
    with open_store(settings(home, provider, server)) as store:
        from threading import Timer

        back = Timer(0.4, lambda: setattr(server, "fault", "none"))
        back.start()
        models = open_models(store.settings, store.engine)
        began = time.monotonic()
        answer = models.generate(REQUEST, complexity=0.5, deadline_seconds=LONG)
        took = time.monotonic() - began
        back.join()
        outcomes = models.ledger.calls()["outcome"].to_list()
    assert answer.value == GOOD
    assert (answer.retries, server.asked, outcomes) == (1, 2, ["rate_limited", "ok"])
    assert took >= 1


def test_without_anything_to_fall_back_on_the_failure_is_honest(server: FaultServer, home: Path) -> None:
    server.fault = "wrong schema"
    with open_store(settings(home, "openai", server)) as store, pytest.raises(ModelError, match="breaks its schema"):
        open_models(store.settings, store.engine).generate(REQUEST, complexity=0.5, deadline_seconds=5)


def test_what_a_server_does_not_take_is_left_away(server: FaultServer) -> None:
    refused = []
    model = OpenAI("", "m", url=f"{server.url}/v1")

    def picky(handler: Any) -> None:
        left = [n for n in ("response_format", "temperature") if n not in refused]
        if not left:
            handler.say(f'```json\n{"{"}"cause": "x"{"}"}\n```')
            return
        refused.append(left[0])
        handler.refuse_parameter(left[0])

    FAULTS["picky"] = picky
    server.fault = "picky"
    try:
        assert model.generate(REQUEST, 10).value == {"cause": "x"}
        assert model.generate(REQUEST, 10).value == {"cause": "x"}
    finally:
        del FAULTS["picky"]
    assert refused == ["response_format", "temperature"]


def test_nothing_listens(home: Path) -> None:
    for model in (OpenAI("", "m", url="http://127.0.0.1:9/v1"), Ollama("http://127.0.0.1:9", "m")):
        assert not model.health().ready
        with pytest.raises(ModelError) as gone:
            model.generate(REQUEST, 5)
        assert gone.value.kind == "unreachable"
