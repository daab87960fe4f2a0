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

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _validation
from gradpair._links import log_sigmoid, logit, sigmoid, softplus
from gradpair._validation import Array, Pair
from gradpair.losses import BinaryCrossEntropy, FocalLoss, WeightedCrossEntropy

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
    return BinaryCrossEntropy().loss(y_true, raw_prediction)


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
    return BinaryCrossEntropy().gradient(y_true, raw_prediction)


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
    return BinaryCrossEntropy().hessian(y_true, raw_prediction)


def binary_cross_entropy_gradient_hessian(y_true: ArrayLike, raw_prediction: ArrayLike) -> Pair:
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
    return BinaryCrossEntropy().gradient_hessian(y_true, raw_prediction)


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
    return WeightedCrossEntropy(alpha).loss(y_true, raw_prediction)


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
    return WeightedCrossEntropy(alpha).gradient(y_true, raw_prediction)


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
    return WeightedCrossEntropy(alpha).hessian(y_true, raw_prediction)


def weighted_cross_entropy_gradient_hessian(
    y_true: ArrayLike, raw_prediction: ArrayLike, alpha: float
) -> Pair:
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
    return WeightedCrossEntropy(alpha).gradient_hessian(y_true, raw_prediction)


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
    return FocalLoss(gamma, alpha).loss(y_true, raw_prediction)


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
    return FocalLoss(gamma, alpha).gradient(y_true, raw_prediction)


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
    return FocalLoss(gamma, alpha).hessian(y_true, raw_prediction)


def focal_loss_gradient_hessian(
    y_true: ArrayLike, raw_prediction: ArrayLike, gamma: float, alpha: float = 1.0
) -> Pair:
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
    return FocalLoss(gamma, alpha).gradient_hessian(y_true, raw_prediction)


def focal_loss_gradient_positive_hessian(
    y_true: ArrayLike, raw_prediction: ArrayLike, gamma: float, alpha: float = 1.0
) -> Pair:
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
    y, z, _ = _validation.rows(y_true, raw_prediction, None)
    with np.errstate(all="ignore"):
        return FocalLoss(gamma, alpha)._gradient_positive_hessian(y, z)
