from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from banana_assets.core.metrics.special import betainc, betaincinv

weights = st.floats(0.05, 5000)


@given(weights, weights, st.floats(0, 1))
def test_the_incomplete_beta_function_is_that_of_scipy(a: float, b: float, x: float) -> None:
    assert betainc(a, b, x) == pytest.approx(special.betainc(a, b, x), rel=1e-8, abs=1e-12)


@given(st.floats(0.3, 500), st.floats(0.3, 500), st.floats(0.001, 0.999))
def test_so_is_its_inverse(a: float, b: float, q: float) -> None:
    assert betaincinv(a, b, q) == pytest.approx(special.betaincinv(a, b, q), rel=1e-6, abs=1e-9)


def test_the_ends() -> None:
    assert (betainc(2, 3, 0), betainc(2, 3, 1), betaincinv(2, 3, 0), betaincinv(2, 3, 1)) == (0, 1, 0, 1)
