"""Checks of what an objective computes: derivatives, signs, tails, weights, labels."""

import warnings
from collections.abc import Iterator

import numpy as np

from gradpair._audit_derivatives import Derivative, derivative
from gradpair._audit_report import Finding, Point, Severity
from gradpair._audit_subject import (
    ALMOST_ONE,
    GRADIENT,
    HESSIAN,
    Audit,
    CallError,
    LossFunction,
    LossSubject,
    Rows,
)
from gradpair._validation import Array

Columns = tuple[Array, Array]  # gradient and hessian

_FEW = 3  # rows, of which fewer prove nothing: beside a kink one may seem wrong
_RTOL = 5e-3  # between two calls of an objective, which may round to float16

# On both sides of where exp, 1 - p and log p leave float32 and float64.
_TAILS = [
    *(0, 1e-30, 1e-4, 1, 5, 10, 15, 16, 17, 20, 30, 36, 37, 40, 80, 87, 88, 89, 103, 104, 200),
    *(500, 708, 709, 710, 744, 745, 746, 1e3, 5e3, 1e4),
]
_LIMIT = 2e-5  # relative: what a float32 gradient may still change by before it reaches its limit
_WRONG_SIDE = np.arange(3.0, 16.0) - 1 / 64  # |z| of rows that are clearly wrong


def check_finite(audit: Audit) -> Iterator[Finding]:
    """Finite, and without a floating-point warning, for |z| to 10,000."""
    tails = np.array([*_TAILS, *np.negative(_TAILS[1:])])
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
        said |= dict.fromkeys(str(warning.message) for warning in caught)
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
        "Write the formula with scipy.special.expit(z) and expit(-z) for p and 1 - p; never log(p) "
        "or 1 / p of a rounded p.",
        _point(rows, at, values),
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
        _point(rows, int(np.argmin(pull)), gradient),
    )


def check_frozen(audit: Audit) -> Iterator[Finding]:
    """Whether wrong rows, up to |z| = 15, still feel how wrong they are."""
    rows = _wrong_rows(audit)
    gradient, _ = audit.derivatives(rows)
    slope = None if audit.loss is None else _loss_slope(audit.loss, rows, gradient)
    for label in (0, 1):
        of_label = np.flatnonzero(rows.y == label)  # by growing |z|
        same = gradient[of_label] == gradient[of_label[-1]]
        start = int(same.size - np.argmin(same[::-1])) if not same.all() else 0
        flat = of_label[start:]
        value = gradient[flat[-1]]
        if flat.size < _FEW or (value != 0 and not _breaks_off(gradient[of_label], start)):
            continue
        if slope is not None and not slope.differs(gradient)[flat].any():
            continue
        confirmed = "" if slope is None else ", and that of the loss is not"
        yield Finding(
            "error" if slope is not None else "warning",
            "frozen",
            f"On wrong rows of label {label} the gradient is {value:.6g} from |z| = "
            f"{abs(rows.z[flat[0]]):.0f} to 15 without any change{confirmed}."
            + (" Such rows are never corrected." if value == 0 else ""),
            "If probabilities are clipped, do not: expit(z) and expit(-z) need none. Nothing, if "
            "the gradient is meant to be bounded.",
            _point(rows, flat[-1], gradient, None if slope is None else slope.value),
        )


def check_gradient(audit: Audit) -> Iterator[Finding]:
    """The gradient against the numerical derivative of the loss."""
    if audit.loss is None:
        return
    rows = audit.both_labels(12, 64)
    gradient, _ = audit.derivatives(rows)
    slope = _loss_slope(audit.loss, rows, gradient)
    wrong = slope.differs(gradient)
    if wrong.sum() < _FEW:
        return
    point = _worst(rows, gradient, slope, wrong)
    ratio = _ratio(gradient, slope.value, wrong)
    if ratio > 0:
        yield Finding(
            "warning",
            "gradient-rescaled",
            f"The gradient is {ratio:.3g} times the derivative of the loss.",
            "Nothing, if a multiple of the loss is meant; penalties then weigh differently.",
            point,
        )
        return
    yield Finding(
        "error",
        "gradient",
        f"The gradient is not the derivative of the loss: {wrong.sum()} of {wrong.size} rows "
        f"differ.{_times(ratio)}",
        "Differentiate the loss with respect to the raw prediction, through the sigmoid.",
        point,
    )


