"""The incomplete beta function and its inverse, for intervals of rates.

scipy has both, but importing it takes longer than a command that shows a few intervals should.
"""

from __future__ import annotations

import math

TINY = 1e-300
PRECISION = 1e-14
MOST_TERMS = 500
MOST_HALVINGS = 200


def betainc(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), for a, b > 0 and x in 0..1; relative error below 1e-10.

    Source: DLMF 8.17.22 (https://dlmf.nist.gov/8.17.E22), the continued fraction by Lentz's method as in Thompson and
    Barnett, "Coulomb and Bessel functions of complex arguments and order", J. Comput. Phys. 64 (1986).
    """
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - betainc(b, a, 1.0 - x)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b))
    return front / (a * _fraction(a, b, x))


def betaincinv(a: float, b: float, q: float) -> float:
    """The x in 0..1 with I_x(a, b) = q: the q quantile of the Beta(a, b) distribution, by bisection."""
    if q <= 0.0 or q >= 1.0:
        return 0.0 if q <= 0.0 else 1.0
    low, high = 0.0, 1.0
    for _ in range(MOST_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high) or high - low <= PRECISION * high:
            break
        if betainc(a, b, middle) < q:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _fraction(a: float, b: float, x: float) -> float:
    """1 + d1/(1 + d2/(1 + ...)) with the d of DLMF 8.17.23."""
    value, c, d = 1.0, 1.0, 0.0
    for term in range(1, MOST_TERMS):
        m = term // 2
        if term % 2:
            step = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            step = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1.0 + step * d
        d = 1.0 / (d if abs(d) > TINY else TINY)
        c = 1.0 + step / c
        c = c if abs(c) > TINY else TINY
        change = c * d
        value *= change
        if abs(change - 1.0) < PRECISION:
            break
    return value
