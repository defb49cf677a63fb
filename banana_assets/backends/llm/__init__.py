"""Language models: whom to ask, asked safely, within budgets, and written down."""

from banana_assets.backends.llm.deterministic import Deterministic, Task
from banana_assets.backends.llm.gateway import Clock
from banana_assets.backends.llm.models import Models, open_models

__all__ = ["Clock", "Deterministic", "Models", "Task", "open_models"]
