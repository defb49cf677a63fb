"""A question to a language model, its answer, and the ways in which there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from banana_assets.core.errors import BananaError

FAILURES = (
    "timeout",
    "rate_limited",
    "server_error",
    "unreachable",
    "truncated",
    "invalid_json",
    "wrong_schema",
    "refusal",
    "too_large",
    "not_allowed",
    "over_budget",
    "circuit_open",
)
"""Why a call brought no answer. The last two are ours: no call was made."""


class ModelError(BananaError):
    """A model gave no answer that can be used; ``kind`` is one of FAILURES."""

    def __init__(self, kind: str, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.kind = kind


@dataclass(frozen=True)
class Request:
    """One question.

    ``instructions`` are ours and the same for every question of a ``prompt_version``; ``data`` is what others wrote
    (logs, names, notes): masked and fenced on its way out, never an instruction. ``schema`` is the JSON schema of the
    answer, with every list and text bounded. ``inputs`` is for planners that run here and need no words; it is sent
    nowhere. ``subject`` and ``category`` (class of failure) are kept with the call.
    """

    task: str
    instructions: str
    data: str
    schema: Mapping[str, Any]
    schema_name: str
    prompt_version: str
    max_tokens: int = 1200
    subject: str = ""
    category: str = ""
    inputs: object = field(default=None, compare=False)


@dataclass(frozen=True)
class Answer:
    """What a model answered: ``value`` is JSON that keeps the request's schema.

    ``cost`` is in US dollars (0 for local models), ``seconds`` the wall time of all attempts. ``tokens_estimated``
    tells that the server did not count and characters / 4 stand in.
    """

    value: Mapping[str, Any]
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cost: float
    seconds: float
    retries: int = 0
    cached: bool = False
    tokens_estimated: bool = False
    call_id: int | None = None


@dataclass(frozen=True)
class Health:
    """Whether a model could be asked now: ``configured`` and ``ready``, and in words why not."""

    provider: str
    model: str
    configured: bool
    ready: bool
    said: str


class LanguageModel(Protocol):
    """Anything that can be asked. Implementations hold no state but their connection."""

    provider: str
    model: str

    def generate(self, request: Request, seconds: float) -> Answer:
        """Ask once, within so many seconds of wall time. Raises ModelError when there is no usable answer."""
        ...

    def health(self) -> Health:
        """Look whether it could be asked now; answers within two seconds and costs nothing."""
        ...
