"""The search index over several runs: only what changed is written, and nothing that is missing breaks a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from banana_assets.assets import search as module
from banana_assets.backends.search import embedding, open_search
from banana_assets.backends.settings import load_from
from banana_assets.backends.tables import Tables
from banana_assets.core.search.listing import READ
from banana_assets.core.tables import LOG_PATTERNS, PLANNING_INDEX
from resources import build_resources
from tests.core.metrics.frames import patterns

ROWS = [
    {"pattern_id": "a" * 16, "named_template": "disk <path> is full", "template": "disk <*> is full"},
    {"pattern_id": "b" * 16, "named_template": "user <id> came in", "template": "user <*> came in", "severity": "low"},
]


@pytest.fixture
def index(home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make the index of these patterns, without the weights; the metadata of the asset."""
    monkeypatch.setattr(embedding, "PACKAGE", "no-such-package")
    instance = dg.DagsterInstance.ephemeral()
    settings = load_from(home)

    def run(rows: list[dict[str, Any]]) -> dict[str, Any]:
        Tables(settings.tables_root).replace(LOG_PATTERNS, patterns(rows))
        read = [dg.AssetSpec(name) for name in READ]
        done = dg.materialize([module.planning_index, *read], resources=build_resources(settings), instance=instance)
        assert done.success
        (event,) = done.asset_materializations_for_node("planning_index")
        return {name: value.value for name, value in event.metadata.items()}

    return run


def test_it_says_what_was_indexed_and_how(index: Any, home: Path) -> None:
    told = index(ROWS)
    assert told["documents"] == {"pattern": 2}
    assert (told["written"], told["removed"], told["embedded"]) == (2, 0, 0)
    assert told["mode"] == "words"
    assert "no-such-package is not installed" in told["note"]
    stored = Tables(load_from(home).tables_root).read(PLANNING_INDEX)
    assert stored["document_id"].to_list() == [f"pattern-{'a' * 16}", f"pattern-{'b' * 16}"]
    with open_search(load_from(home)) as search:
        assert search.search("disk full")[0].document.key == "a" * 16


def test_only_what_changed_is_written(index: Any) -> None:
    index(ROWS)
    assert index(ROWS)["written"] == 0
    told = index([ROWS[0] | {"frequency": 41, "severity": "critical"}])
    assert (told["written"], told["removed"]) == (1, 1)
