"""Which models are asked for a question, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from banana_assets.core.models.prices import Price

SIMPLE = 0.3
"""Complexity below which the fast model is asked first."""

COMPLEX = 0.7
"""Complexity from which the advanced model is asked first."""


@dataclass(frozen=True)
class Candidate:
    """One model that is set up. ``price`` is None where nobody knows what it costs."""

    provider: str
    model: str
    price: Price | None

    @property
    def name(self) -> str:
        """``provider/model``."""
        return f"{self.provider}/{self.model}"


@dataclass(frozen=True)
class Tiers:
    """What is set up: the model asked unless told, a faster one, a better one that may cost, and the one asked when
    the first fails."""

    default: Candidate | None = None
    fast: Candidate | None = None
    advanced: Candidate | None = None
    fallback: Candidate | None = None

    def all(self) -> tuple[Candidate, ...]:
        """Each model once, the default first."""
        return tuple(dict.fromkeys(c for c in (self.default, self.fast, self.advanced, self.fallback) if c))


@dataclass(frozen=True)
class Route:
    """The models to ask, in order, and why others are not asked, a sentence each."""

    candidates: tuple[Candidate, ...]
    left_out: tuple[str, ...] = ()


def route(
    tiers: Tiers,
    *,
    complexity: float,
    told: Candidate | None = None,
    advanced: bool = False,
    paid_allowed: bool = True,
    below_floor: Callable[[Candidate], str | None] = lambda candidate: None,
) -> Route:
    """The order for a question of that complexity (0..1).

    What somebody asked for by name is asked alone. Else a simple question goes to the fast model first, a complex one,
    or one for which ``advanced`` was asked, to the advanced one; then the fallback, then the free ones. A model that
    costs is never the answer to the failure of a free one, unless it is the fallback. ``below_floor`` says why a model
    is worse than none for this class of question.
    """
    if told is not None:
        first: Sequence[Candidate | None] = [told]
        rest: Sequence[Candidate | None] = []
    else:
        if advanced or complexity >= COMPLEX:
            first = [tiers.advanced or tiers.default]
        elif complexity < SIMPLE:
            first = [tiers.fast or tiers.default]
        else:
            first = [tiers.default]
        first = first if first[0] else list(tiers.all()[:1])
        free = [c for c in (tiers.default, tiers.fast, tiers.advanced) if c and c.price and c.price.free]
        rest = [tiers.fallback, *free]
    kept, out = [], []
    for candidate in dict.fromkeys(c for c in [*first, *rest] if c):
        why = why_not(candidate, paid_allowed) or (None if told else below_floor(candidate))
        if why:
            out.append(f"{candidate.name}: {why}")
        else:
            kept.append(candidate)
    return Route(tuple(kept), tuple(out))


def why_not(candidate: Candidate, paid_allowed: bool) -> str | None:
    """Why a model is never asked; None where it may be."""
    if candidate.price is None:
        return "what it costs is not known (set openai_input_price and openai_output_price)"
    if not candidate.price.free and not paid_allowed:
        return "it costs money, and enable_advanced_models is off"
    return None
