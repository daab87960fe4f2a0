"""Derivatives that are sums of another kernel's, each at one label and at margins of its own."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradpair._validation import Array

Fill = Callable[..., Array | None]


def fill_sum(
    inner: Fill,
    parts: tuple[tuple[Array, float, Array], ...],
    floor: Any,
    gradient: Array,
    hessian: Array,
) -> Array | None:
    """Fill both with the sum of weight times ``inner`` at a label, for each of the parts.

    A label that is none makes a weight negative or nan.
    """
    unknown = np.zeros(gradient.size, bool)
    gradient[:], hessian[:] = 0, 0
    g, h = np.empty_like(gradient), np.empty_like(hessian)
    for weight, label, margin in parts:
        left = inner(np.full_like(margin, label), margin, margin.dtype.type(-np.inf), g, h)
        gradient += np.multiply(g, weight, out=g)
        hessian += np.multiply(h, weight, out=h)
        unknown |= ~(weight >= 0) if left is None else left | ~(weight >= 0)
    np.maximum(hessian, floor, out=hessian)
    return unknown if unknown.any() else None
