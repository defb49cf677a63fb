"""A series made ready to forecast: a regular grid without holes, its season and the bounds its values keep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from banana_assets.core.units import is_percentage

Floats = NDArray[np.float64]

DAY = 86400
LONGEST_INTERPOLATION = 6 * 3600


@dataclass(frozen=True)
class Series:
    """One series on a regular grid.

    ``values`` has no gap: those of up to six hours are interpolated, longer ones carry the last value forward;
    ``observed`` says which values were read. ``end`` is the time of the last value, ``step`` the seconds between two.
    ``floor`` and ``ceiling`` bound every forecast: 0 where the past was never below it, 100 for percentages.
    """

    name: str
    end: datetime
    step: int
    values: Floats
    observed: NDArray[np.bool_]
    floor: float | None
    ceiling: float | None

    @property
    def season(self) -> int:
        """Steps in a day (in a week for daily series), 0 where the step does not divide it."""
        if self.step >= DAY:
            return 7 if self.step == DAY else 0
        return DAY // self.step if DAY % self.step == 0 else 0

    def time(self, step: int) -> datetime:
        """The time ``step`` steps past the end."""
        return self.end + timedelta(seconds=self.step * step)


def regular(name: str, times: NDArray[np.int64], values: Floats, step: int, end: datetime) -> Series:
    """The series on its grid. ``times`` are seconds, rising, multiples of ``step`` past the first one."""
    at = ((times - times[0]) // step).astype(np.int64)
    grid = np.full(int(at[-1]) + 1, np.nan)
    grid[at] = values
    observed = ~np.isnan(grid)
    low, high = float(np.min(values)), float(np.max(values))
    percent = is_percentage(name) and low >= 0 and high <= 100
    return Series(
        name,
        end,
        step,
        fill(grid, LONGEST_INTERPOLATION // step),
        observed,
        0.0 if low >= 0 else None,
        100.0 if percent else None,
    )


def fill(grid: Floats, longest: int) -> Floats:
    """The same without NaN: gaps of fewer than ``longest`` steps by straight lines, longer ones by the last value."""
    known = np.flatnonzero(~np.isnan(grid))
    index = np.arange(len(grid))
    straight = np.interp(index, known, grid[known])
    before = known[np.clip(np.searchsorted(known, index, side="right") - 1, 0, None)]
    after = known[np.clip(np.searchsorted(known, index, side="left"), None, len(known) - 1)]
    return np.where(after - before <= max(longest, 1), straight, grid[before])
