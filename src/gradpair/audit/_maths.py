"""Checks of what an objective computes: derivatives, signs, tails."""

import warnings
from collections.abc import Iterator

import numpy as np

from gradpair._validation import Array
from gradpair.audit._compare import (
    FEW,
    factor_of,
    factor_of_slope,
    gradient_slope,
    loss_slope,
    point,
    rows_that_differ,
    surrogate,
    times,
    worst,
)
from gradpair.audit._numerical import Derivative
from gradpair.audit._report import Finding, Severity
from gradpair.audit._subjects import GRADIENT, HESSIAN, Audit, LossSubject, Rows

# On both sides of where exp, 1 - p and log p leave float32 and float64.
TAILS = [
    *(0, 1e-30, 1e-4, 1, 5, 10, 15, 16, 17, 20, 30, 36, 37, 40, 80, 87, 88, 89, 103, 104, 200),
    *(500, 708, 709, 710, 744, 745, 746, 1e3, 5e3, 1e4),
]
_LIMIT = 2e-5  # relative: what a float32 gradient may still change by before it reaches its limit
_PER_MARGIN = 4  # wrong rows between two whole margins
_WRONG_SIDE = np.arange(3.0, 15.1, 1 / _PER_MARGIN) - 1 / 64  # |z| of rows that are clearly wrong


def check_finite(audit: Audit) -> Iterator[Finding]:
    """Finite, and without a floating-point warning, for |z| to 10,000."""
    tails = np.array([*TAILS, *np.negative(TAILS[1:])])
    rows = audit.rows(np.repeat([0, 1], tails.size), np.tile(tails, 2))
    bad = dict[str, Finding]()
    said = dict[str, None]()
    for precision in audit.subject.precisions:
        with (
            warnings.catch_warnings(record=True) as caught,
            np.errstate(divide="warn", over="warn", invalid="warn"),
        ):
            warnings.simplefilter("always")
            columns = audit.derivatives(rows, precision)
        said |= dict.fromkeys(
            str(warning.message)
            for warning in caught
            if issubclass(warning.category, RuntimeWarning)
        )
        for name, values in zip((GRADIENT, HESSIAN), columns, strict=True):
            if not np.isfinite(values).all():
                bad.setdefault(name, _not_finite(name, rows, values, np.dtype(precision).name))
    yield from bad.values()
    if said:
        yield Finding(
            "warning",
            "numerical-warning",
            f"For |z| up to 10,000 it warns: {'; '.join(said)}.",
            "Use scipy.special.expit(z) for 1 / (1 + exp(-z)).",
        )


def _not_finite(name: str, rows: Rows, values: Array, precision: str) -> Finding:
    at = int(np.argmin(np.where(np.isfinite(values), np.inf, np.abs(rows.z))))
    return Finding(
        "error",
        "not-finite",
        f"The {name} is not finite for margins of {precision}, first at |z| = "
        f"{abs(rows.z[at]):g}. One such row makes a whole tree useless.",
        "Find what overflows or divides by 0 there. In logarithms and quotients, write expit(-z) "
        "for 1 - p and scipy.special.log_expit(z) for log(p); where a loss grows like exp(z), "
        "bound the margin.",
        point(rows, at, values),
    )


def check_sign(audit: Audit) -> Iterator[Finding]:
    """Whether rows that are clearly wrong are pulled to the right side."""
    rows = _wrong_rows(audit)
    gradient, hessian = audit.derivatives(rows)
    pull = np.where(rows.y == 1, -gradient, gradient)
    if not (pull < 0).any():
        return
    advice = "A positive gradient lowers the margin: the gradient of log loss is p - y."
    if (pull < 0).all() and (hessian < 0).all():
        advice = "These look like derivatives of the log-likelihood; negate both."
    yield Finding(
        "error",
        "sign",
        f"The gradient pushes {np.sum(pull < 0)} of {pull.size} clearly wrong rows further off.",
        advice,
        point(rows, int(np.argmin(pull)), gradient),
    )


def check_frozen(audit: Audit) -> Iterator[Finding]:
    """Whether wrong rows, up to |z| = 15, still feel how wrong they are."""
    rows = _wrong_rows(audit)
    gradient, _ = audit.derivatives(rows)
    precision = float(np.finfo(np.float32).eps)
    slope = None if audit.loss is None else loss_slope(audit.loss, rows, noise=precision)
    for flat in _flat_ends(rows, gradient):
        severity = _frozen(gradient, flat, slope)
        if not severity:
            continue
        value = gradient[flat[-1]]
        confirmed = "" if slope is None else ", and that of the loss is not"
        yield Finding(
            severity,
            "frozen",
            f"On wrong rows of label {rows.y[flat[0]]:g} the gradient is {value:.6g} from |z| = "
            f"{abs(rows.z[flat[0]]):.2f} to 15 without any change{confirmed}."
            + (" Such rows are never corrected." if value == 0 else ""),
            "If margins or probabilities are clipped or rounded, do not: expit(z) and expit(-z) "
            "need neither. "
            "Nothing, if the gradient is meant to be bounded.",
            point(rows, flat[-1], gradient, None if slope is None else slope.value),
        )


