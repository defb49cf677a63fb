"""A model for tests: answers and failures out of a queue."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from banana_assets.core.models.answers import check, parsed
from banana_assets.core.models.types import Answer, Health, ModelError, Request, Usage


class Fake:
    """A LanguageModel that says what it was given, in order, and keeps what it was asked in ``asked``.

    A mapping is an answer, a text is read as a model's text is, a ModelError is raised. With the queue empty it fails
    as a server does that is gone.
    """

    def __init__(
        self,
        answers: Iterable[Mapping[str, Any] | str | ModelError] = (),
        *,
        provider: str = "fake",
        model: str = "fake",
        tokens: tuple[int, int] = (100, 20),
        ready: bool = True,
    ) -> None:
        self.provider = provider
        self.model = model
        self.queue = deque(answers)
        self.asked: list[Request] = []
        self.seconds: list[float] = []
        self._usage = Usage(*tokens)
        self._ready = ready

    def generate(self, request: Request, seconds: float) -> Answer:
        """The next of the queue."""
        self.asked.append(request)
        self.seconds.append(seconds)
        if not self.queue:
            raise ModelError("unreachable", "The queue of answers is empty.")
        said = self.queue.popleft()
        if isinstance(said, ModelError):
            raise said
        if isinstance(said, str):
            value: Mapping[str, Any] = parsed(said, request.schema, usage=self._usage)
        else:
            check(said, request.schema, usage=self._usage)
            value = said
        return Answer(value, self.provider, self.model, self._usage.input_tokens, self._usage.output_tokens, 0.0, 0.0)

    def health(self) -> Health:
        """As told."""
        return Health(self.provider, self.model, configured=True, ready=self._ready, said="a model for tests")
