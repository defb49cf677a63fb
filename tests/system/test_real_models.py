"""Real weights behind the official clients: what comes back has the form of a plan. What it says is not looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import ollama
import pytest

from banana_assets.backends.llm import open_models
from banana_assets.backends.llm.ollama_client import Ollama
from banana_assets.backends.llm.openai_client import OpenAI
from banana_assets.backends.settings import Settings
from banana_assets.backends.store import open_store
from banana_assets.core.models.types import ModelError, Request
from banana_assets.core.plans import prompts
from tests.system.model_servers.ollama_protocol import MODEL


def tight(schema: Any) -> Any:
    """A schema with shorter texts and lists, so that a small model on one thread has filled them in seconds."""
    if isinstance(schema, dict):
        least = {"maxLength": 12, "maxItems": max(schema.get("minItems", 0), 0)}
        return {key: min(value, least[key]) if key in least else tight(value) for key, value in schema.items()}
    return schema


PLAN = tight(prompts.schema(1))
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "cause": {"type": "string", "maxLength": 24},
        "lines": {
            "type": "array",
            "minItems": 1,
            "maxItems": 2,
            "items": {"type": "integer", "minimum": 1, "maximum": 3},
        },
    },
    "required": ["cause", "lines"],
    "additionalProperties": False,
}
PATIENCE = 120.0
SECRET = "ghp_" + "a1B2" * 9
REQUEST = Request(
    task="explain",
    instructions="Say which lines show why the build failed.",
    data=f"collected 3 tests\nGITHUB_TOKEN={SECRET}\nE   ModuleNotFoundError: No module named 'yaml'",
    schema=SCHEMA,
    schema_name="cause",
    prompt_version="1",
    max_tokens=60,
    category="missing_dependency",
)
TOO_FEW = replace(REQUEST, max_tokens=4)


@pytest.fixture(params=["openai", "ollama"])
def direct(request: pytest.FixtureRequest, model_server: dict[str, str]) -> OpenAI | Ollama:
    url = model_server[request.param]
    return OpenAI("", "smollm2", url=url) if request.param == "openai" else Ollama(url, MODEL)


def test_each_client_gets_an_answer_that_keeps_the_schema(direct: OpenAI | Ollama) -> None:
    assert direct.health().ready
    answer = direct.generate(REQUEST, PATIENCE)
    jsonschema.validate(answer.value, SCHEMA)
    assert answer.input_tokens > 20
    assert 0 < answer.output_tokens <= REQUEST.max_tokens
    assert not answer.tokens_estimated
    with pytest.raises(ModelError) as cut:
        direct.generate(TOO_FEW, PATIENCE)
    assert cut.value.kind == "truncated"
    assert cut.value.usage is not None
    assert cut.value.usage.output_tokens == TOO_FEW.max_tokens


def test_the_ollama_protocol_test_server_speaks_the_protocol(model_server: dict[str, str]) -> None:
    client = ollama.Client(model_server["ollama"], timeout=PATIENCE)
    assert [m.model for m in client.list().models] == [MODEL]
    assert client.show(MODEL).details.quantization_level == "Q4_1"
    few = {"num_predict": 6, "temperature": 0}
    words = [{"role": "user", "content": "Name a colour."}]
    parts = list(client.chat(MODEL, words, stream=True, options=few))
    whole = client.chat(MODEL, words, options=few)
    assert "".join(p.message.content or "" for p in parts) == whole.message.content
    assert (parts[-1].done, parts[-1].done_reason, parts[-1].eval_count) == (True, "length", 6)
    assert whole.eval_count == 6
    assert client.generate(MODEL, "Name a colour.", options=few).done_reason == "length"
    vectors = client.embed(MODEL, ["disk full", "no space left"]).embeddings
    assert len(vectors) == 2
    assert len(vectors[0]) == len(vectors[1]) > 100
    with pytest.raises(ollama.ResponseError) as absent:
        client.chat("llama9:1b", words)
    assert absent.value.status_code == 404
    assert not Ollama(model_server["ollama"], "llama9:1b").health().ready


def test_a_plan_is_asked_for_masked_is_paid_for_once_and_moves_on_when_a_model_is_absent(
    home: Path, model_server: dict[str, str]
) -> None:
    settings = Settings(
        home=home,
        ollama_url=model_server["ollama"],
        ollama_model="llama9:1b",
        openai_base_url=model_server["openai"],
        openai_model="smollm2",
        fallback_model="openai",
    )
    with open_store(settings) as store:
        models = open_models(settings, store.engine)
        request = replace(REQUEST, task="plan", instructions="Plan.", schema=PLAN, schema_name="plan", max_tokens=400)
        answer = models.generate(request, complexity=0.5, deadline_seconds=PATIENCE)
        again = models.generate(request, complexity=0.5)
        calls = models.ledger.calls()
    jsonschema.validate(answer.value, PLAN)
    assert len(answer.value["subtasks"]) == 1
    assert (answer.provider, answer.cost, again.cached) == ("openai", 0.0, True)
    assert again.value == answer.value
    assert [said.partition(".")[0] for said in answer.tried] == ["ollama/llama9:1b: unknown_model"]
    assert calls["outcome"].to_list() == ["unknown_model", "ok", "unknown_model", "ok"]
    assert calls["cache_hit"].to_list() == [False, False, False, True]
    assert calls["masked"].to_list() == [1, 1, 1, 1]
    assert calls["input_tokens"][1] == answer.input_tokens > 0
