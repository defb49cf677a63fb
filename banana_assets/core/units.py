"""Units of metrics, which their names carry: ``memory_used_bytes``, ``cpu_percent``, ``build_failure_ratio``."""

from __future__ import annotations

import re

_UNITS = (
    (re.compile(r"bytes?_per_second"), "bytes/s"),
    (re.compile(r"per_second"), "1/s"),
    (re.compile(r"bytes?"), "bytes"),
    (re.compile(r"percent"), "percent"),
    (re.compile(r"seconds?"), "s"),
    (re.compile(r"ratio"), "1"),
)
_BINARY = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B"))


def unit_of(metric: str) -> str:
    """The unit that a metric's name tells (``bytes/s``, ``percent``, ``1`` for a ratio), empty where it tells none."""
    return next((unit for pattern, unit in _UNITS if pattern.search(metric)), "")


def scale_of(metric: str, top: float) -> tuple[float, str]:
    """What values of a metric that reach ``top`` are divided by to be read easily, and the unit they are in then."""
    unit = unit_of(metric)
    if unit.startswith("bytes"):
        size, name = next((pair for pair in _BINARY if abs(top) >= pair[0]), _BINARY[-1])
        return float(size), name + unit.removeprefix("bytes")
    return 1.0, {"percent": "%", "1": ""}.get(unit, unit)


def quantity(value: float, metric: str) -> str:
    """A value for people: ``1.3 GiB``, ``12.0 %``, ``0.25``."""
    factor, name = scale_of(metric, value)
    digits = 1 if unit_of(metric).startswith(("bytes", "percent")) else 2
    return f"{value / factor:.{digits}f} {name}".rstrip()
