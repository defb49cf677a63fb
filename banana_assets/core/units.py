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
_PERCENTAGE = re.compile(r"percent|pct|(?:^|[_.\W])util(?:i[sz]ation)?(?:$|[_.\W])|%", re.IGNORECASE)
_BINARY = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B"))
_SIZES = {
    "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40, "kibibytes": 1 << 10, "mebibytes": 1 << 20,
    "gibibytes": 1 << 30, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kilobytes": 10**3,
    "megabytes": 10**6, "gigabytes": 10**9,
}  # fmt: skip
_TIMES = {
    "ns": 1e-9, "nanoseconds": 1e-9, "us": 1e-6, "microseconds": 1e-6, "ms": 1e-3, "milliseconds": 1e-3, "secs": 1.0,
    "minutes": 60.0, "hours": 3600.0,
}  # fmt: skip
_BASES = (
    {word: ("bytes", float(size)) for word, size in _SIZES.items()}
    | {word: ("seconds", size) for word, size in _TIMES.items()}
    | {"pct": ("percent", 1.0)}
)
_NAMED_UNIT = re.compile(rf"_({'|'.join(sorted(_BASES, key=len, reverse=True))})(?=(?:_per_second|/s)?(?:\{{|$))", re.I)


def base_unit(metric: str) -> tuple[str, float] | None:
    """The name of a metric in bytes, seconds or percent and what its values are multiplied by; None where it is.

    The unit is the last word of the name, before its labels: ``memory_used_MiB`` is ``memory_used_bytes`` times
    1,048,576. ``kb`` and ``mb`` are powers of ten, ``kib`` and ``mib`` of two (IEC 80000-13).
    """
    found = _NAMED_UNIT.search(metric)
    if found is None:
        return None
    word, factor = _BASES[found[1].lower()]
    return f"{metric[: found.start()]}_{word}{metric[found.end() :]}", factor


def bytes_of(text: str) -> float | None:
    """The bytes that a size stands for: ``8G``, ``512 MiB``, ``1.5 GB``, ``1000``; None where it stands for none.

    A letter alone is a power of two, as in the options of compilers and containers; kB, MB... are powers of ten.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text.lower())
    if found is None:
        return None
    unit = found[2]
    factor = 1 if unit in ("", "b") else _SIZES.get(f"{unit}ib" if len(unit) == 1 else unit)
    return float(found[1]) * factor if factor else None


def unit_of(metric: str) -> str:
    """The unit that a metric's name tells (``bytes/s``, ``percent``, ``1`` for a ratio), empty where it tells none."""
    return next((unit for pattern, unit in _UNITS if pattern.search(metric)), "")


def is_percentage(metric: str) -> bool:
    """Whether a metric's name says that it is a percentage."""
    return bool(_PERCENTAGE.search(metric))


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
