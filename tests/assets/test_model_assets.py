"""The ledger as people see it in Dagster, and models that are set up but do not answer."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from banana_assets.assets.models import llm_calls, models_answer
from banana_assets.backends.llm import Clock, open_models
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.models.types import Request
from banana_assets.core.tables import LLM_CALLS
from resources import ModelsResource, build_resources

REQUEST = Request("explain", "Say why.", "no space left", {"type": "object"}, "cause", "1", category="disk_full")
NOBODY = "http://127.0.0.1:9"
HASTY = Clock(sleep=lambda seconds: None)


def computed(home: Path) -> dg.ExecuteInProcessResult:
    settings = load_from(home)
    return dg.materialize(
        [llm_calls, models_answer], selection=[llm_calls], resources=build_resources(settings), raise_on_error=True
    )


def metadata(done: dg.ExecuteInProcessResult) -> dict[str, object]:
    (event,) = done.asset_materializations_for_node("llm_calls")
    return {name: value.value for name, value in event.metadata.items()}


def test_without_models_there_is_nothing_to_see(home: Path) -> None:
    shown = metadata(computed(home))
    assert shown["dagster/row_count"] == 0
    assert shown["models"] == "*none is set up*"
    assert Tables(load_from(home).tables_root).read(LLM_CALLS).is_empty()


def test_calls_costs_and_standing_are_shown_and_a_silent_model_warns(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_URL", NOBODY)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-never-shown")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{NOBODY}/v1")
    settings = load_from(home)
    with open_store(settings) as store:
        models = open_models(settings, store.engine, tasks={"explain": lambda request: {}}, run_id="r1", clock=HASTY)
        models.generate(REQUEST, complexity=0.9)
    done = computed(home)
    shown = metadata(done)
    frame = Tables(settings.tables_root).read(LLM_CALLS)
    assert set(frame["outcome"]) == {"unreachable"}
    assert set(frame["provider"]) == {"openai", "ollama"}
    assert shown["dagster/row_count"] == frame.height
    assert "openai/gpt-4" in str(shown["costs"])
    assert "Nothing answers" in str(shown["models"])
    assert shown["dollars_today"] == 0
    assert str(shown["plot"]).startswith("![plot]")
    checks = {e.check_name: e for e in done.get_asset_check_evaluations()}
    assert checks["rows_keep_the_schema"].passed
    assert not checks["models_answer"].passed
    assert checks["models_answer"].severity == dg.AssetCheckSeverity.WARN
    assert "sk-never-shown" not in str(shown)


def test_the_resource_says_what_is_set_up_and_no_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ModelsResource.of(load_from(home)).models == []
    monkeypatch.setenv("OPENAI_API_KEY", "sk-never-shown")
    resource = ModelsResource.of(load_from(home))
    assert resource.models == [
        "openai/gpt-4 (unless told, hard questions) at https://api.openai.com/v1, $30 in, $60 out"
    ]
    assert "sk-never-shown" not in str(resource)
    assert resource.budgets[-1] == "day: $5, 5,000,000 tokens"


def test_a_run_asks_through_the_resource(home: Path) -> None:
    settings = load_from(home)
    with open_store(settings) as store:
        resource = ModelsResource.of(settings)
        models = resource.open(store.engine, run_id="a-run", tasks={"explain": lambda request: {"at": 1}})
        assert models.generate(REQUEST, complexity=0.5).value == {"at": 1}
        assert models.run_id == "a-run"
        assert resource.ledger(store.engine).calls(datetime(2026, 1, 1, tzinfo=UTC)).is_empty()
