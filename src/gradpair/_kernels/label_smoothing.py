"""The kernel of another loss, at smoothed labels."""

import importlib
from typing import Any

import numpy as np

from gradpair._kernels.mixture import Fill, fill_sum
from gradpair._validation import Array
from gradpair.losses import Kernel

# Of float32 labels 1 - s / 2 a kernel would know s / 2 to 2**-24 / s.
_LEAST_ON_LABELS = {np.dtype(np.float32): 1 / 64, np.dtype(np.float64): 0.0}


def fused(numbers: tuple[Kernel, float], *, exact: bool, size: int, dtype: np.dtype[Any]) -> Fill:
    """Return the kernel, as :class:`~gradpair.losses.Kernel` describes it."""
    inner, smoothing = numbers
    module = importlib.import_module(str(inner.fused))
    fill = module.fused(inner.numbers, exact=exact, size=size, dtype=dtype)
    return _smoothed(fill, smoothing, dtype)


def compiled(numbers: tuple[Kernel, float], *, exact: bool) -> Fill:
    """Return the kernel, as :class:`~gradpair.losses.Kernel` describes it."""
    inner, smoothing = numbers
    module = importlib.import_module(str(inner.compiled))
    return _smoothed(module.compiled(inner.numbers, exact=exact), smoothing, np.dtype(np.float32))


def _smoothed(inner: Fill, smoothing: float, dtype: np.dtype[Any]) -> Fill:
    keep, half, one = dtype.type(1 - smoothing), dtype.type(smoothing / 2), dtype.type(1)

    def on_labels(y: Array, z: Array, floor: Any, gradient: Array, hessian: Array) -> Array | None:
        smoothed = np.multiply(y, keep)
        return inner(np.add(smoothed, half, out=smoothed), z, floor, gradient, hessian)

    def by_class(y: Array, z: Array, floor: Any, gradient: Array, hessian: Array) -> Array | None:
        parts = (y * keep + half, 1.0, z), ((one - y) * keep + half, 0.0, z)
        return fill_sum(inner, parts, floor, gradient, hessian)

    way = on_labels if smoothing >= _LEAST_ON_LABELS[dtype] else by_class

    def fill(y: Array, z: Array, floor: Any, gradient: Array, hessian: Array) -> Array | None:
        unknown = way(y, z, floor, gradient, hessian)
        labelled = np.minimum.reduce(y) >= 0 and np.maximum.reduce(y) <= 1
        # Smoothed, what is no label may be one.
        return unknown if labelled else np.ones(y.size, bool)

    return fill
