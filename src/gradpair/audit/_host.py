"""Checks of how an objective behaves towards its host: outputs, buffers, copies."""

import copy
import dataclasses
import gc
import inspect
import pickle
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from gradpair.audit._report import Finding, Severity
from gradpair.audit._subjects import (
    GRADIENT,
    HESSIAN,
    Audit,
    CallError,
    LGBMClassifierSubject,
    LightGBMSubject,
    LossSubject,
    Subject,
    XGBClassifierSubject,
    XGBoostSubject,
)

_PLAIN = "Return contiguous NumPy arrays of float32 or float64."


class _Fault(NamedTuple):
    """Why a host cannot read an array."""

    severity: Severity
    code: str
    text: str


def check_output(audit: Audit) -> Iterator[Finding]:
    """Whether the host can read what the objective returns."""
    rows, subject = audit.both_labels(3, 32), audit.subject
    faults = dict[_Fault, list[str]]()
    for precision in subject.precisions:
        pair = subject.result(rows.z.astype(precision), subject.data(rows.y, rows.w))
        for name, values in zip((GRADIENT, HESSIAN), pair, strict=True):
            fault = _reader(subject)(values, np.dtype(precision))
            if fault is not None and name not in (names := faults.setdefault(fault, [])):
                names.append(name)
    for fault, names in faults.items():
        text = f"{' and '.join(names).capitalize()}: {fault.text}."
        yield Finding(fault.severity, fault.code, text, _PLAIN)


def check_buffers(audit: Audit) -> Iterator[Finding]:
    """Whether the host's arrays are neither written to nor kept."""
    rows, subject = audit.both_labels(3, 32), audit.subject
    data = subject.data(rows.y, np.full(rows.y.size, 2.0))
    if not _accepts(subject, rows.z, data):
        data = subject.data(rows.y, rows.w)
    predictions = rows.z.astype(subject.precisions[-1])
    predictions_before = predictions.copy()
    held_before = [array.copy() for array in subject.held(data)]
    result = subject.result(predictions, data)
    severity: Severity = "error" if subject.shares_buffers else "warning"
    if not np.array_equal(predictions, predictions_before):
        yield Finding(
            severity,
            "buffer-mutated",
            "The objective writes to the predictions it is given.",
            "Work on a copy, as in preds = expit(preds) without out=.",
        )
    held = subject.held(data)
    if not all(map(np.array_equal, held, held_before)):
        yield Finding(
            severity,
            "labels-mutated",
            "The objective writes to the labels or weights of the data, for all later rounds too.",
            "Work on a copy, as in y = 2 * y - 1 for y *= 2.",
        )
    del held
    if subject.shares_buffers and any(_shares(column, predictions) for column in result):
        yield Finding(
            severity,
            "buffer-returned",
            "What the objective returns lies in the memory of the predictions.",
            "Return fresh arrays.",
        )
    del result
    alive = weakref.ref(predictions)
    del predictions
    if alive() is not None:
        gc.collect()
    if alive() is not None:
        yield Finding(
            severity,
            "buffer-retained",
            "The objective keeps the predictions after it has returned. LightGBM hands over the "
            "same memory in every round, and its values change.",
            "Keep a copy.",
        )


def check_fresh_results(audit: Audit) -> Iterator[Finding]:
    """Whether a result stays as it was when the objective is called again."""
    rows, subject = audit.both_labels(3, 32), audit.subject
    data = subject.data(rows.y, rows.w)
    predictions = rows.z.astype(subject.precisions[-1])
    first = subject.result(predictions, data)
    before = [np.array(column) for column in first]
    second = subject.result(-predictions, data)
    if not all(map(_same, first, before)):
        yield Finding(
            "error",
            "buffer-reused",
            "A second call changes the arrays that the first one returned.",
            "Return fresh arrays: a kept buffer gives wrong models as soon as two trainings share "
            "the objective.",
        )
    del second


def check_repeatable(audit: Audit) -> Iterator[Finding]:
    """Whether two calls with the same rows give the same."""
    rows = audit.both_labels(3, 32)
    if not all(map(_same, audit.derivatives(rows), audit.derivatives(rows))):
        yield Finding(
            "error",
            "not-deterministic",
            "Two calls with the same rows give different derivatives.",
            "Make it a function of its arguments: no random numbers, no state from call to call.",
        )


