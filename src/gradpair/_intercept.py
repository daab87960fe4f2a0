r"""The optimal constant: where boosting should start.

For fixed offsets :math:`o_i` it is :math:`\arg\min_c \sum_i w_i L(y_i, o_i + c)`. Without offsets
the answer is closed; with them, a bracketed Newton iteration on the sums of gradient and hessian. A
loss that is not convex can have several minima, which a scan brackets one by one.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _blocks, _validation
from gradpair._kernels.run import DOUBLE, SINGLE, BlockRunner
from gradpair._validation import Array, Pair, Weights
from gradpair.losses import Loss, check_loss

__all__ = ["optimal_constant"]

_ROUNDING = 4 * np.finfo(np.float64).eps
_UNDERFLOW = 1e-280  # gradients below this have lost rows to underflow
_NEAR = 1e-3  # a step of Newton's method whose square is small
_MOST_FAST_STEPS = 12
_THINNED = 16  # every so many rows
# The scan for minima takes steps of 1/2, as a row's gradient bends on a scale of 1 whatever gamma,
# but not more than 5000: where offsets spread over thousands, its steps are wider.
_STEP, _MOST_STEPS = 0.5, 5000
# It scans groups of rows, 1/8 wide unless offsets spread over hundreds.
_MOST_GROUPS = 1 << 12


def optimal_constant(
    loss: Loss,
    y_true: ArrayLike,
    *,
    offset: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    r"""Constant that minimises the weighted loss when added to the offsets.

    .. math:: \arg\min_c \sum_i w_i\,L(y_i,\, o_i + c)

    This is the margin from which boosting should start: XGBoost's intercept (``base_score``, once
    turned into a probability) and what LightGBM calls ``boost_from_average``.

    Parameters
    ----------
    loss : Loss
        Any loss.
    y_true : array-like of shape (n_samples,)
        Labels in [0, 1].
    offset : array-like of shape (n_samples,) or None
        Fixed log-odds of each row, such as ``base_margin`` or ``init_score``; None is 0 everywhere.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of at least 0.

    Returns
    -------
    float
        Log-odds. Without offsets, the calibrated margin of the weighted mean label. With offsets,
        :math:`|\sum w g| \le 10^{-10} \sum w\,(y\,|g(1, z)| + (1 - y)\,|g(0, z)|)` holds there.
        Where the offsets separate the classes so far that the gradients underflow, the logarithms
        of their positive and negative sums are equal there; where the loss is flat, it is the
        midpoint of its minimisers. If the loss is not convex, it is the lowest of the minima that a
        scan in steps of 1/2 brackets, from where every margin is at most -40 to where every one is
        at least 40.

    Raises
    ------
    ValueError
        No rows, one class only, no positive weight, labels outside [0, 1], negative weights,
        offsets that are not finite or too far apart, weights whose sum overflows, shapes that
        differ; a loss that falls all the way to one side.
    TypeError
        ``loss`` is not a :class:`Loss`, or an array is not numeric.

    References
    ----------
    Press et al., Numerical Recipes (2007), section 9.4, for Newton's method in a bracket.

    Examples
    --------
    >>> import numpy as np
    >>> import gradpair as gp
    >>> y = np.repeat([1, 0], [108, 892])
    >>> round(gp.optimal_constant(gp.BinaryCrossEntropy(), y), 12)
    -2.111334905456
    >>> gp.optimal_constant(gp.WeightedCrossEntropy.balanced(y), y)
    0.0
    >>> offset = np.where(y == 1, 2.0, -2.0)
    >>> round(gp.optimal_constant(gp.BinaryCrossEntropy(), y, offset=offset), 12)
    -1.225769853049
    """
    check_loss(loss)
    y, w = _blocks.training_rows(y_true, sample_weight)
    positive, negative = _blocks.class_weights(y, w)
    without_offset = _constant_of_rate(loss, positive, negative)
    if not math.isfinite(without_offset):
        msg = f"{loss!r} has no optimal constant here; its gradient must be "
        msg += "negative for a label of 1 and positive for a label of 0, at every margin."
        raise ValueError(msg)
    if offset is None:
        return without_offset
    o = _validation.one_per_row("offset", _validation.finite("offset", offset), y.size)
    return _minimise(_Sums(loss, y, o, w), without_offset, scale=positive + negative)


def _constant_of_rate(loss: Loss, positive: float, negative: float) -> float:
    """Minimise the loss of one margin for all rows, given the total weight of each class."""
    if loss.calibration_shift is None:
        return float(loss.calibrated_raw_prediction(positive / (positive + negative)))
    return math.log(positive) - math.log(negative) - loss.calibration_shift


@dataclass(frozen=True)
class _Sums:
    """Weighted sums over rows, as functions of the constant."""

    loss: Loss
    y: Array
    offset: Array
    weight: Weights

    def offset_range(self) -> tuple[float, float]:
        """Return the smallest and the largest offset."""
        return float(self.offset.min()), float(self.offset.max())

    def totals(self, constant: float) -> tuple[float, float, float]:
        """Sum gradients, hessians and absolute gradients in one pass.

        The last sum, the magnitude, is the scale on which the first one counts as zero.
        """
        blocks = self._derivatives(constant, DOUBLE)
        parts = [(g.sum(), h.sum(), np.abs(g, out=g).sum()) for g, h in blocks]
        gradient, hessian, magnitude = map(math.fsum, zip(*parts, strict=True))
        return gradient, hessian, magnitude

    def _newton_step(self, constant: float) -> float:
        """Newton's step by derivatives in float32, or nan; half the time of :meth:`totals`."""
        parts = [(float(g.sum()), float(h.sum())) for g, h in self._derivatives(constant, SINGLE)]
        gradient, hessian = map(sum, zip(*parts, strict=True))
        return gradient / hessian if hessian > 0 else math.nan

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

    def slope(self, constant: float) -> float:
        """Sum the gradients, to 0 where they cancel to rounding."""
        gradient, _, magnitude = self.totals(constant)
        return 0.0 if abs(gradient) <= _ROUNDING * magnitude else gradient

    def near_root(self, low: float, high: float) -> float:
        """Take fast steps from the middle, over some of the rows and then over all of them."""
        constant = 0.5 * (low + high)
        if self.y.size <= _MOST_GROUPS:
            return constant
        some = slice(None, None, _THINNED)
        weight = None if self.weight is None else self.weight[some]
        few = _Sums(self.loss, self.y[some], self.offset[some], weight)
        return self.approach(few.approach(constant, low, high), low, high)

    def approach(self, start: float, low: float, high: float) -> float:
        """Take Newton's steps in float32 until they are short; stay where one leads out."""
        constant = start
        for _ in range(_MOST_FAST_STEPS):
            constant = float(np.float32(constant))  # where the margins of float32 are
            step = self._newton_step(constant)
            constant -= step
            if not low < constant < high:
                return start
            if abs(step) < _NEAR:
                break
        return constant

    def grouped(self) -> "_Sums":
        """Merge rows of one class and of nearly one offset into one row at their mean offset."""
        if self.y.size <= _MOST_GROUPS:
            return self
        low, high = self.offset_range()
        width = max(0.125, (high - low) / (_MOST_GROUPS - 1))
        weight, moment = np.zeros((2, _MOST_GROUPS)), np.zeros((2, _MOST_GROUPS))
        for y, distance, w in self._rows(-low):
            group = (distance / width).astype(np.intp)
            for label, share in ((0, w * (1 - y)), (1, w * y)):
                weight[label] += np.bincount(group, share, _MOST_GROUPS)
                moment[label] += np.bincount(group, share * distance, _MOST_GROUPS)
        held = weight > 0
        offset = low + moment[held] / weight[held]
        return _Sums(self.loss, np.nonzero(held)[0], offset, weight[held])

    def _rows(self, constant: float) -> Iterator[tuple[Array, Array, Array]]:
        """Yield labels, margins and weights of each block in float64."""
        for y, offset, w in _blocks.in_float64(self.y, self.offset, self.weight):
            yield y, offset + constant, w

    def loss_total(self, constant: float) -> float:
        """Sum the losses."""
        return math.fsum(self.loss.loss(y, z, w).sum() for y, z, w in self._rows(constant))

    def log_balance(self, constant: float) -> float:
        """Log of the 0s' total gradient minus log of the 1s', which rises with the constant."""
        from scipy.special import logsumexp  # noqa: PLC0415 - slow to import

        parts = []
        for y, z, w in self._rows(constant):
            with np.errstate(all="ignore"):
                of_ones, of_zeros = self.loss._log_gradients(z)
                parts.append((logsumexp(of_zeros, b=w * (1 - y)), logsumexp(of_ones, b=w * y)))
        of_zeros, of_ones = (logsumexp(logs) for logs in zip(*parts, strict=True))
        if of_zeros == of_ones:  # also where both are -inf: the loss is flat
            return 0.0
        return float(np.clip(of_zeros - of_ones, -1e300, 1e300))


