"""The focal loss as compiled loops, one of them for hard labels."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradpair._kernels import vector
from gradpair._kernels.vector import F32_REACH, ONE, RIGHT, TWO, WRONG, ZERO, ready, scaled_exp
from gradpair._validation import Array


@vector.inline
def _term(t: Any, weight: Any, gamma: Any, negative: Any) -> Any:
    """Derivatives of weight · q**gamma · s at t, as the loss has them, up to the sign.

    ``negative`` is 1, or 0 to leave out the hessian's negative term.
    """
    e = np.float32(vector.exp(-abs(t)))
    near = np.float32(ONE / (ONE + e))
    far = np.float32(e * near)
    p = near if t >= ZERO else far
    q = far if t >= ZERO else near
    log1p_e = np.float32(vector.log1p(e))
    bend = gamma * (p * ((ZERO if t >= ZERO else -t) + log1p_e))
    distance = np.float32(t if t >= ZERO else ZERO)
    scale = scaled_exp(np.float32(-gamma * distance), np.float32(-gamma * log1p_e), weight)
    first = scale * (bend + q)
    second = scale * (bend * (gamma * p - negative * q) + (ONE + TWO * gamma) * (near * far))
    return np.float32(first), np.float32(second)


@vector.loop
def _hard_labels(y: Array, z: Array, numbers: Any, gradient: Array, hessian: Array) -> bool:
    alpha, gamma, negative, floor = numbers
    wrong = RIGHT
    for i in range(z.size):
        zeros = np.float32(ONE - y[i])
        known = (y[i] * zeros == ZERO) & (abs(z[i]) <= F32_REACH)
        wrong = np.int32(wrong | (RIGHT if known else WRONG))
        sign = np.float32(y[i] - zeros)
        weight = np.float32(alpha * y[i] + zeros)
        g, h = _term(sign * z[i], weight, gamma, negative)
        gradient[i] = -sign * g
        hessian[i] = floor if h < floor else h
    return wrong == RIGHT


@vector.loop
def _any_labels(y: Array, z: Array, numbers: Any, gradient: Array, hessian: Array) -> bool:
    alpha, gamma, negative, floor = numbers
    wrong = RIGHT
    for i in range(z.size):
        ones, zeros = np.float32(alpha * y[i]), np.float32(ONE - y[i])
        known = (y[i] * zeros >= ZERO) & (abs(z[i]) <= F32_REACH)
        wrong = np.int32(wrong | (RIGHT if known else WRONG))
        g1, h1 = _term(z[i], ones, gamma, negative)
        g0, h0 = _term(-z[i], zeros, gamma, negative)
        gradient[i] = g0 - g1
        h = np.float32(h0 + h1)
        hessian[i] = floor if h < floor else h
    return wrong == RIGHT


def compiled(numbers: tuple[float, ...], *, exact: bool) -> Callable[..., Array | None]:
    """Return the kernel, as :class:`~gradpair.losses.Kernel` describes it."""
    parameters = *map(np.float32, numbers), np.float32(exact)

    def fill(y: Array, z: Array, floor: Any, gradient: Array, hessian: Array) -> Array | None:
        arguments = y, z, (*parameters, floor), gradient, hessian
        knew = ready(_hard_labels, 4)(*arguments) or ready(_any_labels, 4)(*arguments)
        return None if knew else ~(np.abs(z) <= F32_REACH)

    return fill