def check_hessian(audit: Audit) -> Iterator[Finding]:
    """The hessian against the numerical derivative of the gradient."""
    rows = audit.both_labels(12, 64)
    gradient, hessian = audit.derivatives(rows)
    slope = _gradient_slope(audit, rows, gradient)
    wrong = slope.differs(hessian)
    if wrong.sum() < _FEW:
        return
    surrogate = _surrogate(gradient, hessian, slope)
    if surrogate:
        yield Finding(
            "note",
            "hessian-surrogate",
            f"The hessian is not the second derivative but {surrogate}.",
            "Nothing, if that is meant.",
            _worst(rows, hessian, slope, wrong),
        )
        return
    yield Finding(
        "error",
        "hessian",
        f"The hessian is neither the derivative of the gradient nor a bound of it: {wrong.sum()} "
        f"of {wrong.size} rows differ.{_times(_ratio(hessian, slope.value, wrong))}",
        "Differentiate the gradient with respect to the raw prediction; either may be wrong.",
        _worst(rows, hessian, slope, wrong),
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
            _point(rows, int(np.argmin(hessian)), hessian),
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
            _point(wrong, int(np.argmax(zero)), hessian),
        )


def check_weights(audit: Audit) -> Iterator[Finding]:
    """Whether a row of weight 2 counts as two rows."""
    rows = audit.both_labels(3, 32)
    rng = np.random.default_rng(audit.seed)
    weight = rng.choice([0.25, 0.5, 2.0, 3.0], rows.y.size)
    plain = audit.derivatives(rows)
    try:
        weighted = audit.derivatives(rows._replace(w=weight))
        ones = audit.derivatives(rows._replace(w=np.full(weight.size, ALMOST_ONE)))
    except CallError as error:
        what = f"With weights: {error.finding.what}"
        yield Finding("error", "weights-refused", what, audit.subject.weighting)
        return
    for code, names, got, expected in _misweighted(weight, plain, weighted, ones):
        at = int(np.argmax(np.abs(got - expected)))
        yield Finding(
            "warning" if code == "weights-rescaled" else "error",
            code,
            f"The {names} of a row of weight w should be w times that of weight 1; "
            + ("weights are ignored." if code == "weights-dropped" else "it is not.")
            + _times(_ratio(got, expected, weight > 0)),
            audit.subject.weighting,
            _point(rows, at, got, expected),
        )


