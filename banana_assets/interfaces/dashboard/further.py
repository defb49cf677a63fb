"""The pages beside builds: what the derived tables, the records and the search index tell."""

from __future__ import annotations

from fastapi import APIRouter

from banana_assets.interfaces.dashboard import (
    advice,
    failures,
    forecasts,
    health,
    learning,
    media,
    patterns,
    plans,
    queues,
    searching,
    testing,
)

PAGES = (failures, patterns, testing, health, forecasts, queues, media, advice, plans, learning, searching)
ROUTERS: tuple[APIRouter, ...] = tuple(page.router for page in PAGES)
"""One router for each page, in the order of the navigation."""
