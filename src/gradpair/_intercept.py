r"""The optimal constant: where boosting should start.

For fixed offsets :math:`o_i` it is :math:`\arg\min_c \sum_i w_i L(y_i, o_i + c)`. Without offsets
the answer is closed; with them, a bracketed Newton iteration on the sums of gradient and hessian. A
loss that is not convex can have several minima, which a scan brackets one by one.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _blocks
from gradpair._sums import MOST_GROUPS, ROUNDING, Ask, Rows, Sums
from gradpair.losses import Loss, check_loss

__all__ = ["optimal_constant"]

_UNDERFLOW = 1e-280  # gradients below this have lost rows to underflow
# The scan for minima takes steps of 1/2, as a row's gradient bends on a scale of 1 whatever gamma,
# but not more than 5000: where offsets spread over thousands, its steps are wider.
_STEP, _MOST_STEPS = 0.5, 5000


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
        at least 40, or further out where margins are shifted.

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
    return constant_of(loss, Rows.of(loss, y_true, sample_weight, offset).answer)


def constant_of(loss: Loss, ask: Ask, *, remote: bool = False) -> float:
    """Return the optimal constant of rows that may lie anywhere, by asking for their sums.

    ``remote`` says that a question takes longer than a pass over some thousand rows.

    Raises
    ------
    ValueError
        As :func:`optimal_constant`, once it is known of all the rows.
    """
    ones, zeros, rows, parts_with_offsets = ask("classes").tolist()
    _blocks.check_classes(ones, zeros, lambda: ask("counts"))
    without_offset = _constant_of_rate(loss, ones, zeros)
    if not math.isfinite(without_offset) and (loss.convex or not parts_with_offsets):
        msg = f"{loss!r} has no optimal constant here; its gradient must be negative for a label "
        msg += "of 1 and positive for a label of 0, at every margin, and its calibrated "
        msg += f"probability take the mean label, {ones / (ones + zeros):.6g}."
        raise ValueError(msg)
    if not parts_with_offsets:
        return without_offset
    return _minimise(Sums(loss, ask, int(rows), remote), without_offset, scale=ones + zeros)


def _constant_of_rate(loss: Loss, positive: float, negative: float) -> float:
    """Minimise the loss of one margin for all rows, given the total weight of each class."""
    if loss.calibration_range is None:  # several minima, of which no formula gives the lowest
        rows = Rows(loss, np.array([1, 0]), np.array([positive, negative]), None)
        sums = Sums(loss, rows.answer, 2)
        return _lowest_minimum(sums, -loss._reach, loss._reach, scale=positive + negative)
    if loss.calibration_shift is None:
        with np.errstate(all="ignore"):
            return float(loss._calibrated_margin(np.array(positive / (positive + negative))))
    return math.log(positive) - math.log(negative) - loss.calibration_shift


def _minimise(sums: Sums, without_offset: float, *, scale: float) -> float:
    """Minimise the sum of the losses, whose minimum without offsets is known if it has one."""
    least, greatest = sums.offset_range()
    # A convex loss has rising gradients, so its root lies where the largest and the smallest offset
    # alone would put it.
    known = without_offset if math.isfinite(without_offset) else 0.0
    low, high = known - greatest, known - least
    if not math.isfinite(high - low):
        msg = f"offset spans from {least} to {greatest}, more than a float can hold."
        raise ValueError(msg)
    if low == high and known == without_offset:
        return low
    if not sums.loss.convex:
        reach = sums.loss._reach + abs(known)
        return _lowest_minimum(sums, -greatest - reach, reach - least, scale=scale)
    slack = 1e-9 * (1 + abs(low) + abs(high))
    return _newton(sums, low - slack, high + slack, scale=scale)


def _lowest_minimum(sums: Sums, low: float, high: float, *, scale: float) -> float:
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
        near = max(_STEP, 2 * (high - low) / MOST_GROUPS)  # further than merging moves a row
        minima = [_newton(sums, c - near, c + near, scale=scale) for c in minima]
    if not minima:
        msg = f"{sums.loss!r} has no minimum for constants from {low:.6g} to {high:.6g}"
        msg += "; pass the constant yourself."
        raise ValueError(msg)
    return min(minima, key=sums.loss_total)


def _newton(sums: Sums, low: float, high: float, *, scale: float) -> float:
    """Find the root of the summed gradient between ``low`` and ``high``.

    Bisection replaces a step that leaves the bracket, and every third one unless the bracket has
    halved since.
    """
    constant, width = sums.near_root(low, high), high - low
    for step_number in range(1, 400):
        gradient, hessian, magnitude = sums.totals(constant)
        if magnitude <= _UNDERFLOW * scale:
            return _balance_logs(sums, low, high)
        if abs(gradient) <= ROUNDING * magnitude:
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
        if error <= ROUNDING * max(1.0, abs(constant)):
            return following
        constant = following
    return constant


def _balance_logs(sums: Sums, low: float, high: float) -> float:
    """Find where what pulls up and what pulls down have equal logarithms."""
    from scipy.optimize import brentq  # noqa: PLC0415 - slow to import

    root = float(brentq(sums.log_balance, low, high, xtol=1e-13, rtol=ROUNDING, maxiter=500))
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
