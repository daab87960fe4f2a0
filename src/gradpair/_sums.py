"""Sums over rows as functions of a constant, wherever the rows lie.

What fits the constant knows the rows by these alone. It asks a :class:`Sums`, and that asks for an
answer by its name: rows that lie together give it (:class:`Rows`), and the answers of several parts
are combined as :data:`QUESTIONS` says.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _blocks, _validation
from gradpair._kernels.run import DOUBLE, SINGLE, BlockRunner
from gradpair._validation import Array, Pair, Weights
from gradpair.losses import Loss

ROUNDING = 4 * np.finfo(np.float64).eps
# Groups of rows are 1/8 wide unless offsets spread over hundreds.
MOST_GROUPS = 1 << 12
_NEAR = 1e-3  # a step of Newton's method whose square is small
_MOST_FAST_STEPS = 12
_THINNED = 16  # every so many rows

How = Literal["sum", "max", "logsumexp"]


class Question(NamedTuple):
    """How many numbers the answer has, and how those of several parts become one."""

    size: int
    how: How


QUESTIONS = {
    "classes": Question(4, "sum"),
    "counts": Question(2, "sum"),
    "extent": Question(2, "max"),
    "totals": Question(3, "sum"),
    "fast_totals": Question(2, "sum"),
    "thinned_totals": Question(2, "sum"),
    "groups": Question(4 * MOST_GROUPS, "sum"),
    "losses": Question(1, "sum"),
    "log_pulls": Question(2, "logsumexp"),
}


class Ask(Protocol):
    """Answers a question, a name of :data:`QUESTIONS`, about all rows."""

    def __call__(self, question: str, *at: float) -> Array:
        """Return the answer for the constant, or whatever else the question is asked at."""


def combined(how: How, answers: Sequence[Array]) -> Array:
    """Combine the answers of several parts."""
    if how == "sum":
        return np.asarray(np.sum(answers, axis=0))
    if how == "max":
        return np.asarray(np.max(answers, axis=0))
    from scipy.special import logsumexp  # noqa: PLC0415 - slow to import

    return np.asarray(logsumexp(answers, axis=0))


@dataclass(frozen=True)
class Rows:
    """Rows that lie together, of one machine or of one part, and what they answer."""

    loss: Loss
    y: Array
    weight: Weights
    given: Array | None  # the offsets, or None for 0 everywhere

    @classmethod
    def of(
        cls,
        loss: Loss,
        y_true: ArrayLike,
        sample_weight: ArrayLike | None = None,
        offset: ArrayLike | None = None,
    ) -> Self:
        """Check the values; a part of the rows may be empty."""
        y = _validation.one_per_row("y_true", _validation.labels(y_true))
        w = o = None
        if sample_weight is not None:
            w = _validation.weights(sample_weight)
            _validation.one_per_row("sample_weight", w, y.size)
        if offset is not None:
            o = _validation.one_per_row("offset", _validation.finite("offset", offset), y.size)
        return cls(loss, y, w, o)

    def answer(self, question: str, *at: float) -> Array:
        """Answer for these rows."""
        return np.asarray(getattr(self, question)(*at), dtype=np.float64)

    @property
    def offset(self) -> Array:
        """The offset of each row."""
        return np.zeros(self.y.size, np.float32) if self.given is None else self.given

    def classes(self) -> tuple[float, float, int, int]:
        """Total weight of the 1s and of the 0s, the number of rows, and whether they have offsets.

        The last one is the number of parts that do, once it is summed.
        """
        ones, zeros = _blocks.class_totals(self.y, self.weight)
        return ones, zeros, self.y.size, int(self.given is not None)

    def counts(self) -> tuple[int, int]:
        """Count the rows of class 0 and of class 1."""
        return _blocks.class_counts(self.y)

    def extent(self) -> tuple[float, float]:
        """Return the greatest offset and minus the smallest."""
        if not self.y.size:
            return -math.inf, -math.inf
        return float(self.offset.max()), -float(self.offset.min())

    def totals(self, constant: float) -> Sequence[float]:
        """Sum gradients, hessians and absolute gradients in one pass.

        The last sum, the magnitude, is the scale on which the first one counts as zero.
        """
        blocks = self._derivatives(constant, DOUBLE)
        parts = [(g.sum(), h.sum(), np.abs(g, out=g).sum()) for g, h in blocks]
        return _columns(math.fsum, parts) or (0.0, 0.0, 0.0)

    def fast_totals(self, constant: float) -> Sequence[float]:
        """Sum gradients and hessians in float32; half the time of :meth:`totals`."""
        parts = [(float(g.sum()), float(h.sum())) for g, h in self._derivatives(constant, SINGLE)]
        return _columns(sum, parts) or (0.0, 0.0)

    def thinned_totals(self, constant: float) -> Sequence[float]:
        """Do the same over some of the rows."""
        some = slice(None, None, _THINNED)
        columns = (None if c is None else c[some] for c in (self.weight, self.given))
        return Rows(self.loss, self.y[some], *columns).fast_totals(constant)

    def groups(self, low: float, width: float) -> Array:
        """Sum weights, and weights times offsets, in each class's groups of nearly one offset."""
        weight, moment = np.zeros((2, MOST_GROUPS)), np.zeros((2, MOST_GROUPS))
        for y, distance, w in self._blocks(-low):
            group = (distance / width).astype(np.intp)
            for label, share in ((0, w * (1 - y)), (1, w * y)):
                weight[label] += np.bincount(group, share, MOST_GROUPS)
                moment[label] += np.bincount(group, share * distance, MOST_GROUPS)
        return np.concatenate([weight, moment]).ravel()

    def losses(self, constant: float) -> tuple[float]:
        """Sum the losses."""
        return (math.fsum(self.loss.loss(y, z, w).sum() for y, z, w in self._blocks(constant)),)

    def log_pulls(self, constant: float) -> Sequence[float]:
        """Return the logarithms of the sum of what pulls up and of what pulls down."""
        from scipy.special import logsumexp  # noqa: PLC0415 - slow to import

        parts = []
        for y, z, w in self._blocks(constant):
            with np.errstate(all="ignore"):
                up, down = self.loss._log_pulls(y, z)
                parts.append((logsumexp(up, b=w), logsumexp(down, b=w)))
        return _columns(logsumexp, parts) or (-math.inf, -math.inf)

    def _blocks(self, constant: float) -> Iterator[tuple[Array, Array, Array]]:
        """Yield labels, margins and weights of each block in float64."""
        for y, offset, w in _blocks.in_float64(self.y, self.offset, self.weight):
            yield y, offset + constant, w

    def _derivatives(self, constant: float, dtype: np.dtype[Any]) -> Iterator[Pair]:
        """Yield the weighted derivatives of each block; the next block overwrites them."""
        rows = BlockRunner(self.loss, self.y, self.offset, start=constant, dtype=dtype)
        gradient, hessian, weight = (np.empty(rows.size, rows.dtype) for _ in range(3))
        with np.errstate(all="ignore"):
            for block in rows.blocks():
                g, h = gradient[: self.y[block].size], hessian[: self.y[block].size]
                rows.write_block(block, g, h)
                if self.weight is not None:
                    w = weight[: g.size]
                    w[:] = self.weight[block]
                    g *= w
                    h *= w
                yield g, h


