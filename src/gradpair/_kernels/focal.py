"""The focal loss in place."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradpair._validation import Array
from gradpair.losses import REACH


def fused(
    numbers: tuple[float, ...], *, exact: bool, size: int, dtype: np.dtype[Any]
) -> Callable[..., Array | None]:
    """Return the kernel, as :class:`~gradpair.losses.Kernel` describes it."""
    return _Focal(*map(dtype.type, numbers), exact=exact, size=size)


class _Focal:
    """Fills both derivatives of hard labels in one go, and of soft ones class by class."""

    def __init__(self, alpha: Any, gamma: Any, *, exact: bool, size: int) -> None:
        self.alpha, self.gamma, self.exact = alpha, gamma, exact
        self.one, self.straight = alpha.dtype.type(1), 1 + 2 * gamma
        self.reach = alpha.dtype.type(REACH[alpha.dtype])
        if alpha.dtype == np.float32 and alpha > 1 and gamma > 1:
            self.reach /= gamma  # beyond, alpha lifts up what is no normal number without it
        self.scratch = np.empty((8, size), alpha.dtype)

    def __call__(
        self, y: Array, z: Array, floor: Any, gradient: Array, hessian: Array
    ) -> Array | None:
        t, weight, first, second, *spare = self.scratch[:, : z.size]
        np.subtract(self.one, y, out=weight)
        np.multiply(y, weight, out=t)  # 0 for hard labels, negative for what is no label
        labelled = np.minimum.reduce(t) >= 0
        if labelled and np.maximum.reduce(t) == 0:
            np.subtract(y, weight, out=first)  # the sign
            np.multiply(first, z, out=t)
            np.add(weight, np.multiply(y, self.alpha, out=second), out=weight)
            self._write(t, weight, gradient, hessian, spare)
            np.negative(np.multiply(gradient, first, out=gradient), out=gradient)
        else:
            self._write(np.negative(z, out=t), weight, first, second, spare)
            self._write(z, np.multiply(y, self.alpha, out=weight), gradient, hessian, spare)
            np.subtract(first, gradient, out=gradient)
            np.add(second, hessian, out=hessian)
        np.maximum(hessian, floor, out=hessian)
        near = np.minimum.reduce(z) >= -self.reach and np.maximum.reduce(z) <= self.reach
        return None if near and labelled else ~(np.abs(z) <= self.reach)

    def _write(
        self, t: Array, weight: Array, first: Array, second: Array, spare: list[Array]
    ) -> None:
        """Write both derivatives of weight · q**gamma · s at t, the first one with its sign turned.

        Within reach p and q need exp(-t) alone, whatever the sign of t.
        """
        p, q, s, power = spare
        np.exp(np.negative(t, out=q), out=q)
        np.log1p(q, out=s)
        np.divide(self.one, np.add(q, self.one, out=p), out=p)
        np.multiply(q, p, out=q)
        np.multiply(np.power(q, self.gamma, out=power), weight, out=power)
        bend = np.multiply(np.multiply(s, p, out=s), self.gamma, out=s)
        np.multiply(np.add(bend, q, out=first), power, out=first)
        np.multiply(power, p, out=power)  # what the second has of p comes with it
        np.multiply(bend, self.gamma, out=second)
        if self.exact:
            np.multiply(bend, q, out=bend)
            np.subtract(second, np.divide(bend, p, out=bend), out=second)
        np.add(second, np.multiply(q, self.straight, out=q), out=second)
        np.multiply(second, power, out=second)
