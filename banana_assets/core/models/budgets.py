"""Hard budgets: what a call, a run and a day may cost and take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Amount:
    """US dollars and tokens (in and out)."""

    dollars: float = 0.0
    tokens: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.dollars + other.dollars, self.tokens + other.tokens)


@dataclass(frozen=True)
class Budgets:
    """The most of each."""

    call: Amount
    run: Amount
    day: Amount


def exceeded(budgets: Budgets, asked: Amount, run: Amount, day: Amount) -> str | None:
    """Which budget a call of that size would exceed, beside what run and day have taken already; None where it fits."""
    spans = (("call", Amount(), budgets.call), ("run", run, budgets.run), ("day", day, budgets.day))
    for name, taken, most in spans:
        whole = taken + asked
        if whole.dollars > most.dollars:
            left = max(most.dollars - taken.dollars, 0.0)
            return f"It may cost ${asked.dollars:.4f}; the {name} has ${left:.4f} left of ${most.dollars:g}."
        if whole.tokens > most.tokens:
            left_tokens = max(most.tokens - taken.tokens, 0)
            return f"It may take {asked.tokens:,} tokens; the {name} has {left_tokens:,} left of {most.tokens:,}."
    return None
