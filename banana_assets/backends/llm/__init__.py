"""Language models: whom to ask, asked safely, within budgets, and written down."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from banana_assets.backends.llm.deterministic import Deterministic, Task
    from banana_assets.backends.llm.gateway import Clock
    from banana_assets.backends.llm.models import Models, open_models

_MODULES = {
    "Clock": "gateway",
    "Deterministic": "deterministic",
    "Models": "models",
    "Task": "deterministic",
    "open_models": "models",
}

__all__ = ["Clock", "Deterministic", "Models", "Task", "open_models"]


def __getattr__(name: str) -> Any:
    # Who only looks into the ledger needs nothing of what asking needs.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