def check_group(audit: Audit) -> Iterator[Finding]:
    """Whether a fourth parameter bears the group that LGBMClassifier puts there, None."""
    subject, rows = audit.subject, audit.both_labels(3, 32)
    if not isinstance(subject, LGBMClassifierSubject):
        return
    data = subject.data(rows.y, rows.w)
    try:
        by_default = subject.objective(data[0], rows.z.copy(), data[1])
    except Exception:  # noqa: BLE001 - fewer than three parameters, or a default that will not do
        return
    if not all(map(_same, by_default, subject.result(rows.z.copy(), data))):
        name = list(inspect.signature(subject.objective).parameters)[-1]
        yield Finding(
            "error",
            "group-parameter",
            f"LGBMClassifier passes the group, None, as the fourth parameter, {name}, and that "
            f"changes the derivatives.",
            "Take three parameters; give others to a class whose instances are called.",
        )


def check_copies(audit: Audit) -> Iterator[Finding]:
    """Whether it can be pickled and deep-copied, as hosts, estimators and dask do."""
    deep_copied = isinstance(audit.subject, LightGBMSubject)
    ways: list[tuple[str, Severity, str, Callable[[Any], Any]]] = [
        ("not-picklable", "warning", "pickled", lambda f: pickle.loads(pickle.dumps(f))),
        ("not-deep-copyable", "error" if deep_copied else "warning", "deep-copied", copy.deepcopy),
    ]
    rows = audit.both_labels(3, 32)
    for code, severity, done, copied in ways:
        try:
            twin = copied(audit.subject.objective)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the user's object raises
            yield Finding(
                severity,
                code,
                f"The objective cannot be {done}: {type(error).__name__}: {error}",
                "Make it a function, or an instance of a class, at the top level of a module.",
            )
            continue
        what = f"Once {done}, the objective gives other derivatives."
        there: tuple[Any, ...] = ()
        try:
            there = dataclasses.replace(audit.subject, objective=twin).derivatives(rows)
        except CallError as error:
            what = f"Once {done}: {error.finding.what}"
        if not there or not all(map(_same, audit.derivatives(rows), there)):
            advice = "Keep all that it needs in its attributes."
            yield Finding("error", "copy-differs", what, advice)


def _reader(subject: Subject) -> Callable[[Any, np.dtype[Any]], _Fault | None]:
    if isinstance(subject, LossSubject):
        return _as_loss
    if isinstance(subject, XGBoostSubject | XGBClassifierSubject):
        return _by_xgboost
    return _by_lightgbm


def _as_loss(values: Any, precision: np.dtype[Any]) -> _Fault | None:
    if isinstance(values, np.ndarray) and values.dtype == precision:
        return None
    what = getattr(values, "dtype", type(values).__name__)
    return _Fault("error", "output-dtype", f"{what} for margins of {precision}")


def _by_xgboost(values: Any, _: np.dtype[Any]) -> _Fault | None:
    if not isinstance(values, np.ndarray):
        return _Fault("error", "output-type", f"a {type(values).__name__}, which XGBoost refuses")
    read = values.dtype.kind in "iu" or values.dtype in (np.float32, np.float64)
    if read and values.dtype.isnative and values.flags.aligned:
        return None
    what = values.dtype.name + ("" if values.dtype.isnative else " of foreign byte order")
    what += "" if values.flags.aligned else ", unaligned"
    return _Fault("error", "output-dtype", f"{what}, which XGBoost reads wrongly without an error")


def _by_lightgbm(values: Any, _: np.dtype[Any]) -> _Fault | None:
    if isinstance(values, np.ndarray):
        if values.ndim == 2:
            return _Fault("warning", "output-shape", "(n, 1), of which LightGBM complains")
        if values.dtype == np.float32 and not values.flags.c_contiguous:
            text = "float32 with a stride, at which LightGBM raises a bare AssertionError"
            return _Fault("error", "output-layout", text)
        if values.dtype == np.float16:
            return _Fault("warning", "output-dtype", "float16, good for three digits only")
        return None
    if isinstance(values, list) or type(values).__name__ == "Series":
        return None
    return _Fault("error", "output-type", f"a {type(values).__name__}, which LightGBM refuses")


def _accepts(subject: Subject, z: Any, data: Any) -> bool:
    try:
        subject.result(z.astype(subject.precisions[-1]), data)
    except CallError:
        return False
    return True


def _shares(column: Any, predictions: Any) -> bool:
    return isinstance(column, np.ndarray) and np.shares_memory(column, predictions)


def _same(first: Any, second: Any) -> bool:
    return bool(np.array_equal(first, second, equal_nan=True))


CHECKS = (check_output, check_group, check_buffers, check_fresh_results, check_copies)
