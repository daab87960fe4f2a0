"""Comparisons of what an objective gives with what is expected."""

import numpy as np

from gradpair._validation import Array
from gradpair.audit._numerical import NumericalDerivative

FEW = 3  # rows, of which fewer prove nothing: beside a kink one may seem wrong
_RTOL = 5e-3  # between two calls of an objective, which may round to float16
_COMMON = 0.01  # relative: how well a value is known from which a factor is taken


def close(got: Array, expected: Array) -> bool:
    """Whether two columns agree wherever the expected one is finite."""
    known = np.isfinite(expected)
    largest = np.max(np.abs(expected), initial=0.0, where=known)
    return np.allclose(got[known], expected[known], rtol=_RTOL, atol=1e-6 * largest)


def factor_of(got: Array, expected: Array, tolerance: Array | float = 0.0) -> float:
    """Return the factor by which all well-known values are off, 0 if there is none."""
    known = np.isfinite(expected) & (tolerance <= _COMMON * np.abs(expected))
    known &= (expected != 0) | (got != 0)
    with np.errstate(all="ignore"):
        ratio = got[known] / expected[known]
        middle = float(np.median(ratio)) if ratio.size else 0.0
        common = bool(np.all(np.abs(ratio / middle - 1) < 2 * _COMMON))
    return middle if common and np.isfinite(middle) else 0.0


def surrogate(gradient: Array, hessian: Array, slope: NumericalDerivative) -> str:
    """Name what kind of stand-in a hessian is for the second derivative, if a sound one.

    The expected hessian is that over the labels for which a margin would be the optimum, 1 with
    probability g(0, z) / (g(0, z) - g(1, z)). For squared errors it is the Gauss-Newton hessian.
    """
    bound = slope._replace(value=np.maximum(slope.value, 0))
    if np.sum(bound.differs(hessian) & (hessian < bound.value)) < FEW:
        return "a bound of it that is nowhere negative"
    zeros, ones = np.split(gradient, 2)
    with np.errstate(all="ignore"):
        share = zeros / (zeros - ones)
    (of_zeros, of_ones), tolerances = (np.split(part, 2) for part in slope)
    value = np.tile(share * of_ones + (1 - share) * of_zeros, 2)
    expected = NumericalDerivative(value, np.tile(sum(tolerances), 2))
    known = np.isfinite(value).all()
    if known and (hessian >= 0).all() and expected.differs(hessian).sum() < FEW:
        return "the expected one (Fisher scoring, or Gauss-Newton)"
    return ""


def rows_that_differ(y: Array, wrong: Array, got: Array, expected: Array) -> str:
    """Say how many rows differ, whether all have one label, and whether by one factor."""
    labels = np.unique(y[wrong])
    of_label = f", all of label {labels[0]:g}" if labels.size == 1 else ""
    factor = times(factor_of(got[wrong], expected[wrong]))
    return f"{wrong.sum()} of {wrong.size} rows differ{of_label}.{factor}"


def times(factor: float) -> str:
    """Say by which factor all values are off, if by one."""
    return f" It is {factor:.3g} times that." if factor else ""
