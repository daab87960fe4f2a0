"""Whether the closed formula of ``calibrated=True`` holds on the rows that are there."""

import math
import warnings

import numpy as np

from gradpair._hosts.estimator import EncodedRows
from gradpair._links import sigmoid
from gradpair._validation import Array
from gradpair.losses import Loss

# The mean probability may differ from the share of positives by so much, or else by what chance
# explains. docs/measure/calibration.py prints ratios from .57 on after 3 rounds; after 80 they are
# near 1 on the training rows, and from .77 on on others.
_LEAST_RATIO, _DEVIATIONS = 0.8, 3.0


def check_range(loss: Loss) -> None:
    """Refuse ``calibrated=True`` for a loss that calibrates only some margins."""
    within = loss.calibration_range
    if within == (-math.inf, math.inf):
        return
    where = (
        "at none" if within is None else f"only at those from {within[0]:.6g} to {within[1]:.6g}"
    )
    msg = (
        f"calibrated=True needs a loss that has a probability at every margin, and {loss!r} has "
        f"one {where}; a trained model has others. Leave it False, and calibrate on held-out rows: "
        f"model.recalibrate(X, y)."
    )
    raise ValueError(msg)


def check(what: str, log_odds: Array, rows: EncodedRows) -> None:
    """Warn where calibrated probabilities do not add up to the positives that there are."""
    weight = np.ones(rows.y.size) if rows.weight is None else rows.weight
    if not 0 < (ones := float(weight @ rows.y)) < (total := float(weight.sum())):
        return  # one class, from which nothing can be told
    probability = sigmoid(np.asarray(log_odds, dtype=float))
    found = float(weight @ probability)
    chance = math.sqrt(float((weight**2) @ (probability * (1 - probability))))
    if min(found / ones, ones / found) >= _LEAST_RATIO or abs(found - ones) <= _DEVIATIONS * chance:
        return
    warnings.warn(
        f"calibrated=True: over the {what} the calibrated probabilities average "
        f"{found / total:.3g}, where the labels average {ones / total:.3g}. The formula is exact "
        f"at the population optimum only, and this model is not near it; calibrate on held-out "
        f"rows instead: model.recalibrate(X, y).",
        stacklevel=4,
    )
