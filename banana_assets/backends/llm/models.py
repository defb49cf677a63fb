"""Asking a language model: the route, the deadline, and what is next when one fails."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from banana_assets.backends.llm import configured as setup
from banana_assets.backends.llm.cache import Cache
from banana_assets.backends.llm.deterministic import Deterministic, Task
from banana_assets.backends.llm.gateway import Clock, Gateway, outgoing
from banana_assets.backends.llm.ledger import Ledger
from banana_assets.backends.settings import Settings
from banana_assets.core.models.budgets import Amount
from banana_assets.core.models.quality import below_floor
from banana_assets.core.models.routing import Candidate, Route, Tiers, route
from banana_assets.core.models.types import Answer, Health, LanguageModel, ModelError, Request
from banana_assets.core.safety.secrets import mask
from banana_assets.core.safety.untrusted import tidy

if TYPE_CHECKING:
    import polars as pl
    import sqlalchemy as sa

SHARE = 0.6
"""Of the time left that one model may take while another is there to be asked after it."""


def open_models(
    settings: Settings,
    engine: sa.Engine,
    *,
    run_id: str = "",
    tasks: Mapping[str, Task] | None = None,
    quality: pl.DataFrame | None = None,
    clock: Clock | None = None,
) -> Models:
    """The models that these settings set up, with ledger and cache in the records.

    ``run_id`` is what the budget of a run counts by, this process unless told. ``tasks`` answer without a model,
    ``quality`` (``core.models.quality.QUALITY``) is what came of earlier plans. Nothing is connected to before a
    question.
    """
    return Models(
        Ledger(engine, setup.budgets(settings)),
        Cache(engine),
        tiers=setup.tiers(settings),
        make=lambda candidate: setup.client(settings, candidate),
        named=lambda name: setup.told(settings, name),
        tasks=tasks,
        paid_allowed=settings.enable_advanced_models,
        deadline_seconds=settings.llm_deadline_seconds,
        quality=quality,
        run_id=run_id,
        clock=clock,
    )


class Models:
    """The models of some settings. Use ``open_models``; tests hand their own ``tiers`` and ``make``."""

    def __init__(
        self,
        ledger: Ledger,
        cache: Cache,
        *,
        tiers: Tiers,
        make: Callable[[Candidate], LanguageModel],
        named: Callable[[str], Candidate],
        tasks: Mapping[str, Task] | None = None,
        paid_allowed: bool = True,
        deadline_seconds: float = 60.0,
        quality: pl.DataFrame | None = None,
        run_id: str = "",
        clock: Clock | None = None,
    ) -> None:
        self.ledger = ledger
        self.run_id = run_id or f"process-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._tiers = tiers
        self._made: dict[Candidate, LanguageModel] = {}
        self._make = make
        self._named = named
        self._floor = Deterministic(tasks)
        self._paid_allowed = paid_allowed
        self._deadline = deadline_seconds
        self._quality = quality
        self._clock = clock or Clock()
        self._gateway = Gateway(ledger, cache, self.run_id, self._clock)

    @property
    def configured(self) -> bool:
        """Whether any language model is set up."""
        return bool(self._tiers.all())

    def generate(
        self,
        request: Request,
        *,
        complexity: float,
        use_model: str | None = None,
        advanced: bool = False,
        deadline_seconds: float | None = None,
    ) -> Answer:
        """The first answer that can be used, from the models in the order of ``core.models.routing``, at last without
        a model; always within the deadline.

        ``complexity`` is in 0..1. ``use_model`` asks that model alone before doing without (``none`` asks no model).
        Raises ModelError when nothing answered, also not without a model; InputError where ``use_model`` is not set up.
        """
        tried: list[str] = []
        chosen = self.route(complexity=complexity, use_model=use_model, advanced=advanced, category=request.category)
        if chosen is not None:
            tried += chosen.left_out
            seconds = self._deadline if deadline_seconds is None else deadline_seconds
            answer = self._asked(chosen.candidates, request, seconds, tried)
            if answer is not None:
                return replace(answer, tried=tuple(tried))
        return replace(self._without(request, tried), tried=tuple(tried))

    def route(
        self, *, complexity: float, use_model: str | None = None, advanced: bool = False, category: str = ""
    ) -> Route | None:
        """The models that ``generate`` would ask, in order; None where it would ask none. Raises InputError where
        ``use_model`` is not set up."""
        without = use_model in setup.NO_MODEL
        told = self._named(use_model) if use_model and not without else None
        if without or not (told or self.configured):
            return None
        return route(
            self._tiers,
            complexity=complexity,
            told=told,
            advanced=advanced,
            paid_allowed=self._paid_allowed,
            below_floor=lambda c: self._below_floor(c, category),
        )

    def health(self) -> list[Health]:
        """Every model that is set up, and planning without one."""
        return [*(self._client(c).health() for c in self._tiers.all()), self._floor.health()]

    def taken(self) -> tuple[Amount, Amount]:
        """What this run and this UTC day have taken."""
        return self.ledger.taken(self._clock.now(), self.run_id)

    def _asked(
        self, candidates: tuple[Candidate, ...], request: Request, seconds: float, tried: list[str]
    ) -> Answer | None:
        out = outgoing(request)
        end = self._clock.monotonic() + seconds
        for place, candidate in enumerate(candidates, start=1):
            if candidate.price is None:
                continue
            now = self._clock.monotonic()
            until = end if place == len(candidates) else now + (end - now) * SHARE
            try:
                return self._gateway.ask(self._client(candidate), candidate.price, out, until)
            except ModelError as error:
                # Servers' own words are in it.
                tried.append(tidy(mask(f"{candidate.name}: {error.kind}. {error.message}").text))
        return None

    def _without(self, request: Request, tried: list[str]) -> Answer:
        try:
            return self._floor.generate(request, 0.0)
        except ModelError as error:
            if not tried:
                raise
            raise ModelError(error.kind, " ".join(tried), error.message) from error

    def _below_floor(self, candidate: Candidate, category: str) -> str | None:
        if self._quality is None or not category:
            return None
        return below_floor(self._quality, candidate.name, category)

    def _client(self, candidate: Candidate) -> LanguageModel:
        if candidate not in self._made:
            self._made[candidate] = self._make(candidate)
        return self._made[candidate]
