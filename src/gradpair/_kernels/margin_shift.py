"""The kernel of another loss, at the shifted margins of each class."""

import importlib
from typing import Any

import numpy as np

from gradpair._kernels.mixture import Fill, fill_sum
from gradpair._validation import Array
from gradpair.losses import Kernel

Numbers = tuple[Kernel, float, float]


def fused(numbers: Numbers, *, exact: bool, size: int, dtype: np.dtype[Any]) -> Fill:
    """Return the kernel, as :class:`~gradpair.losses.Kernel` describes it."""
    inner, *shifts = numbers
    module = importlib.import_module(str(inner.fused))
    fill = module.fused(inner.numbers, exact=exact, size=size, dtype=dtype)
    return _shifted(fill, *map(dtype.type, shifts))


def compiled(numbers: Numbers, *, exact: bool) -> Fill:
    """Return the kernel, as :class:`~gradpair.losses.Kernel` describes it."""
    inner, *shifts = numbers
    module = importlib.import_module(str(inner.compiled))
    return _shifted(module.compiled(inner.numbers, exact=exact), *map(np.float32, shifts))


def _shifted(inner: Fill, positive: Any, negative: Any) -> Fill:
    if positive == -negative:
        return lambda y, z, *arguments: inner(y, z + negative, *arguments)

    def fill(y: Array, z: Array, floor: Any, gradient: Array, hessian: Array) -> Array | None:
        zeros = 1 - y
        if np.any(y * zeros):  # soft labels, each a mixture of two margins, or what is no label
            parts = (y, 1.0, z - positive), (zeros, 0.0, z + negative)
            return fill_sum(inner, parts, floor, gradient, hessian)
        shift = np.multiply(zeros, negative, out=zeros)
        shift -= np.multiply(y, positive, out=gradient)
        return inner(y, np.add(z, shift, out=shift), floor, gradient, hessian)

    return fill