def _minimise(sums: _Sums, without_offset: float, *, scale: float) -> float:
    """Minimise the sum of the losses, whose minimum would be known without offsets."""
    least, greatest = sums.offset_range()
    # A convex loss has rising gradients, so its root lies where the largest and the smallest offset
    # alone would put it.
    low, high = without_offset - greatest, without_offset - least
    if not math.isfinite(high - low):
        msg = f"offset spans from {least} to {greatest}, more than a float can hold."
        raise ValueError(msg)
    if low == high:
        return low
    if not sums.loss.convex:
        reach = 40 + abs(without_offset)
        return _lowest_minimum(sums, -greatest - reach, reach - least, scale=scale)
    slack = 1e-9 * (1 + abs(low) + abs(high))
    return _newton(sums, low - slack, high + slack, scale=scale)


def _lowest_minimum(sums: _Sums, low: float, high: float, *, scale: float) -> float:
    """Find the lowest of the minima between ``low`` and ``high``, each between two scan points."""
    rough = sums.grouped()
    steps = min(math.ceil((high - low) / _STEP), _MOST_STEPS)
    minima, falling = [], None
    for constant in map(float, np.linspace(low, high, 1 + steps)):
        if (slope := rough.slope(constant)) < 0:
            falling = constant
        elif slope > 0 and falling is not None:
            minima.append(_newton(rough, falling, constant, scale=scale))
            falling = None
    if rough is not sums:
        near = max(_STEP, 2 * (high - low) / _MOST_GROUPS)  # further than merging moves a row
        minima = [_newton(sums, c - near, c + near, scale=scale) for c in minima]
    if not minima:
        msg = f"{sums.loss!r} has no minimum for constants from {low:.6g} to {high:.6g}"
        msg += "; pass the constant yourself."
        raise ValueError(msg)
    return min(minima, key=sums.loss_total)


