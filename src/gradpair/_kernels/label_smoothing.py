"""The kernel of another loss, at smoothed labels."""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from gradpair._validation import Array
from gradpair.losses import Kernel

Fill = Callable[..., Array | None]


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
    keep, half = dtype.type(1 - smoothing), dtype.type(smoothing / 2)

    def fill(y: Array, z: Array, floor: Any, gradient: Array, hessian: Array) -> Array | None:
        smoothed = np.multiply(y, keep)
        unknown = inner(np.add(smoothed, half, out=smoothed), z, floor, gradient, hessian)
        labelled = np.minimum.reduce(y) >= 0 and np.maximum.reduce(y) <= 1
        # Smoothed, what is no label may be one.
        return unknown if labelled else np.ones(y.size, bool)

    return fill
