"""When a request is sent again, and after how long: exponential backoff with full jitter.

Source: M. Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015); RFC 9110 on Retry-After.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from banana_assets.core.models.waiting import retry_after

WORTH_ANOTHER = frozenset({429, 502, 503, 504})
LONGEST_WAIT = 30.0


@dataclass(frozen=True)
class Retry:
    """At most so many attempts; the n-th wait is drawn from 0 to ``base`` * 2^n seconds, and at most 30."""

    attempts: int = 4
    base: float = 0.25

    def wait(self, attempt: int, answer: httpx.Response | None) -> float | None:
        """Seconds before the next attempt after the ``attempt``-th (from 1) failed; None to give up."""
        if attempt >= self.attempts or (answer is not None and answer.status_code not in WORTH_ANOTHER):
            return None
        told = retry_after(answer.headers.get("retry-after"), datetime.now(UTC)) if answer is not None else None
        if told is not None:
            # A server that wants a longer pause than anybody here waits is not asked again.
            return told if told <= LONGEST_WAIT else None
        return random.uniform(0, min(LONGEST_WAIT, self.base * 2**attempt))
