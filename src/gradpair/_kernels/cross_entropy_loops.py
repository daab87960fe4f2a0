"""Weighted cross-entropy as a compiled loop."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradpair._kernels.vector import F32_REACH, ONE, RIGHT, WRONG, ZERO, exp, loop, ready
from gradpair._validation import Array


@loop
def _cross_entropy(y: Array, z: Array, numbers: Any, gradient: Array, hessian: Array) -> bool:
    alpha, floor = numbers
    wrong = RIGHT
    for i in range(z.size):
        ones, zeros = np.float32(alpha * y[i]), np.float32(ONE - y[i])
        known = (y[i] * zeros >= ZERO) & (abs(z[i]) <= F32_REACH)
        wrong = np.int32(wrong | (RIGHT if known else WRONG))
        odds = np.float32(exp(z[i]))
        q = np.float32(ONE / (ONE + odds))
        p = np.float32(odds * q)
        gradient[i] = zeros * p - ones * q
        h = np.float32((ones + zeros) * (p * q))
        hessian[i] = floor if h < floor else h
    return wrong == RIGHT


def compiled(numbers: tuple[float, ...], *, exact: bool) -> Callable[..., Array | None]:
    """Return the kernel, as :class:`~gradpair.losses.Kernel` describes it."""
    del exact  # the loss is convex
    run, alpha = ready(_cross_entropy, 2), np.float32(numbers[0])

    def fill(y: Array, z: Array, floor: Any, gradient: Array, hessian: Array) -> Array | None:
        knew = run(y, z, (alpha, floor), gradient, hessian)
        return None if knew else ~(np.abs(z) <= F32_REACH)

    return fill
