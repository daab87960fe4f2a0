"""Loops that numba compiles, for margins within ±REACH; imported only where they are used.

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

REACH = np.float32(87)  # exp(-87) is a normal number, and so is exp(87)

# LLVM may contract a product and a sum, but not reorder sums, and nan stays nan.
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz", "arcp"}}


def _polynomial(function: Callable[[Array], Array], degree: int, low: float, high: float) -> Any:
    """Coefficients of the interpolant in Chebyshev points, in float32."""
    interpolant = Chebyshev.interpolate(function, degree, [low, high])
    return tuple(np.float32(c) for c in interpolant.convert(kind=Polynomial).coef)


def _loop(function: Callable[..., Any]) -> Any:
    """Compile a function on its first call, and keep the code on disk if that can be done."""
    global CACHED  # noqa: PLW0603 - where one function finds no place on disk, none does
    try:
        return njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:
        CACHED = False
        return njit(**_OPTIONS)(function)


CACHED = True
COMPILES = not config.DISABLE_JIT
_inline = njit(forceinline=True, **_OPTIONS)  # a call would keep a loop from being vectorised

_ZERO, _ONE, _TWO = map(np.float32, (0, 1, 2))
_RIGHT, _WRONG = np.int32(0), np.int32(1)
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


@_inline
def _exp_of_remainder(r: Any) -> Any:
    """Exponential for |r| <= log(2) / 2, as a short chain of operations (Estrin's scheme)."""
    r2 = r * r
    return (_E0 + _E1 * r) + r2 * ((_E2 + _E3 * r) + r2 * ((_E4 + _E5 * r) + r2 * _E6))


@_inline
def _bits(x: Any) -> Any:
    return np.float32(x).view(np.int32)


@_inline
def _of_bits(bits: Any) -> Any:
    return np.int32(bits).view(np.float32)


@_inline
def _power_of_two(k: Any) -> Any:
    return _of_bits(np.int32(np.int32(k) + _BIAS) << _EXPONENT)


@_inline
def _nearest(x: Any) -> Any:
    """Integer nearest to x, as a float32 and as an int32."""
    shifted = np.float32(x + _ROUND)
    return np.float32(shifted - _ROUND), np.int32(_bits(shifted) - _ROUND_BITS)


@_inline
def _exp(x: Any) -> Any:
    """Exponential for |x| <= REACH."""
    k, integer = _nearest(x * _LOG2_E)
    r = np.float32(np.float32(x - k * _LOG_2_HIGH) - k * _LOG_2_LOW)
    return np.float32(_exp_of_remainder(r)) * _power_of_two(integer)


@_inline
def _log1p(x: Any) -> Any:
    """Logarithm of 1 + x for 0 <= x <= 1."""
    x2 = x * x
    x4 = x2 * x2
    low = (_L0 + _L1 * x) + x2 * (_L2 + _L3 * x)
    high = (_L4 + _L5 * x) + x2 * (_L6 + _L7 * x) + x4 * (_L8 + _L9 * x)
    return x * (low + x4 * high)


@_loop
def _cross_entropy(y: Array, z: Array, numbers: Any, gradient: Array, hessian: Array) -> bool:
    alpha, floor = numbers
    wrong = _RIGHT
    for i in range(z.size):
        ones, zeros = np.float32(alpha * y[i]), np.float32(_ONE - y[i])
        known = (y[i] * zeros >= _ZERO) & (abs(z[i]) <= REACH)
        wrong = np.int32(wrong | (_RIGHT if known else _WRONG))
        odds = np.float32(_exp(z[i]))
        q = np.float32(_ONE / (_ONE + odds))
        p = np.float32(odds * q)
        gradient[i] = zeros * p - ones * q
        h = np.float32((ones + zeros) * (p * q))
        hessian[i] = floor if h < floor else h
    return wrong == _RIGHT


@_inline
def _focal_term(t: Any, weight: Any, gamma: Any, negative: Any) -> Any:
    """Derivatives of weight · q**gamma · s at t, as functional has them, up to the sign.

    ``negative`` is 1, or 0 to leave out the hessian's negative term.
    """
    e = np.float32(_exp(-abs(t)))
    near = np.float32(_ONE / (_ONE + e))
    far = np.float32(e * near)
    p = near if t >= _ZERO else far
    q = far if t >= _ZERO else near
    log1p_e = np.float32(_log1p(e))
    bend = gamma * (p * ((_ZERO if t >= _ZERO else -t) + log1p_e))

    distance = np.float32(t if t >= _ZERO else _ZERO)
    product = np.float32(-gamma * distance)
    rest = np.float32(-gamma * log1p_e)
    exponent = np.float32(product + rest)
    # Below, nothing but 0 is left.
    product = _FAINTEST if exponent < _FAINTEST else product
    rest = _ZERO if exponent < _FAINTEST else rest
    k, integer = _nearest((product + rest) * _LOG2_E)
    r = np.float32(np.float32(product - k * _LOG_2_HIGH) + np.float32(rest - k * _LOG_2_LOW))
    # 2**k in two halves, with the weight between: it may lift up what is no normal number without.
    half = np.int32(integer >> _HALF)
    scale = np.float32(_exp_of_remainder(r)) * _power_of_two(half) * weight
    scale = scale * _power_of_two(np.int32(integer - half))

    first = scale * (bend + q)
    second = scale * (bend * (gamma * p - negative * q) + (_ONE + _TWO * gamma) * (near * far))
    return np.float32(first), np.float32(second)


@_loop
def _focal_of_hard_labels(
    y: Array, z: Array, numbers: Any, gradient: Array, hessian: Array
) -> bool:
    alpha, gamma, negative, floor = numbers
    wrong = _RIGHT
    for i in range(z.size):
        zeros = np.float32(_ONE - y[i])
        known = (y[i] * zeros == _ZERO) & (abs(z[i]) <= REACH)
        wrong = np.int32(wrong | (_RIGHT if known else _WRONG))
        sign = np.float32(y[i] - zeros)
        weight = np.float32(alpha * y[i] + zeros)
        g, h = _focal_term(sign * z[i], weight, gamma, negative)
        gradient[i] = -sign * g
        hessian[i] = floor if h < floor else h
    return wrong == _RIGHT


@_loop
def _focal_of_any_labels(y: Array, z: Array, numbers: Any, gradient: Array, hessian: Array) -> bool:
    alpha, gamma, negative, floor = numbers
    wrong = _RIGHT
    for i in range(z.size):
        ones, zeros = np.float32(alpha * y[i]), np.float32(_ONE - y[i])
        known = (y[i] * zeros >= _ZERO) & (abs(z[i]) <= REACH)
        wrong = np.int32(wrong | (_RIGHT if known else _WRONG))
        g1, h1 = _focal_term(z[i], ones, gamma, negative)
        g0, h0 = _focal_term(-z[i], zeros, gamma, negative)
        gradient[i] = g0 - g1
        h = np.float32(h0 + h1)
        hessian[i] = floor if h < floor else h
    return wrong == _RIGHT


@functools.cache
def _ready(loop: Any, n_numbers: int) -> Any:
    """Compile a loop on one row, without the code on disk if that is damaged."""
    row, numbers = np.zeros(1, np.float32), (_ONE,) * n_numbers
    try:
        loop(row, row, numbers, row.copy(), row.copy())
    except Exception:  # noqa: BLE001 - whatever it is that unpickling finds
        return njit(**_OPTIONS)(loop.py_func)
    return loop


def kernel(gamma: float, alpha: float, *, exact: bool) -> Callable[..., bool]:
    """Return the kernel of a focal loss, a function of ``(y, z, floor, gradient, hessian)``.

    It fills the last two and says whether it knew every row: not if a label is outside [0, 1] or a
    margin beyond REACH. All arrays are contiguous float32.
    """
    factor = np.float32(alpha)
    if gamma == 0:
        loop = _ready(_cross_entropy, 2)

        def cross_entropy(y: Array, z: Array, floor: Any, g: Array, h: Array) -> bool:
            return bool(loop(y, z, (factor, floor), g, h))

        return cross_entropy
    parameters = factor, np.float32(gamma), np.float32(exact)

    def focal(y: Array, z: Array, floor: Any, g: Array, h: Array) -> bool:
        numbers = *parameters, floor
        hard = _ready(_focal_of_hard_labels, len(numbers))(y, z, numbers, g, h)
        return hard or bool(_ready(_focal_of_any_labels, len(numbers))(y, z, numbers, g, h))

    return focal
