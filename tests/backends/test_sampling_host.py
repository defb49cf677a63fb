"""Readings of the host: rates of counters between two moments, and none where the counters say nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from banana_assets.backends.host import Totals, host_readings

BEFORE = Totals(
    monotonic=100.0, boot=1.0, cpu_busy=10.0, cpu_all=100.0, disk_read=1000, disk_written=0, received=None, sent=50
)
AFTER = replace(BEFORE, monotonic=110.0, cpu_busy=15.0, cpu_all=120.0, disk_read=3000, disk_written=500, sent=0)
RATES = {"cpu_percent", "disk_read_bytes_per_second", "disk_written_bytes_per_second"}


def test_rates_are_what_grew_between(tmp_path: Path) -> None:
    found = host_readings(BEFORE, AFTER, tmp_path / "not" / "there")
    assert {name: found[name] for name in RATES} == {
        "cpu_percent": 25, "disk_read_bytes_per_second": 200, "disk_written_bytes_per_second": 50,
    }  # fmt: skip
    # A counter that is missing, and one that fell.
    assert not any(name.startswith("network_") for name in found)
    assert {"memory_used_bytes", "memory_percent", "disk_percent"} <= set(found)
    assert 0 < found["memory_percent"] <= 100


@pytest.mark.parametrize(
    "before",
    [None, replace(BEFORE, boot=500.0), replace(BEFORE, monotonic=200.0), replace(BEFORE, monotonic=-9000.0)],
    ids=["first", "restarted", "clock went back", "long ago"],
)
def test_without_counters_to_compare_there_are_levels_only(before: Totals | None, tmp_path: Path) -> None:
    assert not RATES & set(host_readings(before, AFTER, tmp_path))


def test_this_host_can_be_read(tmp_path: Path) -> None:
    now = Totals.now()
    assert now.cpu_all >= now.cpu_busy > 0
    assert Totals.of(now.as_dict()) == now
    assert Totals.of({"other": 1}) is None
