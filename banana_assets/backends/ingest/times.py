"""Moments as people and programs write them."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time


def parse_moment(value: object) -> datetime | None:
    """The moment in UTC that an ISO 8601 text, a date, or a number of seconds, milliseconds or microseconds since 1970
    stands for; times without a zone are UTC. None where it stands for none."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _epoch(float(value))
    if not isinstance(value, str):
        return None
    text = value.strip().removesuffix(" UTC")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            return _epoch(float(text))
        except ValueError:
            return None
    if text.isdigit() and len(text) > 8:
        return _epoch(float(text))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _epoch(number: float) -> datetime | None:
    if not math.isfinite(number):
        return None
    # Seconds have ten digits from 2001 to 2286; more digits are finer units.
    for limit, unit in ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9)):
        if 1e8 <= abs(number) < limit:
            return datetime.fromtimestamp(number / unit, UTC)
    return None
