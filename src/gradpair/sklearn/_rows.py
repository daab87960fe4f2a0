"""Rows to train and evaluate on, made of what the user passes to BoostingClassifier."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import _safe_indexing, check_consistent_length
from sklearn.utils.class_weight import compute_sample_weight

from gradpair import _blocks, _validation
from gradpair._hosts.estimator import EncodedRows
from gradpair._validation import Array


def class_weighted(
    estimator: Any, classes: Array, target: Array, sample_weight: ArrayLike | None
) -> ArrayLike | None:
    """Multiply the weights by the estimator's class weights, as LightGBM does."""
    if (class_weight := getattr(estimator, "class_weight", None)) is None:
        return sample_weight
    if not np.isin(target, (0, 1)).all():
        msg = "class_weight needs hard labels; with soft ones use loss=WeightedCrossEntropy(...)."
        raise ValueError(msg)
    weight: Array = compute_sample_weight(class_weight, classes[target.astype(int)])
    _, own = _blocks.training_rows(target, sample_weight)
    return weight if own is None else weight * own


def make_rows(
    features: Any, target: Array, sample_weight: ArrayLike | None, offset: ArrayLike | None
) -> EncodedRows:
    """Check the fields of rows, and split those with a soft label in one of each class."""
    check_consistent_length(features, target)
    _, weight = _blocks.training_rows(target, sample_weight)
    offset = None if offset is None else checked_offsets(offset, target.size)
    if np.isin(target, (0, 1)).all():
        return EncodedRows(features, target.astype(int), weight, offset)
    source, y = np.nonzero(np.column_stack([target < 1, target > 0]))  # in the order of the rows
    probability = np.where(y == 1, target[source], 1 - target[source])
    weight = probability if weight is None else weight[source] * probability
    offset = None if offset is None else offset[source]
    return EncodedRows(_safe_indexing(features, source), y, weight, offset)


def checked_offsets(offset: ArrayLike, n_samples: int) -> Array:
    """Return checked offsets, one per row."""
    checked = _validation.finite("offset", offset).astype(float)
    return _validation.one_per_row("offset", checked, n_samples)
