"""Cross-entropy of a class times a power of the other class's probability, as of focal losses.

With ``z`` the margin in favour of the class, p = sigmoid(z), q = sigmoid(-z) and
s(z) = log(1 + exp(-z)), it is q**gamma s(z). The functions get float64 and return it.
"""

from collections.abc import Iterator

import numpy as np

from gradpair._links import both_sigmoids, log_sigmoid
from gradpair._validation import Array, Pair


def sides(y: Array, z: Array, alpha: float) -> Iterator[tuple[Array, Array, Array]]:
    """Yield sign, margin and weight of the class of 1 and of that of 0, in float64.

    A hard label belongs to one class, so that one side, which differs from row to row, does.
    """
    y, z = y.astype(np.float64), z.astype(np.float64)
    positive, negative = alpha * y, 1 - y
    if np.all((y == 0) | (y == 1)):
        sign = 2 * y - 1
        yield sign, sign * z, positive + negative
    else:
        yield np.ones(()), z, positive
        yield -np.ones(()), -z, negative


def value(z: Array, weight: Array, gamma: float) -> Array:
    """Return weight q**gamma s(z)."""
    _, q, _, e = both_sigmoids(z)
    # The weight comes first, lest the product underflow without it; 0 · inf is 0 here.
    return np.where(weight > 0, weight * np.power(q, gamma) * _softplus(z, e), 0)


def derivatives(z: Array, weight: Array, gamma: float, *, negative: int) -> Pair:
    """Return both derivatives, the second with its negative term or, times 0, without it."""
    p, q, pq, e = both_sigmoids(z)
    s = _softplus(z, e)
    # p is 0 where s is inf.
    scale, bend = weight * np.power(q, gamma), gamma * np.where(np.isinf(s), 0, p * s)
    second = scale * (bend * (gamma * p - negative * q) + (1 + 2 * gamma) * pq)
    return -scale * (bend + q), second


def log_gradient(z: Array, gamma: float) -> Array:
    """Logarithm of q**gamma (gamma p s + q), at any distance."""
    logarithm: Array = log_sigmoid(-z) + log_gradient_over_q(z, gamma)
    return logarithm


def log_gradient_over_q(z: Array, gamma: float) -> Array:
    """Logarithm of q**gamma (gamma p s / q + 1), at any distance."""
    if gamma == 0:  # 0 · inf is 0 here
        return np.where(np.isnan(z), z, 0)
    e = np.exp(-np.abs(z))
    odds_times_s = np.where(z >= 0, np.log1p(e) / e, e * (np.log1p(e) - z))  # p s / q
    limits = np.where(e == 0, z > 0, odds_times_s)
    logarithm: Array = gamma * log_sigmoid(-z) + np.log1p(gamma * limits)
    return logarithm


def _softplus(z: Array, e: Array) -> Array:
    """Return s(z), given exp(-|z|)."""
    s: Array = np.maximum(-z, 0) + np.log1p(e)
    return s
