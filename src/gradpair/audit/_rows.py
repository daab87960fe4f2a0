"""Checks of what an objective makes of weights, soft labels and other rows."""

from collections.abc import Iterator

import numpy as np

from gradpair.audit._numerical import close, factor_of, times
from gradpair.audit._report import Finding, Severity
from gradpair.audit._subjects import ALMOST_ONE, NAMES, Audit, CallError, LossSubject


def check_weights(audit: Audit) -> Iterator[Finding]:
    """Whether a row of weight 2 counts as two rows."""
    rows, advice = audit.few, audit.subject.weighting
    rng = np.random.default_rng(audit.seed)
    # The same for both labels, as an objective may balance the classes by their weight.
    weight = np.tile(rng.choice([0.25, 0.5, 2.0, 3.0], rows.y.size // 2), 2)
    try:
        weighted = audit.derivatives(rows._replace(w=weight))
        ones = audit.derivatives(rows._replace(w=np.full(weight.size, ALMOST_ONE)))
    except CallError as error:
        yield Finding("error", "weights-refused", f"With weights: {error}", advice)
        return
    faults = dict[str, list[int]]()
    for i, (got, plain) in enumerate(zip(weighted, audit.of_few, strict=True)):
        if not (close(got, weight * plain) and close(ones[i], plain)):
            code = "weights-rescaled" if factor_of(got, weight * plain) else "weights"
            code = "weights-dropped" if close(got, plain) else code
            faults.setdefault(code, []).append(i)
    for code, which in faults.items():
        got, expected = weighted[which[0]], weight * audit.of_few[which[0]]
        names = " and ".join(NAMES[i] for i in which)
        what = f"A row of weight w should have w times the {names} of one of weight 1."
        dropped = code == "weights-dropped"
        what += " Weights are ignored." if dropped else times(factor_of(got, expected))
        severity: Severity = "warning" if code == "weights-rescaled" else "error"
        yield Finding(severity, code, what, advice, rows.worst(got, expected))


def check_soft_labels(audit: Audit) -> Iterator[Finding]:
    """Whether a label between 0 and 1 is a mixture of the two classes."""
    share = np.random.default_rng(audit.seed).choice([0.125, 0.25, 0.75], audit.few.y.size // 2)
    soft = audit.rows(np.tile(share, 2), audit.few.z)
    is_loss = isinstance(audit.subject, LossSubject)
    severity: Severity = "error" if is_loss else "note"
    advice = "Keep it linear in y: alpha * y + (1 - y), not alpha**y. Nothing, if all are 0 or 1."
    try:
        columns = audit.derivatives(soft)
    except CallError as error:
        yield Finding(severity, "soft-labels", f"With labels between 0 and 1: {error}", advice)
        return
    names = NAMES if is_loss else NAMES[:1]  # others may bound their hessian
    for name, hard, got in zip(names, audit.of_few, columns, strict=False):
        zeros, ones = np.split(hard, 2)
        expected = np.tile(share * ones + (1 - share) * zeros, 2)
        if not close(got, expected):
            what = f"The {name} of a label between 0 and 1 is not the mixture of those of 0 and 1."
            yield Finding(severity, "soft-labels", what, advice, soft.worst(got, expected))
            return


def check_rows(audit: Audit) -> Iterator[Finding]:
    """Whether a row's derivatives depend on which other rows there are, or on their margins."""
    rows = audit.few
    every_other, fewer_ones = np.s_[::2], np.s_[: rows.y.size * 3 // 4]
    elsewhere = np.where(np.arange(rows.y.size) % 2, -rows.z, rows.z)
    moved = audit.derivatives(rows._replace(z=elsewhere))
    halved = audit.derivatives(audit.rows(rows.y[every_other], rows.z[every_other]))
    unbalanced = audit.derivatives(audit.rows(rows.y[fewer_ones], rows.z[fewer_ones]))
    for i, (name, together) in enumerate(zip(NAMES, audit.of_few, strict=True)):
        expected = together[every_other]
        alone = close(moved[i][every_other], expected)
        if alone and close(halved[i], 2 * expected) and not close(halved[i], expected):
            what = f"The {name} is divided by the number of rows; the hosts expect each row's own."
            yield Finding("error", "averaged", what, "Leave the mean out.")
        elif not (alone and close(halved[i], expected)):
            what = f"The {name} of a row changes with the rows beside it, so that derivatives, "
            what += "weights and labels are not checked."
            yield Finding("warning", "rows-coupled", what, "Nothing, if that is meant.")
        elif not close(unbalanced[i], together[fewer_ones]):
            what = f"The {name} changes with the share of ones: it is not compared with a loss."
            advice = "Nothing, if it gets all training rows. In distributed training it does not: "
            advice += "compute the class weight before and pass it as a parameter."
            yield Finding("warning", "class-balanced", what, advice)
        else:
            continue
        return


CHECKS = (check_weights, check_soft_labels)
