"""Checks of what a loss of gradpair declares about itself."""

from collections.abc import Iterator

import numpy as np

from gradpair._validation import Array
from gradpair.audit._compare import FEW, close, gradient_slope, point, scale, surrogate, worst
from gradpair.audit._maths import TAILS
from gradpair.audit._report import Finding
from gradpair.audit._subjects import (
    GRADIENT,
    HESSIAN,
    Audit,
    CallError,
    LossSubject,
    Rows,
    attempt,
    column,
    pair,
)

_LOG_ATOL = 0.03  # 3% of a gradient
_ROUNDING = 16 * float(np.finfo(np.float64).eps)  # what a gradient may be off by ...
_KNOWN = 0.01  # ... and the share of it from which on its logarithm is not known


def check_convex(audit: Audit) -> Iterator[Finding]:
    """Whether a loss that declares itself convex is."""
    if not isinstance(audit.subject, LossSubject) or not _convex(audit.subject):
        return
    rows = audit.both_labels(12, 64)
    gradient, _ = audit.derivatives(rows)
    slope = gradient_slope(audit, rows, gradient)
    negative = slope.value < -slope.tolerance
    if negative.sum() < FEW:
        return
    yield Finding(
        "error",
        "convex",
        f"The loss is declared convex, and its second derivative is negative in "
        f"{negative.sum()} of {negative.size} rows.",
        "Set convex = False and define _gradient_positive_hessian.",
        point(rows, int(np.argmin(slope.value)), slope.value),
    )


def check_positive_hessian(audit: Audit) -> Iterator[Finding]:
    """Whether a loss that is not convex defines a bound of its hessian."""
    if not isinstance(audit.subject, LossSubject) or _convex(audit.subject):
        return
    hook = audit.subject.objective._gradient_positive_hessian
    rows = audit.both_labels(12, 64)
    gradient, _ = audit.derivatives(rows)
    try:
        pulled, positive = pair(hook.__name__, lambda: hook(rows.y.copy(), rows.z.copy()))
    except CallError as error:
        if not isinstance(error.__cause__, NotImplementedError):
            raise
        advice = "Define it: the adapters use it unless told hessian='exact'."
        yield Finding("error", "positive-hessian", str(error.__cause__), advice)
        return
    pulled = column(GRADIENT, pulled, rows.y.size)
    positive = column(HESSIAN, positive, rows.y.size)
    slope = gradient_slope(audit, rows, gradient)
    if not close(pulled, gradient) or not surrogate(gradient, positive, slope):
        yield Finding(
            "error",
            "positive-hessian",
            "_gradient_positive_hessian does not return the gradient with a bound of the second "
            "derivative that is nowhere negative.",
            "Return the gradient and the second derivative without its negative terms.",
            worst(rows, positive, slope.value),
        )


def check_calibration(audit: Audit) -> Iterator[Finding]:
    """Whether what calibrated probabilities are made of agrees with the gradients."""
    if not isinstance(audit.subject, LossSubject):
        return
    loss = audit.subject.objective
    z = np.unique([*TAILS, *np.negative(TAILS), *audit.both_labels(12, 64).z])
    rows = audit.rows(np.repeat([1, 0], z.size), np.tile(z, 2))
    known = _logs_of_gradients(rows, audit.derivatives(rows)[0])
    shift = attempt("calibration_shift", lambda: _number_or_none(loss.calibration_shift))
    if shift is not None:
        log_ones, log_zeros = np.split(known, 2)
        expected = log_zeros - log_ones - z
        if _differ(np.full(z.size, shift), expected):
            yield Finding(
                "error",
                "calibration",
                f"calibration_shift is {shift:.6g}, and log g(0, z) - log(-g(1, z)) - z goes from "
                f"{np.nanmin(expected):.6g} to {np.nanmax(expected):.6g}.",
                "Return that if it is a constant, and None if it is not.",
            )
    hook = pair("_log_gradients", lambda: loss._log_gradients(z.copy()))
    got = np.concatenate([column("logarithm", part, z.size) for part in hook])
    if _differ(got, known):
        yield Finding(
            "error",
            "calibration",
            "_log_gradients does not return the logarithms of -g(1, z) and of g(0, z).",
            "Return these two, in this order, or leave the method out.",
            worst(rows, got, known),
        )


def _logs_of_gradients(rows: Rows, gradient: Array) -> Array:
    """Return the logarithms of -g(1, z) and g(0, z), nan where they are not known.

    A gradient such as p - y is off by the rounding of p, which is a large share of a small one.
    """
    pull = np.where(rows.y == 1, -gradient, gradient)
    pull[~np.isfinite(pull) | (pull < np.finfo(np.float64).tiny)] = np.nan
    rounding = _ROUNDING * scale(rows, gradient, np.abs(rows.z) <= 1)
    known = rounding < _KNOWN * pull
    return np.where(known, np.log(pull), np.nan)


def _differ(got: Array, expected: Array) -> bool:
    agree = np.abs(got - expected) <= _LOG_ATOL
    return int(np.sum(np.isfinite(expected) & ~agree)) >= FEW


def _number_or_none(value: float | None) -> float | None:
    return None if value is None else float(value)


def _convex(subject: LossSubject) -> bool:
    return bool(attempt("convex", lambda: subject.objective.convex))


CHECKS = (check_convex, check_positive_hessian, check_calibration)
