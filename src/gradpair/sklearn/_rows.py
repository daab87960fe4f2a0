"""Rows to train and evaluate on, made of what the user passes to BoostingClassifier."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import _safe_indexing, check_consistent_length, column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import type_of_target

from gradpair import _blocks, _validation
from gradpair._hosts.estimator import EncodedRows
from gradpair._validation import Array


def encode(y: ArrayLike, classes: Array | None = None) -> tuple[Array, Array]:
    """Return the two classes, and of each row the probability of the second."""
    if hasattr(y, "to_numpy"):
        y = y.to_numpy()
    elif isinstance(y, list | tuple):
        y = np.asarray(y)
    if getattr(y, "ndim", 1) == 2 and np.shape(y)[1] == 2:
        return _encode_probabilities(y, classes)
    kind = type_of_target(y, input_name="y")
    if kind.startswith("continuous"):
        msg = (
            f"Unknown label type: {kind}. Pass labels of two classes; or soft labels as an array "
            f"of shape (n_samples, 2), the probabilities of both: np.column_stack([1 - y, y])."
        )
        raise ValueError(msg)
    try:
        found, codes = np.unique(column_or_1d(y, warn=True), return_inverse=True)
    except TypeError as error:
        msg = f"y must hold labels of one type, none of them missing; {error}."
        raise ValueError(msg) from error
    if classes is None and len(found) != 2:
        count = "1 class" if len(found) == 1 else f"{len(found)} classes"
        msg = f"Only binary classification is supported, but y has {count}: {found[:10].tolist()}."
        raise ValueError(msg)
    if classes is None:
        return found, codes.astype(float)
    if not np.isin(found, classes).all():
        msg = f"the labels of eval_set are {found[:10].tolist()}; y has {classes.tolist()}."
        raise ValueError(msg)
    return classes, (found == classes[1]).astype(float)[codes]


def _encode_probabilities(y: ArrayLike, classes: Array | None) -> tuple[Array, Array]:
    """Return the classes 0 and 1, and of each row the probability of 1."""
    probabilities = _validation.labels(y)
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-5):
        msg = "soft labels of shape (n_samples, 2) are probabilities; each row must sum to 1."
        raise ValueError(msg)
    if classes is not None and classes.tolist() != [0, 1]:
        msg = f"soft labels are for the classes 0 and 1; y has the classes {classes.tolist()}."
        raise ValueError(msg)
    return np.array([0, 1]), probabilities[:, 1].astype(float)


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


def pairs_of(eval_set: Any) -> list[tuple[Any, Any]]:
    """Return evaluation sets as pairs; LightGBM also takes one pair alone."""
    pairs = list(eval_set or ())
    if isinstance(eval_set, tuple) and len(pairs) == 2 and not isinstance(pairs[0], tuple):
        pairs = [eval_set]
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            msg = f"eval_set must be a list of pairs (X, y); got a {type(pair).__name__} in it."
            raise ValueError(msg)
    return pairs


def one_per_set(name: str, values: Any, n_sets: int) -> list[Any]:
    """Return one entry for each evaluation set."""
    if values is None:
        return [None] * n_sets
    if not isinstance(values, list | tuple) or len(values) != n_sets:
        msg = f"{name} must be a list with one entry for each of the {n_sets} sets of eval_set."
        raise ValueError(msg)
    return list(values)
