"""Checks at the public boundary: what was expected, what came, what to do."""

import math
import numbers
import reprlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Pair = tuple[Array, Array]  # of gradient and hessian, or of the two classes
Weights = Array | None
Rows = tuple[Array, Array, Weights]

_SHORT = reprlib.Repr()  # six items of a list, and of others so many characters:
_SHORT.maxstring = _SHORT.maxother = 80
_ENCODE = " Encode the two classes as 0 and 1, for example with (y == 'yes').astype(int)."


def numeric(name: str, values: ArrayLike) -> Array:
    """Return ``values`` as an array of booleans, integers or floats."""
    array = np.asarray(values)
    if array.dtype.kind == "O":
        array = _numbers_among(array)
    if array.dtype.kind not in "biuf":
        msg = f"{name} must hold numbers; got {type(values).__name__} of dtype {array.dtype}."
        msg += (
            _ENCODE if name == "y_true" else " Convert it first, for example with .astype(float)."
        )
        raise TypeError(msg)
    if np.ma.is_masked(values):
        msg = f"{name} has masked values; fill or drop them first."
        raise ValueError(msg)
    return array


def is_missing(value: object) -> bool:
    """Whether a value is None, NaN, NaT or pandas.NA, of which the last has no truth value."""
    try:
        return value is None or bool(value != value)  # noqa: PLR0124 - it is how NaN is told
    except TypeError:
        return True


def _numbers_among(objects: Array) -> Array:
    """Return objects that are numbers as floats, nan where one is missing, others as they are."""
    values = [math.nan if is_missing(value) else value for value in objects.ravel().tolist()]
    if not all(isinstance(value, numbers.Real | np.bool_ | Decimal) for value in values):
        return objects
    return np.array([float(value) for value in values]).reshape(objects.shape)


def floats(name: str, values: ArrayLike) -> Array:
    """Return ``values`` as native float32 if they are that, otherwise as float64."""
    array = numeric(name, values)
    single = array.dtype.kind == "f" and array.dtype.itemsize == 4
    return array.astype(np.float32 if single else np.float64, copy=False)


def labels(values: ArrayLike) -> Array:
    """Return labels of any numeric type, all of them in [0, 1]."""
    remedy = " Encode the two classes as 0 and 1, and drop rows without a label."
    return _within("y_true", values, lambda y: (y >= 0) & (y <= 1), "lie in [0, 1]", remedy)


def nonnegative(name: str, values: ArrayLike) -> Array:
    """Return ``values`` as an array, all of them finite and at least 0."""
    return _within(name, values, lambda x: (x >= 0) & (x < math.inf), "be finite and at least 0")


def weights(values: ArrayLike) -> Array:
    """Return sample weights of any numeric type, all of them finite and at least 0."""
    return nonnegative("sample_weight", values)


def finite(name: str, values: ArrayLike) -> Array:
    """Return ``values`` as an array, all of them finite."""
    return _within(name, values, np.isfinite, "be finite")


def _within(
    name: str, values: ArrayLike, holds: Callable[[Any], Any], expected: str, remedy: str = ""
) -> Array:
    """Return ``values`` as an array, all of them in the interval where ``holds`` is true."""
    array = numeric(name, values)
    if array.size and not (holds(array.min()) and holds(array.max())):
        index = np.argwhere(~holds(array))[0].tolist()  # empty for a scalar
        msg = f"{name} must {expected}; {name}{index or ''} is {array[tuple(index)]}.{remedy}"
        raise ValueError(msg)
    return array


def rows(y_true: ArrayLike, raw_prediction: ArrayLike, sample_weight: ArrayLike | None) -> Rows:
    """Return labels, margins and weights in the margins' precision, their shapes agreeing.

    Each of the three may be a scalar that stands for every row.
    """
    z = floats("raw_prediction", raw_prediction)
    try:
        y = labels(y_true)
    except ValueError as error:
        if z.size and np.all((z >= 0) & (z <= 1)):
            msg = f"{error} raw_prediction does: are they swapped? y_true comes first."
            raise ValueError(msg) from None
        raise
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
        got = f"{array.shape} and {other.shape}"
        msg = f"{name} and {other_name} must have the same shape; got {got}."
        raise ValueError(msg)


def one_per_row(name: str, array: Array, n_samples: int | None = None) -> Array:
    """Return ``array`` if its shape is ``(n_samples,)``, for any number of rows if that is None."""
    if array.ndim != 1 or n_samples not in (None, array.size):
        shape = "(n_samples,)" if n_samples is None else f"({n_samples},), one value per row"
        msg = f"{name} must have shape {shape}; got {array.shape}."
        raise ValueError(msg)
    return array


def described(value: object) -> str:
    """Return what stands for any object in a message: never all the values of an array."""
    kind, shape = type(value).__name__, getattr(value, "shape", ())
    if shape:
        dtype = f" and dtype {value.dtype}" if hasattr(value, "dtype") else ""
        return f"{kind} of shape {shape}{dtype}"
    return f"{_SHORT.repr(value)} of type {kind}"


def real(name: str, value: object) -> float:
    """Return a finite real number as a plain float."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        msg = f"{name} must be a number; got {described(value)}."
        raise TypeError(msg)
    try:
        number = float(value)
    except OverflowError:  # of whole numbers and fractions, whose repr may be of any length
        msg = f"{name} must be finite; got a number too large for a float."
        raise ValueError(msg) from None
    if not math.isfinite(number):
        msg = f"{name} must be finite; got {value!r}."
        raise ValueError(msg)
    return number


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
