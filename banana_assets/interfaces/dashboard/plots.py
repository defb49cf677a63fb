"""Plots of pages: what a script draws, and the same as rows for who reads it otherwise.

A page prints a ``Plot`` with the macro ``plot`` of ``pieces.html``; ``plots.js`` draws it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from markupsafe import Markup

from banana_assets.core.safety.serving import served
from banana_assets.core.text import visible
from banana_assets.interfaces.dashboard.frame import script_data

Values = Sequence[float | None]


@dataclass(frozen=True)
class Line:
    """One series over the times of its plot, with its name."""

    name: str
    values: Values
    kind: Literal["line", "dashed", "points", "bars"] = "line"


@dataclass(frozen=True)
class Band:
    """What lies between two series: a range that is named."""

    name: str
    low: Values
    high: Values


@dataclass(frozen=True)
class Plot:
    """A plot over times (UTC). ``unit`` is one of ``core.units`` (percent, 1, s, bytes, bytes/s), or words;
    ``limits`` are level lines with their names, ``least`` and ``most`` bound the axis where they are told."""

    ident: str
    title: str
    unit: str
    times: Sequence[datetime]
    lines: Sequence[Line]
    bands: Sequence[Band] = ()
    limits: Sequence[tuple[str, float]] = ()
    least: float | None = None
    most: float | None = None

    @property
    def data(self) -> Markup:
        """The block that the script reads; texts in it are as a template would print them."""
        told: dict[str, Any] = {
            "title": _text(self.title),
            "unit": _text(self.unit),
            "times": [at.timestamp() for at in self.times],
            "lines": [{"name": _text(x.name), "kind": x.kind, "values": _short(x.values)} for x in self.lines],
            "bands": [{"name": _text(x.name), "low": _short(x.low), "high": _short(x.high)} for x in self.bands],
            "limits": [{"name": _text(name), "value": value} for name, value in self.limits],
            "least": self.least,
            "most": self.most,
        }
        return script_data(f"{self.ident}-data", told)


def _text(value: str) -> str:
    return visible(str(served(value)))


def _short(values: Values) -> list[float | None]:
    """Six figures: more than any plot shows, and half the bytes."""
    return [None if value is None else float(f"{value:.6g}") for value in values]
