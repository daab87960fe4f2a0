"""Checks of what a loss of gradpair declares about itself."""

from collections.abc import Iterator

import numpy as np

from gradpair._validation import Array
from gradpair.audit._maths import TAILS
from gradpair.audit._numerical import FEW, close, surrogate
from gradpair.audit._report import Finding
from gradpair.audit._subjects import Audit, AuditRows, attempt, column, pair
from gradpair.losses import Loss

_LOG_ATOL = 0.03  # 3% of a gradient
_ROUNDING = 16 * float(np.finfo(np.float64).eps)  # what a gradient may be off by ...
_KNOWN = 0.01  # ... and the share of it from which on its logarithm is not known


def check_convexity(audit: Audit) -> Iterator[Finding]:
    """Whether a loss is convex if it says so, and otherwise defines a bound of its hessian."""
    rows, gradient, _, slope = audit.sample
    loss = audit.subject.objective
    name = "_gradient_positive_hessian"
    if attempt("convex", lambda: bool(loss.convex)):
        negative = slope.value < -slope.tolerance
        if negative.sum() >= FEW:
            what = f"Declared convex, it has a negative second derivative in {negative.sum()} rows."
            advice = f"Set convex = False and define {name}."
            lowest = rows.point(np.argmin(slope.value), slope.value)
            yield Finding("error", "convex", what, advice, lowest)
    elif not any(name in vars(kind) for kind in type(loss).__mro__ if kind is not Loss):
        what = f"Not declared convex, it defines no {name}."
        advice = "Define it: the adapters use it unless told hessian='exact'."
        yield Finding("error", "positive-hessian", what, advice)
    else:
        columns = pair(name, lambda: loss._gradient_positive_hessian(rows.y.copy(), rows.z.copy()))
        pulled, bound = (column(name, values, rows.y.size) for values in columns)
        if not close(pulled, gradient) or not surrogate(gradient, bound, slope):
            what = f"{name} does not return the gradient and a positive bound of its slope."
            advice = "Return the gradient and the second derivative without its negative terms."
            worst = rows.worst(bound, slope.value)
            yield Finding("error", "positive-hessian", what, advice, worst)


def check_calibration(audit: Audit) -> Iterator[Finding]:
    """Whether what calibrated probabilities are made of agrees with the gradients."""
    loss = audit.subject.objective
    z = np.unique([*TAILS, *np.negative(TAILS), *audit.sample[0].z])
    rows = audit.rows(np.repeat([1, 0], z.size), np.tile(z, 2))
    known = _logs_of_gradients(rows, audit.derivatives(rows)[0])
    shift = attempt("calibration_shift", lambda: np.array(loss.calibration_shift, dtype=float))
    log_ones, log_zeros = np.split(known, 2)
    expected = log_zeros - log_ones - z
    if not np.isnan(shift) and _differ(shift, expected):  # None becomes nan
        what = f"calibration_shift is {shift:.6g}, and log g(0, z) - log(-g(1, z)) - z goes from "
        what += f"{np.nanmin(expected):.6g} to {np.nanmax(expected):.6g}."
        yield Finding("error", "calibration", what, "Return that if it is constant, or else None.")
    logs = pair("_log_gradients", lambda: loss._log_gradients(z.copy()))
    got = np.concatenate([column("logarithm", part, z.size) for part in logs])
    if _differ(got, known):
        what = "_log_gradients does not return the logarithms of -g(1, z) and of g(0, z)."
        advice = "Return these two, in this order, or leave the method out."
        yield Finding("error", "calibration", what, advice, rows.worst(got, known))
        return
    odds = column("log-odds", attempt("_log_odds", lambda: loss._log_odds(z.copy())), z.size)
    if _differ(odds, log_zeros - log_ones):
        what = "_log_odds does not return log g(0, z) - log(-g(1, z))."
        yield Finding("error", "calibration", what, "Return that, or leave the method out.")


def _logs_of_gradients(rows: AuditRows, gradient: Array) -> Array:
    """Return the logarithms of -g(1, z) and g(0, z), nan where they are not known.

    A gradient such as p - y is off by the rounding of p, which is a large share of a small one.
    """
    pull = np.where(rows.y == 1, -gradient, gradient)
    pull[~np.isfinite(pull) | (pull < np.finfo(np.float64).tiny)] = np.nan
    known = _ROUNDING * rows.scale(gradient) < _KNOWN * pull
    return np.where(known, np.log(pull), np.nan)


def _differ(got: Array, expected: Array) -> bool:
    agree = np.abs(got - expected) <= _LOG_ATOL
    return int(np.sum(np.isfinite(expected) & ~agree)) >= FEW


CHECKS = (check_convexity, check_calibration)
