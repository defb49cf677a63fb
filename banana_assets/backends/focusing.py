"""Which log patterns a language model would look at first, for those who name one. Every figure stays as counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from banana_assets.backends.llm import open_models
from banana_assets.backends.llm.configured import NO_MODEL
from banana_assets.backends.settings import Settings
from banana_assets.core.logs.triage import MOST_SHOWN, chosen, request
from banana_assets.core.models.types import ModelError


@dataclass(frozen=True)
class Focus:
    """``patterns`` are ids, the first to look at first; ``notes`` say what a model that was asked did not answer."""

    patterns: tuple[str, ...] = ()
    model: str = "none"
    notes: tuple[str, ...] = ()


def asks(model: str | None) -> bool:
    """Whether that name asks a model at all."""
    return model is not None and model not in NO_MODEL


def focus(settings: Settings, engine: Engine, patterns: Sequence[Mapping[str, Any]], model: str | None) -> Focus:
    """What ``model`` chooses among the first of the patterns (``pattern_id, severity, within, sources,
    named_template``). Raises InputError where that model is not set up."""
    if not asks(model):
        return Focus()
    models, rows = open_models(settings, engine), patterns[:MOST_SHOWN]
    if not rows:
        return Focus(notes=("There is no pattern to choose from: no model was asked.",))
    try:
        answer = models.generate(request(rows), complexity=0.5, use_model=model)
    except ModelError as error:
        return Focus(notes=(str(error),))
    ids = [str(row["pattern_id"]) for row in rows]
    return Focus(tuple(chosen(answer.value, ids)), f"{answer.provider}/{answer.model}", answer.tried)
