"""Cross-entropy, plain and with a weighted positive term."""

import dataclasses
import math
from typing import Self, final

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _blocks, _validation
from gradpair._links import both_sigmoids, log_sigmoid
from gradpair._validation import Array, Pair
from gradpair.losses._base import Loss
from gradpair.losses._kernel import Kernel

# With these alphas the kernels' products still are float32 numbers.
_ALPHAS = 1e-30, 1e30


class _CrossEntropy(Loss):
    """Cross-entropy whose positive term is multiplied by ``alpha``."""

    self_concordant = True  # the third derivative is the second times q - p
    alpha: float

    def _loss(self, y_true: Array, raw_prediction: Array) -> Array:
        """Return alpha y s(z) + (1 - y) s(-z), each s as its linear part and a rest."""
        positive, negative = raw_prediction.dtype.type(self.alpha) * y_true, 1 - y_true
        distance = np.abs(raw_prediction)
        beyond = np.where(raw_prediction > 0, negative, positive)
        linear = np.where(beyond > 0, beyond * distance, 0)  # 0 · inf is 0 here, not nan
        values: Array = linear + (positive + negative) * np.log1p(np.exp(-distance))
        return values

    def _gradient_hessian(self, y_true: Array, raw_prediction: Array) -> Pair:
        """Return (1 - y) p - alpha y q and (1 - y + alpha y) p q."""
        positive, negative = raw_prediction.dtype.type(self.alpha) * y_true, 1 - y_true
        p, q, pq, _ = both_sigmoids(raw_prediction)
        return negative * p - positive * q, (positive + negative) * pq

    def _log_gradients(self, raw_prediction: Array) -> Pair:
        positive, negative = log_sigmoid(-raw_prediction), log_sigmoid(raw_prediction)
        return positive + positive.dtype.type(np.log(self.alpha)), negative

    @property
    def scale_pos_weight(self) -> float:
        """``alpha``."""
        return self.alpha

    @property
    def _kernel(self) -> Kernel | None:
        return cross_entropy_kernel(self.alpha)


@final
@dataclasses.dataclass(frozen=True)
class BinaryCrossEntropy(_CrossEntropy):
    """Binary cross-entropy, also called log loss: the hosts' own ``binary`` objective.

    Its margin is the log-odds of a 1, so it needs no calibration.

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning (2006), section 4.3.2.

    Examples
    --------
    >>> import gradpair as gp
    >>> gp.BinaryCrossEntropy().gradient([1, 0], [0.0, 0.0])
    array([-0.5,  0.5])
    """

    __module__ = "gradpair.losses"  # where pickles look for it
    _called = ("bce", 0)
    alpha = 1.0
    calibration_shift = 0.0  # the margin is the log-odds of a 1