def check_gradient(audit: Audit) -> Iterator[Finding]:
    """The gradient against the numerical derivative of the loss."""
    if audit.loss is None:
        return
    rows = audit.both_labels(12, 64)
    gradient, _ = audit.derivatives(rows)
    slope = loss_slope(audit.loss, rows)
    wrong = slope.differs(gradient)
    if wrong.sum() < FEW:
        return
    factor = factor_of_slope(gradient, slope)
    if factor > 0:
        yield Finding(
            "warning",
            "gradient-rescaled",
            f"The gradient is {factor:.3g} times the derivative of the loss.",
            "Nothing, if a multiple of the loss is meant; penalties then weigh differently.",
            worst(rows, gradient, slope.value, wrong),
        )
        return
    yield Finding(
        "error",
        "gradient",
        f"The gradient is not the derivative of the loss: {rows_that_differ(rows, wrong)}."
        + times(factor_of(gradient[wrong], slope.value[wrong])),
        "Differentiate the loss with respect to the raw prediction, through the sigmoid; if it "
        "weights the classes, so must the gradient.",
        worst(rows, gradient, slope.value, wrong),
    )


def check_hessian(audit: Audit) -> Iterator[Finding]:
    """The hessian against the numerical derivative of the gradient."""
    rows = audit.both_labels(12, 64)
    gradient, hessian = audit.derivatives(rows)
    slope = gradient_slope(audit, rows, gradient)
    wrong = slope.differs(hessian)
    if wrong.sum() < FEW:
        return
    sound = surrogate(gradient, hessian, slope)
    if sound:
        yield Finding(
            "note",
            "hessian-surrogate",
            f"The hessian is not the second derivative but {sound}.",
            "Nothing, if that is meant.",
            worst(rows, hessian, slope.value, wrong),
        )
        return
    yield Finding(
        "error",
        "hessian",
        f"The hessian is neither the derivative of the gradient nor a bound of it: "
        f"{rows_that_differ(rows, wrong)}." + times(factor_of(hessian[wrong], slope.value[wrong])),
        "Differentiate the gradient with respect to the raw prediction; either may be wrong.",
        worst(rows, hessian, slope.value, wrong),
    )


def check_hessian_sign(audit: Audit) -> Iterator[Finding]:
    """Whether every row adds a positive hessian; a loss says by ``convex`` what to expect."""
    if isinstance(audit.subject, LossSubject):
        return
    rows = audit.both_labels(15, 64)
    _, hessian = audit.derivatives(rows)
    negative = hessian < 0
    if negative.any():
        yield Finding(
            "warning",
            "hessian-negative",
            f"The hessian is negative in {negative.sum()} of {negative.size} rows. A leaf's value "
            f"is divided by the sum of its hessians: it may get the wrong sign.",
            "Leave out the terms that can be negative, or take max(hessian, 1e-16).",
            point(rows, int(np.argmin(hessian)), hessian),
        )
    wrong = _wrong_rows(audit)
    gradient, hessian = audit.derivatives(wrong)
    zero = (hessian == 0) & (gradient != 0)
    if zero.any():
        yield Finding(
            "warning",
            "hessian-zero",
            f"The hessian is 0 in {zero.sum()} of {zero.size} clearly wrong rows: they pull on a "
            f"leaf's value without a share in what it is divided by.",
            "Use a bound of the second derivative instead, such as a Gauss-Newton hessian.",
            point(wrong, int(np.argmax(zero)), hessian),
        )


def _wrong_rows(audit: Audit) -> Rows:
    """Return rows on the wrong side of 0, of label 0 and then 1, each by growing |z|."""
    n = _WRONG_SIDE.size
    return audit.rows(np.repeat([0, 1], n), np.concatenate([_WRONG_SIDE, -_WRONG_SIDE]))


def _flat_ends(rows: Rows, gradient: Array) -> Iterator[Array]:
    """Yield the most wrong rows of each label, as far as they have one gradient."""
    for label in (0, 1):
        of_label = np.flatnonzero(rows.y == label)
        same = gradient[of_label] == gradient[of_label[-1]]
        flat = of_label[np.logical_and.accumulate(same[::-1])[::-1]]
        if flat.size >= FEW:
            yield flat


def _frozen(gradient: Array, flat: Array, slope: Derivative | None) -> Severity | None:
    """Return how grave it is that a gradient is flat, if at all."""
    breaks_off = gradient[flat[-1]] == 0 or _breaks_off(gradient, flat)
    if slope is None:
        return "warning" if breaks_off else None
    varies = slope.varies(flat)
    if slope.differs(gradient)[flat].any() and (breaks_off or varies):
        return "error"
    return "warning" if varies else None


def _breaks_off(gradient: Array, flat: Array) -> bool:
    """Whether a gradient turns flat at once; a linear loss always is, others approach a limit."""
    before = flat[0] % _WRONG_SIDE.size
    if not before:
        return False
    value, earlier = gradient[flat[0]], gradient[flat[0] - min(before, _PER_MARGIN)]
    return bool(abs(value - earlier) > _LIMIT * abs(value))


CHECKS = (check_finite, check_sign, check_frozen, check_gradient, check_hessian, check_hessian_sign)
