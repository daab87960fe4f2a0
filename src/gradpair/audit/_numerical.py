"""Numerical derivatives that say how far they can be trusted, and comparisons of columns."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gradpair._validation import Array

# Formula order and first step of two estimates that share no evaluation but the first few. Margins
# on a grid of 1/64 stay exact in float32 under such steps.
_ESTIMATES = ((8, 0.5), (4, 0.375))
_HALVINGS = 4  # smaller steps would only amplify the rounding of a float32 objective
_RTOL = 1e-3
_ATOL = 1e-6  # times the scale of the values
FLOAT32_NOISE = 1e-5  # times the scale of the values: what a float32 objective may be off by
_ERROR_FACTOR = 10  # of the estimates' own errors

FEW = 3  # rows, of which fewer prove nothing: beside a kink one may seem wrong
_CALLS_RTOL = 5e-3  # between two calls of an objective, which may round to float16
_COMMON = 0.01  # relative: how well a value is known from which a factor is taken


class NumericalDerivative(NamedTuple):
    """A derivative of each row and the width within which another value agrees with it."""

    value: Array
    tolerance: Array

    def differs(self, other: Array) -> Array:
        """Where both are known and differ beyond doubt."""
        with np.errstate(invalid="ignore"):
            width = self.tolerance + _RTOL * np.abs(self.value)
            far: Array = np.abs(other - self.value) > width
        return far

    def known(self) -> Array:
        """Where it is a number."""
        return np.isfinite(self.value) & np.isfinite(self.tolerance)

    def varies(self, where: Array) -> bool:
        """Whether some rows' values are not all one, beyond doubt."""
        where = where[self.known()[where]]
        value, tolerance = self.value[where], self.tolerance[where]
        lowest = np.min(value + tolerance, initial=np.inf)
        return bool(np.max(value - tolerance, initial=-np.inf) > lowest)


def derivative(
    function: Callable[[Array], Array], z: Array, scale: Array, noise: float = FLOAT32_NOISE
) -> NumericalDerivative:
    """Differentiate a function of all rows' margins, of values as large as ``scale``.

    Two estimates of different order and step are taken, each with its own step control. The
    tolerance covers their errors, the distance between them and the relative ``noise`` of what they
    are compared with, so that what differs from one beyond it differs from both.
    """
    from scipy.differentiate import derivative as differentiate  # noqa: PLC0415 - slow to import

    scale = np.where(scale > 0, scale, 1.0)

    def scaled(points: Array) -> Array:
        columns = points.reshape(z.size, -1).T
        values = [function(column) / scale for column in columns]
        return np.stack(values, axis=-1).reshape(points.shape)

    tolerances = {"atol": _ATOL, "rtol": _RTOL / 10}
    options = {"maxiter": _HALVINGS, "tolerances": tolerances, "preserve_shape": True}
    with np.errstate(all="ignore"):
        first, second = (
            differentiate(scaled, z, order=order, initial_step=step, **options)
            for order, step in _ESTIMATES
        )
        doubt = _ERROR_FACTOR * (first.error + second.error) + 2 * np.abs(first.df - second.df)
    return NumericalDerivative(first.df * scale, (doubt + noise) * scale)


def close(got: Array, expected: Array) -> bool:
    """Whether two columns agree wherever the expected one is finite."""
    known = np.isfinite(expected)
    largest = np.max(np.abs(expected), initial=0.0, where=known)
    return np.allclose(got[known], expected[known], rtol=_CALLS_RTOL, atol=1e-6 * largest)


def factor_of(got: Array, expected: Array, tolerance: Array | float = 0.0) -> float:
    """Return the factor by which all well-known values are off, 0 if there is none."""
    known = np.isfinite(expected) & (tolerance <= _COMMON * np.abs(expected))
    known &= (expected != 0) | (got != 0)
    ratio = got[known] / expected[known]
    middle = float(np.median(ratio)) if ratio.size else 0.0
    common = bool(np.all(np.abs(ratio / middle - 1) < 2 * _COMMON))
    return middle if common and np.isfinite(middle) else 0.0


def times(factor: float) -> str:
    """Say by which factor all values are off, if by one."""
    return f" It is {factor:.3g} times that." if factor else ""


def surrogate(gradient: Array, hessian: Array, slope: NumericalDerivative) -> str:
    """Name what kind of stand-in a hessian is for the second derivative, if a sound one.

    The expected hessian is that over the labels for which a margin would be the optimum, 1 with
    probability g(0, z) / (g(0, z) - g(1, z)). For squared errors it is the Gauss-Newton hessian.
    """
    bound = slope._replace(value=np.maximum(slope.value, 0))
    if np.sum(bound.differs(hessian) & (hessian < bound.value)) < FEW:
        return "a bound of it that is nowhere negative"
    zeros, ones = np.split(gradient, 2)
    share = zeros / (zeros - ones)
    (of_zeros, of_ones), tolerances = (np.split(part, 2) for part in slope)
    value = np.tile(share * of_ones + (1 - share) * of_zeros, 2)
    expected = NumericalDerivative(value, np.tile(sum(tolerances), 2))
    known = np.isfinite(value).all()
    if known and (hessian >= 0).all() and expected.differs(hessian).sum() < FEW:
        return "the expected one (Fisher scoring, or Gauss-Newton)"
    return ""
