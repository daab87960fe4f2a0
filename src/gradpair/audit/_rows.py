"""Checks of what an objective makes of weights, soft labels and other rows."""

from collections.abc import Iterator

import numpy as np

from gradpair._validation import Array
from gradpair.audit._compare import close, factor_of, times, worst
from gradpair.audit._report import Finding, Severity
from gradpair.audit._subjects import ALMOST_ONE, GRADIENT, HESSIAN, Audit, CallError, LossSubject

Columns = tuple[Array, Array]  # gradient and hessian


def check_weights(audit: Audit) -> Iterator[Finding]:
    """Whether a row of weight 2 counts as two rows."""
    rows = audit.both_labels(3, 32)
    rng = np.random.default_rng(audit.seed)
    # The same for both labels, as an objective may balance the classes by their weight.
    weight = np.tile(rng.choice([0.25, 0.5, 2.0, 3.0], rows.y.size // 2), 2)
    plain = audit.derivatives(rows)
    try:
        weighted = audit.derivatives(rows._replace(w=weight))
        ones = audit.derivatives(rows._replace(w=np.full(weight.size, ALMOST_ONE)))
    except CallError as error:
        what = f"With weights: {error.finding.what}"
        yield Finding("error", "weights-refused", what, audit.subject.weighting)
        return
    for code, names, got, expected in _misweighted(weight, plain, weighted, ones):
        yield Finding(
            "warning" if code == "weights-rescaled" else "error",
            code,
            f"The {names} of a row of weight w should be w times that of weight 1; "
            + ("weights are ignored." if code == "weights-dropped" else "it is not.")
            + times(factor_of(got, expected)),
            audit.subject.weighting,
            worst(rows, got, expected),
        )


def _misweighted(
    weight: Array, plain: Columns, weighted: Columns, ones: Columns
) -> Iterator[tuple[str, str, Array, Array]]:
    """Yield what is wrong with the weights: code, of which derivatives, got and expected."""
    faults = dict[str, list[int]]()
    for i in (0, 1):
        got, expected = weighted[i], weight * plain[i]
        if close(got, expected) and close(ones[i], plain[i]):
            continue
        code = "weights-rescaled" if factor_of(got, expected) else "weights"
        code = "weights-dropped" if close(got, plain[i]) else code
        faults.setdefault(code, []).append(i)
    for code, columns in faults.items():
        names = " and ".join((GRADIENT, HESSIAN)[i] for i in columns)
        yield code, names, weighted[columns[0]], weight * plain[columns[0]]


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
        if not close(got, expected):
            yield Finding(
                severity,
                "soft-labels",
                f"The {name} of a label between 0 and 1 is not the mixture of those of 0 and 1.",
                "Keep it linear in y, as in alpha * y + (1 - y) for alpha**y; or nothing, if all "
                "labels are 0 or 1.",
                worst(soft, got, expected),
            )
            return


def check_rows(audit: Audit) -> Iterator[Finding]:
    """Whether a row's derivatives depend on which other rows there are, or on their margins."""
    rows = audit.both_labels(3, 32)
    together = audit.derivatives(rows)
    every_other = np.arange(0, rows.y.size, 2)
    fewer_ones = np.arange(rows.y.size * 3 // 4)
    moved = audit.derivatives(
        rows._replace(z=np.where(np.arange(rows.y.size) % 2, -rows.z, rows.z))
    )
    halved, unbalanced = (
        audit.derivatives(audit.rows(rows.y[some], rows.z[some]))
        for some in (every_other, fewer_ones)
    )
    for i, name in enumerate((GRADIENT, HESSIAN)):
        expected = together[i][every_other]
        if not close(moved[i][every_other], expected):
            yield _coupled(name)
        elif not close(halved[i], expected):
            yield _averaged(name) if close(halved[i], 2 * expected) else _coupled(name)
        elif not close(unbalanced[i], together[i][fewer_ones]):
            yield _balanced(name)
        else:
            continue
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


def _balanced(name: str) -> Finding:
    return Finding(
        "warning",
        "class-balanced",
        f"The {name} of a row changes with the share of ones among all rows. The audit calls with "
        f"equally many of both and compares no gradient with a loss.",
        "Nothing, if it is called with all training rows. In distributed training it is not: "
        "compute the class weight before and pass it as a parameter.",
    )


CHECKS = (check_weights, check_soft_labels)
