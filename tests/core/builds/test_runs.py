"""Whole jobs that really failed (recorded under ``runs/`` by ``record.py``): their class and the line that says why."""

import tomllib
from pathlib import Path

import pytest

from banana_assets.core.builds.diagnosis import diagnose

RUNS = Path(__file__).parent / "runs"
RECIPES = tomllib.loads((RUNS / "recipes.toml").read_text(encoding="utf-8"))
VERSIONS = tomllib.loads((RUNS / "versions.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", RECIPES)
def test_the_class_and_the_cause(name: str) -> None:
    lines = (RUNS / f"{name}.txt").read_text(encoding="utf-8").split("\n")
    found = diagnose(lines, exit_code=VERSIONS[name]["exit"])
    assert found.category == RECIPES[name]["category"]
    assert RECIPES[name]["says"] in found.cause_text
    assert found.pack_tokens <= 2000


def test_every_run_is_recorded() -> None:
    assert set(RECIPES) == set(VERSIONS) == {path.stem for path in RUNS.glob("*.txt")}
