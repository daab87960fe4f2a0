"""Vectorised arithmetic for compiled loops; imported only where they are used.

Everything is float32, so that LLVM puts as many rows as possible into one vector register. It does
that only for loops without a branch or a call: exp and log1p are polynomials, and integers are cast
back to int32 after each operation, because numba widens them.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import config, njit
from numpy.polynomial import Chebyshev, Polynomial

from gradpair._validation import Array
from gradpair.losses import REACH

F32_REACH = np.float32(REACH[np.dtype(np.float32)])

# LLVM may contract a product and a sum, but not reorder sums, and nan stays nan.
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz", "arcp"}}


def _polynomial(function: Callable[[Array], Array], degree: int, low: float, high: float) -> Any:
    """Coefficients of the interpolant in Chebyshev points, in float32."""
    interpolant = Chebyshev.interpolate(function, degree, [low, high])
    return tuple(np.float32(c) for c in interpolant.convert(kind=Polynomial).coef)


COMPILES = not config.DISABLE_JIT
inline = njit(forceinline=True, **_OPTIONS)  # a call would keep a loop from being vectorised

ZERO, ONE, TWO = map(np.float32, (0, 1, 2))
RIGHT, WRONG = np.int32(0), np.int32(1)
_LOG2_E = np.float32(1.4426950408889634)
# log(2) in two parts (Cody and Waite, 1980): a multiple of the first by up to 2**15 is exact.
_LOG_2_HIGH, _LOG_2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_ROUND = np.float32(1.5 * 2**23)  # added to a float32, it leaves an integer in the last bits
_ROUND_BITS = _ROUND.view(np.int32)
_EXPONENT, _BIAS, _HALF = np.int32(23), np.int32(127), np.int32(1)
_FAINTEST = np.float32(-174)  # exp of it is 0, even times the largest alpha
_E0, _E1, _E2, _E3, _E4, _E5, _E6 = _polynomial(np.exp, 6, -0.3466, 0.3466)
_L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7, _L8, _L9 = _polynomial(
    lambda x: np.log1p(x) / x, 9, 0.0, 1.0
)


@inline
def _exp_of_remainder(r: Any) -> Any:
    """Exponential for |r| <= log(2) / 2, as a short chain of operations (Estrin's scheme)."""
    r2 = r * r
    return (_E0 + _E1 * r) + r2 * ((_E2 + _E3 * r) + r2 * ((_E4 + _E5 * r) + r2 * _E6))


@inline
def _power_of_two(k: Any) -> Any:
    return np.int32(np.int32(np.int32(k) + _BIAS) << _EXPONENT).view(np.float32)


@inline
def _nearest(x: Any) -> Any:
    """Integer nearest to x, as a float32 and as an int32."""
    shifted = np.float32(x + _ROUND)
    return np.float32(shifted - _ROUND), np.int32(shifted.view(np.int32) - _ROUND_BITS)


@inline
def exp(x: Any) -> Any:
    """Exponential for |x| <= F32_REACH."""
    k, integer = _nearest(x * _LOG2_E)
    r = np.float32(np.float32(x - k * _LOG_2_HIGH) - k * _LOG_2_LOW)
    return np.float32(_exp_of_remainder(r)) * _power_of_two(integer)


@inline
def log1p(x: Any) -> Any:
    """Logarithm of 1 + x for 0 <= x <= 1."""
    x2 = x * x
    x4 = x2 * x2
    low = (_L0 + _L1 * x) + x2 * (_L2 + _L3 * x)
    high = (_L4 + _L5 * x) + x2 * (_L6 + _L7 * x) + x4 * (_L8 + _L9 * x)
    return x * (low + x4 * high)


@inline
def scaled_exp(high: Any, low: Any, factor: Any) -> Any:
    """Return factor · exp(high + low) for an exponent of at most 0 that comes in two parts."""
    exponent = np.float32(high + low)
    high = _FAINTEST if exponent < _FAINTEST else high
    low = ZERO if exponent < _FAINTEST else low
    k, integer = _nearest((high + low) * _LOG2_E)
    r = np.float32(np.float32(high - k * _LOG_2_HIGH) + np.float32(low - k * _LOG_2_LOW))
    # 2**k in two halves, with the factor between: it may lift up what is no normal number without.
    half = np.int32(integer >> _HALF)
    scaled = np.float32(_exp_of_remainder(r)) * _power_of_two(half) * factor
    return scaled * _power_of_two(np.int32(integer - half))


def _finds_a_place_on_disk() -> bool:
    """Whether numba can keep code of this folder, and of losses' own, from process to process."""
    try:
        njit(cache=True)(_polynomial)
    except RuntimeError:
        return False
    return True


KEEPS_CODE = _finds_a_place_on_disk()
loop = njit(cache=KEEPS_CODE, **_OPTIONS)  # compiles on the first call


@functools.cache
def ready(loop: Any, n_numbers: int) -> Any:
    """Compile a loop on one row, without the code on disk if that is damaged."""
    row, numbers = np.zeros(1, np.float32), (ONE,) * n_numbers
    try:
        loop(row, row, numbers, row.copy(), row.copy())
    except Exception:  # noqa: BLE001 - whatever it is that unpickling finds
        return njit(**_OPTIONS)(loop.py_func)
    return loop
