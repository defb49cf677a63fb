"""Which models the settings set up, and what names of models mean."""

from __future__ import annotations

from banana_assets.backends.settings import Settings
from banana_assets.core.errors import InputError
from banana_assets.core.models.budgets import Amount, Budgets
from banana_assets.core.models.prices import FREE, OPENAI_URL, Price, listed
from banana_assets.core.models.quality import FLOOR
from banana_assets.core.models.routing import Candidate, Tiers
from banana_assets.core.models.types import LanguageModel

NO_MODEL = (FLOOR, "none")
"""Names that mean: without a model."""

_OLLAMA = ("ollama_url", "ollama_model", "ollama_fast_model")
_OPENAI_NAMES = ("gpt-3", "gpt-4", "gpt-5", "chatgpt", "o1", "o3", "o4")


def ollama_configured(settings: Settings) -> bool:
    """Whether somebody set Ollama up; that something listens at its usual port is no wish to be asked."""
    return settings.language_models and any(name in settings.model_fields_set for name in _OLLAMA)


def openai_configured(settings: Settings) -> bool:
    """Whether there is a key, or the address of a server that speaks its protocol."""
    return settings.language_models and bool(_key(settings) or settings.openai_base_url)


def budgets(settings: Settings) -> Budgets:
    """The hard budgets of these settings."""
    return Budgets(
        call=Amount(settings.llm_call_dollars, settings.llm_call_tokens),
        run=Amount(settings.llm_run_dollars, settings.llm_run_tokens),
        day=Amount(settings.llm_day_dollars, settings.llm_day_tokens),
    )


def tiers(settings: Settings) -> Tiers:
    """The models that are set up, by what each is for."""
    chosen = settings.default_model if "default_model" in settings.model_fields_set else None
    if chosen in NO_MODEL:
        return Tiers()
    ollama = _ollama(settings, settings.ollama_model) if ollama_configured(settings) else None
    openai = _openai(settings, settings.openai_model) if openai_configured(settings) else None
    default = (candidate(settings, chosen) if chosen else None) or ollama or openai
    fast = None
    if ollama and "ollama_fast_model" in settings.model_fields_set:
        fast = _ollama(settings, settings.ollama_fast_model)
    fallback = None if settings.fallback_model in NO_MODEL else candidate(settings, settings.fallback_model)
    return Tiers(default, fast, openai, fallback)


def candidate(settings: Settings, name: str) -> Candidate | None:
    """The model that a name means: PROVIDER, PROVIDER/NAME, or the name of a model. None where it is not set up.

    A bare name is OpenAI's when it is ``openai_model`` or begins like one of theirs, else Ollama's.
    """
    provider, slash, model = name.partition("/")
    if provider not in ("ollama", "openai"):
        provider, slash, model = "", "/", name
    with_ollama, with_openai = ollama_configured(settings), openai_configured(settings)
    if not provider:
        # Names at Ollama have a tag.
        theirs = model == settings.openai_model or (model.startswith(_OPENAI_NAMES) and ":" not in model)
        provider = "openai" if theirs or (with_openai and not with_ollama) else "ollama"
    if provider == "openai":
        return _openai(settings, model if slash else settings.openai_model) if with_openai else None
    return _ollama(settings, model if slash else settings.ollama_model) if with_ollama else None


def told(settings: Settings, name: str) -> Candidate:
    """The model that somebody asks for. Raises InputError where it is not set up, with what to set."""
    found = candidate(settings, name)
    if found is None:
        how = "OPENAI_API_KEY or OPENAI_BASE_URL" if name.startswith(("openai", *_OPENAI_NAMES)) else "OLLAMA_URL"
        off = "" if settings.language_models else " Language models are switched off (language_models)."
        raise InputError(f"The model {name} is not set up.{off}", f"Set {how}; `banana models` shows what is set up.")
    return found


def client(settings: Settings, chosen: Candidate) -> LanguageModel:
    """The client of a candidate."""
    # Their libraries take long to load, and who asks for budgets or names needs neither.
    if chosen.provider == "ollama":
        from banana_assets.backends.llm.ollama_client import Ollama

        return Ollama(settings.ollama_url, chosen.model)
    from banana_assets.backends.llm.openai_client import OpenAI

    return OpenAI(_key(settings), chosen.model, url=settings.openai_base_url or OPENAI_URL)


def _ollama(settings: Settings, model: str) -> Candidate:
    return Candidate("ollama", model, FREE)


def _openai(settings: Settings, model: str) -> Candidate:
    prices = settings.openai_input_price, settings.openai_output_price
    if prices[0] is not None and prices[1] is not None:
        return Candidate("openai", model, Price(prices[0], prices[1]))
    return Candidate("openai", model, listed(model, settings.openai_base_url or OPENAI_URL))


def _key(settings: Settings) -> str:
    return settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
