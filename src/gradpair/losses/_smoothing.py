"""Label smoothing: any loss of labels that nobody is quite sure of."""

import dataclasses
import math
from typing import final, overload

import numpy as np

from gradpair import _validation
from gradpair._validation import Array, Pair
from gradpair.losses._base import Loss
from gradpair.losses._check import check_loss
from gradpair.losses._kernel import Kernel
from gradpair.losses._wrapper import Part, Wrapper


@final
@dataclasses.dataclass(frozen=True, init=False, repr=False)
class LabelSmoothing(Wrapper):
    r"""Another loss at smoothed labels, :math:`y\,(1 - s) + s / 2`.

    A label of 1 counts as :math:`1 - s / 2` and one of 0 as :math:`s / 2`, as if so many labels
    were wrong. Margins then stay finite where rows are separable: those of cross-entropy between
    :math:`\pm\log((2 - s) / s)`. It trains what its loss trains on soft labels made by hand.

    Parameters
    ----------
    loss : Loss
        Any loss, also another wrapper. It is the attribute ``inner``, since ``loss`` is a method.
    smoothing : float
        The share s of every label that is spread over both classes, at least 0 and below 1.

    Raises
    ------
    ValueError
        ``smoothing`` is not in [0, 1).
    TypeError
        ``loss`` is not a :class:`~gradpair.Loss`, or ``smoothing`` is not a number.

    Notes
    -----
    Smoothed labels have the mean :math:`\eta\,(1 - s) + s / 2` where labels have the mean
    :math:`\eta`, so that :math:`\eta = (\eta_s - s / 2) / (1 - s)` calibrates, with :math:`\eta_s`
    the calibrated probability of the loss inside. It lies in [0, 1] only where :math:`\eta_s` lies
    in :math:`[s / 2, 1 - s / 2]`; margins beyond, which a trained model has, are refused, and so is
    ``calibrated=True`` of :class:`~gradpair.sklearn.BoostingClassifier`: use ``recalibrate``.

    References
    ----------
    Szegedy et al., Rethinking the Inception Architecture for Computer Vision (2016), section 7.

    Examples
    --------
    >>> import gradpair as gp
    >>> loss = gp.LabelSmoothing(gp.FocalLoss(gamma=2.0), smoothing=0.1)
    >>> loss
    LabelSmoothing(FocalLoss(gamma=2.0, alpha=1.0), smoothing=0.1)
    >>> loss.gradient([1, 0], [0.0, 0.0])
    array([-0.26845812,  0.26845812])
    >>> smoothed = gp.LabelSmoothing(gp.BinaryCrossEntropy(), smoothing=0.1)
    >>> smoothed.calibrated_raw_prediction([0.0, 0.5, 1.0])
    array([-2.94443898,  0.        ,  2.94443898])
    >>> smoothed.calibrated_probability([-2.0, 0.0, 2.0])
    array([0.07689214, 0.5       , 0.92310786])
    """

    __module__ = "gradpair.losses"  # where pickles look for it
    _called = ("smoothing", 1)

    inner: Loss = dataclasses.field(metadata={"parameter": "loss"})
    smoothing: float

    @overload
    def __init__(self, loss: Loss, smoothing: float) -> None: ...
    @overload
    def __init__(self, *, inner: Loss, smoothing: float) -> None: ...  # as of dataclasses.replace
    def __init__(
        self, loss: Loss | None = None, smoothing: float | None = None, *, inner: Loss | None = None
    ) -> None:
        checked = check_loss(inner if loss is None else loss)
        number = _validation.at_least_zero("smoothing", smoothing)
        if number >= 1:
            msg = f"smoothing must be below 1, where no label would be left; got {smoothing!r}."
            raise ValueError(msg)
        object.__setattr__(self, "inner", checked)
        object.__setattr__(self, "smoothing", number)

    def __repr__(self) -> str:
        return f"LabelSmoothing({self.inner!r}, smoothing={self.smoothing!r})"

    def _parts(self, y_true: Array, raw_prediction: Array) -> list[Part]:
        """Return both classes, each with its share: 1 minus a smoothed label would lose digits."""
        if self.smoothing == 0:
            return [(1.0, y_true, raw_prediction)]
        zero, one = map(raw_prediction.dtype.type, (0, 1))
        keep, half = 1 - self.smoothing, self.smoothing / 2
        return [
            (y_true * keep + half, one, raw_prediction),
            ((1 - y_true) * keep + half, zero, raw_prediction),
        ]

    @property
    def _most_log_odds(self) -> float:
        """The log-odds of a smoothed label of 1."""
        half = self.smoothing / 2
        return math.log1p(-half) - math.log(half) if half else math.inf

    def _log_gradients(self, raw_prediction: Array) -> Pair:
        # With a = 1 - s / 2 the pull of a 1 is a up - s / 2 down = a up (1 - exp(odds - most)).
        log_up, log_down = self.inner._log_gradients(raw_prediction)
        most = raw_prediction.dtype.type(self._most_log_odds)
        share = raw_prediction.dtype.type(math.log1p(-self.smoothing / 2))
        odds = log_down - log_up
        return log_up + share + _log1mexp(odds - most), log_down + share + _log1mexp(-odds - most)

    def _log_odds(self, raw_prediction: Array) -> Array:
        # In float64, as near the ends of the range it is the logarithm of a small difference.
        odds = self.inner._log_odds(raw_prediction.astype(np.float64))
        most = self._most_log_odds
        log_odds: Array = odds + _log1mexp(-odds - most) - _log1mexp(odds - most)
        return log_odds.astype(raw_prediction.dtype)

    def _calibrated_margin(self, probability: Array) -> Array:
        # In float64, as what a float32 number leaves to 1 has few digits.
        smoothed = probability.astype(np.float64) * (1 - self.smoothing) + self.smoothing / 2
        return self.inner._calibrated_margin(smoothed).astype(probability.dtype)

    @property
    def calibration_range(self) -> tuple[float, float] | None:
        """The margins of the loss inside at the smoothed labels of 0 and of 1."""
        if self.inner.calibration_range is None:
            return None
        with np.errstate(all="ignore"):
            ends = self._calibrated_margin(np.array([0.0, 1.0]))
        low, high = np.where(np.isnan(ends), self.inner.calibration_range, ends)
        return float(low), float(high)

    @property
    def calibration_shift(self) -> float | None:
        """That of the loss inside, only at ``smoothing = 0``."""
        return None if self.smoothing else self.inner.calibration_shift

    @property
    def scale_pos_weight(self) -> float | None:
        """That of the loss inside, only at ``smoothing = 0``."""
        return None if self.smoothing else self.inner.scale_pos_weight

    @property
    def _kernel(self) -> Kernel | None:
        inner = self.inner._kernel
        if self.smoothing == 0 or inner is None:
            return inner
        module = "gradpair._kernels.label_smoothing"
        return dataclasses.replace(
            inner,
            numbers=(inner, self.smoothing),
            fused=inner.fused and module,
            compiled=inner.compiled and module,
        )


def _log1mexp(x: Array) -> Array:
    """Logarithm of 1 - exp(x), -inf from 0 on."""
    logarithm: Array = np.log(np.maximum(-np.expm1(x), 0))
    return logarithm
