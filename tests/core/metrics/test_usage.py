from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.metrics.usage import WIDTHS, grid_width, resource_usage
from banana_assets.core.tables import RESOURCE_SAMPLES, RESOURCE_USAGE
from tests.core.metrics.frames import samples


def test_nothing_gives_nothing() -> None:
    assert resource_usage(RESOURCE_SAMPLES.empty()).schema == RESOURCE_USAGE.dtypes


@pytest.mark.parametrize(
    ("span", "step", "width"),
    [(30, 1, 10), (3600, 1, 10), (6 * 3600, 5, 60), (86400, 60, 300), (30 * 86400, 60, 3600), (9e7, 90000, 86400),
     (600, 120, 300)],
)  # fmt: skip
def test_width_follows_span_and_step(span: float, step: float, width: int) -> None:
    assert grid_width(span, step) == width


def test_short_gaps_are_filled_and_marked_long_ones_left_out() -> None:
    values = samples([float(k) for k in range(60)], 3600)
    kept = values.filter(~values["ts"].dt.hour().is_in([3, 4]))  # two hours missing every day
    usage = resource_usage(kept)
    filled = usage.filter(usage["samples"] == 0)
    assert filled["mean"].to_list() == pytest.approx([3, 4, 27, 28, 51, 52])
    far = values.filter((values["ts"].dt.day() != 3) | (values["ts"].dt.hour() < 1))
    assert resource_usage(far).filter(pl.col("samples") == 0).height == 0


def test_recordings_of_builds_are_not_filled() -> None:
    values = samples([1.0] * 60, 3600, build_id="b")
    kept = values.filter(values["ts"].dt.hour() != 5)
    assert resource_usage(kept)["samples"].min() == 1


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(-1e9, 1e9) | st.just(float("inf")) | st.just(float("nan")), min_size=1, max_size=40),
    st.sampled_from([1, 60, 4000]),
)
def test_any_readings_keep_the_schema(values: list[float], step: int) -> None:
    usage = resource_usage(samples(values, step))
    assert RESOURCE_USAGE.violations(usage) == {}
    assert usage["mean"].is_finite().all()
    assert (usage["peak"] >= usage["mean"] - 1e-6 * usage["mean"].abs() - 1e-9).all()
    assert set(usage["interval_seconds"]) <= set(WIDTHS)
