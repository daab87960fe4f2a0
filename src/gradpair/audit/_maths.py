"""Checks of what an objective computes: derivatives, signs, tails."""

import warnings
from collections.abc import Iterator, Sequence

import numpy as np

from gradpair._validation import Array
from gradpair.audit._numerical import FEW, NumericalDerivative, factor_of, surrogate, times
from gradpair.audit._report import Finding, Point, Severity
from gradpair.audit._subjects import NAMES, Audit, AuditRows

# On both sides of where exp, 1 - p and log p leave float32 and float64.
TAILS = [
    *(0, 1e-30, 1e-4, 1, 5, 10, 15, 16, 17, 20, 30, 36, 37, 40, 80, 87, 88, 89, 103, 104, 200),
    *(500, 708, 709, 710, 744, 745, 746, 1e3, 5e3, 1e4),
]
_APPROACH = 2e-5  # relative: what a float32 gradient may still change by before it is at its limit
_PER_MARGIN = 4  # wrong rows between two whole margins
_WRONG = [*(np.arange(3.0, 15.1, 1 / _PER_MARGIN) - 1 / 64)]  # |z| of rows that are clearly wrong
_FINITE = (
    "Find what overflows or divides by 0: write expit(-z) for 1 - p and scipy.special.log_expit(z) "
    "for log(p); where a loss grows like exp(z), bound the margin."
)
_UNCLIPPED = (
    "If margins or probabilities are clipped or rounded, do not: expit(z) and expit(-z) need "
    "neither. Nothing, if the loss is meant to be flat or linear there."
)


def check_finite(audit: Audit) -> Iterator[Finding]:
    """Finite, and without a floating-point warning, for |z| to 10,000."""
    tails = [*TAILS, *np.negative(TAILS[1:])]
    rows = audit.rows(np.repeat([0, 1], len(tails)), np.tile(tails, 2))
    bad, said = set[str](), dict[str, None]()
    for precision in audit.subject.precisions:
        with (
            warnings.catch_warnings(record=True, action="always", category=RuntimeWarning) as told,
            np.errstate(all="warn", under="ignore"),
        ):
            columns = audit.derivatives(rows, precision)
        said |= dict.fromkeys(str(warning.message) for warning in told)
        for name, values in zip(NAMES, columns, strict=True):
            odd = ~np.isfinite(values)
            if odd.any() and name not in bad:
                bad.add(name)
                first = _nearest(rows, odd)
                what = f"The {name} is not finite for margins of {precision.__name__}, first at "
                what += f"|z| = {abs(rows.z[first]):g}. One such row makes a whole tree useless."
                yield Finding("error", "not-finite", what, _FINITE, rows.point(first, values))
    if said:
        what = f"For |z| up to 10,000 it warns: {'; '.join(said)}."
        advice = "Use scipy.special.expit(z) for 1 / (1 + exp(-z))."
        yield Finding("warning", "numerical-warning", what, advice)


def check_sign(audit: Audit) -> Iterator[Finding]:
    """Whether rows that are clearly wrong are pulled to the right side."""
    rows, gradient, hessian = _wrong_rows(audit, _WRONG)
    pull = np.where(rows.y == 1, -gradient, gradient)
    off = pull < 0
    if off.any():
        what = f"The gradient pushes {off.sum()} of {off.size} clearly wrong rows further off."
        advice = "A positive gradient lowers the margin: the gradient of log loss is p - y."
        if off.all() and (hessian < 0).all():
            advice = "These look like derivatives of the log-likelihood; negate both."
        yield Finding("error", "sign", what, advice, rows.point(np.argmin(pull), gradient))


def check_vanished(audit: Audit) -> Iterator[Finding]:
    """Whether wrong rows, to |z| = 10,000, are pulled at all: beyond a clip they are not."""
    rows, gradient, _ = _wrong_rows(audit, [*_WRONG, *(size for size in TAILS if size >= 15)])
    slope = audit.loss_slope(rows)
    zero = gradient == 0
    wrong, unknown = zero & slope.differs(gradient), zero & ~slope.known()
    found = wrong if wrong.sum() >= FEW else unknown
    if found.sum() >= FEW:
        first = _nearest(rows, found)
        what = f"The gradient of {found.sum()} of {found.size} wrong rows is 0, first at |z| = "
        what += f"{abs(rows.z[first]):.4g}. Such rows are never corrected."
        at = rows.point(first, gradient, slope.value)
        yield Finding("error" if found is wrong else "warning", "frozen", what, _UNCLIPPED, at)


