"""Focal loss: cross-entropy in which rows that are right already count for little."""

import dataclasses
from typing import final

import numpy as np

from gradpair import _validation
from gradpair._validation import Array, Pair
from gradpair.losses import _focused
from gradpair.losses._base import Loss
from gradpair.losses._cross_entropy import checked_alpha, cross_entropy_kernel
from gradpair.losses._kernel import Kernel

_MOST_GAMMA = 20.0  # up to which kernels are held to the loss


@final
@dataclasses.dataclass(frozen=True, init=False, repr=False)
class FocalLoss(Loss):
    r"""Focal loss: cross-entropy in which rows that are right already count for little.

    ``alpha`` multiplies the positive term alone. **This is not the alpha of Lin et al.**, which
    multiplies positives by :math:`a` and negatives by :math:`1 - a`. Theirs is ``alpha_t`` here:
    ``FocalLoss(alpha_t=0.25)`` is ``FocalLoss(alpha=1/3)``, in general ``alpha = a / (1 - a)``,
    and their loss is :math:`1 - a` times this one, a factor of the whole that moves no optimum.

    A row of label 1 has the loss :math:`\alpha\,q^\gamma s(z)`, with :math:`q` = sigmoid(-z) and
    :math:`s(z) = \log(1 + e^{-z})`; one of label 0 has its mirror image without :math:`\alpha`.

    Parameters
    ----------
    gamma : float
        How fast the loss of a row fades as it comes right, finite and at least 0; 0 is weighted
        cross-entropy. Errors of the derivatives are stated for up to 20.
    alpha : float
        Factor of the positive term, positive and finite. Above 1, false negatives cost more.
    alpha_t : float or None
        The weight of positives as Lin et al. give it, between 0 and 1, in place of ``alpha``. The
        repr has both where ``alpha`` is below 1, as theirs is.

    Raises
    ------
    ValueError
        ``gamma`` is negative, ``alpha`` is not positive, ``alpha_t`` is not between 0 and 1, or
        ``alpha`` and ``alpha_t`` are both given and differ; a number that is not finite.
    TypeError
        One of them is not a number.

    Notes
    -----
    For ``gamma > 0`` the loss is not convex: the second derivative of badly wrong rows is negative,
    and Newton's step would take them further off. The adapters therefore use
    ``hessian="positive"`` unless told otherwise: it leaves out the negative term. ``"exact"`` keeps
    it and raises what is then below ``hessian_floor``, so that badly wrong rows pull with their
    whole gradient and add almost nothing to the hessian sum that the pull is divided by.

    XGBoost's ``min_child_weight`` and LightGBM's ``min_sum_hessian_in_leaf`` are sums of hessians.
    At one margin a row that is right has a far smaller hessian than with cross-entropy, and with
    ``"exact"`` a badly wrong one has none, so that from a bad start nothing may be split at all.
    LightGBM also estimates how many rows a leaf has from its share of the hessians:
    ``min_data_in_leaf`` counts such rows for almost nothing. ``max_delta_step`` bounds the step
    that a small sum makes. The page on the focal loss in the documentation measures all of it.

    The margin is not the log-odds of a 1: with ``alpha=1`` it is closer to 0 than they are.
    :meth:`calibrated_probability` undoes that exactly at the population optimum only: on separable
    data a finite number of rounds over-corrects, so check calibration on rows that were held out.

    References
    ----------
    Lin et al., Focal Loss for Dense Object Detection (2017), eq. 5; Charoenphakdee et al., On Focal
    Loss for Class-Posterior Probability Estimation (2021).

    Examples
    --------
    >>> import gradpair as gp
    >>> loss = gp.FocalLoss(gamma=2.0, alpha=3.0)
    >>> loss.gradient([1, 0], [0.0, 0.0])
    array([-0.89486039,  0.2982868 ])
    >>> loss.calibrated_probability([-1.0, 0.0, 1.0])
    array([0.0223058 , 0.25      , 0.82964674])
    >>> loss.convex
    False
    >>> gp.FocalLoss(gamma=2.0, alpha_t=0.25)
    FocalLoss(gamma=2.0, alpha=0.3333333333333333, alpha_t=0.25)
    """

    __module__ = "gradpair.losses"  # where pickles look for it
    _called = ("focal", 1)

    gamma: float = 2.0
    alpha: float = 1.0

    def __init__(
        self, gamma: float = 2.0, alpha: float = 1.0, *, alpha_t: float | None = None
    ) -> None:
        object.__setattr__(self, "gamma", _validation.at_least_zero("gamma", gamma))
        alpha = checked_alpha(alpha)
        if alpha_t is not None:
            alpha = _combined(alpha, _validation.real("alpha_t", alpha_t))
        object.__setattr__(self, "alpha", alpha)

    def __repr__(self) -> str:
        # From 1 on nobody takes it for the weight of Lin et al.
        also = f", alpha_t={self.alpha_t:.6g}" if self.alpha < 1 else ""
        return f"FocalLoss(gamma={self.gamma!r}, alpha={self.alpha!r}{also})"

    @property
    def alpha_t(self) -> float:
        """The weight of positives as Lin et al. give it, beside ``1 - alpha_t`` of negatives."""
        return self.alpha / (1 + self.alpha)

    def _loss(self, y_true: Array, raw_prediction: Array) -> Array:
        values = np.zeros(())
        for _, margin, weight in _focused.sides(y_true, raw_prediction, self.alpha):
            values = values + _focused.value(margin, weight, self.gamma)
        return values.astype(raw_prediction.dtype)

    def _gradient_hessian(self, y_true: Array, raw_prediction: Array) -> Pair:
        return self._derivatives(y_true, raw_prediction, negative=1)

    def _gradient_positive_hessian(self, y_true: Array, raw_prediction: Array) -> Pair:
        return self._derivatives(y_true, raw_prediction, negative=0)

    def _derivatives(self, y: Array, z: Array, *, negative: int) -> Pair:
        """Return both derivatives, the second with its negative term or, times 0, without it."""
        gradient, hessian = np.zeros(()), np.zeros(())
        for sign, margin, weight in _focused.sides(y, z, self.alpha):
            first, second = _focused.derivatives(margin, weight, self.gamma, negative=negative)
            gradient, hessian = gradient + sign * first, hessian + second
        return gradient.astype(z.dtype), hessian.astype(z.dtype)

    def _log_gradients(self, raw_prediction: Array) -> Pair:
        positive = _focused.log_gradient(raw_prediction, self.gamma)
        negative = _focused.log_gradient(-raw_prediction, self.gamma)
        return positive + positive.dtype.type(np.log(self.alpha)), negative

    @property
    def scale_pos_weight(self) -> float | None:
        """``alpha``, only at ``gamma = 0``."""
        return self.alpha if self.gamma == 0 else None

    @property
    def _kernel(self) -> Kernel | None:
        cross_entropy = cross_entropy_kernel(self.alpha)
        if self.gamma == 0:
            return cross_entropy
        if cross_entropy is None or self.gamma > _MOST_GAMMA:
            return None
        fused, compiled = "gradpair._kernels.focal", "gradpair._kernels.focal_loops"
        return Kernel((self.alpha, self.gamma), fused, compiled, 1_000_000, single_from=10_000)

    @property
    def convex(self) -> bool:
        """Only at ``gamma = 0``: elsewhere badly wrong rows have a negative second derivative."""
        return self.gamma == 0

    @property
    def self_concordant(self) -> bool:
        """Only at ``gamma = 0``."""
        return self.gamma == 0

    @property
    def calibration_shift(self) -> float | None:
        """A constant, ``-log(alpha)``, only at ``gamma = 0``."""
        return -float(np.log(self.alpha)) if self.gamma == 0 else None


def _combined(alpha: float, alpha_t: float) -> float:
    """Return the factor that a weight of Lin et al. stands for, or that both stand for."""
    if not 0 < alpha_t < 1:
        msg = f"alpha_t must lie between 0 and 1; got {alpha_t!r}. A factor of positives is alpha."
        raise ValueError(msg)
    factor = alpha_t / (1 - alpha_t)
    if alpha == 1:  # the default
        return factor
    if abs(factor - alpha) > 1e-5 * alpha:  # more than six digits in a repr leave out
        msg = f"alpha_t={alpha_t!r} is alpha={factor!r}, not {alpha!r}; pass one of the two."
        raise ValueError(msg)
    return alpha