def _newton(sums: _Sums, low: float, high: float, *, scale: float) -> float:
    """Find the root of the summed gradient between ``low`` and ``high``.

    Bisection replaces a step that leaves the bracket, and every third one unless the bracket has
    halved since.
    """
    constant, width = sums.near_root(low, high), high - low
    for step_number in range(1, 400):
        gradient, hessian, magnitude = sums.totals(constant)
        if magnitude <= _UNDERFLOW * scale:
            return _balance_logs(sums, low, high)
        if abs(gradient) <= _ROUNDING * magnitude:
            if hessian > 1e-6 * magnitude:
                return constant
            return _middle_of_flat(sums.slope, constant, low, high)
        low, high = (low, constant) if gradient > 0 else (constant, high)
        step = gradient / hessian if hessian > 0 else math.inf
        inside = low < constant - step < high
        if step_number % 3 == 0:
            inside, width = inside and high - low <= 0.5 * width, high - low
        following = constant - step if inside else 0.5 * (low + high)
        # Newton's error is at most half the square of the step where the slope of the hessian is at
        # most the hessian.
        known = inside and sums.loss.self_concordant
        error = 0.5 * step * step if known else abs(following - constant)
        if error <= _ROUNDING * max(1.0, abs(constant)):
            return following
        constant = following
    return constant


def _balance_logs(sums: _Sums, low: float, high: float) -> float:
    """Find where both classes' gradient sums have equal logarithms."""
    from scipy.optimize import brentq  # noqa: PLC0415 - slow to import

    root = float(brentq(sums.log_balance, low, high, xtol=1e-13, rtol=_ROUNDING, maxiter=500))
    if sums.log_balance(root) == 0.0 and sums.totals(root)[-1] == 0.0:  # no gradient is left
        return _middle_of_flat(sums.log_balance, root, low, high)
    return root


def _middle_of_flat(sign: Callable[[float], float], flat: float, low: float, high: float) -> float:
    """Midpoint of the interval around ``flat`` in which ``sign`` is zero."""

    def end(inside: float, outside: float) -> float:
        while abs(outside - inside) > 1e-12 * max(1.0, abs(inside), abs(outside)):
            middle = 0.5 * (inside + outside)
            inside, outside = (middle, outside) if sign(middle) == 0.0 else (inside, middle)
        return inside

    return 0.5 * (end(flat, low) + end(flat, high))
