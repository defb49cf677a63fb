"""Units are told by names, and changed into base units by stated factors."""

from __future__ import annotations

import pytest

from banana_assets.core.units import base_unit, bytes_of, quantity, scale_of, unit_of


@pytest.mark.parametrize(
    ("metric", "unit"),
    [("memory_used_bytes", "bytes"), ("disk_read_bytes_per_second_max", "bytes/s"), ("cpu_percent_mean", "percent"),
     ("build_failure_ratio", "1"), ("http_requests_per_second", "1/s"), ("wait_seconds", "s"), ("load_average_1m", "")],
)  # fmt: skip
def test_a_name_tells_the_unit(metric: str, unit: str) -> None:
    assert unit_of(metric) == unit


@pytest.mark.parametrize(
    ("metric", "base"),
    [("memory_MiB", ("memory_bytes", 2.0**20)), ("sent_kb_per_second", ("sent_bytes_per_second", 1e3)),
     ('wait_ms{q="a"}', ('wait_seconds{q="a"}', 1e-3)), ("cpu_pct", ("cpu_percent", 1.0)), ("memory_bytes", None),
     ("terms", None), ("mb_used", None)],
)  # fmt: skip
def test_other_units_become_base_units(metric: str, base: tuple[str, float] | None) -> None:
    assert base_unit(metric) == base


def test_quantities_for_people() -> None:
    assert quantity(1.3 * 2**30, "memory_used_bytes") == "1.3 GiB"
    assert quantity(2048, "sent_bytes_per_second") == "2.0 KiB/s"
    assert quantity(12, "cpu_percent") == "12.0 %"
    assert quantity(0.256, "load_average_1m") == "0.26"
    assert scale_of("memory_used_bytes", 0) == (1.0, "B")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("8G", 8 << 30),
        (" 512 m ", 512 << 20),
        ("1.5GiB", 1.5 * (1 << 30)),
        ("8GB", 8e9),
        ("250 kB", 250e3),
        ("1000", 1000.0),
        ("7 B", 7.0),
        ("much", None),
        ("-1G", None),
        ("1e400", None),
        ("5 parsecs", None),
        ("", None),
    ],
)
def test_sizes_that_people_write(text: str, size: float | None) -> None:
    assert bytes_of(text) == size
