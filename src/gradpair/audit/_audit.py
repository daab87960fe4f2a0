"""An auditor for anybody's objective: whether it is right, and whether its host can use it."""

import dataclasses
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from gradpair._hosts.callables import ObjectiveCallable
from gradpair._validation import Array
from gradpair.audit import _host as _audit_host
from gradpair.audit import _loss as _audit_loss
from gradpair.audit import _maths as _audit_maths
from gradpair.audit import _rows as _audit_rows
from gradpair.audit._report import Finding, Point, Report, Severity
from gradpair.audit._subjects import (
    Audit,
    CallError,
    LGBMClassifierSubject,
    LightGBMSubject,
    LossFunction,
    LossSubject,
    Subject,
    XGBClassifierSubject,
    XGBoostSubject,
    attempt,
    column,
)
from gradpair.losses import Loss

__all__ = ["Finding", "Point", "Report", "check_objective"]

Kind = Literal["xgboost", "lightgbm", "sklearn"]

_SUBJECTS: dict[Kind, tuple[type[Subject], ...]] = {
    "xgboost": (XGBoostSubject,),
    "lightgbm": (LightGBMSubject,),
    "sklearn": (LGBMClassifierSubject, XGBClassifierSubject),
}
# What a host refuses aloud: of a function for both estimators, an error only if both refuse.
_LOUD = frozenset(
    {"raises", "weights-refused", "weights-absent", "output-type", "output-shape", "output-layout"}
)


def check_objective(
    objective: Any,
    *,
    kind: Kind | None = None,
    loss: Loss | Callable[[Array, Array], ArrayLike] | None = None,
    seed: int = 0,
) -> Report:
    """Audit an objective: its derivatives, its tails, its weights, its manners towards the host.

    The objective is called many times with some hundred rows; nothing is trained. What is compared
    with a numerical derivative is compared with two, and only a difference that both show is found.

    Parameters
    ----------
    objective : Loss or callable
        A :class:`~gradpair.Loss`, an objective of :mod:`gradpair.xgboost` or
        :mod:`gradpair.lightgbm`, or any callable of ``kind``. It returns NumPy arrays; results on a
        GPU are not read.
    kind : {"xgboost", "lightgbm", "sklearn"} or None
        How the callable is called: as ``(preds, DMatrix)``, as ``(preds, Dataset)``, or as
        ``(y_true, y_pred[, sample_weight])``. A function of the last kind is audited as
        ``XGBClassifier`` calls it and as ``LGBMClassifier`` does; what only one of them refuses
        aloud is a warning. None for what gradpair makes.
    loss : Loss, callable or None
        The loss that the objective is meant for, a :class:`~gradpair.Loss` or a function
        ``loss(y_true, raw_prediction)`` of two float64 arrays that returns the loss of each row.
        None takes the loss of what gradpair makes, and for other callables leaves the gradient
        itself unchecked but for its sign.
    seed : int
        Seed of the margins and weights that are drawn.

    Returns
    -------
    Report
        ``print`` it, or call its ``raise_for_findings`` in a test.

    Raises
    ------
    TypeError
        ``objective`` is no callable or a class, or ``loss`` is neither a Loss nor a function.
    ValueError
        ``kind`` is missing, unknown or of no use, or ``loss`` does not return one value per row.
    ModuleNotFoundError
        The host of ``kind`` is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import gradpair as gp
    >>> def objective(y_true, y_pred):
    ...     p = 1 / (1 + np.exp(-y_pred))
    ...     return y_true - p, p * (1 - p)
    >>> report = gp.check_objective(objective, kind="sklearn", loss=gp.BinaryCrossEntropy())
    >>> report.ok
    False
    >>> [finding.code for finding in report.findings if finding.severity == "error"]
    ['sign', 'gradient', 'weights-dropped']
    """
    function = _loss_function(objective, loss)
    if isinstance(objective, Loss):
        if kind is not None:
            msg = (
                f"a loss is audited without kind={kind!r}; to audit an objective made of it, pass "
                f"gradpair.{kind}.objective(loss)."
            )
            raise ValueError(msg)
        return Report(repr(objective), "loss", _audit(LossSubject(objective), function, seed))
    kind = _checked_kind(objective, kind)
    audits = [
        (subject.host, _audit(subject(objective), function, seed)) for subject in _SUBJECTS[kind]
    ]
    return Report(_name(objective), kind, _merged(audits))


