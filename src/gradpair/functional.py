r"""The mathematics: links, and losses with their derivatives. Arrays in, arrays out.

Conventions of every function here:

- ``y_true`` is a label in [0, 1]. Between 0 and 1 it is a soft label, the probability of a 1.
- ``raw_prediction`` is a log-odds: XGBoost's margin, LightGBM's raw score.
- Both have one shape, usually ``(n_samples,)``, or one of them is a scalar that stands for every
  row. Anything that :func:`numpy.asarray` makes numeric is accepted; no argument is changed.
- float32 margins give float32 results; everything else is computed in float64.
- Derivatives are with respect to ``raw_prediction``, one per row, neither summed nor averaged.
- Limits at ±inf are exact, nan gives nan, and no floating-point warning is raised.
- Labels outside [0, 1] and shapes that differ raise ``ValueError``; what is not numeric raises
  ``TypeError``.

Throughout, ``s(z) = log(1 + exp(-z))``, ``p = sigmoid(z)`` and ``q = sigmoid(-z)``. ``1 - p`` is
never formed, and nothing is clipped: every formula is written in ``exp(-|z|)``, which keeps full
relative precision in both tails.
"""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _validation
from gradpair._validation import Array

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_gradient",
    "binary_cross_entropy_gradient_hessian",
    "binary_cross_entropy_hessian",
    "log_sigmoid",
    "logit",
    "sigmoid",
    "softplus",
    "weighted_cross_entropy",
    "weighted_cross_entropy_gradient",
    "weighted_cross_entropy_gradient_hessian",
    "weighted_cross_entropy_hessian",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _quiet(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Run a function whose limits are right by construction without floating-point warnings."""

    @functools.wraps(function)
    def quiet(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with np.errstate(all="ignore"):
            return function(*args, **kwargs)

    return quiet


@_quiet
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
    return _sigmoids(_validation.floats("z", z))[0]


@_quiet
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


@_quiet
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


@_quiet
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


def binary_cross_entropy(y_true: ArrayLike, raw_prediction: ArrayLike) -> Array:
    r"""Binary cross-entropy (log loss), :math:`y\,s(z) + (1 - y)\,s(-z)`.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels in [0, 1].
    raw_prediction : array-like of shape (n_samples,)
        Log-odds.

    Returns
    -------
    array of shape (n_samples,)
        Losses of at least 0.

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.90.

    Examples
    --------
    >>> from gradpair import functional
    >>> functional.binary_cross_entropy([1, 0], [2.0, 2.0])
    array([0.12692801, 2.12692801])
    """
    return weighted_cross_entropy(y_true, raw_prediction, 1.0)


def binary_cross_entropy_gradient(y_true: ArrayLike, raw_prediction: ArrayLike) -> Array:
    r"""First derivative of binary cross-entropy, :math:`(1 - y)\,p - y\,q = p - y`.

    Parameters and errors are those of :func:`binary_cross_entropy`.

    Returns
    -------
    array of shape (n_samples,)
        Derivatives in [-1, 1].

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.91.

    Examples
    --------
    >>> from gradpair import functional
    >>> functional.binary_cross_entropy_gradient([1, 0], [40.0, 40.0])
    array([-4.24835426e-18,  1.00000000e+00])
    """
    return weighted_cross_entropy_gradient(y_true, raw_prediction, 1.0)


def binary_cross_entropy_hessian(y_true: ArrayLike, raw_prediction: ArrayLike) -> Array:
    r"""Second derivative of binary cross-entropy, :math:`p\,q`.

    Parameters and errors are those of :func:`binary_cross_entropy`.

    Returns
    -------
    array of shape (n_samples,)
        Derivatives in [0, 1/4].

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.97.

    Examples
    --------
    >>> from gradpair import functional
    >>> functional.binary_cross_entropy_hessian([1, 0], [0.0, 40.0])
    array([2.50000000e-01, 4.24835426e-18])
    """
    return weighted_cross_entropy_hessian(y_true, raw_prediction, 1.0)


def binary_cross_entropy_gradient_hessian(
    y_true: ArrayLike, raw_prediction: ArrayLike
) -> tuple[Array, Array]:
    """First and second derivative of binary cross-entropy, from one exponential.

    Parameters and errors are those of :func:`binary_cross_entropy`.

    Returns
    -------
    gradient, hessian : arrays of shape (n_samples,)

    Examples
    --------
    >>> from gradpair import functional
    >>> functional.binary_cross_entropy_gradient_hessian([1, 0], [0.0, 0.0])
    (array([-0.5,  0.5]), array([0.25, 0.25]))
    """
    return weighted_cross_entropy_gradient_hessian(y_true, raw_prediction, 1.0)


@_quiet
def weighted_cross_entropy(y_true: ArrayLike, raw_prediction: ArrayLike, alpha: float) -> Array:
    r"""Cross-entropy with a weighted positive term, :math:`\alpha\,y\,s(z) + (1 - y)\,s(-z)`.

    With hard labels this is binary cross-entropy under the sample weight ``alpha`` for positives:
    what XGBoost and LightGBM call ``scale_pos_weight``.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels in [0, 1].
    raw_prediction : array-like of shape (n_samples,)
        Log-odds.
    alpha : float
        Factor of the positive term, positive and finite.

    Returns
    -------
    array of shape (n_samples,)
        Losses of at least 0.

    References
    ----------
    King and Zeng, Logistic Regression in Rare Events Data (2001), eq. 8.

    Examples
    --------
    >>> from gradpair import functional
    >>> functional.weighted_cross_entropy([1, 0, 0.5], [2.0, 2.0, 2.0], alpha=3.0)
    array([0.38078403, 2.12692801, 1.25385602])
    """
    positive, negative, z = _terms(y_true, raw_prediction, alpha)
    distance = np.abs(z)
    beyond = np.where(z > 0, negative, positive)
    linear = np.where(beyond > 0, beyond * distance, 0)  # 0 · inf is 0 here, not nan
    values: Array = linear + (positive + negative) * np.log1p(np.exp(-distance))
    return values


@_quiet
def weighted_cross_entropy_gradient(
    y_true: ArrayLike, raw_prediction: ArrayLike, alpha: float
) -> Array:
    r"""First derivative of weighted cross-entropy, :math:`(1 - y)\,p - \alpha\,y\,q`.

    The same as the textbook's :math:`y\,p\,(\alpha - 1) + p - \alpha\,y`, without its cancellation.
    Parameters and errors are those of :func:`weighted_cross_entropy`.

    Returns
    -------
    array of shape (n_samples,)
        Derivatives in [-alpha, 1].

    Examples
    --------
    >>> from gradpair import functional
    >>> functional.weighted_cross_entropy_gradient([1, 0, 0.5], [0.0, 0.0, 0.0], alpha=3.0)
    array([-1.5,  0.5, -0.5])
    """
    positive, negative, z = _terms(y_true, raw_prediction, alpha)
    p, q, _ = _sigmoids(z)
    gradient: Array = negative * p - positive * q
    return gradient


@_quiet
def weighted_cross_entropy_hessian(
    y_true: ArrayLike, raw_prediction: ArrayLike, alpha: float
) -> Array:
    r"""Second derivative of weighted cross-entropy, :math:`(\alpha\,y + 1 - y)\,p\,q`.

    Parameters and errors are those of :func:`weighted_cross_entropy`.

    Returns
    -------
    array of shape (n_samples,)
        Derivatives in [0, max(alpha, 1) / 4].

    Examples
    --------
    >>> from gradpair import functional
    >>> functional.weighted_cross_entropy_hessian([1, 0, 0.5], [0.0, 0.0, 0.0], alpha=3.0)
    array([0.75, 0.25, 0.5 ])
    """
    positive, negative, z = _terms(y_true, raw_prediction, alpha)
    return (positive + negative) * _sigmoids(z)[2]


@_quiet
def weighted_cross_entropy_gradient_hessian(
    y_true: ArrayLike, raw_prediction: ArrayLike, alpha: float
) -> tuple[Array, Array]:
    """First and second derivative of weighted cross-entropy, from one exponential.

    Parameters and errors are those of :func:`weighted_cross_entropy`.

    Returns
    -------
    gradient, hessian : arrays of shape (n_samples,)

    Examples
    --------
    >>> from gradpair import functional
    >>> functional.weighted_cross_entropy_gradient_hessian([1, 0], [0.0, 0.0], alpha=3.0)
    (array([-1.5,  0.5]), array([0.75, 0.25]))
    """
    positive, negative, z = _terms(y_true, raw_prediction, alpha)
    p, q, pq = _sigmoids(z)
    return negative * p - positive * q, (positive + negative) * pq


def _terms(
    y_true: ArrayLike, raw_prediction: ArrayLike, alpha: float
) -> tuple[Array, Array, Array]:
    """Check the arguments; return the factors of the positive and negative term, and z."""
    y, z, _ = _validation.rows(y_true, raw_prediction, None)
    return z.dtype.type(_validation.positive("alpha", alpha)) * y, 1 - y, z


def _sigmoids(z: Array) -> tuple[Array, Array, Array]:
    """Return sigmoid(z), sigmoid(-z) and their product, each exact in both tails."""
    e = np.exp(-np.abs(z))
    denominator = 1 + e
    near, far = 1 / denominator, e / denominator
    right = z >= 0
    return np.where(right, near, far)[()], np.where(right, far, near)[()], near * far
