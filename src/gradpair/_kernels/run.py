"""Derivatives of all rows, block by block and in place, by the fastest kernel that knows the loss.

A kernel computes what the loss defines, for most rows. The others go to the loss itself: those that
lie far out, and those of a label that the kernel's precision does not hold.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradpair import _blocks, _validation
from gradpair._kernels import choice as kernels
from gradpair._validation import Array
from gradpair.losses import Loss

# Labels, margins, the least hessian, both derivatives to fill. False if it did not know every row.
Kernel = Callable[[Array, Array, Any, Array, Array], bool]

# Rows of a block: a kernel has few temporaries, and Python's share of its time should be small.
BLOCK = 1 << 16

SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)
# To 87, exp(z) and exp(-z) are normal float32 numbers. From 37 on p is 1 in float64, by which the
# flat sides of a loss are found: there the last digit counts.
_REACH = {SINGLE: 87, DOUBLE: 30}
_ALPHAS = 1e-30, 1e30  # with which their products still are float32
_MOST_GAMMA = 20.0  # up to which kernels are held to the loss
# Fewer float64 margins are computed in float64: splits tie in small data, and the last digit of a
# gradient decides between them. So many are rounded to float32, which takes half the time.
_MANY = 100_000


def gradient_hessian(
    loss: Loss,
    y: Array,
    raw: Array,
    w: Array | None,
    *,
    start: float,
    hessian_floor: float,
    exact: bool,
) -> tuple[Array, Array]:
    """Return fresh, contiguous float32 derivatives at ``raw + start``, weighted after the floor.

    The values of labels and weights are checked here, while their block is in the cache.
    """
    gradient, hessian = np.empty(raw.size, SINGLE), np.empty(raw.size, SINGLE)
    with np.errstate(all="ignore"):
        rows = Derivatives(loss, y, raw, w, start=start, exact=exact, hessian_floor=hessian_floor)
        for block in rows.blocks():
            rows.fill(block, gradient[block], hessian[block])
    return gradient, hessian


class Derivatives:
    """Fills blocks with the derivatives of their rows at ``raw + start``.

    ``dtype`` is the precision of a kernel, by default what the number of rows asks for; the loss
    computes in that of ``raw`` if it is higher. Silence floating-point warnings around it.
    """

    def __init__(
        self,
        loss: Loss,
        y: Array,
        raw: Array,
        w: Array | None = None,
        *,
        start: float,
        exact: bool = True,
        hessian_floor: float = -math.inf,
        dtype: np.dtype[Any] | None = None,
    ) -> None:
        self.y, self.raw, self.w = y, raw, w
        self.of_loss = loss._gradient_hessian if exact else loss._gradient_positive_hessian
        self.kernel, self.dtype = _kernel(loss, raw, dtype, exact=exact)
        self.size = max(1, min(_blocks.BLOCK if self.kernel is None else BLOCK, raw.size))
        self.full = np.promote_types(raw.dtype, self.dtype)
        self.start = self.full.type(start)
        self.floor = self.dtype.type(hessian_floor)
        self._scratch: dict[str, Array] = {}

    def blocks(self) -> Iterator[slice]:
        """Yield the blocks to fill, none of more than ``size`` rows."""
        return _blocks.slices(self.raw.size, self.size)

    def fill(self, block: slice, gradient: Array, hessian: Array) -> None:
        """Fill arrays of one block; bad labels and weights are refused."""
        g, h = gradient, hessian
        if gradient.dtype != self.dtype:
            g, h = self._own("g", g.size, self.dtype), self._own("h", h.size, self.dtype)
        self._fill_unweighted(block, g, h)
        if self.w is not None:
            w = _checked(_validation.weights, self.w, block)
            np.multiply(g, w, out=g, casting="same_kind")
            np.multiply(h, w, out=h, casting="same_kind")
        if g is not gradient:
            gradient[:], hessian[:] = g, h

    def _fill_unweighted(self, block: slice, g: Array, h: Array) -> None:
        labels, margins = self.y[block], self.raw[block]
        others: Any = slice(None)
        if self.kernel is not None:
            y, z = self._plain(labels, "y"), self._margins(margins)
            if self.kernel(y, z, self.floor, g, h) and self._holds(y, block):
                return
            others = ~(np.abs(z) <= _REACH[self.dtype]) | (y != labels)
        labels = _checked(_validation.labels, self.y, block)[others].astype(self.full)
        margins = margins[others] + self.start  # a copy: a loss cannot write to the host's
        gradient, hessian = self.of_loss(labels, margins)
        if not np.shape(gradient) == np.shape(hessian) == margins.shape:
            msg = (
                f"the loss must return a gradient and a hessian of shape {margins.shape}, one "
                f"value per row; got {np.shape(gradient)} and {np.shape(hessian)}."
            )
            raise ValueError(msg)
        g[others], h[others] = gradient, np.maximum(hessian, self.floor)

    def _margins(self, margins: Array) -> Array:
        if self.start:
            margins = np.add(margins, self.start, out=self._own("sum", margins.size, self.full))
        return self._plain(margins, "z")

    def _own(self, name: str, size: int, dtype: np.dtype[Any]) -> Array:
        """Return memory that every block uses again."""
        if name not in self._scratch:
            self._scratch[name] = np.empty(self.size, dtype)
        return self._scratch[name][:size]

    def _plain(self, values: Array, name: str) -> Array:
        """Return values as a kernel takes them, copied only if they are not that already."""
        if values.dtype == self.dtype and values.flags.carray:
            return values
        plain = self._own(name, values.size, self.dtype)
        np.copyto(plain, values, casting="same_kind")
        return plain

    def _holds(self, y: Array, block: slice) -> bool:
        """Whether a kernel's labels are as exact as those that the loss would get."""
        labels = self.y[block]
        if np.can_cast(labels.dtype, self.dtype):
            return True
        if self.full == self.dtype:  # the loss would round them too, once they are checked
            _checked(_validation.labels, self.y, block)
            return True
        return bool(np.array_equal(y, labels))


