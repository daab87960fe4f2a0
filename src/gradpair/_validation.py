"""Checks at the public boundary: what was expected, what came, what to do."""

import math
import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Rows = tuple[Array, Array, Array | None]


def numeric(name: str, values: ArrayLike) -> Array:
    """Return ``values`` as an array of booleans, integers or floats."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        msg = (
            f"{name} must hold numbers; got {type(values).__name__} of dtype {array.dtype}. "
            f"Convert it first, for example with .astype(float)."
        )
        raise TypeError(msg)
    if np.ma.is_masked(values):
        msg = f"{name} has masked values; fill or drop them first."
        raise ValueError(msg)
    return array


def floats(name: str, values: ArrayLike) -> Array:
    """Return ``values`` as native float32 if they are that, otherwise as float64."""
    array = numeric(name, values)
    single = array.dtype.kind == "f" and array.dtype.itemsize == 4
    return array.astype(np.float32 if single else np.float64, copy=False)


def labels(values: ArrayLike) -> Array:
    """Return labels of any numeric type, all of them in [0, 1]."""
    array = numeric("y_true", values)
    if array.size and not (array.min() >= 0 and array.max() <= 1):
        where, value = _first(array, ~((array >= 0) & (array <= 1)))
        msg = (
            f"y_true must lie in [0, 1]; y_true{where} is {value}. "
            f"Encode the two classes as 0 and 1, and drop rows without a label."
        )
        raise ValueError(msg)
    return array


def nonnegative(name: str, values: ArrayLike) -> Array:
    """Return ``values`` as an array, all of them finite and at least 0."""
    array = numeric(name, values)
    if array.size and not (array.min() >= 0 and array.max() < math.inf):
        where, value = _first(array, ~((array >= 0) & (array < math.inf)))
        msg = f"{name} must be finite and at least 0; {name}{where} is {value}."
        raise ValueError(msg)
    return array


def weights(values: ArrayLike) -> Array:
    """Return sample weights of any numeric type, all of them finite and at least 0."""
    return nonnegative("sample_weight", values)


def finite(name: str, values: ArrayLike) -> Array:
    """Return ``values`` as an array, all of them finite."""
    array = numeric(name, values)
    if array.size and not (array.min() > -math.inf and array.max() < math.inf):
        where, value = _first(array, ~np.isfinite(array))
        msg = f"{name} must be finite; {name}{where} is {value}."
        raise ValueError(msg)
    return array


def rows(y_true: ArrayLike, raw_prediction: ArrayLike, sample_weight: ArrayLike | None) -> Rows:
    """Return labels, margins and weights in the margins' precision, their shapes agreeing.

    Each of the three may be a scalar that stands for every row.
    """
    z = floats("raw_prediction", raw_prediction)
    y = labels(y_true)
    same_shape("y_true", y, "raw_prediction", z)
    y = y.astype(z.dtype, copy=False)
    if sample_weight is None:
        return y, z, None
    w = weights(sample_weight)
    same_shape("sample_weight", w, *(("y_true", y) if y.ndim else ("raw_prediction", z)))
    return y, z, w.astype(z.dtype, copy=False)


def same_shape(name: str, array: Array, other_name: str, other: Array) -> None:
    """Refuse to broadcast anything but a scalar: (n, 1) against (n,) would give (n, n)."""
    if array.ndim and other.ndim and array.shape != other.shape:
        msg = (
            f"{name} and {other_name} must have the same shape; "
            f"got {array.shape} and {other.shape}."
        )
        raise ValueError(msg)


def one_dimensional(name: str, array: Array) -> Array:
    """Return ``array`` if its shape is ``(n_samples,)`` for any number of rows."""
    if array.ndim != 1:
        msg = f"{name} must have shape (n_samples,); got {array.shape}."
        raise ValueError(msg)
    return array


def one_per_row(name: str, array: Array, n_samples: int) -> Array:
    """Return ``array`` if its shape is ``(n_samples,)``."""
    if array.shape != (n_samples,):
        msg = f"{name} must have shape ({n_samples},), one value per row; got {array.shape}."
        raise ValueError(msg)
    return array


def real(name: str, value: object) -> float:
    """Return a finite real number as a plain float."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        msg = f"{name} must be a number; got {value!r} of type {type(value).__name__}."
        raise TypeError(msg)
    if not math.isfinite(value):
        msg = f"{name} must be finite; got {value!r}."
        raise ValueError(msg)
    return float(value)


def positive(name: str, value: object) -> float:
    """Return a positive, finite real number as a plain float."""
    if not (number := real(name, value)) > 0:
        msg = f"{name} must be positive and finite; got {value!r}."
        raise ValueError(msg)
    return number


def at_least_zero(name: str, value: object) -> float:
    """Return a finite real number of at least 0 as a plain float."""
    if (number := real(name, value)) < 0:
        msg = f"{name} must be at least 0; got {value!r}."
        raise ValueError(msg)
    return number


def _first(array: Array, bad: Array) -> tuple[str, Any]:
    """Where the first bad value is, as an index to print, and that value."""
    if not array.ndim:
        return "", array[()]
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    return f"[{', '.join(map(str, index))}]", array[index]
