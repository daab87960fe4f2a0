"""PolyLoss: cross-entropy with another weight of the first term of its series."""

import dataclasses
import math
from typing import final

import numpy as np

from gradpair import _validation
from gradpair._links import both_sigmoids, log_sigmoid, logit
from gradpair._validation import Array, Pair
from gradpair.losses._base import Loss
from gradpair.losses._cross_entropy import BinaryCrossEntropy, cross_entropy_kernel
from gradpair.losses._kernel import Kernel

_MOST_EPSILON = 1e30  # with which the derivatives still are float32 numbers
_CROSS_ENTROPY = BinaryCrossEntropy()


@final
@dataclasses.dataclass(frozen=True)
class PolyLoss(Loss):
    r"""Cross-entropy plus ``epsilon`` times the probability of the wrong class, called Poly-1.

    Cross-entropy is the series :math:`\sum_j (1 - p_t)^j / j` in the probability :math:`p_t` of
    the row's label; ``epsilon`` is added to the weight of its first term. A row of label 1 has the
    loss :math:`s(z) + \epsilon q` with :math:`q` = sigmoid(-z) and
    :math:`s(z) = \log(1 + e^{-z})`, and the gradient :math:`-q (1 + \epsilon p)`; one of label 0
    has the mirror image.

    Parameters
    ----------
    epsilon : float
        What is added, from -1 to 1e30: below, the gradient of rows that are right has the wrong
        sign. 0 is cross-entropy. Above 0, rows in the middle pull more than with cross-entropy.

    Raises
    ------
    ValueError
        ``epsilon`` is below -1, above 1e30 or not finite.
    TypeError
        ``epsilon`` is not a number.

    Notes
    -----
    With d = p - q the hessian of a row of label 1 is p q (1 + epsilon d), and d takes all values
    between -1 and 1: the loss is convex for ``epsilon`` up to 1, the default, and no further.
    Above, the adapters use ``hessian="positive"`` unless told otherwise, p q (1 + epsilon p), which
    leaves out the term -epsilon p q². The third derivative is nowhere larger than the second for
    ``epsilon`` from -1/2 to 1/2.

    The margin is not the log-odds of a 1, which are z + log(1 + epsilon q) - log(1 + epsilon p);
    their slope (1 + epsilon (p² + q²)) / ((1 + epsilon p) (1 + epsilon q)) is positive for every
    ``epsilon``. Where ``epsilon`` is negative the loss of a row that is right is a small difference
    of two terms, and exact relative to these.

    References
    ----------
    Leng et al., PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions
    (2022), Poly-1. For images they recommend 2 to classify and -1 to detect.

    Examples
    --------
    >>> import gradpair as gp
    >>> loss = gp.PolyLoss(epsilon=1.0)
    >>> loss.gradient([1, 0], [0.0, 0.0])
    array([-0.75,  0.75])
    >>> loss.calibrated_probability([-1.0, 0.0, 1.0])
    array([0.33415545, 0.5       , 0.66584455])
    >>> loss.convex, gp.PolyLoss(2.5).convex
    (True, False)
    """

    __module__ = "gradpair.losses"  # where pickles look for it
    _called = ("poly", 1)

    epsilon: float = 1.0

    def __post_init__(self) -> None:
        epsilon = _validation.real("epsilon", self.epsilon)
        if epsilon < -1:
            msg = f"epsilon must be at least -1, where the gradient keeps its sign; got {epsilon}."
            raise ValueError(msg)
        if epsilon > _MOST_EPSILON:
            msg = f"epsilon must be at most {_MOST_EPSILON:g}; got {epsilon}."
            raise ValueError(msg)
        object.__setattr__(self, "epsilon", epsilon)

    def _loss(self, y_true: Array, raw_prediction: Array) -> Array:
        p, q, *_ = both_sigmoids(raw_prediction)
        wrong = y_true * q + (1 - y_true) * p
        values: Array = _CROSS_ENTROPY._loss(y_true, raw_prediction) + self.epsilon * wrong
        return values

    def _gradient_hessian(self, y_true: Array, raw_prediction: Array) -> Pair:
        p, q, pq, _ = both_sigmoids(raw_prediction)
        positive, negative = y_true, 1 - y_true
        more, less = 1 + self.epsilon, 1 - self.epsilon
        bend = more * (positive * p + negative * q) + less * (positive * q + negative * p)
        return self._gradient(positive, negative, p, q), pq * bend

    def _gradient_positive_hessian(self, y_true: Array, raw_prediction: Array) -> Pair:
        if self.convex:
            return self._gradient_hessian(y_true, raw_prediction)
        p, q, pq, _ = both_sigmoids(raw_prediction)
        positive, negative = y_true, 1 - y_true
        bound = positive * self._factor(p, q) + negative * self._factor(q, p)
        return self._gradient(positive, negative, p, q), pq * bound

    def _gradient(self, positive: Array, negative: Array, p: Array, q: Array) -> Array:
        gradient: Array = negative * p * self._factor(q, p) - positive * q * self._factor(p, q)
        return gradient

    def _factor(self, p: Array, q: Array) -> Array:
        """Return 1 + epsilon p, without a difference."""
        factor: Array = 1 + self.epsilon * p if self.epsilon >= 0 else q + (1 + self.epsilon) * p
        return factor

    def _log_gradients(self, raw_prediction: Array) -> Pair:
        log_p, log_q = log_sigmoid(raw_prediction), log_sigmoid(-raw_prediction)
        more = math.log1p(self.epsilon) if self.epsilon > -1 else -math.inf
        positive = log_q + np.logaddexp(log_q, more + log_p)
        return positive, log_p + np.logaddexp(log_p, more + log_q)

    def _calibrated_margin(self, probability: Array) -> Array:
        """Solve x² + (1 + epsilon) (1 - t) x = t for x = exp(z), where t are the odds."""
        log_odds = logit(probability).astype(np.float64)
        distance = -np.abs(log_odds)  # margins of p and 1 - p are opposite; t is at most 1
        half = (1 + self.epsilon) * -np.expm1(distance) / 2
        root = half + np.hypot(half, np.exp(distance / 2))
        margins = np.where(np.isinf(log_odds), distance, distance - np.log(root))
        signed: Array = np.copysign(margins, log_odds).astype(probability.dtype)[()]
        return signed

    @property
    def convex(self) -> bool:
        """Only for ``epsilon`` up to 1."""
        return self.epsilon <= 1

    @property
    def self_concordant(self) -> bool:
        """Only for ``epsilon`` from -1/2 to 1/2."""
        return abs(self.epsilon) <= 0.5

    @property
    def calibration_shift(self) -> float | None:
        """A constant, 0, only at ``epsilon = 0``."""
        return 0.0 if self.epsilon == 0 else None

    @property
    def scale_pos_weight(self) -> float | None:
        """1, only at ``epsilon = 0``."""
        return 1.0 if self.epsilon == 0 else None

    @property
    def _kernel(self) -> Kernel | None:
        return cross_entropy_kernel(1.0) if self.epsilon == 0 else None
