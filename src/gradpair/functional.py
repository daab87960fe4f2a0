r"""The mathematics: links, and losses with their derivatives. Arrays in, arrays out.

Conventions of every function here:

- ``y_true`` is a label in [0, 1]. Between 0 and 1 it is a soft label, the probability of a 1.
- ``raw_prediction`` is a log-odds: XGBoost's margin, LightGBM's raw score.
- Both have one shape, usually ``(n_samples,)``, or one of them is a scalar that stands for every
  row. Anything that :func:`numpy.asarray` makes numeric is accepted; no argument is changed.
- float32 margins give float32 results, everything else gives float64.
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
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _validation
from gradpair._validation import Array

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_gradient",
    "binary_cross_entropy_gradient_hessian",
    "binary_cross_entropy_hessian",
    "focal_loss",
    "focal_loss_gradient",
    "focal_loss_gradient_hessian",
    "focal_loss_gradient_positive_hessian",
    "focal_loss_hessian",
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
    p, q, *_ = _sigmoids(z)
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
    p, q, pq, _ = _sigmoids(z)
    return negative * p - positive * q, (positive + negative) * pq


@_quiet
def focal_loss(
    y_true: ArrayLike, raw_prediction: ArrayLike, gamma: float, alpha: float = 1.0
) -> Array:
    r"""Focal loss, :math:`\alpha\,y\,q^\gamma s(z) + (1 - y)\,p^\gamma s(-z)`.

    ``alpha`` multiplies the positive term alone. The alpha_t of Lin et al. multiplies positives by
    :math:`a` and negatives by :math:`1 - a`: pass ``alpha = a / (1 - a)``, which leaves out the
    factor :math:`1 - a` of the whole loss. With ``gamma = 0`` this is weighted cross-entropy.

    Everything is computed in float64, also for float32 margins. The relative error of
    :math:`q^\gamma` grows as ``1 + gamma / 2``, and the hessian's is relative to the largest of its
    terms, which cancel where it changes sign.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels in [0, 1].
    raw_prediction : array-like of shape (n_samples,)
        Log-odds.
    gamma : float
        Exponent, finite and at least 0: how fast the loss of a row fades as it comes right.
    alpha : float
        Factor of the positive term, positive and finite.

    Returns
    -------
    array of shape (n_samples,)
        Losses of at least 0.

    References
    ----------
    Lin et al., Focal Loss for Dense Object Detection (2017), eq. 5.

    Examples
    --------
    >>> from gradpair import functional
    >>> functional.focal_loss([1, 0, 0.5], [2.0, 2.0, 2.0], gamma=2.0)
    array([0.00180356, 1.65007818, 0.82594087])
    """
    sides, dtype = _focal_sides(y_true, raw_prediction, gamma, alpha)
    values = np.zeros(())
    for _, weight, f in sides:
        # The weight comes first, lest the product underflow without it; 0 · inf is 0 here, not nan.
        values = values + np.where(weight > 0, weight * f.power * f.s, 0)
    return values.astype(dtype)


def focal_loss_gradient(
    y_true: ArrayLike, raw_prediction: ArrayLike, gamma: float, alpha: float = 1.0
) -> Array:
    r"""First derivative of the focal loss.

    :math:`(1 - y)\,p^\gamma (\gamma\,q\,s(-z) + p) - \alpha\,y\,q^\gamma (\gamma\,p\,s(z) + q)`.
    Parameters and errors are those of :func:`focal_loss`.

    Returns
    -------
    array of shape (n_samples,)
        Derivatives, negative for a 1 and positive for a 0. Around z = -3 of a 1 they are steeper
        than the limit ``-alpha`` of the far side.

    Examples
    --------
    >>> from gradpair import functional
    >>> functional.focal_loss_gradient([1, 0], [-40.0, 0.0], gamma=2.0, alpha=3.0)
    array([-3.       ,  0.2982868])
    """
    return focal_loss_gradient_hessian(y_true, raw_prediction, gamma, alpha)[0]


def focal_loss_hessian(
    y_true: ArrayLike, raw_prediction: ArrayLike, gamma: float, alpha: float = 1.0
) -> Array:
    r"""Second derivative of the focal loss, negative for rows that are badly wrong.

    Its positive term is
    :math:`\alpha\,y\,q^\gamma p\,(\gamma^2 p\,s(z) - \gamma\,q\,s(z) + (1 + 2 \gamma)\,q)`, the
    negative one mirrors it. Parameters and errors are those of :func:`focal_loss`.

    Returns
    -------
    array of shape (n_samples,)

    Examples
    --------
    >>> from gradpair import functional
    >>> functional.focal_loss_hessian([1, 1], [-6.0, 0.0], gamma=2.0)
    array([-0.01704637,  0.3991434 ])
    """
    return focal_loss_gradient_hessian(y_true, raw_prediction, gamma, alpha)[1]


@_quiet
def focal_loss_gradient_hessian(
    y_true: ArrayLike, raw_prediction: ArrayLike, gamma: float, alpha: float = 1.0
) -> tuple[Array, Array]:
    """First and second derivative of the focal loss, from one exponential and one power.

    Parameters and errors are those of :func:`focal_loss`.

    Returns
    -------
    gradient, hessian : arrays of shape (n_samples,)

    Examples
    --------
    >>> from gradpair import functional
    >>> functional.focal_loss_gradient_hessian([1, 0], [0.0, 0.0], gamma=2.0)
    (array([-0.2982868,  0.2982868]), array([0.3991434, 0.3991434]))
    """
    return _focal_derivatives(y_true, raw_prediction, gamma, alpha, exact=True)


@_quiet
def focal_loss_gradient_positive_hessian(
    y_true: ArrayLike, raw_prediction: ArrayLike, gamma: float, alpha: float = 1.0
) -> tuple[Array, Array]:
    r"""First derivative of the focal loss, and the second without its negative terms.

    Left out is :math:`-\gamma\,q\,s(z)`, so that the positive term becomes
    :math:`\alpha\,y\,q^\gamma p\,(\gamma^2 p\,s(z) + (1 + 2 \gamma)\,q)`. It is positive
    everywhere, never below the exact hessian, equal to it at ``gamma = 0``, and their ratio tends
    to 1 as a row comes right. Parameters and errors are those of :func:`focal_loss`.

    Returns
    -------
    gradient, hessian : arrays of shape (n_samples,)

    Examples
    --------
    >>> from gradpair import functional
    >>> functional.focal_loss_gradient_positive_hessian([1, 1], [-6.0, 0.0], gamma=2.0)[1]
    array([0.0124177, 0.4857868])
    """
    return _focal_derivatives(y_true, raw_prediction, gamma, alpha, exact=False)


def _terms(
    y_true: ArrayLike, raw_prediction: ArrayLike, alpha: float
) -> tuple[Array, Array, Array]:
    """Check the arguments; return the factors of the positive and negative term, and z."""
    y, z, _ = _validation.rows(y_true, raw_prediction, None)
    return z.dtype.type(_validation.positive("alpha", alpha)) * y, 1 - y, z


def _sigmoids(z: Array) -> tuple[Array, Array, Array, Array]:
    """Return sigmoid(z), sigmoid(-z), their product and exp(-|z|), each exact in both tails."""
    e = np.exp(-np.abs(z))
    denominator = 1 + e
    near, far = 1 / denominator, e / denominator
    right = z >= 0
    return np.where(right, near, far)[()], np.where(right, far, near)[()], near * far, e


class _FocalFactors(NamedTuple):
    """What the focal loss of one class and its derivatives are made of."""

    p: Array
    q: Array
    s: Array
    pq: Array
    ps: Array
    power: Array  # q**gamma


def _focal_factors(z: Array, gamma: float) -> _FocalFactors:
    p, q, pq, e = _sigmoids(z)
    s = np.maximum(-z, 0) + np.log1p(e)
    ps = np.where(e == 0, 0, p * s)  # s is inf at -inf
    return _FocalFactors(p, q, s, pq, ps, np.power(q, gamma))


def _focal_sides(
    y_true: ArrayLike, raw_prediction: ArrayLike, gamma: float, alpha: float
) -> tuple[list[tuple[Array, Array, _FocalFactors]], np.dtype[Any]]:
    """Check the arguments; return sign, weight and factors of each class, and the result's dtype.

    A hard label belongs to one class, so that one side, which differs from row to row, is enough.
    """
    y, z, _ = _validation.rows(y_true, raw_prediction, None)
    gamma = _validation.at_least_zero("gamma", gamma)
    alpha = _validation.positive("alpha", alpha)
    dtype = z.dtype
    y, z = y.astype(np.float64), z.astype(np.float64)
    positive, negative = alpha * y, 1 - y
    sides = [(np.ones(()), positive), (-np.ones(()), negative)]
    if np.all((y == 0) | (y == 1)):
        sides = [(2 * y - 1, positive + negative)]
    return [(sign, weight, _focal_factors(sign * z, gamma)) for sign, weight in sides], dtype


def _focal_derivatives(
    y_true: ArrayLike, raw_prediction: ArrayLike, gamma: float, alpha: float, *, exact: bool
) -> tuple[Array, Array]:
    sides, dtype = _focal_sides(y_true, raw_prediction, gamma, alpha)
    gradient, hessian = np.zeros(()), np.zeros(())
    for sign, weight, f in sides:
        scale, bend = weight * f.power, gamma * f.ps
        gradient = gradient - sign * scale * (bend + f.q)
        bend = bend * (gamma * f.p - f.q if exact else gamma * f.p)
        hessian = hessian + scale * (bend + (1 + 2 * gamma) * f.pq)
    return gradient.astype(dtype), hessian.astype(dtype)


def _focal_log_gradient(z: Array, gamma: float) -> Array:
    """Logarithm of q**gamma (gamma p s + q), at any distance."""
    e = np.exp(-np.abs(z))
    odds_times_s = np.where(z >= 0, np.log1p(e) / e, e * (np.log1p(e) - z))  # p s / q
    limits = np.where(e == 0, z > 0, odds_times_s)
    exponent, factor = z.dtype.type(gamma + 1), z.dtype.type(gamma)
    logarithm: Array = exponent * log_sigmoid(-z) + np.log1p(factor * limits)
    return logarithm
