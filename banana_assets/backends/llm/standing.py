"""Which models are set up, whether they answer, and what may still be spent."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from banana_assets.backends.llm import configured as setup
from banana_assets.backends.llm.ledger_reading import LedgerReading
from banana_assets.backends.settings import Settings, mask_password
from banana_assets.core.models.prices import OPENAI_URL
from banana_assets.core.models.routing import Candidate, Tiers, why_not
from banana_assets.core.models.types import Health

LISTEN_SECONDS = 0.5
TIERS = {
    "default": "unless told",
    "fast": "small questions",
    "advanced": "hard questions",
    "fallback": "when one fails",
}


@dataclass(frozen=True)
class Standing:
    """A model as it stands. ``breaker`` is closed, open or half_open; ``url`` has no password; ``price`` is in US
    dollars for a million tokens in and out."""

    provider: str
    model: str
    url: str
    used_for: str
    price: str
    configured: bool
    ready: bool
    breaker: str
    said: str

    def row(self) -> dict[str, Any]:
        """For people and programs."""
        return dict(vars(self))


def standing(settings: Settings, ledger: LedgerReading | None, now: datetime) -> list[Standing]:
    """Every model that is set up, asked now whether it answers."""
    tiers = setup.tiers(settings)
    rows = []
    for candidate in tiers.all():
        left_alone = ledger.breaker(candidate.provider, candidate.model, now) if ledger else None
        rows.append(
            Standing(
                candidate.provider,
                candidate.model,
                _url(settings, candidate.provider),
                _used_for(tiers, candidate),
                _price(candidate),
                **_health(_asked(settings, candidate)),
                breaker=left_alone.state if left_alone else "closed",
            )
        )
    return rows


def absent(settings: Settings, present: Sequence[str]) -> list[Standing]:
    """The providers that are not among those ``present``, with how to set them up."""
    if not settings.language_models:
        said = dict.fromkeys(("ollama", "openai"), "switched off (language_models)")
    else:
        answers = "ollama" not in present and _listens(settings.ollama_url) and _has_model(settings)
        there = f"; it answers and has {settings.ollama_model}" if answers else ""
        said = {
            "ollama": f"not set up: set OLLAMA_URL={mask_password(settings.ollama_url)} to use it{there}",
            "openai": "not set up: set OPENAI_API_KEY, or OPENAI_BASE_URL for another server of its protocol",
        }
    return [
        Standing(name, "", _url(settings, name), "", "", configured=False, ready=False, breaker="", said=words)
        for name, words in said.items()
        if name not in present
    ]


def _listens(url: str) -> bool:
    """Whether something listens there at all: most often nothing does, and the client takes long to load."""
    told = urlsplit(url if "//" in url else f"//{url}")
    try:
        with socket.create_connection((told.hostname or "", told.port or 80), LISTEN_SECONDS):
            return True
    except (OSError, ValueError):
        return False


def _has_model(settings: Settings) -> bool:
    from banana_assets.backends.llm.ollama_client import Ollama

    return Ollama(settings.ollama_url, settings.ollama_model).health().ready


def budget_rows(settings: Settings, ledger: LedgerReading | None, now: datetime) -> list[dict[str, Any]]:
    """What a call, a run and the UTC day may take, and what of the day is left."""
    limits = setup.budgets(settings)
    taken = ledger.taken(now)[1] if ledger else None
    rows = []
    for name, most in (("call", limits.call), ("run", limits.run), ("day", limits.day)):
        spent = taken if name == "day" else None
        rows.append(
            {
                "budget": name,
                "dollars": most.dollars,
                "dollars_left": max(most.dollars - spent.dollars, 0.0) if spent else most.dollars,
                "tokens": most.tokens,
                "tokens_left": max(most.tokens - spent.tokens, 0) if spent else most.tokens,
            }
        )
    return rows


def described(settings: Settings) -> dict[str, list[str]]:
    """The models and budgets of these settings in words; connects to nothing."""
    tiers, limits = setup.tiers(settings), setup.budgets(settings)
    return {
        "models": [
            f"{c.name} ({_used_for(tiers, c)}) at {_url(settings, c.provider)}, {_price(c)}" for c in tiers.all()
        ],
        "budgets": [
            f"{name}: ${most.dollars:g}, {most.tokens:,} tokens"
            for name, most in (("call", limits.call), ("run", limits.run), ("day", limits.day))
        ],
    }


def _used_for(tiers: Tiers, candidate: Candidate) -> str:
    return ", ".join(words for name, words in TIERS.items() if getattr(tiers, name) == candidate)


def _asked(settings: Settings, candidate: Candidate) -> Health:
    if why := why_not(candidate, settings.enable_advanced_models):
        return Health(candidate.provider, candidate.model, configured=True, ready=False, said=f"never asked: {why}")
    return setup.client(settings, candidate).health()


def _health(health: Health) -> dict[str, Any]:
    return {"configured": health.configured, "ready": health.ready, "said": health.said}


def _url(settings: Settings, provider: str) -> str:
    return mask_password(settings.ollama_url if provider == "ollama" else settings.openai_base_url or OPENAI_URL)


def _price(candidate: Candidate) -> str:
    if candidate.price is None:
        return "price not known"
    return "free" if candidate.price.free else f"${candidate.price.input:g} in, ${candidate.price.output:g} out"
