"""Links between probabilities and log-odds, exact in both tails."""

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _validation
from gradpair._validation import Array


@np.errstate(all="ignore")
def sigmoid(z: ArrayLike) -> Array:
    r"""Logistic sigmoid, :math:`\sigma(z) = 1 / (1 + e^{-z})`.

    Use ``sigmoid(-z)`` for the complement: ``1 - sigmoid(z)`` is 0 in float32 from z = 17 on.

    Parameters
    ----------
    z : array-like of any shape
        Log-odds.

    Returns
    -------
    array of the same shape, float32 for float32 and float64 otherwise
        Probabilities in [0, 1].

    Examples
    --------
    >>> import gradpair as gp
    >>> gp.sigmoid([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    return both_sigmoids(_validation.floats("z", z))[0]


@np.errstate(all="ignore")
def log_sigmoid(z: ArrayLike) -> Array:
    r"""Logarithm of the sigmoid, :math:`\log \sigma(z) = -\log(1 + e^{-z})`.

    Parameters
    ----------
    z : array-like of any shape
        Log-odds.

    Returns
    -------
    array of the same shape, float32 for float32 and float64 otherwise
        Log-probabilities, at most 0.

    Examples
    --------
    >>> import gradpair as gp
    >>> gp.log_sigmoid([-1000.0, 0.0])
    array([-1.00000000e+03, -6.93147181e-01])
    """
    z = _validation.floats("z", z)
    return np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z)))


@np.errstate(all="ignore")
def softplus(z: ArrayLike) -> Array:
    r"""Softplus, :math:`\log(1 + e^z)`.

    Parameters
    ----------
    z : array-like of any shape
        Log-odds.

    Returns
    -------
    array of the same shape, float32 for float32 and float64 otherwise
        Values of at least 0.

    Examples
    --------
    >>> import gradpair as gp
    >>> gp.softplus([0.0, 1000.0])
    array([6.93147181e-01, 1.00000000e+03])
    """
    z = _validation.floats("z", z)
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


@np.errstate(all="ignore")
def logit(p: ArrayLike) -> Array:
    r"""Log-odds of a probability, :math:`\log(p / (1 - p))`, the inverse of :func:`sigmoid`.

    Parameters
    ----------
    p : array-like of any shape
        Probabilities in [0, 1]. Outside, the result is nan.

    Returns
    -------
    array of the same shape, float32 for float32 and float64 otherwise
        Log-odds; -inf at 0 and inf at 1.

    Examples
    --------
    >>> import gradpair as gp
    >>> gp.logit([0.0, 0.5, 1.0])
    array([-inf,   0.,  inf])
    """
    p = _validation.floats("p", p)
    centre = 2 * p - 1  # exact for p in [1/4, 1], so that arctanh keeps the zero at 1/2
    log_odds: Array = np.where(abs(centre) < 0.5, 2 * np.arctanh(centre), np.log(p / (1 - p)))[()]
    return log_odds


def both_sigmoids(z: Array) -> tuple[Array, Array, Array, Array]:
    """Return sigmoid(z), sigmoid(-z), their product and exp(-|z|), each exact in both tails."""
    e = np.exp(-np.abs(z))
    denominator = 1 + e
    near, far = 1 / denominator, e / denominator
    right = z >= 0
    return np.where(right, near, far)[()], np.where(right, far, near)[()], near * far, e
