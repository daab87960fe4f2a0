"""Passes over all rows in blocks that fit the cache: no temporary is as long as the data."""

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _validation
from gradpair._validation import Array

BLOCK_ROWS = 1 << 15  # of a block, whose temporaries then stay within a core's own cache


def slices(n_samples: int, size: int = BLOCK_ROWS) -> Iterator[slice]:
    """Yield blocks of ``size`` rows, the last one of what is left of ``n_samples``."""
    for start in range(0, n_samples, size):
        yield slice(start, min(start + size, n_samples))


def training_rows(y_true: ArrayLike, sample_weight: ArrayLike | None) -> tuple[Array, Array | None]:
    """Return checked labels and weights of shape (n_samples,), at least one row of them."""
    y = _validation.one_dimensional("y_true", _validation.labels(y_true))
    if not y.size:
        msg = "y_true is empty; pass at least one row of each class."
        raise ValueError(msg)
    if sample_weight is None:
        return y, None
    w = _validation.weights(sample_weight)
    return y, _validation.one_per_row("sample_weight", w, y.size)


def class_weights(y: Array, w: Array | None) -> tuple[float, float]:
    """Return the total weight of the 1s and of the 0s, neither of them zero."""
    positive, negative, total = [], [], []
    for block in slices(y.size):
        y_block = y[block].astype(np.float64)
        w_block = np.ones_like(y_block) if w is None else w[block].astype(np.float64)
        with np.errstate(over="ignore"):
            total.append(w_block.sum())
            positive.append((w_block * y_block).sum())
            negative.append((w_block * (1 - y_block)).sum())
    if not np.isfinite(total).all():
        msg = "the sample weights add up to more than a float can hold; divide them by a constant."
        raise ValueError(msg)
    if not math.fsum(total):
        msg = "all sample weights are zero; at least one row of each class needs a positive weight."
        raise ValueError(msg)
    sums = math.fsum(positive), math.fsum(negative)
    for label, weight in zip((1, 0), sums, strict=True):
        if not weight:
            msg = (
                f"y_true has no row of class {label} with a positive weight: with one class only, "
                f"no finite constant is optimal. Pass rows of both classes."
            )
            raise ValueError(msg)
    return sums


def weighted_mean(
    losses_of: Callable[[Array, Array, Array], Array], y: Array, raw: Array, w: Array | None
) -> float:
    """Return the weighted mean of a loss, computed in float64."""
    losses, weights = [], []
    for block in slices(y.size):
        w_block = np.ones(y[block].size) if w is None else w[block].astype(np.float64)
        losses.append(losses_of(y[block], raw[block].astype(np.float64), w_block).sum())
        weights.append(w_block.sum())
    if not (total := math.fsum(weights)):
        msg = "the weights sum to 0; the mean loss needs at least one row with a positive weight."
        raise ValueError(msg)
    return math.fsum(losses) / total
