"""Labels of two classes, or the probabilities of both, as 0s and 1s."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import type_of_target

from gradpair import _validation
from gradpair._validation import Array


def array_of(y: ArrayLike, name: str = "y") -> Array:
    """Return labels of any container as an array, none of them missing."""
    if hasattr(y, "toarray"):
        msg = f"{name} is sparse; pass labels as a dense array: {name}.toarray().ravel()."
        raise TypeError(msg)
    # pyarrow's own to_numpy refuses to copy text.
    numpy_of = getattr(y, "to_numpy", None) if not hasattr(y, "to_pylist") else None
    values = y if isinstance(y, np.ma.MaskedArray) else np.asarray(numpy_of() if numpy_of else y)
    if values.dtype.kind == "T":  # NumPy's new type of text, which scikit-learn does not know
        values = values.astype(object)
    if (missing := _missing(values)).any():
        msg = (
            f"{name} has missing labels: {missing.sum()} of {missing.size}, the first in row "
            f"{np.argwhere(missing)[0][0]}. Drop the rows without a label, or give them one."
        )
        raise ValueError(msg)
    return np.asarray(values)


def _missing(values: Array) -> Array:
    """Return where labels are masked, None, NaN, NaT or pandas.NA."""
    if np.ma.is_masked(values):
        return np.ma.getmaskarray(values)
    if values.dtype.kind == "O":
        flags = [_validation.is_missing(value) for value in values.ravel().tolist()]
        return np.array(flags, dtype=bool).reshape(values.shape)
    if values.dtype.kind in "fc":
        return np.asarray(np.isnan(values))
    if values.dtype.kind in "mM":
        return np.asarray(np.isnat(values))
    return np.zeros(values.shape, dtype=bool)


def encode(y: ArrayLike, classes: Array | None = None, name: str = "y") -> tuple[Array, Array]:
    """Return the two classes, and of each row the probability of the second."""
    y = array_of(y, name)
    if y.ndim == 2 and y.shape[1] == 2:
        return _encode_probabilities(y, classes)
    found, codes, counts = _distinct(y, name)
    if classes is None and len(found) != 2:
        count = "1 class" if len(found) == 1 else f"{len(found)} classes"
        rows = dict(zip(found[:10].tolist(), counts[:10].tolist(), strict=True))
        msg = f"Only binary classification is supported, but {name} has {count}, in these numbers "
        msg += f"of rows: {rows}."
        if len(found) == 1:
            msg += " Pass rows of both classes; in cross-validation, StratifiedKFold gives them to "
            msg += "each fold that has as many of the rarer class."
        raise ValueError(msg)
    if classes is None:
        return found, codes.astype(float)
    if not np.isin(found, classes).all():
        msg = f"the labels of {name} are {found[:10].tolist()}; y has {classes.tolist()}."
        raise ValueError(msg)
    return classes, (found == classes[1]).astype(float)[codes]


def _distinct(y: Array, name: str) -> tuple[Array, Array, Array]:
    """Return the labels in order, of each row the number of its label, and how many have it."""
    try:
        kind = type_of_target(y, input_name=name)
        if kind.startswith("continuous"):
            msg = (
                f"Unknown label type: {kind}. Pass labels of two classes; or soft labels as an "
                f"array of shape (n_samples, 2), the probabilities of both: "
                f"np.column_stack([1 - y, y])."
            )
            raise ValueError(msg)
        return np.unique(column_or_1d(y, warn=True), return_inverse=True, return_counts=True)
    except TypeError as error:
        msg = f"{name} must hold labels of one type, all numbers or all text; {error}"
        raise ValueError(msg) from error


def _encode_probabilities(y: Array, classes: Array | None) -> tuple[Array, Array]:
    """Return the classes 0 and 1, and of each row the probability of 1."""
    probabilities = _validation.labels(y)
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-5):
        msg = "soft labels of shape (n_samples, 2) are probabilities; each row must sum to 1."
        raise ValueError(msg)
    if classes is not None and classes.tolist() != [0, 1]:
        msg = f"soft labels are for the classes 0 and 1; y has the classes {classes.tolist()}."
        raise ValueError(msg)
    return np.array([0, 1]), probabilities[:, 1].astype(float)


def hard(y: ArrayLike, name: str = "y") -> Any:
    """Return labels to compare predictions with."""
    values = array_of(y, name)
    if values.ndim == 2 and values.shape[1] == 2:
        msg = f"score compares labels, and {name} holds probabilities; pass {name}.argmax(axis=1)."
        raise ValueError(msg)
    return values
