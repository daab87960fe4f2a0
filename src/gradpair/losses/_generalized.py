"""Generalized cross-entropy: between cross-entropy and the absolute error of the probability."""

import dataclasses
from typing import final

import numpy as np

from gradpair import _validation
from gradpair._links import both_sigmoids, log_sigmoid, logit, softplus
from gradpair._validation import Array, Pair
from gradpair.losses._base import Loss

_TINY = np.finfo(np.float64).tiny


@final
@dataclasses.dataclass(frozen=True)
class GeneralizedCrossEntropy(Loss):
    r"""Generalized cross-entropy, in which one wrong row costs 1 / ``q`` at most.

    A row whose label has the probability :math:`p_t` has the loss :math:`(1 - p_t^q) / q`. For
    ``q`` near 0 that is cross-entropy, for ``q`` near 1 the absolute error of the probability. A
    row of label 1 has the gradient :math:`-p^q\,(1 - p)` with :math:`p` = sigmoid(z), which is that
    of cross-entropy times :math:`p^q`: rows that are badly wrong, as mislabelled ones are, pull
    little.

    Parameters
    ----------
    q : float
        Between 0 and 1, and neither of them: how much less wrong rows pull.

    Raises
    ------
    ValueError
        ``q`` is not between 0 and 1.
    TypeError
        ``q`` is not a number.

    Notes
    -----
    The loss is convex for no ``q``: where p < q (1 - p) the hessian of a row of label 1,
    p**q (1 - p) (p - q (1 - p)), is negative. The adapters use ``hessian="positive"`` unless told
    otherwise, which leaves out the term -q p**q (1 - p)².

    Where positives are rare, XGBoost may not split once. At the best constant the hessians of all
    rows have a mean of about t**(1 / (1 - q)), where t are the odds of a 1: with 1 % of positives
    and ``q = 0.7`` that is 2e-7, and fewer than 4 million rows have less in all than the 1 that
    the default ``min_child_weight`` asks of each leaf. The model is then that constant, and nothing
    warns. With ``min_child_weight=0`` trees split, but the default ``lambda`` of 1 may exceed the
    hessians of every leaf by far, so that margins stay near the constant: lower both, or take a
    smaller ``q``. LightGBM's ``min_sum_hessian_in_leaf`` is 1e-3 and its ``lambda_l2`` 0, unless
    set.

    The margin is 1 / (1 - q) times the log-odds of a 1 at the population optimum, so that
    :meth:`calibrated_probability` is sigmoid((1 - q) z): scores are more extreme than
    probabilities. The loss is bounded: with offsets that are far off it may have no best constant,
    or several minima.

    References
    ----------
    Zhang and Sabuncu, Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy
    Labels (2018).

    Examples
    --------
    >>> import gradpair as gp
    >>> loss = gp.GeneralizedCrossEntropy(q=0.7)
    >>> loss.gradient([1, 1, 1], [2.0, -2.0, -20.0])
    array([-1.09068667e-01, -1.98736069e-01, -8.31528716e-07])
    >>> loss.calibrated_probability([-1.0, 0.0, 1.0])
    array([0.42555748, 0.5       , 0.57444252])
    """

    __module__ = "gradpair.losses"  # where pickles look for it
    _called = ("gce", 1)

    q: float = 0.7

    convex = False

    def __post_init__(self) -> None:
        q = _validation.real("q", self.q)
        if not 0 < q < 1:
            msg = (
                f"q must lie between 0 and 1; got {q!r}. At 0 the loss is BinaryCrossEntropy, at 1 "
                f"the absolute error of the probability."
            )
            raise ValueError(msg)
        object.__setattr__(self, "q", q)

    def _loss(self, y_true: Array, raw_prediction: Array) -> Array:
        ones, zeros = self._cost(raw_prediction), self._cost(-raw_prediction)
        values: Array = y_true * ones + (1 - y_true) * zeros
        return values

    def _cost(self, z: Array) -> Array:
        """Return (1 - p**q) / q."""
        s = softplus(-z)  # -log(p)
        power = self.q * s
        # Where that rounds to s it may underflow before s does.
        return np.where(power < np.finfo(power.dtype).eps / 4, s, -np.expm1(-power) / self.q)

    def _gradient_hessian(self, y_true: Array, raw_prediction: Array) -> Pair:
        return self._derivatives(y_true, raw_prediction, negative=self.q)

    def _gradient_positive_hessian(self, y_true: Array, raw_prediction: Array) -> Pair:
        return self._derivatives(y_true, raw_prediction, negative=0.0)

    def _power(self, p: Array, z: Array) -> Array:
        """Return p**q, which fades later than p = exp(z)."""
        return np.where(p >= _TINY, np.power(p, self.q), np.exp(self.q * np.minimum(z, 0)))

    def _derivatives(self, y: Array, z: Array, *, negative: float) -> Pair:
        """Return both derivatives, the second with ``negative`` in place of the factor q."""
        # In float64, as q rounded to float32 is another power.
        z_double = z.astype(np.float64)
        p, r, *_ = both_sigmoids(z_double)
        ones = y * self._power(p, z_double) * r
        zeros = (1 - y) * self._power(r, -z_double) * p
        hessian = ones * (p - negative * r) + zeros * (r - negative * p)
        return (zeros - ones).astype(z.dtype), hessian.astype(z.dtype)

    @property
    def _reach(self) -> float:
        # A wrong row pulls exp((1 - q) |z|) times as much as one that is right by as far.
        return 40 / (1 - self.q)

    def _log_gradients(self, raw_prediction: Array) -> Pair:
        log_p, log_r = log_sigmoid(raw_prediction), log_sigmoid(-raw_prediction)
        return self.q * log_p + log_r, self.q * log_r + log_p

    def _log_odds(self, raw_prediction: Array) -> Array:
        log_odds: Array = (1 - self.q) * raw_prediction
        return log_odds

    def _calibrated_margin(self, probability: Array) -> Array:
        margins: Array = logit(probability) / (1 - self.q)
        return margins
