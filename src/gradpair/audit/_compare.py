"""Comparisons of what an objective gives with what is expected, and the rows where they differ."""

import numpy as np

from gradpair._validation import Array
from gradpair.audit._numerical import FLOAT32_NOISE, Derivative, derivative
from gradpair.audit._report import Point
from gradpair.audit._subjects import Audit, LossFunction, Rows

FEW = 3  # rows, of which fewer prove nothing: beside a kink one may seem wrong
_RTOL = 5e-3  # between two calls of an objective, which may round to float16
_KNOWN = 0.01  # relative tolerance of a numerical derivative from which ratios are taken


def gradient_slope(audit: Audit, rows: Rows, gradient: Array) -> Derivative:
    """Return the numerical derivative of the gradient."""
    return derivative(audit.gradient_at(rows), rows.z, scale(rows, gradient))


def loss_slope(loss: LossFunction, rows: Rows, noise: float = FLOAT32_NOISE) -> Derivative:
    """Return the numerical derivative of the loss, which the gradient should be."""
    rough = loss(rows.y, rows.z + 0.5) - loss(rows.y, rows.z - 0.5)
    return derivative(lambda z: loss(rows.y, z), rows.z, scale(rows, rough), noise)


def scale(rows: Rows, gradient: Array, where: Array | bool = True) -> Array:
    """Return the largest gradient of each row's label."""
    sizes = np.where(np.isfinite(gradient) & where, np.abs(gradient), 0.0)
    for label in (0, 1):
        sizes[rows.y == label] = sizes[rows.y == label].max()
    return sizes


def factor_of_slope(got: Array, slope: Derivative) -> float:
    """Return the factor that makes a derivative of all rows, 0 if there is none."""
    known = slope.tolerance < _KNOWN * np.abs(slope.value)
    if not known.any():
        return 0.0
    factor = float(np.median(got[known] / slope.value[known]))
    return factor if factor and slope.differs(got / factor).sum() < FEW else 0.0


def factor_of(got: Array, expected: Array) -> float:
    """Return the factor by which all values are off, 0 if there is none."""
    known = np.isfinite(expected) & ((expected != 0) | (got != 0))
    if not known.any():
        return 0.0
    with np.errstate(all="ignore"):
        ratio = got[known] / expected[known]
        middle = float(np.median(ratio))
        common = np.isfinite(middle) and middle and np.all(np.abs(ratio / middle - 1) < 0.01)
    return middle if common else 0.0


def close(got: Array, expected: Array) -> bool:
    """Whether two columns agree wherever the expected one is finite."""
    known = np.isfinite(expected)
    largest = np.max(np.abs(expected), initial=0.0, where=known)
    return np.allclose(got[known], expected[known], rtol=_RTOL, atol=1e-6 * largest)


def surrogate(gradient: Array, hessian: Array, slope: Derivative) -> str:
    """Name what kind of stand-in a hessian is for the second derivative, if a sound one.

    The expected hessian is that over the labels for which a margin would be the optimum, 1 with
    probability g(0, z) / (g(0, z) - g(1, z)). For squared errors it is the Gauss-Newton hessian.
    """
    bound = Derivative(np.maximum(slope.value, 0), slope.tolerance)
    if bound.exceeds(hessian).sum() < FEW:
        return "a bound of it that is nowhere negative"
    zeros, ones = np.split(gradient, 2)
    with np.errstate(all="ignore"):
        share = zeros / (zeros - ones)
    (value_0, value_1), (tolerance_0, tolerance_1) = (np.split(part, 2) for part in slope)
    expected = Derivative(
        np.tile(share * value_1 + (1 - share) * value_0, 2),
        np.tile(tolerance_0 + tolerance_1, 2),
    )
    known = np.isfinite(expected.value).all()
    if known and (hessian >= 0).all() and expected.differs(hessian).sum() < FEW:
        return "the expected one (Fisher scoring, or Gauss-Newton)"
    return ""


def times(factor: float) -> str:
    """Say by which factor all values are off, if by one."""
    return f" It is {factor:.3g} times that." if factor else ""


def rows_that_differ(rows: Rows, wrong: Array) -> str:
    """Say how many rows differ, and whether all have one label."""
    labels = np.unique(rows.y[wrong])
    of_label = f", all of label {labels[0]:g}" if labels.size == 1 else ""
    return f"{wrong.sum()} of {wrong.size} rows differ{of_label}"


def point(rows: Rows, at: int, got: Array, expected: Array | None = None) -> Point:
    """Return one row of a report."""
    return Point(
        float(rows.y[at]),
        float(rows.z[at]),
        float(got[at]),
        None if expected is None else float(expected[at]),
    )


def worst(rows: Rows, got: Array, expected: Array, where: Array | None = None) -> Point:
    """Return the row that is furthest off, of all whose expected value is finite or of some."""
    where = np.isfinite(expected) if where is None else where
    with np.errstate(invalid="ignore"):
        distance = np.where(where, np.abs(got - expected), -1)
    return point(rows, int(np.argmax(distance)), got, expected)
