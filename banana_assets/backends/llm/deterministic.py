"""Answers without a model: the floor that every failure ends on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from banana_assets.core.models.answers import check
from banana_assets.core.models.quality import FLOOR
from banana_assets.core.models.types import NO_USAGE, Answer, Health, ModelError, Request

Task = Callable[[Request], Mapping[str, Any]]


class Deterministic:
    """A LanguageModel that is none: ``tasks`` says what composes the answer to each task from ``request.inputs``."""

    provider = FLOOR
    model = "none"

    def __init__(self, tasks: Mapping[str, Task] | None = None) -> None:
        self._tasks = dict(tasks or {})

    def generate(self, request: Request, seconds: float) -> Answer:
        """Compose the answer. Raises ModelError for a task that nothing here can do."""
        task = self._tasks.get(request.task)
        if task is None:
            raise ModelError("rejected", f"Nothing answers the task {request.task} without a model.")
        began = time.monotonic()
        value = task(request)
        check(value, request.schema, usage=NO_USAGE)
        return Answer(value, self.provider, self.model, 0, 0, 0.0, time.monotonic() - began)

    def health(self) -> Health:
        """Always ready."""
        return Health(self.provider, self.model, configured=True, ready=True, said="ready; needs no model")
