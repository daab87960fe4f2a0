"""Asymmetric loss: a focal loss with a gamma for each class, and 0s that are free of cost."""

import dataclasses
import math
from decimal import Decimal, localcontext
from typing import NamedTuple, final

import numpy as np

from gradpair import _validation
from gradpair._links import both_sigmoids, log_sigmoid
from gradpair._validation import Array, Pair
from gradpair.losses import _focused
from gradpair.losses._base import Loss
from gradpair.losses._focal import FocalLoss
from gradpair.losses._kernel import Kernel


@final
@dataclasses.dataclass(frozen=True)
class AsymmetricLoss(Loss):
    r"""A focal loss with a gamma for each class, in which easy rows of label 0 can cost nothing.

    With :math:`p` = sigmoid(z) and :math:`q` = sigmoid(-z) a row of label 1 has the loss
    :math:`-q^{\gamma_+} \log(p)`, one of label 0
    :math:`-p_m^{\gamma_-} \log(1 - p_m)` with :math:`p_m = \max(p - m, 0)`, where m is ``margin``.
    ``AsymmetricLoss(g, g)`` is ``FocalLoss(g)``, and ``AsymmetricLoss(0, 0)`` is cross-entropy.

    Parameters
    ----------
    gamma_positive : float
        How fast the loss of a row of label 1 fades as it comes right, finite and at least 0.
    gamma_negative : float
        The same of a row of label 0. Larger than ``gamma_positive``, easy rows of label 0 count for
        less than easy rows of label 1. Errors of the derivatives are stated for gammas up to 20.
    margin : float
        Rows of label 0 cost nothing up to this probability; at least 0 and below 1. Above 0 it
        needs ``gamma_negative`` above 1: otherwise the second derivative jumps at the margin.

    Raises
    ------
    ValueError
        A gamma is negative, ``margin`` is not in [0, 1), or it is positive and ``gamma_negative``
        is not above 1; a number that is not finite.
    TypeError
        One of them is not a number.

    Notes
    -----
    The loss is convex at ``gamma_positive = gamma_negative = 0`` alone, where it is cross-entropy.
    Elsewhere the adapters use ``hessian="positive"`` unless told otherwise, which leaves out the
    negative terms. See :class:`FocalLoss` for what small hessians do in the hosts.

    A ``margin`` has two more consequences. Wrong rows of label 0 cost
    :math:`-(1 - m)^{\gamma_-} \log(m)` at most and hardly pull when they are badly wrong, so that
    the loss lets go of mislabelled ones. And below logit(``margin``) rows of label 0 pull not at
    all: no margin there is the best for a probability, and none is for probabilities above some
    maximum if ``gamma_positive`` is 0. There ``calibrated_probability`` and
    ``calibrated_raw_prediction`` raise ValueError, as ``BoostingClassifier(calibrated=True)`` does;
    a model of this loss is calibrated on held-out rows, by ``recalibrate``. Without offsets the
    optimal constant exists for a mean label below that maximum. Near logit(``margin``) nothing
    cancels: p - m is formed as (1 - m) p (1 - exp(logit(m) - z)), with logit(m) in two parts.

    References
    ----------
    Ridnik et al., Asymmetric Loss for Multi-Label Classification (2021).

    Examples
    --------
    >>> import gradpair as gp
    >>> loss = gp.AsymmetricLoss(gamma_positive=0.0, gamma_negative=2.0, margin=0.05)
    >>> loss.gradient([1, 0, 0], [0.0, 0.0, -3.0])
    array([-0.5       ,  0.22655878,  0.        ])
    >>> loss.calibration_range
    (-2.9444389791664407, inf)
    >>> gp.AsymmetricLoss(1.0, 4.0).calibrated_probability([-1.0, 0.0, 1.0])
    array([0.00776035, 0.217845  , 0.82054612])
    """

    __module__ = "gradpair.losses"  # where pickles look for it
    _called = ("asymmetric", 2)

    gamma_positive: float = 0.0
    gamma_negative: float = 2.0
    margin: float = 0.0

    def __post_init__(self) -> None:
        for name in ("gamma_positive", "gamma_negative"):
            object.__setattr__(self, name, _validation.at_least_zero(name, getattr(self, name)))
        margin = _validation.real("margin", self.margin)
        if not 0 <= margin < 1:
            msg = f"margin is a probability, at least 0 and below 1; got {margin!r}."
            raise ValueError(msg)
        if margin > 0 and self.gamma_negative <= 1:
            msg = (
                f"margin={margin!r} needs gamma_negative above 1, as the second derivative jumps "
                f"at the margin otherwise; got gamma_negative={self.gamma_negative!r}."
            )
            raise ValueError(msg)
        object.__setattr__(self, "margin", margin)

    def _loss(self, y_true: Array, raw_prediction: Array) -> Array:
        y, z, ones, zeros = self._rows_with_a_loss(y_true, raw_prediction)
        of_ones = _focused.value(z[ones], y[ones], self.gamma_positive)
        weight, gamma = 1 - y[zeros], self.gamma_negative
        if self.margin == 0:
            of_zeros = _focused.value(-z[zeros], weight, gamma)
        else:
            x, _, t, *_ = self._beyond(z[zeros])
            of_zeros = weight * np.power(x, gamma) * t
        values = _scattered(ones, of_ones) + _scattered(zeros, of_zeros)
        return values.astype(raw_prediction.dtype)

    def _gradient_hessian(self, y_true: Array, raw_prediction: Array) -> Pair:
        return self._derivatives(y_true, raw_prediction, negative=1)

    def _gradient_positive_hessian(self, y_true: Array, raw_prediction: Array) -> Pair:
        return self._derivatives(y_true, raw_prediction, negative=0)

    def _derivatives(self, y_true: Array, raw_prediction: Array, *, negative: int) -> Pair:
        """Return both derivatives, the second with its negative terms or, times 0, without them."""
        y, z, ones, zeros = self._rows_with_a_loss(y_true, raw_prediction)
        gamma = self.gamma_positive
        first, second = _focused.derivatives(z[ones], y[ones], gamma, negative=negative)
        gradient, hessian = _scattered(ones, first), _scattered(ones, second)
        first, second = self._of_zeros(z[zeros], 1 - y[zeros], negative=negative)
        gradient, hessian = gradient + _scattered(zeros, first), hessian + _scattered(zeros, second)
        return gradient.astype(raw_prediction.dtype), hessian.astype(raw_prediction.dtype)

    def _rows_with_a_loss(self, y: Array, z: Array) -> tuple[Array, Array, Array, Array]:
        """Return y and z in float64, and which rows cost something as a 1 and as a 0.

        Few rows do both, and of the 0s of a trained model most cost nothing below a margin.
        """
        y, z = np.broadcast_arrays(y.astype(np.float64), z.astype(np.float64))
        ones, zeros = y > 0, y < 1
        if self.margin > 0:
            zeros &= ~(z <= self.calibration_range[0])  # nan does
        return y, z, ones, zeros

    def _of_zeros(self, z: Array, weight: Array, *, negative: int) -> Pair:
        """Return the weighted derivatives of rows as of label 0."""
        if self.margin == 0:
            gamma = self.gamma_negative
            first, second = _focused.derivatives(-z, weight, gamma, negative=negative)
            return -first, second
        first, second = self._shifted(z, negative=negative)
        return weight * first, weight * second

    def _shifted(self, z: Array, *, negative: int) -> Pair:
        """Return the derivatives of x**gamma t, where x is p - margin and t is -log(1 - x)."""
        x, u, t, p, q = self._beyond(z)
        gamma, m = self.gamma_negative, self.margin
        scale, share = np.power(x, gamma - 1) * p, q / u
        first = scale * (gamma * q * t + x * share)
        per_x = t / np.where(x > 0, x, 1)
        bend = gamma * q * (q * (gamma * t + (gamma - 1) * m * per_x) - negative * p * t)
        bend = bend + share * (2 * gamma * p * q + x * (q - negative * p * m / u))
        return first, scale * bend

    def _beyond(self, z: Array) -> "_Beyond":
        """Return x = max(p - margin, 0), 1 - x, -log(1 - x), p and q in float64."""
        z = z.astype(np.float64)
        p, q, *_ = both_sigmoids(z)
        high, low = _logit(self.margin)
        x = p * (1 - self.margin) * -np.expm1(np.minimum(high - z + low, 0))
        u = np.where(x > 0, q + self.margin, 1)
        return _Beyond(x, u, np.where(x < 0.5, -np.log1p(-x), -np.log(u)), p, q)

    def _log_gradients(self, raw_prediction: Array) -> Pair:
        positive = _focused.log_gradient(raw_prediction, self.gamma_positive)
        if self.margin == 0:
            return positive, _focused.log_gradient(-raw_prediction, self.gamma_negative)
        negative = self._log_shifted_over_q(raw_prediction) + log_sigmoid(-raw_prediction)
        return positive, negative

    def _log_odds(self, raw_prediction: Array) -> Array:
        if self.margin == 0:
            return super()._log_odds(raw_prediction)
        rise = self._log_shifted_over_q(raw_prediction)  # far out both gradients fall as q
        log_odds: Array = rise - _focused.log_gradient_over_q(raw_prediction, self.gamma_positive)
        return log_odds

    def _log_shifted_over_q(self, z: Array) -> Array:
        """Logarithm of the first derivative of the shifted term, divided by q."""
        x, u, t, *_ = self._beyond(z)
        logarithm = (self.gamma_negative - 1) * np.log(x) + np.log(self.gamma_negative * t + x / u)
        return logarithm.astype(z.dtype) + log_sigmoid(z)

    @property
    def calibration_range(self) -> tuple[float, float]:
        """From logit(``margin``) on: below it only rows of label 1 pull."""
        if self.margin == 0:
            return -math.inf, math.inf
        high, low = _logit(self.margin)
        return math.nextafter(high, -math.inf) if low < 0 else high, math.inf

    @property
    def convex(self) -> bool:
        """Only where both gammas are 0."""
        return self.gamma_positive == self.gamma_negative == 0

    @property
    def self_concordant(self) -> bool:
        """Only where both gammas are 0."""
        return self.convex

    @property
    def scale_pos_weight(self) -> float | None:
        """1, only where both gammas are 0."""
        return 1.0 if self.convex else None

    @property
    def calibration_shift(self) -> float | None:
        """A constant, 0, only where both gammas are 0."""
        return 0.0 if self.convex else None

    @property
    def _kernel(self) -> Kernel | None:
        if self.margin == 0 and self.gamma_positive == self.gamma_negative:
            return FocalLoss(self.gamma_positive)._kernel
        return None


class _Beyond(NamedTuple):
    """What the term of a label of 0 is made of where it has a margin."""

    x: Array
    u: Array
    t: Array
    p: Array
    q: Array


def _scattered(rows: Array, values: Array) -> Array:
    """Return the values in these rows, and 0 in all others."""
    everywhere = np.zeros(rows.shape)
    everywhere[rows] = values
    return everywhere


def _logit(p: float) -> tuple[float, float]:
    """Log-odds as the sum of two floats, the second of which is what the first leaves out."""
    with localcontext() as context:
        context.prec = 50
        log_odds = (Decimal(p) / (1 - Decimal(p))).ln()
        high = float(log_odds)
        return high, float(log_odds - Decimal(high))
