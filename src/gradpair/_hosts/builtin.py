"""Losses as the hosts' built-in objectives, and models that become such."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _blocks, _validation
from gradpair._validation import Array
from gradpair.losses import Loss, check_loss


@dataclass(frozen=True)
class BuiltinEquivalent:
    """A loss as a host's built-in objective: the weight of positives, the start, the rows."""

    alpha: float
    constant: float
    hard: bool
    y: Array | None
    weight: Array | None

    @classmethod
    def of(
        cls,
        loss: Loss,
        y_true: ArrayLike | None,
        sample_weight: ArrayLike | None,
        totals: tuple[float, float] | None,
    ) -> Self:
        """Check the arguments and compute the start from the rows, or from all rows' totals."""
        check_loss(loss)
        if (alpha := loss.scale_pos_weight) is None:
            known = "BinaryCrossEntropy and WeightedCrossEntropy have"
            msg = f"{loss!r} has no built-in equivalent, only {known}; pass it to train."
            raise ValueError(msg)
        if y_true is None and totals is None:
            msg = "pass y_true, or totals=(weight of the 1s, weight of the 0s)."
            raise ValueError(msg)
        y, w = (None, None) if y_true is None else _blocks.training_rows(y_true, sample_weight)
        if totals is None and y is not None:
            totals = _blocks.class_weights(y, w)
        if totals is None or np.shape(totals) != (2,):
            got = _validation.described(totals)
            msg = f"totals must be a pair, (weight of the 1s, weight of the 0s); got {got}."
            raise ValueError(msg)
        ones, zeros = (_validation.positive("each of totals", total) for total in totals)
        hard = y is None or bool(np.isin(y, (0, 1)).all())
        return cls(alpha, math.log(ones) - math.log(zeros) + math.log(alpha), hard, y, w)


def shift_to_native(loss: Loss, constant: float, *, calibrated: bool) -> float:
    """Check the arguments of ``to_native``; return what its model adds to every margin."""
    check_loss(loss)
    shift = _validation.real("constant", constant)
    if not calibrated:
        return shift
    if loss.calibration_shift is None:
        msg = (
            f"calibrated=True needs a loss whose correction is a shift of the margin; {loss!r} has "
            f"none. Leave it False and use loss.calibrated_probability(margin)."
        )
        raise ValueError(msg)
    return shift + loss.calibration_shift
