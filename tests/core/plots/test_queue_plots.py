"""Waits of queues in a unit that fits them, and windows whose best time is seen."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import pytest

from banana_assets.core.plots.scheduling import queues_plot, windows_plot
from banana_assets.core.plots.style import GREEN
from banana_assets.core.tables import EXECUTION_WINDOWS
from tests.core.metrics.frames import at


@pytest.mark.parametrize(("wait", "unit"), [(17.0, "seconds"), (300.0, "minutes"), (9000.0, "hours"), (1e6, "days")])
def test_waits_are_drawn_in_a_unit_that_fits(wait: float, unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    from matplotlib.axes import Axes

    drawn = Axes.set_xlabel

    def kept(axes: Axes, text: str, **more: Any) -> Any:
        told.append(text)
        return drawn(axes, text, **more)

    monkeypatch.setattr(Axes, "set_xlabel", kept)
    frame = pl.DataFrame(
        {"queue_id": ["q"], "queue": ["encoder"], "seen_wait": [wait], "first_come_wait": [wait], "ordered_wait": [1.0]}
    )
    assert queues_plot(frame).lstrip().startswith(b"<?xml")
    assert told == [f"mean wait ({unit})"]


def test_the_best_time_is_seen_at_the_edge() -> None:
    row = {
        "queue": "encoder", "kind": "mp3", "host": "h", "begins_at": at(0), "ends_at": at(1), "best_at": at(0),
        "risk": 0.02,
    }  # fmt: skip
    frame = pl.DataFrame([row], schema={name: EXECUTION_WINDOWS.dtypes[name] for name in row}, orient="row")
    svg = windows_plot(frame).decode()
    mark = re.search(rf'<g( clip-path="[^"]*")?>\s*<use [^>]*style="fill: {GREEN}', svg)
    assert mark
    assert mark[1] is None
