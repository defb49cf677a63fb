"""When a request is sent again, and after how long: exponential backoff with full jitter.

Source: M. Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015); RFC 9110 on Retry-After.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

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
        told = retry_after(answer) if answer is not None else None
        if told is not None:
            # A server that wants a longer pause than anybody here waits is not asked again.
            return told if told <= LONGEST_WAIT else None
        return random.uniform(0, min(LONGEST_WAIT, self.base * 2**attempt))


def retry_after(answer: httpx.Response) -> float | None:
    """The pause in seconds that an answer asks for, as a number or until a date; None where it asks for none."""
    told = answer.headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return float(told)
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except ValueError:
        return None
