"""Passes over all rows in blocks that fit the cache: no temporary is as long as the data."""

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _validation
from gradpair._validation import Array, Weights

_EMPTY = "y_true is empty; pass at least one row of each class."
BLOCK_ROWS = 1 << 15  # of a block, whose temporaries then stay within a core's own cache


def slices(n_samples: int, size: int = BLOCK_ROWS) -> Iterator[slice]:
    """Yield blocks of ``size`` rows, the last one of what is left of ``n_samples``."""
    for start in range(0, n_samples, size):
        yield slice(start, min(start + size, n_samples))


def in_float64(y: Array, *columns: Array | None) -> Iterator[list[Array]]:
    """Yield each block of the columns in float64; None is a column of ones."""
    for block in slices(y.size):
        ones = np.ones(y[block].size)
        yield [ones if c is None else c[block].astype(np.float64) for c in (y, *columns)]


def training_rows(y_true: ArrayLike, sample_weight: ArrayLike | None) -> tuple[Array, Weights]:
    """Return checked labels and weights of shape (n_samples,), at least one row of them."""
    y = _validation.one_per_row("y_true", _validation.labels(y_true))
    if not y.size:
        raise ValueError(_EMPTY)
    if sample_weight is None:
        return y, None
    w = _validation.weights(sample_weight)
    return y, _validation.one_per_row("sample_weight", w, y.size)


def class_weights(y: Array, w: Weights) -> tuple[float, float]:
    """Return the total weight of the 1s and of the 0s, neither of them zero."""
    ones, zeros = class_totals(y, w)
    check_classes(ones, zeros, lambda: class_counts(y))
    return ones, zeros


def class_totals(y: Array, w: Weights) -> tuple[float, float]:
    """Return the total weight of the 1s and of the 0s, infinite where a float cannot hold it."""
    with np.errstate(over="ignore"):
        columns = (y,) if w is None else (y, w)
        sums = np.array([_class_sums(*block) for block in in_float64(*columns)]).reshape(-1, 2)
        if not np.isfinite(sums.sum()):
            return math.inf, math.inf
    ones, zeros = map(math.fsum, sums.T)
    return ones, zeros


def class_counts(y: Array) -> tuple[int, int]:
    """Return how many rows are of class 0, and how many of class 1; soft labels are of both."""
    return int(np.count_nonzero(y < 1)), int(np.count_nonzero(y > 0))


def check_classes(ones: float, zeros: float, counts: Callable[[], Iterable[float]]) -> None:
    """Refuse total weights of which one is zero, or which are more than a float can hold.

    ``counts``, of the rows of class 0 and of class 1, is called for the message alone.
    """
    if not math.isfinite(ones + zeros):
        msg = "the sample weights add up to more than a float can hold; divide them by a constant."
        raise ValueError(msg)
    if ones and zeros:
        return
    of_zeros, of_ones = map(int, counts())
    if not of_zeros and not of_ones:
        raise ValueError(_EMPTY)
    if not ones and not zeros:
        msg = "all sample weights are zero; at least one row of each class needs a positive weight."
        raise ValueError(msg)
    msg = (
        f"y_true has no row of class {0 if ones else 1} with a positive weight ({of_zeros:,} of "
        f"class 0 and {of_ones:,} of class 1 in all), and with one class no finite constant is "
        f"optimal. Pass rows of both classes; stratify splits and folds by the label."
    )
    raise ValueError(msg)


def _class_sums(y: Array, w: Weights = None) -> tuple[float, float]:
    """Return the weight of the 1s and of the 0s; the block is overwritten."""
    ones = (y if w is None else np.multiply(w, y)).sum()
    zeros = np.subtract(1, y, out=y)
    return float(ones), float((zeros if w is None else np.multiply(zeros, w, out=y)).sum())


def weighted_mean(
    losses_of: Callable[[Array, Array, Array], Array], y: Array, raw: Array, w: Weights
) -> float:
    """Return the weighted mean of a loss, computed in float64."""
    return mean_of(*weighted_sums(losses_of, y, raw, w))


def weighted_sums(
    losses_of: Callable[[Array, Array, Array], Array], y: Array, raw: Array, w: Weights
) -> tuple[float, float]:
    """Return the weighted sum of a loss and the sum of the weights, computed in float64."""
    sums = [(losses_of(*rows).sum(), rows[-1].sum()) for rows in in_float64(y, raw, w)]
    return math.fsum(loss for loss, _ in sums), math.fsum(weight for _, weight in sums)


def mean_of(loss: float, weight: float) -> float:
    """Return the weighted mean of a loss, given both sums."""
    if not weight:
        msg = "the weights sum to 0; the mean loss needs at least one row with a positive weight."
        raise ValueError(msg)
    return loss / weight
