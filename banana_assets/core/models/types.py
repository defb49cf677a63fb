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
    "not_allowed",
    "unknown_model",
    "rejected",
    "truncated",
    "invalid_json",
    "wrong_schema",
    "refusal",
    "unsafe",
    "too_large",
    "lost",
    "over_budget",
    "circuit_open",
)
"""Why a call brought no answer. ``not_allowed``: the key; ``rejected``: the server takes no such request; ``unsafe``:
the answer held what may not be served; ``lost``: the process ended before the answer came."""

NOT_MADE = ("over_budget", "circuit_open")
"""Those that are ours: no call was made."""


@dataclass(frozen=True)
class Usage:
    """Tokens that a call took; ``estimated`` where the server did not count and bytes stand in."""

    input_tokens: int
    output_tokens: int
    estimated: bool = False


NO_USAGE = Usage(0, 0)


class ModelError(BananaError):
    """A model gave no answer that can be used; ``kind`` is one of FAILURES.

    ``usage`` is what the call took all the same, None where nobody knows (it was sent, and no count came back).
    ``retry_after`` is what the server asked to wait (seconds).
    """

    def __init__(
        self,
        kind: str,
        message: str,
        remedy: str = "",
        *,
        usage: Usage | None = NO_USAGE,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, remedy)
        if kind not in FAILURES:
            raise ValueError(f"{kind} is no kind of failure")
        self.kind = kind
        self.usage = usage
        self.retry_after = retry_after


@dataclass(frozen=True)
class Request:
    """One question.

    ``instructions`` are ours and the same for every question of a ``prompt_version``; ``data`` is what others wrote
    (logs, names, notes): masked and fenced on its way out, never an instruction. Its line k is shown as ``k| text``, so
    that an answer can point at it. ``schema`` is the JSON schema of the answer, with every list and text bounded.
    ``inputs`` is for planners that run here and need no words; it is sent nowhere. ``subject`` and ``category`` (class
    of failure) are kept with the call. ``own`` is what of the data we wrote ourselves, so that an answer may say it
    too; it is sent nowhere.
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
    own: str = field(default="", compare=False)


@dataclass(frozen=True)
class Answer:
    """What a model answered: ``value`` is JSON that keeps the request's schema.

    ``cost`` is in US dollars (0 for local models), ``seconds`` the wall time of all attempts. ``tokens_estimated``
    tells that the server did not count. ``tried`` says what failed before, a sentence each.
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
    tried: tuple[str, ...] = ()


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