def _checked_kind(objective: Any, kind: Kind | None) -> Kind:
    """Return how the objective is called, from its type if that says it."""
    if isinstance(objective, type) or not callable(objective):
        hint = "an instance, not the class" if isinstance(objective, type) else "a loss or callable"
        msg = f"objective must be {hint}; got {objective!r}."
        raise TypeError(msg)
    if kind is None and isinstance(objective, ObjectiveCallable):
        return "xgboost" if objective.host == "XGBoost" else "lightgbm"
    if kind not in _SUBJECTS:
        msg = (
            f"kind must say how the objective is called: 'xgboost' or 'lightgbm' for "
            f"(preds, data), 'sklearn' for (y_true, y_pred[, sample_weight]); got {kind!r}."
        )
        raise ValueError(msg)
    return kind


def _loss_function(objective: Any, loss: Any) -> LossFunction | None:
    """Return the loss as a function of labels and margins, if there is one."""
    if loss is None and isinstance(objective, Loss):
        return _own_loss(objective)
    if loss is None and isinstance(objective, ObjectiveCallable):
        return _own_loss(objective.loss, objective.start)
    if loss is None:
        return None
    if isinstance(loss, type) or not (isinstance(loss, Loss) or callable(loss)):
        msg = (
            f"loss must be a gradpair.Loss or a function of y_true and raw_prediction; "
            f"got {loss!r}."
        )
        raise TypeError(msg)
    function = loss.loss if isinstance(loss, Loss) else loss

    def one_per_row(y: Array, z: Array) -> Array:
        values = np.asarray(function(y.copy(), z.copy()), dtype=np.float64)
        if values.shape != z.shape:
            msg = (
                f"loss must return the loss of each row, neither summed nor averaged: expected "
                f"the shape {z.shape}, got {values.shape}."
            )
            raise ValueError(msg)
        return values

    return one_per_row


def _own_loss(loss: Loss, start: float = 0.0) -> LossFunction:
    """Return a loss under audit as a function of which all that is wrong is a finding."""

    def one_per_row(y: Array, z: Array) -> Array:
        values = attempt("The loss", lambda: loss.loss(y.copy(), z + start))
        return column("loss", values, y.size)

    return one_per_row


def _audit(subject: Subject, loss: LossFunction | None, seed: int) -> tuple[Finding, ...]:
    """Run all checks over an objective as one host calls it."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = _findings(Audit(subject, loss, weighted=False, seed=seed))
        return tuple(dict.fromkeys(found))


def _findings(audit: Audit) -> Iterator[Finding]:
    try:
        audit.derivatives(audit.both_labels(3, 32))
    except CallError as unweighted:
        audit = dataclasses.replace(audit, weighted=True)
        try:
            audit.derivatives(audit.both_labels(3, 32))
        except CallError:
            yield unweighted.finding
            return
        what = f"Without weights: {unweighted.finding.what}"
        yield Finding("error", "weights-absent", what, audit.subject.weighting)
    if unstable := _run(_audit_host.check_repeatable, audit):
        yield from unstable  # all else would compare noise
        return
    yield from (coupled := _run(_audit_rows.check_rows, audit))
    codes = {found.code for found in coupled}
    if "class-balanced" in codes:
        audit = dataclasses.replace(audit, loss=None)  # its classes may weigh otherwise
    if codes <= {"averaged", "class-balanced"}:
        for check in (*_audit_maths.CHECKS, *_audit_loss.CHECKS, *_audit_rows.CHECKS):
            yield from _run(check, audit)
    for check in _audit_host.CHECKS:
        yield from _run(check, audit)


def _run(check: Callable[[Audit], Iterator[Finding]], audit: Audit) -> list[Finding]:
    try:
        return list(check(audit))
    except CallError as error:
        return [error.finding]


def _merged(audits: list[tuple[str, tuple[Finding, ...]]]) -> tuple[Finding, ...]:
    """Merge the audits of one function as several hosts call it."""
    if len(audits) == 1:
        return audits[0][1]
    codes = [{found.code for found in findings} for _, findings in audits]
    merged: dict[str, Finding] = {}
    for host, findings in audits:
        for found in findings:
            shared = all(found.code in of_host for of_host in codes)
            merged.setdefault(found.code, found if shared else _of_one_host(host, found))
    return tuple(merged.values())


def _of_one_host(host: str, found: Finding) -> Finding:
    severity: Severity = "warning" if found.code in _LOUD else found.severity
    what = f"As {host} calls it: {found.what}"
    return dataclasses.replace(found, severity=severity, what=what)


def _name(objective: Any) -> str:
    if isinstance(objective, ObjectiveCallable):
        return repr(objective)
    name: str = getattr(objective, "__qualname__", f"{type(objective).__qualname__} object")
    return name
