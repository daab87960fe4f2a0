"""Derivatives of all rows, block by block and in place, by the fastest kernel that knows the loss.

A kernel computes what the loss defines, for most rows. The others go to the loss itself: those that
lie far out, and those of a label that the kernel's precision does not hold.
"""

import importlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradpair import _blocks, _validation
from gradpair._kernels import heap
from gradpair._kernels.choice import compiled_for
from gradpair._validation import Array, Pair, Weights
from gradpair.losses import Loss

# Of a block: a kernel has few temporaries, and Python's share should be small.
KERNEL_BLOCK_ROWS = 1 << 16
SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)
# Fewer float64 margins are computed in float64: splits tie in small data, and the last digit of a
# gradient decides between them. So many are rounded to float32: cross-entropy then takes 2.5 ns a
# row in place of 4.4 (1e6 rows, AVX-512).
ROUNDED_FROM = 100_000


def gradient_hessian(
    loss: Loss, y: Array, raw: Array, w: Weights, *, start: float, hessian_floor: float, exact: bool
) -> Pair:
    """Return fresh, contiguous float32 derivatives at ``raw + start``, weighted after the floor.

    The values of labels and weights are checked here, while their block is in the cache.
    """
    with np.errstate(all="ignore"):
        rows = BlockRunner(loss, y, raw, w, start=start, exact=exact, hessian_floor=hessian_floor)
        gradient, hessian = np.empty(raw.size, SINGLE), np.empty(raw.size, SINGLE)
        for block in rows.blocks():
            rows.write_block(block, gradient[block], hessian[block])
    return gradient, hessian


class BlockRunner:
    """Writes the derivatives of a block of rows at ``raw + start`` into the caller's arrays.

    ``dtype`` is the precision of a kernel, by default what the number of rows asks for; the loss
    computes in that of ``raw`` if it is higher. Silence floating-point warnings around it.
    """

    def __init__(
        self,
        loss: Loss,
        y: Array,
        raw: Array,
        w: Weights = None,
        *,
        start: float,
        exact: bool = True,
        hessian_floor: float = -math.inf,
        dtype: np.dtype[Any] | None = None,
    ) -> None:
        heap.keep(raw.size)
        self.y, self.raw, self.w = y, raw, w
        self.of_loss = loss._gradient_hessian if exact else loss._gradient_positive_hessian
        self.kernel, self.dtype = _kernel_of(loss, raw, dtype, exact=exact)
        rows = _blocks.BLOCK_ROWS if self.kernel is None else KERNEL_BLOCK_ROWS
        self.size = max(1, min(rows, raw.size))
        self.full = np.promote_types(raw.dtype, self.dtype)
        self.start = self.full.type(start)
        self.floor = self.dtype.type(hessian_floor)
        self._scratch: dict[tuple[str, np.dtype[Any]], Array] = {}

    def blocks(self) -> Iterator[slice]:
        """Yield the blocks to write, none of more than ``size`` rows."""
        return _blocks.slices(self.raw.size, self.size)

    def write_block(self, block: slice, gradient: Array, hessian: Array) -> None:
        """Write the weighted derivatives of one block; bad labels and weights are refused."""
        g, h = gradient, hessian
        if gradient.dtype != self.dtype:
            g, h = self._own("g", g.size, self.dtype), self._own("h", h.size, self.dtype)
        self._write_unweighted(block, g, h)
        if self.w is not None:
            w = _checked(_validation.weights, self.w, block)
            np.multiply(g, w, out=g, casting="same_kind")
            np.multiply(h, w, out=h, casting="same_kind")
        if g is not gradient:
            gradient[:], hessian[:] = g, h

    def _write_unweighted(self, block: slice, g: Array, h: Array) -> None:
        labels, margins = self.y[block], self.raw[block]
        left: Any = slice(None)  # to the loss
        if self.kernel is not None:
            y, z = self._plain(labels, "y"), self._margins(margins)
            unknown = self.kernel(y, z, self.floor, g, h)
            if unknown is None and self._holds(y, block):
                return
            left = (y != labels) if unknown is None else unknown | (y != labels)
        labels = _checked(_validation.labels, self.y, block)[left].astype(self.full)
        margins = margins[left] + self.start  # a copy: a loss cannot write to the host's
        gradient, hessian = self.of_loss(labels, margins)
        if not np.shape(gradient) == np.shape(hessian) == margins.shape:
            got = f"{np.shape(gradient)} and {np.shape(hessian)}"
            msg = "the loss must return a gradient and a hessian "
            msg += f"of shape {margins.shape}, one value per row; got {got}."
            raise ValueError(msg)
        g[left], h[left] = gradient, np.maximum(hessian, self.floor)

    def _margins(self, margins: Array) -> Array:
        if self.start:
            margins = np.add(margins, self.start, out=self._own("sum", margins.size, self.full))
        return self._plain(margins, "z")

    def _own(self, name: str, size: int, dtype: np.dtype[Any]) -> Array:
        """Return memory that every block uses again."""
        if (name, dtype) not in self._scratch:
            self._scratch[name, dtype] = np.empty(self.size, dtype)
        return self._scratch[name, dtype][:size]

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


def _kernel_of(
    loss: Loss, raw: Array, dtype: np.dtype[Any] | None, *, exact: bool
) -> tuple[Callable[..., Array | None] | None, np.dtype[Any]]:
    """Return the kernel to use, if the loss declares one, and the precision to compute in."""
    declared = loss._kernel
    if declared is None:
        return None, dtype or raw.dtype
    compiled = None if dtype is DOUBLE else compiled_for(declared, raw.size)
    if compiled is not None:
        return compiled.compiled(declared.numbers, exact=exact), SINGLE
    if declared.fused is None:
        return None, dtype or raw.dtype
    if dtype is None:
        least = declared.single_from if raw.dtype == SINGLE else ROUNDED_FROM
        dtype = SINGLE if raw.size >= least else DOUBLE
    module, size = importlib.import_module(declared.fused), min(KERNEL_BLOCK_ROWS, raw.size)
    return module.fused(declared.numbers, exact=exact, size=size, dtype=dtype), dtype


def _checked(check: Callable[[Array], Array], values: Array, block: slice) -> Array:
    """Return a block of values if they are right; otherwise the check of all of them says where."""
    try:
        return check(values[block])
    except ValueError:
        check(values)
        raise