def _kernel(
    loss: Loss, raw: Array, dtype: np.dtype[Any] | None, *, exact: bool
) -> tuple[Kernel | None, np.dtype[Any]]:
    """Return the kernel, if there is one for the loss, and the precision to compute in."""
    # Of the class itself: a subclass that inherits them may compute something else.
    parameters = loss._focal_parameters if "_focal_parameters" in vars(type(loss)) else None
    gamma, alpha = parameters or (math.nan, math.nan)
    if gamma <= _MOST_GAMMA and _ALPHAS[0] <= alpha <= _ALPHAS[1]:
        compiled = None if dtype is DOUBLE else kernels.compiled_for(raw.size, gamma)
        if compiled is not None:
            return compiled.kernel(gamma, alpha, exact=exact), SINGLE
        if gamma == 0:
            if dtype is None:
                dtype = SINGLE if raw.dtype == SINGLE or raw.size >= _MANY else DOUBLE
            return _CrossEntropy(alpha, min(BLOCK, raw.size), dtype), dtype
    return None, raw.dtype if dtype is None else dtype


class _CrossEntropy:
    """Weighted cross-entropy in place: (1 - y) p - alpha y q and (1 - y + alpha y) p q.

    Within reach p and q need no exp(-|z|), and so no choice between two tails.
    """

    def __init__(self, alpha: float, block: int, dtype: np.dtype[Any]) -> None:
        self.alpha, self.one = dtype.type(alpha), dtype.type(1)
        self.lightest = min(self.alpha, self.one)
        self.faintest = np.exp(dtype.type(-_REACH[dtype]))
        # From 0 to 1 floats are ordered as their bits are; those of negative ones and nan are more.
        self.bits = np.dtype(f"u{dtype.itemsize}")
        self.bits_of_one = self.one.view(self.bits)
        self.scratch = np.empty((3, block), dtype)

    def __call__(self, y: Array, z: Array, floor: Any, gradient: Array, hessian: Array) -> bool:
        p, q, positive = self.scratch[:, : z.size]
        np.exp(z, out=p)
        np.add(p, self.one, out=q)
        np.divide(self.one, q, out=q)
        np.multiply(p, q, out=p)
        np.multiply(p, q, out=hessian)
        least = np.minimum.reduce(hessian)
        np.subtract(self.one, y, out=gradient)
        np.multiply(p, gradient, out=p)
        if self.alpha == 1:
            positive = y
        else:
            np.multiply(y, self.alpha, out=positive)
            np.add(gradient, positive, out=gradient)
            np.multiply(hessian, gradient, out=hessian)
        np.multiply(q, positive, out=q)
        np.subtract(p, q, out=gradient)
        # A scan is a fifth of np.maximum, and pq says all: it is least where |z| is greatest.
        if not least * self.lightest >= floor:
            np.maximum(hessian, floor, out=hessian)
        known = np.maximum.reduce(y.view(self.bits)) <= self.bits_of_one
        return bool(known and least >= self.faintest)


def _checked(check: Callable[[Array], Array], values: Array, block: slice) -> Array:
    """Return a block of values if they are right; otherwise the check of all of them says where."""
    try:
        return check(values[block])
    except ValueError:
        check(values)
        raise
