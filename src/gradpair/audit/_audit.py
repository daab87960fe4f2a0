"""The audit itself: whose objective it is, which checks run, what they say together."""

import dataclasses
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _validation
from gradpair._hosts import record
from gradpair._hosts.callables import ObjectiveCallable
from gradpair._hosts.subject import Subject
from gradpair._validation import Array
from gradpair.audit import _host, _loss, _maths, _rows
from gradpair.audit._report import Finding, Report, Severity, gravest_first
from gradpair.audit._subjects import Audit, CallError, LossFunction, LossSubject, attempt, column
from gradpair.losses import Loss

# What a host refuses aloud: of a function for several estimators, an error only if all refuse.
_LOUD = frozenset(
    {"raises", "weights-refused", "weights-absent", "output-type", "output-shape", "output-layout"}
)


def check_objective(
    objective: Any,
    *,
    kind: str | None = None,
    loss: Loss | Callable[[Array, Array], ArrayLike] | None = None,
    seed: int = 0,
) -> Report:
    """Audit an objective: its derivatives, its tails, its weights, its manners towards the host.

    It is called many times with some hundred rows; nothing is trained. What is compared with a
    numerical derivative is compared with two, and only a difference that both show is found.

    Parameters
    ----------
    objective : Loss or callable
        A :class:`~gradpair.Loss`, an objective that gradpair made for a host, or any callable of
        ``kind``. It returns NumPy arrays; results on a GPU are not read.
    kind : {"xgboost", "lightgbm", "catboost", "sklearn"} or None
        How it is called: as ``(preds, DMatrix)``, ``(preds, Dataset)``, by ``calc_ders_range`` or
        as ``(y_true, y_pred[, sample_weight])``. The last is audited as the estimator of each
        installed host calls it; what only one of them refuses aloud is a warning. None for what
        gradpair makes.
    loss : Loss, callable or None
        The loss that the objective is meant for, or a function ``loss(y_true, raw_prediction)`` of
        two float64 arrays that returns the loss of each row. None takes the loss of what gradpair
        makes, and for other callables leaves the gradient itself unchecked but for its sign.
    seed : int
        Seed of the margins and weights that are drawn.

    Returns
    -------
    Report
        ``print`` it, or call its ``raise_for_findings`` in a test.

    Raises
    ------
    TypeError, ValueError
        An argument is not one of these.
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
    kind, subjects = _subjects(objective, kind)
    function = _loss_function(objective, loss)
    audits = {subject.host: _audit(Audit(subject, function, seed)) for subject in subjects}
    name = getattr(objective, "__qualname__", f"{type(objective).__qualname__} object")
    ours = isinstance(objective, Loss | ObjectiveCallable)
    return Report(repr(objective) if ours else name, kind, _merged(audits))


def _subjects(objective: Any, kind: str | None) -> tuple[str, list[Subject]]:
    """Return how an objective is called, and the objective as each such host calls it."""
    if isinstance(objective, Loss):
        if kind is None:
            return "loss", [LossSubject(objective)]
        msg = f"a loss is audited without kind; or pass gradpair.{kind}.objective(loss)."
        raise ValueError(msg)
    if kind is None and isinstance(objective, ObjectiveCallable):
        kind = objective.host
    elif kind is None:
        called = callable(objective) or any(h.subject.takes(objective) for h in record.installed())
        _check_instance(objective, called)
    if kind == "sklearn":
        found = [host.estimator_subject for host in record.installed() if host.estimator_subject]
    elif kind in record.HOSTS:
        found = [record.load(kind).subject]
    else:
        msg = f"kind must say how the objective is called: {' or '.join(map(repr, record.HOSTS))} "
        msg += "for what the host itself calls, such as (preds, data), "
        msg += f"'sklearn' for (y_true, y_pred[, sample_weight]); got {kind!r}."
        raise ValueError(msg)
    if not found:
        extras = " or ".join(f"'gradpair[{name}]'" for name in record.HOSTS)
        msg = f"kind='sklearn' needs a host whose estimator would call it: pip install {extras}"
        raise ModuleNotFoundError(msg)
    for subject in found:
        _check_instance(objective, subject.takes(objective), subject.called)
    return kind, [subject(objective) for subject in found]


def _check_instance(objective: Any, taken: bool, called: str = "callable") -> None:
    """Refuse a class, and what no host would call."""
    if isinstance(objective, type) or not taken:
        got = _validation.described(objective)
        msg = f"pass a loss or {called}, an instance, not the class; got {got}."
        raise TypeError(msg)


def _loss_function(objective: Any, loss: Any) -> LossFunction | None:
    """Return the loss of each row as a function of labels and margins, if there is a loss."""
    start = 0.0
    if loss is not None:
        function = _checked(loss)
    elif isinstance(objective, ObjectiveCallable):
        function, start = objective.loss.loss, objective.start
    elif isinstance(objective, Loss):
        function = objective.loss
    else:
        return None

    def one_per_row(y: Array, z: Array) -> Array:
        return column("loss", attempt("The loss", lambda: function(y.copy(), z + start)), y.size)

    return one_per_row


def _checked(loss: Any) -> Callable[..., Any]:
    """Return the user's loss as a function; unlike an objective's own it is not under audit."""
    if isinstance(loss, type) or not (isinstance(loss, Loss) or callable(loss)):
        got = _validation.described(loss)
        msg = f"loss must be a gradpair.Loss or a function of y_true, raw_prediction; got {got}."
        raise TypeError(msg)
    function: Callable[..., Any] = loss.loss if isinstance(loss, Loss) else loss
    if (shape := np.shape(function(np.array([0.0, 1.0, 1.0]), np.zeros(3)))) != (3,):
        msg = "loss must return the loss of each row, neither summed nor averaged: expected the "
        msg += f"shape (3,), got {shape}."
        raise ValueError(msg)
    return function


def _audit(audit: Audit) -> tuple[Finding, ...]:
    """Run all checks over an objective as one host calls it."""
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        return tuple(dict.fromkeys(_findings(audit)))


def _findings(audit: Audit) -> Iterator[Finding]:
    failed = _run(_called, audit)
    weighted = dataclasses.replace(audit, weighted=True)
    if failed and not _run(_called, weighted):
        what = f"Without weights: {failed[0].what}"
        yield Finding("error", "weights-absent", what, audit.subject.weighting)
        audit, failed = weighted, []
    if unstable := failed or _run(_host.check_repeatable, audit):
        yield from unstable  # all else would compare noise
        return
    yield from (coupled := _run(_rows.check_rows, audit))
    codes = {found.code for found in coupled}
    if "class-balanced" in codes:
        audit = dataclasses.replace(audit, loss=None)  # its classes may weigh otherwise
    is_loss = isinstance(audit.subject, LossSubject)
    declared = _loss.CHECKS if is_loss else (_maths.check_hessian_sign,)
    independent = codes <= {"averaged", "class-balanced"}
    of_rows = (*_maths.CHECKS, *declared, *_rows.CHECKS) if independent else ()
    for check in (*of_rows, *_host.CHECKS):
        yield from _run(check, audit)


def _called(audit: Audit) -> tuple[()]:
    audit.derivatives(audit.few)
    return ()


def _run(check: Callable[[Audit], Iterable[Finding]], audit: Audit) -> list[Finding]:
    try:
        return list(check(audit))
    except CallError as error:
        return [error.finding]


def _merged(audits: dict[str, tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """Merge the audits of one function as several hosts call it, one finding of each code."""
    if len(audits) == 1:
        return next(iter(audits.values()))
    shared = set.intersection(*({found.code for found in each} for each in audits.values()))
    merged = dict[str, Finding]()
    for found in gravest_first(
        found if found.code in shared else _of_one_host(found, host)
        for host, findings in audits.items()
        for found in findings
    ):
        merged.setdefault(found.code, found)
    return tuple(merged.values())


def _of_one_host(found: Finding, host: str) -> Finding:
    what = f"As {host} calls it: {found.what}"
    severity: Severity = "warning" if found.code in _LOUD else found.severity
    return dataclasses.replace(found, severity=severity, what=what)
