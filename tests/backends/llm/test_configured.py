from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from banana_assets.backends.llm import open_models
from banana_assets.backends.llm.configured import candidate, client, tiers, told
from banana_assets.backends.llm.ollama_client import Ollama
from banana_assets.backends.llm.openai_client import OpenAI
from banana_assets.backends.settings import Settings
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError
from banana_assets.core.models.prices import FREE, Price
from banana_assets.core.models.types import ModelError, Request

KEY = {"openai_api_key": SecretStr("sk-never-shown")}
LOCAL = {"openai_base_url": "http://localhost:8000/v1"}
OLLAMA = {"ollama_url": "http://localhost:11434"}


def names(home: Path, **settings: Any) -> dict[str, str | None]:
    return {tier: c.name if c else None for tier, c in vars(tiers(Settings(home=home, **settings))).items()}


@pytest.mark.parametrize(
    ("settings", "default", "fast", "advanced", "fallback"),
    [
        ({}, None, None, None, None),
        (OLLAMA, "ollama/qwen3:8b", None, None, "ollama/qwen3:8b"),
        ({"ollama_model": "phi4", "ollama_fast_model": "mini"}, "ollama/phi4", "ollama/mini", None, "ollama/phi4"),
        (KEY, "openai/gpt-4", None, "openai/gpt-4", None),
        ({**KEY, **OLLAMA}, "ollama/qwen3:8b", None, "openai/gpt-4", "ollama/qwen3:8b"),
        ({**KEY, **OLLAMA, "default_model": "gpt-4o"}, "openai/gpt-4o", None, "openai/gpt-4", "ollama/qwen3:8b"),
        ({**KEY, **OLLAMA, "default_model": "ollama/phi4"}, "ollama/phi4", None, "openai/gpt-4", "ollama/qwen3:8b"),
        ({**KEY, **OLLAMA, "fallback_model": "openai"}, "ollama/qwen3:8b", None, "openai/gpt-4", "openai/gpt-4"),
        ({**OLLAMA, "fallback_model": "none"}, "ollama/qwen3:8b", None, None, None),
        ({**LOCAL, "default_model": "qwen3:8b"}, "openai/qwen3:8b", None, "openai/gpt-4", None),
        ({**KEY, **OLLAMA, "default_model": "none"}, None, None, None, None),
        ({**KEY, **OLLAMA, "language_models": False}, None, None, None, None),
    ],
)  # fmt: skip
def test_what_settings_set_up(
    home: Path, settings: dict[str, Any], default: str, fast: str, advanced: str, fallback: str
) -> None:
    found = names(home, **settings)
    assert found == {"default": default, "fast": fast, "advanced": advanced, "fallback": fallback}


def test_variables_set_models_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_URL", "http://ollama:11434")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    assert names(home)["default"] == "ollama/qwen3:8b"
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert names(home)["advanced"] is None


def test_prices(home: Path) -> None:
    def price(**settings: Any) -> Price | None:
        found = tiers(Settings(home=home, **settings)).advanced
        assert found is not None
        return found.price

    assert price(**KEY) == Price(30, 60)
    assert price(**LOCAL) == FREE
    assert price(**KEY, openai_base_url="https://llm.example.com/v1") is None
    assert price(**KEY, openai_input_price=1.0, openai_output_price=2.0) == Price(1, 2)


def test_a_model_of_unknown_price_is_not_asked_and_it_says_so(store: Store, home: Path) -> None:
    settings = Settings(home=home, **KEY, openai_base_url="https://llm.example.com/v1")
    models = open_models(settings, store.engine, tasks={"t": lambda request: {}})
    answer = models.generate(Request("t", "", "", {"type": "object"}, "t", "1"), complexity=0.5)
    assert answer.provider == "deterministic"
    assert "openai_input_price" in answer.tried[0]
    assert models.ledger.calls().is_empty()


def test_a_model_asked_for_by_name(home: Path) -> None:
    both = Settings(home=home, **KEY, **OLLAMA)
    assert told(both, "openai").name == "openai/gpt-4"
    assert told(both, "gpt-4o-mini").name == "openai/gpt-4o-mini"
    assert told(both, "gpt-oss:20b").name == "ollama/gpt-oss:20b"
    assert told(both, "mistral:7b").name == "ollama/mistral:7b"
    assert told(both, "ollama/hf.co/org/model").name == "ollama/hf.co/org/model"
    assert candidate(Settings(home=home), "ollama") is None
    with pytest.raises(InputError, match="OLLAMA_URL"):
        told(Settings(home=home, **KEY), "ollama/phi4")
    with pytest.raises(InputError, match="OPENAI_API_KEY"):
        told(Settings(home=home, **OLLAMA), "gpt-4")
    with pytest.raises(InputError, match="switched off"):
        told(Settings(home=home, **OLLAMA, language_models=False), "ollama")


def test_clients_keep_their_keys_to_themselves(home: Path) -> None:
    settings = Settings(home=home, **KEY, **OLLAMA)
    made = client(settings, told(settings, "openai"))
    assert isinstance(made, OpenAI)
    assert "sk-never-shown" not in repr(made)
    assert isinstance(client(settings, told(settings, "ollama")), Ollama)


def test_a_question_that_does_not_fit_is_not_cut() -> None:
    request = Request("t", "", "x" * 9_000, {"type": "object"}, "t", "1")
    with pytest.raises(ModelError, match="8,192 fit"):
        Ollama("http://127.0.0.1:9", "m", context_tokens=8_192).generate(request, 1.0)
    with pytest.raises(ModelError) as asked:
        Ollama("http://127.0.0.1:9", "m", context_tokens=16_384).generate(replace(request, max_tokens=100), 1.0)
    assert asked.value.kind == "unreachable"
