"""Margins that rows must clear before they count as right: any loss, shifted class by class."""

import dataclasses
import math
from typing import Self, final, overload

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _blocks, _validation
from gradpair._validation import Array, Pair
from gradpair.losses._base import Loss
from gradpair.losses._check import check_loss
from gradpair.losses._kernel import Kernel
from gradpair.losses._wrapper import Part, Wrapper

_GRID = 0.05  # on which log-odds are looked through; gradients bend on a scale of 1
_ROUNDING = 1e-10


@final
@dataclasses.dataclass(frozen=True, init=False, repr=False)
class MarginShift(Wrapper):
    r"""Another loss, of positives at :math:`z - m_1` and of negatives at :math:`z + m_0`.

    A positive then counts as right only when its margin exceeds what it would take otherwise by
    ``positive``, a negative when it falls short of it by ``negative``. A soft label is the mixture
    of both. :meth:`ldam` and :meth:`logit_adjusted` choose the two numbers from the classes' sizes.

    Parameters
    ----------
    loss : Loss
        Any loss, also another wrapper. It is the attribute ``inner``, since ``loss`` is a method.
    positive, negative : float
        What is taken from the margins of positives and added to those of negatives, of any sign.

    Raises
    ------
    ValueError
        A number that is not finite.
    TypeError
        ``loss`` is not a :class:`~gradpair.Loss`, or one of the others is not a number.

    Notes
    -----
    With ``positive = -negative`` all margins are shifted alike: the same models come out, their
    margins lower by ``negative``, and calibration is a constant. Otherwise calibrated log-odds are
    :math:`\log g_0(z + m_0) - \log(-g_1(z - m_1))`, which rise with z where the loss inside is
    convex. Where it is not, and ``positive + negative`` is large, the expected loss can have two
    minima: then nothing is calibrated by formula, and :func:`~gradpair.optimal_constant` looks for
    the lowest.

    A margin is shifted in float64, so that derivatives are exact for the float64 number nearest to
    the shifted margin; in the tails, where they fall like :math:`e^{-|z|}`, half a unit in its last
    place is :math:`|z|` times as much of them. The kernels of the adapters shift float32 margins
    in float32.

    References
    ----------
    Cao et al., Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss (2019);
    Menon et al., Long-Tail Learning via Logit Adjustment (2021).

    Examples
    --------
    >>> import gradpair as gp
    >>> loss = gp.MarginShift(gp.BinaryCrossEntropy(), positive=0.5, negative=0.2)
    >>> loss
    MarginShift(BinaryCrossEntropy(), positive=0.5, negative=0.2)
    >>> loss.gradient([1, 0], [0.5, -0.2])
    array([-0.5,  0.5])
    >>> loss.calibrated_probability([0.0])
    array([0.46902425])
    """

    __module__ = "gradpair.losses"  # where pickles look for it
    _called = ("shift", 2)

    inner: Loss = dataclasses.field(metadata={"parameter": "loss"})
    positive: float = 0.0
    negative: float = 0.0

    @overload
    def __init__(self, loss: Loss, positive: float = 0.0, negative: float = 0.0) -> None: ...
    @overload  # as of dataclasses.replace
    def __init__(self, *, inner: Loss, positive: float = 0.0, negative: float = 0.0) -> None: ...
    def __init__(
        self,
        loss: Loss | None = None,
        positive: float = 0.0,
        negative: float = 0.0,
        *,
        inner: Loss | None = None,
    ) -> None:
        object.__setattr__(self, "inner", check_loss(inner if loss is None else loss))
        object.__setattr__(self, "positive", _validation.real("positive", positive))
        object.__setattr__(self, "negative", _validation.real("negative", negative))

    @classmethod
    def ldam(
        cls,
        loss: Loss,
        y_true: ArrayLike,
        max_margin: float = 0.5,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        r"""Margins of each class by its size, :math:`m_j \propto n_j^{-1/4}`, of Cao et al.

        The rarer class has ``max_margin``. The paper shifts normalised logits that it multiplies by
        a scale of 30 afterwards; log-odds of boosting have no such scale, so that margins of 0.5
        are small here, and worth a search.

        Parameters
        ----------
        loss : Loss
            Any loss; the paper's is :class:`BinaryCrossEntropy`.
        y_true : array-like of shape (n_samples,)
            Labels in [0, 1]; a soft label counts for both classes in its proportion.
        max_margin : float
            The larger of both margins, at least 0.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of at least 0: a row of weight 2 counts as two.

        Raises
        ------
        ValueError
            ``max_margin`` is negative; only one class has weight, or one of the arrays is not what
            it should be.
        TypeError
            ``loss`` is not a :class:`~gradpair.Loss`, or ``max_margin`` is not a number.

        References
        ----------
        Cao et al., Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss (2019),
        section 3.

        Examples
        --------
        >>> import gradpair as gp
        >>> gp.MarginShift.ldam(gp.BinaryCrossEntropy(), [1] + 16 * [0], max_margin=0.5)
        MarginShift(BinaryCrossEntropy(), positive=0.5, negative=0.25)
        """
        inner = _checked_inner(loss, "ldam")
        largest = _validation.at_least_zero("max_margin", max_margin)
        ones, zeros = _blocks.class_weights(*_blocks.training_rows(y_true, sample_weight))
        rarer = min(ones, zeros)
        positive, negative = (largest * (rarer / size) ** 0.25 for size in (ones, zeros))
        return cls(inner, positive, negative)

    @classmethod
    def logit_adjusted(
        cls, loss: Loss, y_true: ArrayLike, tau: float = 1.0, sample_weight: ArrayLike | None = None
    ) -> Self:
        r"""Shift the margin by ``tau`` times the prior's log-odds, of Menon et al.

        The loss of a row is that at :math:`z + \tau \log(\pi_1 / \pi_0)`. For cross-entropy, and
        for any other loss too, that is a shift of the margin by so much and nothing more: from its
        optimal constant boosting makes the very trees of the loss inside, and margins that are
        lower by the shift. With ``tau = 1`` they are those of classes that are as frequent as each
        other, so that a threshold of 0 balances the errors of both. The same decision on the model
        of the loss inside has the threshold :math:`\tau \log(\pi_1 / \pi_0)`.

        Parameters
        ----------
        loss : Loss
            Any loss; the paper's is :class:`BinaryCrossEntropy`.
        y_true : array-like of shape (n_samples,)
            Labels in [0, 1]; a soft label counts for both classes in its proportion.
        tau : float
            How far to go: 0 not at all, 1 to balanced classes.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of at least 0: a row of weight 2 counts as two.

        Raises
        ------
        ValueError
            ``tau`` is not finite; only one class has weight, or one of the arrays is not what it
            should be.
        TypeError
            ``loss`` is not a :class:`~gradpair.Loss`, or ``tau`` is not a number.

        References
        ----------
        Menon et al., Long-Tail Learning via Logit Adjustment (2021), eq. 10.

        Examples
        --------
        >>> import gradpair as gp
        >>> loss = gp.MarginShift.logit_adjusted(gp.BinaryCrossEntropy(), [1, 0, 0, 0])
        >>> round(loss.negative, 6), loss.positive == -loss.negative
        (-1.098612, True)
        >>> loss.calibrated_probability([0.0])
        array([0.25])
        """
        inner = _checked_inner(loss, "logit_adjusted")
        factor = _validation.real("tau", tau)
        ones, zeros = _blocks.class_weights(*_blocks.training_rows(y_true, sample_weight))
        shift = factor * (math.log(ones) - math.log(zeros))
        return cls(inner, -shift, shift)

    def __repr__(self) -> str:
        shifts = f"positive={self.positive!r}, negative={self.negative!r}"
        return f"MarginShift({self.inner!r}, {shifts})"

    @property
    def _uniform(self) -> bool:
        """Whether the margins of both classes are shifted alike."""
        return self.positive == -self.negative

    def _parts(self, y_true: Array, raw_prediction: Array) -> list[Part]:
        y, z = y_true.astype(np.float64), raw_prediction.astype(np.float64)
        if self._uniform:
            return [(1.0, y, z + self.negative)]
        if np.all((y == 0) | (y == 1)):  # each row has one class
            return [(1.0, y, z + np.where(y == 1, -self.positive, self.negative))]
        one, zero = np.float64(1), np.float64(0)
        return [(y, one, z - self.positive), (1 - y, zero, z + self.negative)]

    def _log_gradients(self, raw_prediction: Array) -> Pair:
        log_up, _ = self.inner._log_gradients(raw_prediction - self.positive)
        _, log_down = self.inner._log_gradients(raw_prediction + self.negative)
        return log_up, log_down

    def _log_odds(self, raw_prediction: Array) -> Array:
        if not self._uniform:
            return super()._log_odds(raw_prediction)
        return self.inner._log_odds(raw_prediction + self.negative)

    def _calibrated_margin(self, probability: Array) -> Array:
        if not self._uniform:
            return super()._calibrated_margin(probability)
        margin: Array = self.inner._calibrated_margin(probability) - self.negative
        return margin

    @property
    def calibration_range(self) -> tuple[float, float] | None:
        """That of the loss inside, its ends shifted; None where log-odds do not rise."""
        if self.inner.calibration_range is None:
            return None
        low, high = self.inner.calibration_range
        low, high = low - self.negative, high + self.positive
        if self._uniform or (self.convex and low < high):
            return low, high
        if not low < high:
            return None
        reach = self._reach
        z = np.arange(max(low, -reach), min(high, reach), _GRID)
        with np.errstate(all="ignore"):
            rises = np.diff(super()._log_odds(z))
        return None if np.any(rises < -_ROUNDING) else (low, high)

    @property
    def calibration_shift(self) -> float | None:
        """That of the loss inside and ``negative``, where all margins are shifted alike."""
        inner = self.inner.calibration_shift
        return inner + self.negative if inner is not None and self._uniform else None

    @property
    def scale_pos_weight(self) -> float | None:
        """That of the loss inside, only where nothing is shifted."""
        unshifted = self.positive == self.negative == 0
        return self.inner.scale_pos_weight if unshifted else None

    @property
    def _reach(self) -> float:
        return self.inner._reach + max(abs(self.positive), abs(self.negative))

    @property
    def _kernel(self) -> Kernel | None:
        inner = self.inner._kernel
        if inner is None or self.positive == self.negative == 0:
            return inner
        module = "gradpair._kernels.margin_shift"
        return dataclasses.replace(
            inner,
            numbers=(inner, self.positive, self.negative),
            fused=inner.fused and module,
            compiled=inner.compiled and module,
        )


def _checked_inner(loss: object, maker: str) -> Loss:
    """Check a loss, which a callable loss would get the labels for."""
    try:
        return check_loss(loss)
    except TypeError as error:
        made = f"gradpair.MarginShift.{maker}(gradpair.BinaryCrossEntropy(), y, sample_weight=w)"
        msg = f"{error} As a loss that is made of labels and weights write lambda y, w: {made}."
        raise TypeError(msg) from None