@final
@dataclasses.dataclass(frozen=True)
class WeightedCrossEntropy(_CrossEntropy):
    r"""Binary cross-entropy whose positive term is multiplied by ``alpha``.

    With hard labels this *is* ``scale_pos_weight=alpha`` of XGBoost and LightGBM. What it adds is
    soft labels, the right start, the right metric and the calibrated probability.

    Parameters
    ----------
    alpha : float
        Factor of the positive term, positive and finite. Above 1, false negatives cost more, and
        every optimal margin moves up by ``log(alpha)``. Not to be confused with XGBoost's parameter
        ``alpha``, an L1 penalty.

    Raises
    ------
    ValueError
        ``alpha`` is not positive and finite.
    TypeError
        ``alpha`` is not a number.

    References
    ----------
    King and Zeng, Logistic Regression in Rare Events Data (2001), eq. 8; Elkan, The Foundations of
    Cost-Sensitive Learning (2001), theorem 1.

    Examples
    --------
    >>> import gradpair as gp
    >>> loss = gp.WeightedCrossEntropy(alpha=9.0)
    >>> loss.gradient([1, 0], [0.0, 0.0])
    array([-4.5,  0.5])
    >>> loss.calibrated_probability([0.0])
    array([0.1])
    """

    __module__ = "gradpair.losses"  # where pickles look for it
    _called = ("wce", 1)

    alpha: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", checked_alpha(self.alpha))

    @classmethod
    def balanced(cls, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Give both classes the same total weight: ``alpha`` = weight of the 0s / weight of the 1s.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Labels in [0, 1]; a soft label counts for both classes in its proportion.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of at least 0.

        Raises
        ------
        ValueError
            Only one class has weight, or one of the arrays is not what it should be.

        Examples
        --------
        >>> import gradpair as gp
        >>> gp.WeightedCrossEntropy.balanced([1, 0, 0, 0])
        WeightedCrossEntropy(alpha=3.0)
        """
        positive, negative = _blocks.class_weights(*_blocks.training_rows(y_true, sample_weight))
        return cls(alpha=negative / positive)

    @classmethod
    def effective_number(
        cls, y_true: ArrayLike, beta: float = 0.999, sample_weight: ArrayLike | None = None
    ) -> Self:
        r"""Weight the classes by their effective numbers of rows, of Cui et al.

        Each class has :math:`E_n = (1 - \beta^n) / (1 - \beta)` effective rows of n: all alike at
        ``beta = 0``, all different as ``beta`` tends to 1. ``alpha`` is that of the 0s divided by
        that of the 1s, from 1 at ``beta = 0`` to that of :meth:`balanced`. A class of far more than
        1 / (1 - beta) rows counts for 1 / (1 - beta).

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Labels in [0, 1]; a soft label counts for both classes in its proportion.
        beta : float
            At least 0 and below 1; the paper tries 0.9, 0.99, 0.999 and 0.9999.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of at least 0: a row of weight 2 counts as two.

        Raises
        ------
        ValueError
            ``beta`` is outside [0, 1); only one class has weight, or one of the arrays is not what
            it should be.
        TypeError
            ``beta`` is not a number.

        References
        ----------
        Cui et al., Class-Balanced Loss Based on Effective Number of Samples (2019),
        proposition 1 and section 4.

        Examples
        --------
        >>> import numpy as np
        >>> import gradpair as gp
        >>> y = np.repeat([1, 0], [100, 9900])
        >>> round(gp.WeightedCrossEntropy.effective_number(y, beta=0.999).alpha, 3)
        10.508
        >>> gp.WeightedCrossEntropy.effective_number(y, beta=0.0)
        WeightedCrossEntropy(alpha=1.0)
        """
        beta = _checked_beta(beta)
        positive, negative = _blocks.class_weights(*_blocks.training_rows(y_true, sample_weight))
        log_beta = math.log(beta) if beta else -math.inf
        return cls(alpha=math.expm1(negative * log_beta) / math.expm1(positive * log_beta))

    @property
    def calibration_shift(self) -> float:
        """``-log(alpha)``: what the weight of the positives has moved the margin up by."""
        return -float(np.log(self.alpha))


def checked_alpha(alpha: object) -> float:
    """Check a factor of positives, and say where one that balances the classes comes from."""
    try:
        return _validation.positive("alpha", alpha)
    except TypeError as error:
        balanced = "gradpair.WeightedCrossEntropy.balanced(y_true)"
        msg = f"{error} {balanced} is the loss, and its .alpha the number, that balances classes."
        raise TypeError(msg) from None


def _checked_beta(beta: object) -> float:
    """Check a beta, which is what a callable loss would get the weights for."""
    try:
        number = _validation.at_least_zero("beta", beta)
    except TypeError as error:
        made = "gradpair.WeightedCrossEntropy.effective_number(y, 0.999, w)"
        msg = f"{error} As a loss that is made of labels and weights write lambda y, w: {made}."
        raise TypeError(msg) from None
    if number >= 1:
        msg = (
            f"beta must be below 1; got {beta!r}. Its limit at 1 is WeightedCrossEntropy.balanced."
        )
        raise ValueError(msg)
    return number


def cross_entropy_kernel(alpha: float) -> Kernel | None:
    """Declare the kernels of cross-entropy, which the focal loss is too at gamma = 0."""
    if not _ALPHAS[0] <= alpha <= _ALPHAS[1]:
        return None
    fused, compiled = "gradpair._kernels.cross_entropy", "gradpair._kernels.cross_entropy_loops"
    return Kernel((alpha,), fused, compiled, pays_from=1_000_000)
