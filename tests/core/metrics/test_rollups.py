"""Readings that are summed up by series and hour say the same as the readings themselves."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.metrics.rollups import median_steps, merged, rollups
from banana_assets.core.metrics.usage import resource_usage
from banana_assets.core.tables import RESOURCE_ROLLUPS, RESOURCE_SAMPLES
from tests.core.metrics.frames import at, frame, samples


def test_an_hour_holds_its_finite_readings() -> None:
    out = rollups(samples([1, 5, float("inf"), 3], 1200))
    assert RESOURCE_ROLLUPS.violations(out) == {}
    first, second = out.to_dicts()
    assert (first["samples"], first["mean"], first["least"], first["peak"]) == (2, 3, 1, 5)
    assert (first["first_ts"], first["last_ts"], second["hour"]) == (at(0), at(1 / 3), at(1))


def test_an_hour_without_a_finite_reading_is_still_read() -> None:
    out = rollups(samples([float("nan")]))
    assert out["samples"].to_list() == [0]
    assert resource_usage(RESOURCE_SAMPLES.empty(), out).height == 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 20_000), st.floats(-1e6, 1e6)), min_size=1, max_size=60, unique_by=lambda x: x[0]
    ),
    st.integers(1, 4),
)
def test_series_in_pieces_give_what_they_give_as_one(readings: list[tuple[int, float]], pieces: int) -> None:
    rows = [{"ts": at(minute / 60), "value": v} for minute, v in readings]
    defaults = {"series_id": 1, "source": "host1", "metric": "cpu_percent"}
    whole = frame(RESOURCE_SAMPLES, rows, defaults)
    parts = [
        frame(RESOURCE_SAMPLES, part, defaults | {"series_id": k + 1})
        for k in range(pieces)
        if (part := rows[k::pieces])
    ]
    one, many = (merged(found, "1d", "source") for found in (rollups(whole), pl.concat(map(rollups, parts))))
    assert one.drop("mean").equals(many.drop("mean"))
    assert one["mean"].to_list() == pytest.approx(many["mean"].to_list(), abs=1e-6)
    everything = resource_usage(whole)
    summed = resource_usage(whole, rollups(whole))
    assert everything.equals(summed)
    assert everything["samples"].sum() == len(readings)


def test_the_step_is_the_median_distance() -> None:
    hourly = median_steps(rollups(samples([1.0] * 30, 3600))).row(0, named=True)
    assert (hourly["step"], hourly["span"]) == (3600, 29 * 3600)
    dense = median_steps(rollups(samples([1.0] * 600, 60))).row(0, named=True)
    assert dense["step"] == 60
