"""What advice is computed from, read from the tables."""

from __future__ import annotations

from banana_assets.backends.tables import Tables
from banana_assets.core.advice.observed import OBSERVED, Observed, by_hour
from banana_assets.core.metrics.forecast.history import current


def observe(tables: Tables) -> Observed:
    """Everything that advice is computed from."""
    frames = {name: tables.read(table) for name, table in OBSERVED.items() if name not in ("predictions", "shapes")}
    return Observed(
        predictions=current(tables.read(OBSERVED["predictions"])),
        shapes=by_hour(tables.scan(OBSERVED["shapes"])),
        **frames,
    )