def check_flat(audit: Audit) -> Iterator[Finding]:
    """Whether wrong rows, to |z| = 15, feel how wrong they are."""
    rows, gradient, _ = _wrong_rows(audit, _WRONG)
    slope = audit.loss_slope(rows, float(np.finfo(np.float32).eps))
    for of_label in np.split(np.arange(rows.y.size), 2):
        value = gradient[of_label[-1]]
        flat = of_label[gradient[of_label] == value]
        if value == 0 or flat.size < FEW:
            continue
        before = gradient[max(flat[0] - _PER_MARGIN, of_label[0])]
        breaks_off = abs(value - before) > _APPROACH * abs(value)  # as no linear loss does
        if slope.varies(flat) or (audit.loss is None and breaks_off):
            what = f"On wrong rows of label {rows.y[flat[0]]:g} the gradient is {value:.6g} from "
            what += f"|z| = {abs(rows.z[flat[0]]):.2f} to 15 without any change"
            what += ", and that of the loss is not." if audit.loss else "."
            severity: Severity = "error" if slope.differs(gradient)[flat].any() else "warning"
            at = rows.point(flat[-1], gradient, slope.value)
            yield Finding(severity, "frozen", what, _UNCLIPPED, at)


def _differing(rows: AuditRows, got: Array, slope: NumericalDerivative) -> tuple[str, Point] | None:
    """Say in how many rows, of which label and by which factor a column differs, and where most."""
    wrong = slope.differs(got)
    if wrong.sum() < FEW:
        return None
    labels = np.unique(rows.y[wrong])
    of_label = f", all of label {labels[0]:g}" if labels.size == 1 else ""
    factor = times(factor_of(got[wrong], slope.value[wrong]))
    told = f"{wrong.sum()} of {wrong.size} rows differ{of_label}.{factor}"
    return told, rows.worst(got, slope.value, wrong)


def check_gradient(audit: Audit) -> Iterator[Finding]:
    """The gradient against the numerical derivative of the loss."""
    rows, gradient, *_ = audit.sample
    slope = audit.loss_slope(rows)
    if not (found := _differing(rows, gradient, slope)):
        return
    differing, worst = found
    factor = factor_of(gradient, slope.value, slope.tolerance)
    if factor > 0 and not _differing(rows, gradient / factor, slope):
        what = f"The gradient is {factor:.3g} times the derivative of the loss."
        advice = "Nothing, if a multiple of the loss is meant; penalties then weigh differently."
        yield Finding("warning", "gradient-rescaled", what, advice, worst)
    else:
        what = f"The gradient is not the derivative of the loss: {differing}"
        advice = "Differentiate the loss by the raw prediction, through sigmoid and class weights."
        yield Finding("error", "gradient", what, advice, worst)


def check_hessian(audit: Audit) -> Iterator[Finding]:
    """The hessian against the numerical derivative of the gradient."""
    rows, gradient, hessian, slope = audit.sample
    if not (found := _differing(rows, hessian, slope)):
        return
    differing, worst = found
    if sound := surrogate(gradient, hessian, slope):
        what = f"The hessian is not the second derivative but {sound}."
        yield Finding("note", "hessian-surrogate", what, "Nothing, if that is meant.", worst)
    else:
        what = f"The hessian is neither the gradient's derivative nor a bound of it: {differing}"
        advice = "Differentiate the gradient by the raw prediction; either of the two may be wrong."
        yield Finding("error", "hessian", what, advice, worst)


def check_hessian_sign(audit: Audit) -> Iterator[Finding]:
    """Whether every row adds a positive hessian."""
    rows = audit.both_labels(15, 64)
    _, hessian = audit.derivatives(rows)
    if (negative := hessian < 0).any():
        what = f"The hessian is negative in {negative.sum()} of {negative.size} rows: a leaf's "
        what += "value is divided by their sum and may get the wrong sign."
        advice = "Leave out the terms that can be negative, or take max(hessian, 1e-16)."
        lowest = rows.point(np.argmin(hessian), hessian)
        yield Finding("warning", "hessian-negative", what, advice, lowest)
    rows, gradient, hessian = _wrong_rows(audit, _WRONG)
    if (zero := (hessian == 0) & (gradient != 0)).any():
        what = f"The hessian is 0 in {zero.sum()} of {zero.size} wrong rows that have a gradient."
        advice = "Use a bound of the second derivative instead, such as a Gauss-Newton hessian."
        first = rows.point(np.argmax(zero), hessian)
        yield Finding("warning", "hessian-zero", what, advice, first)


def _wrong_rows(audit: Audit, sizes: Sequence[float]) -> tuple[AuditRows, Array, Array]:
    """Return rows on the wrong side of 0, of label 0 and then 1 by |z|, and their derivatives."""
    rows = audit.rows(np.repeat([0, 1], len(sizes)), [*sizes, *np.negative(sizes)])
    return rows, *audit.derivatives(rows)


def _nearest(rows: AuditRows, where: Array) -> np.intp:
    return np.argmin(np.where(where, np.abs(rows.z), np.inf))


CHECKS = (check_finite, check_sign, check_vanished, check_flat, check_gradient, check_hessian)
