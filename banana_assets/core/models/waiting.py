"""How long to wait before asking the same model again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime

ATTEMPTS = 3
FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0
RETRIED = ("rate_limited", "server_error", "unreachable")
"""Failures that may be gone in a moment. A wrong answer comes again, and a time-out has used up the time."""


def wait(attempt: int, retry_after: float | None, chance: Callable[[], float]) -> float:
    """Seconds before attempt ``attempt + 1`` (the first is 1): full jitter, never less than the server asked for.

    Full jitter draws from 0 up to a bound that doubles, which spreads callers best (M. Brooker, Exponential Backoff
    And Jitter, AWS Architecture Blog, 2015). ``chance`` gives numbers in 0..1.
    """
    return (retry_after or 0.0) + chance() * min(FIRST_WAIT * float(2 ** (attempt - 1)), LONGEST_WAIT)


def retry_after(header: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for: a number, or a date (RFC 9110, 10.2.3). None where it says
    neither."""
    if header is None:
        return None
    told = header.strip()
    if told.isdecimal() and told.isascii():
        return float(told)
    try:
        seconds = float(told)
    except ValueError:
        pass
    else:
        return seconds if 0 <= seconds < 1e9 else None
    try:
        at = parsedate_to_datetime(told)
    except (ValueError, TypeError):
        return None
    return max((at - now).total_seconds(), 0.0) if at.tzinfo else None