def check_soft_labels(audit: Audit) -> Iterator[Finding]:
    """Whether a label between 0 and 1 is a mixture of the two classes."""
    rows = audit.both_labels(3, 32)
    share = np.random.default_rng(audit.seed).choice([0.125, 0.25, 0.75], rows.y.size // 2)
    soft = audit.rows(np.tile(share, 2), rows.z)
    is_loss = isinstance(audit.subject, LossSubject)
    severity: Severity = "error" if is_loss else "note"
    hard_columns = audit.derivatives(rows)
    try:
        soft_columns = audit.derivatives(soft)
    except CallError as error:
        what = f"With labels between 0 and 1: {error.finding.what}"
        yield Finding(severity, "soft-labels", what, "Nothing, if all labels are 0 or 1.")
        return
    names = (GRADIENT, HESSIAN) if is_loss else (GRADIENT,)  # others may bound their hessian
    for name, hard, got in zip(names, hard_columns, soft_columns, strict=False):
        zeros, ones = np.split(hard, 2)
        expected = np.tile(share * ones + (1 - share) * zeros, 2)
        if not _close(got, expected):
            at = int(np.argmax(np.abs(got - expected)))
            yield Finding(
                severity,
                "soft-labels",
                f"The {name} of a label between 0 and 1 is not the mixture of those of 0 and 1.",
                "Keep it linear in y, as in alpha * y + (1 - y) for alpha**y; or nothing, if all "
                "labels are 0 or 1.",
                _point(soft, at, got, expected),
            )
            return


def check_rows(audit: Audit) -> Iterator[Finding]:
    """Whether a row's derivatives depend on which other rows there are, or on their margins."""
    rows = audit.both_labels(3, 32)
    together = audit.derivatives(rows)
    every_other = np.arange(0, rows.y.size, 2)
    others_moved = rows._replace(z=np.where(np.arange(rows.y.size) % 2, -rows.z, rows.z))
    alone = audit.rows(rows.y[every_other], rows.z[every_other])
    moved = [column[every_other] for column in audit.derivatives(others_moved)]
    for name, got, without, column in zip(
        (GRADIENT, HESSIAN), moved, audit.derivatives(alone), together, strict=True
    ):
        expected = column[every_other]
        if not _close(got, expected) or not _close(without, expected):
            averaged = _close(got, expected) and _close(without, 2 * expected)
            yield _averaged(name) if averaged else _coupled(name)
            return


def _averaged(name: str) -> Finding:
    what = f"The {name} is divided by the number of rows; the hosts expect each row's own."
    return Finding("error", "averaged", what, "Leave the mean out.")


def _coupled(name: str) -> Finding:
    what = (
        f"The {name} of a row changes with the rows beside it, so that it cannot be differentiated "
        f"row by row: derivatives, weights and labels are not checked."
    )
    return Finding("warning", "rows-coupled", what, "Nothing, if that is meant.")


def check_declarations(audit: Audit) -> Iterator[Finding]:
    """Of a loss: ``convex``, and the positive hessian that one that is not convex defines."""
    if not isinstance(audit.subject, LossSubject):
        return
    loss = audit.subject.objective
    rows = audit.both_labels(12, 64)
    gradient, _ = audit.derivatives(rows)
    slope = _gradient_slope(audit, rows, gradient)
    if loss.convex:
        negative = slope.value < -slope.tolerance
        if negative.sum() >= _FEW:
            yield Finding(
                "error",
                "convex",
                f"The loss is declared convex, and its second derivative is negative in "
                f"{negative.sum()} of {negative.size} rows.",
                "Set convex = False and define _gradient_positive_hessian.",
                _point(rows, int(np.argmin(slope.value)), slope.value),
            )
        return
    try:
        positive_gradient, positive = loss._gradient_positive_hessian(rows.y, rows.z)
    except NotImplementedError as error:
        advice = "Define it: the adapters use it unless told hessian='exact'."
        yield Finding("error", "positive-hessian", str(error), advice)
        return
    if not _close(positive_gradient, gradient) or not _surrogate(gradient, positive, slope):
        yield Finding(
            "error",
            "positive-hessian",
            "_gradient_positive_hessian does not return the gradient with a bound of the second "
            "derivative that is nowhere negative.",
            "Return the gradient and the second derivative without its negative terms.",
            _worst(rows, positive, slope, np.ones(positive.size, dtype=bool)),
        )


def _misweighted(
    weight: Array, plain: Columns, weighted: Columns, ones: Columns
) -> Iterator[tuple[str, str, Array, Array]]:
    """Yield what is wrong with the weights: code, of which derivatives, got and expected."""
    faults = dict[str, list[int]]()
    for i in (0, 1):
        got, expected = weighted[i], weight * plain[i]
        if _close(got, expected) and _close(ones[i], plain[i]):
            continue
        code = "weights-rescaled" if _ratio(got, expected, weight > 0) else "weights"
        code = "weights-dropped" if _close(got, plain[i]) else code
        faults.setdefault(code, []).append(i)
    for code, columns in faults.items():
        names = " and ".join((GRADIENT, HESSIAN)[i] for i in columns)
        yield code, names, weighted[columns[0]], weight * plain[columns[0]]


def _wrong_rows(audit: Audit) -> Rows:
    """Return rows on the wrong side of 0, of label 0 and then 1, each by growing |z|."""
    n = _WRONG_SIDE.size
    return audit.rows(np.repeat([0, 1], n), np.concatenate([_WRONG_SIDE, -_WRONG_SIDE]))


def _breaks_off(gradient: Array, start: int) -> bool:
    """Whether a gradient turns flat at once; a linear loss always is, others approach a limit."""
    if not start:
        return False
    return bool(abs(gradient[start] - gradient[start - 1]) > _LIMIT * abs(gradient[start]))


def _scale(rows: Rows, gradient: Array) -> Array:
    """Return the largest gradient of each row's label."""
    scale = np.where(np.isfinite(gradient), np.abs(gradient), 0.0)
    for label in (0, 1):
        scale[rows.y == label] = scale[rows.y == label].max()
    return scale


def _gradient_slope(audit: Audit, rows: Rows, gradient: Array) -> Derivative:
    return derivative(audit.gradient_at(rows), rows.z, _scale(rows, gradient))


def _loss_slope(loss: LossFunction, rows: Rows, gradient: Array) -> Derivative:
    return derivative(lambda z: loss(rows.y, z), rows.z, _scale(rows, gradient))


def _surrogate(gradient: Array, hessian: Array, slope: Derivative) -> str:
    """Name what kind of stand-in a hessian is for the second derivative, if a sound one.

    The expected hessian is that over the labels for which a margin would be the optimum, 1 with
    probability g(0, z) / (g(0, z) - g(1, z)). For squared errors it is the Gauss-Newton hessian.
    """
    bound = Derivative(np.maximum(slope.value, 0), slope.tolerance)
    if bound.exceeds(hessian).sum() < _FEW:
        return "a bound of it that is nowhere negative"
    zeros, ones = np.split(gradient, 2)
    with np.errstate(all="ignore"):
        share = zeros / (zeros - ones)
    (value_0, value_1), (tolerance_0, tolerance_1) = (np.split(part, 2) for part in slope)
    expected = Derivative(
        np.tile(share * value_1 + (1 - share) * value_0, 2),
        np.tile(tolerance_0 + tolerance_1, 2),
    )
    known = np.isfinite(expected.value).all()
    if known and (hessian >= 0).all() and expected.differs(hessian).sum() < _FEW:
        return "the expected one (Fisher scoring, or Gauss-Newton)"
    return ""


def _close(got: Array, expected: Array) -> bool:
    scale = np.max(np.abs(expected), initial=0.0)
    return bool(np.allclose(got, expected, rtol=_RTOL, atol=1e-6 * scale, equal_nan=True))


def _ratio(got: Array, expected: Array, where: Array) -> float:
    """Return the factor by which all values are off, 0 if there is none."""
    with np.errstate(all="ignore"):
        ratio = (got / expected)[where]
    middle = float(np.median(ratio))
    common = np.isfinite(middle) and middle and np.all(np.abs(ratio / middle - 1) < 0.01)
    return middle if common else 0.0


def _times(ratio: float) -> str:
    return f" It is {ratio:.3g} times that." if ratio else ""


def _worst(rows: Rows, got: Array, slope: Derivative, wrong: Array) -> Point:
    at = int(np.argmax(np.where(wrong, np.abs(got - slope.value), -1)))
    return _point(rows, at, got, slope.value)


def _point(rows: Rows, at: int, got: Array, expected: Array | None = None) -> Point:
    return Point(
        float(rows.y[at]),
        float(rows.z[at]),
        float(got[at]),
        None if expected is None else float(expected[at]),
    )


CHECKS = (
    check_finite,
    check_sign,
    check_frozen,
    check_gradient,
    check_hessian,
    check_hessian_sign,
    check_declarations,
    check_weights,
    check_soft_labels,
)
