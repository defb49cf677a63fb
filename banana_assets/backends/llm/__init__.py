"""Language models: whom to ask, asked safely, within budgets, and written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from banana_assets.core.lazy import lazily

if TYPE_CHECKING:
    from banana_assets.backends.llm.deterministic import Deterministic, Task
    from banana_assets.backends.llm.gateway import Clock
    from banana_assets.backends.llm.models import Models, open_models

__all__ = ["Clock", "Deterministic", "Models", "Task", "open_models"]

# Who only looks into the ledger needs nothing of what asking needs.
__getattr__ = lazily(
    __name__,
    {
        "Clock": ".gateway",
        "Deterministic": ".deterministic",
        "Models": ".models",
        "Task": ".deterministic",
        "open_models": ".models",
    },
)