def _columns(add: Callable[[Any], Any], rows: Sequence[tuple[float, ...]]) -> list[float]:
    """Add up each column; without rows there is none."""
    return [float(add(column)) for column in zip(*rows, strict=True)]


@dataclass(frozen=True)
class Sums:
    """Weighted sums over all rows, as functions of the constant."""

    loss: Loss
    ask: Ask
    size: int  # how many rows there are
    remote: bool = False  # a question takes longer than a pass over some thousand rows

    def offset_range(self) -> tuple[float, float]:
        """Return the smallest and the largest offset."""
        greatest, minus_least = self.ask("extent").tolist()
        return -minus_least, greatest

    def totals(self, constant: float) -> tuple[float, float, float]:
        """Return the sums of gradients, hessians and absolute gradients."""
        gradient, hessian, magnitude = self.ask("totals", constant).tolist()
        return gradient, hessian, magnitude

    def slope(self, constant: float) -> float:
        """Sum the gradients, to 0 where they cancel to rounding."""
        gradient, _, magnitude = self.totals(constant)
        return 0.0 if abs(gradient) <= ROUNDING * magnitude else gradient

    def near_root(self, low: float, high: float) -> float:
        """Take fast steps from the middle, over some of the rows and then over all of them."""
        constant = 0.5 * (low + high)
        if self.size <= MOST_GROUPS:
            return constant
        for question in ("thinned_totals", "fast_totals"):
            constant = self._approach(question, constant, low, high)
        return constant

    def _approach(self, question: str, start: float, low: float, high: float) -> float:
        """Take Newton's steps in float32 until they are short; stay where one leads out."""
        constant = start
        for _ in range(_MOST_FAST_STEPS):
            constant = float(np.float32(constant))  # where the margins of float32 are
            gradient, hessian = self.ask(question, constant).tolist()
            step = gradient / hessian if hessian > 0 else math.nan
            constant -= step
            if not low < constant < high:
                return start
            if abs(step) < _NEAR:
                break
        return constant

    def grouped(self) -> "Sums":
        """Merge rows of one class and of nearly one offset into one row at their mean offset.

        The merged rows lie here, wherever the rows do.
        """
        if self.size <= MOST_GROUPS and not self.remote:
            return self
        low, high = self.offset_range()
        width = max(0.125, (high - low) / (MOST_GROUPS - 1))
        weight, moment = self.ask("groups", low, width).reshape(2, 2, MOST_GROUPS)
        held = weight > 0
        offset = low + moment[held] / weight[held]
        rows = Rows(self.loss, np.nonzero(held)[0], weight[held], offset)
        return Sums(self.loss, rows.answer, offset.size)

    def loss_total(self, constant: float) -> float:
        """Sum the losses."""
        return float(self.ask("losses", constant)[0])

    def log_balance(self, constant: float) -> float:
        """Log of what pulls down minus log of what pulls up, which rises with the constant."""
        up, down = self.ask("log_pulls", constant).tolist()
        if up == down:  # also where both are -inf: the loss is flat
            return 0.0
        return float(np.clip(down - up, -1e300, 1e300))
