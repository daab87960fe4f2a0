"""Calibration of a trained model's margins on rows that were held out."""

import math
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _blocks, _validation
from gradpair._intercept import optimal_constant
from gradpair._validation import Array
from gradpair.losses import BinaryCrossEntropy

Method = Literal["platt", "shift"]
_LOSS = BinaryCrossEntropy()
_MOST_STEPS = 100
_ROUNDING = 1e-13  # of a sum of derivatives, relative to the sum of what was added


class Line(NamedTuple):
    """Calibrated log-odds as ``slope * margin + shift``."""

    slope: float
    shift: float


def fitted_line(
    margins: Array, y_true: ArrayLike, sample_weight: ArrayLike | None, method: Method
) -> Line:
    """Fit slope and shift, or the shift alone, to the labels of held-out rows.

    Raises
    ------
    ValueError
        Another method, margins that are all equal or rank the rows backwards, and what
        :func:`~gradpair.optimal_constant` refuses.
    """
    if method not in get_args(Method):
        msg = f"method must be 'platt' or 'shift'; got {method!r}."
        raise ValueError(msg)
    y, w = _blocks.training_rows(y_true, sample_weight)
    margins = _validation.one_per_row("the margins", _validation.finite("the margins", margins))
    _validation.one_per_row("y_true", y, margins.size)
    if method == "shift":
        return Line(1.0, optimal_constant(_LOSS, y, offset=margins, sample_weight=w))
    return _platt(y, margins.astype(float), np.ones(y.size) if w is None else w.astype(float))


def _platt(y: Array, margins: Array, w: Array) -> Line:
    """Fit both by Newton's method, to Platt's (1999) targets.

    They lie inside (0, 1), so that separable classes have a finite line too. Each class counts as
    many rows as is its share of the weights, whatever the weights are scaled by.
    """
    ones, zeros = _blocks.class_weights(y, w)
    w = w * (np.count_nonzero(w) / (ones + zeros))
    ones, zeros = _blocks.class_weights(y, w)
    y = y * (ones + 1) / (ones + 2) + (1 - y) / (zeros + 2)
    mean = np.average(margins, weights=w)
    scale = math.sqrt(np.average((margins - mean) ** 2, weights=w))
    if not scale > 1e-9 * max(1.0, abs(mean)):
        msg = (
            f"the margins of these rows are all {mean:.6g}, so that no slope can be told; use "
            f"method='shift', or a model that tells rows apart."
        )
        raise ValueError(msg)
    basis = np.array([(margins - mean) / scale, np.ones(y.size)])
    slope, shift = _newton(basis, y, w) / (scale, 1.0)
    if slope <= 0:
        msg = (
            f"the slope would be {slope:.3g}: the model ranks these rows backwards, or not at all. "
            f"Check that they are what the model was made for, and which label is 1."
        )
        raise ValueError(msg)
    return Line(float(slope), float(shift - slope * mean))


def _newton(basis: Array, y: Array, w: Array) -> Array:
    """Minimise the weighted cross-entropy of ``line @ basis`` (Lin, Lin and Weng 2007)."""
    line = np.zeros(2)
    value = _value(basis, y, w, line)
    for _ in range(_MOST_STEPS):
        gradients, hessians = _LOSS.gradient_hessian(y, line @ basis, w)
        slope = basis @ gradients
        if np.all(np.abs(slope) <= _ROUNDING * (np.abs(basis) @ np.abs(gradients))):
            return line
        step = np.linalg.solve((hessians * basis) @ basis.T, slope)
        share = 1.0
        while (following := _value(basis, y, w, line - share * step)) > value and share > 1e-10:
            share /= 2
        if following >= value:  # as low as sums of losses can tell
            return line - step if share == 1.0 else line
        line, value = line - share * step, following
    msg = f"Platt's line was not found in {_MOST_STEPS} steps; it is at {line} with {slope}."
    raise RuntimeError(msg)


def _value(basis: Array, y: Array, w: Array, line: Array) -> float:
    return float(_LOSS.loss(y, line @ basis, w).sum())
