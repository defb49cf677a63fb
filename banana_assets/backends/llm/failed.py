"""What an HTTP status says about a call."""

from __future__ import annotations

from banana_assets.core.models.types import ModelError
from banana_assets.core.text import cut

_BRIEF = 200


def of_status(status: int, said: object, name: str, *, retry_after: float | None = None) -> ModelError:
    """The error for an answer with that status; nothing was taken, since servers do not bill what they refuse."""
    text = " ".join(str(said.get("message", said) if isinstance(said, dict) else said or "").split())
    text = cut(text, _BRIEF)
    told = f"{name} answered {status}" + (f": {text}" if text else "") + "."
    if status in (401, 403):
        return ModelError("not_allowed", told, "Check the key and what it may be used for.")
    if status == 404:
        return ModelError("unknown_model", told, "Check the address and the name of the model.")
    if status == 429:
        return ModelError("rate_limited", told, "It is asked again later.", retry_after=retry_after)
    if status in (408, 409, 425) or status >= 500:
        return ModelError("server_error", told, retry_after=retry_after)
    return ModelError("rejected", told)
