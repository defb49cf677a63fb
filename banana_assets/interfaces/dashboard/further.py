"""The pages beside builds: what the derived tables, the records and the search index tell."""

from __future__ import annotations

from fastapi import APIRouter

from banana_assets.interfaces.dashboard import (
    advice,
    failures,
    forecasts,
    health,
    learning,
    patterns,
    plans,
    queues,
    searching,
    testing,
)

ROUTERS: tuple[APIRouter, ...] = tuple(
    page.router for page in (failures, patterns, testing, health, forecasts, queues, advice, plans, learning, searching)
)
"""One router for each page, in the order of the navigation."""
