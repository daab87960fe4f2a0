"""Checks of how an objective behaves towards its host: outputs, buffers, copies."""

import copy
import dataclasses
import gc
import pickle
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradpair._hosts.subject import Fault
from gradpair.audit._report import Finding, Severity
from gradpair.audit._subjects import GRADIENT, HESSIAN, Audit, CallError, attempt

_BUFFERS = {
    "buffer-mutated": (
        "It writes to the predictions it is given.",
        "Work on a copy, without out=.",
    ),
    "labels-mutated": (
        "It writes to the labels or weights of the data.",
        "Work on a copy of them.",
    ),
    "buffer-returned": ("It returns memory of the predictions.", "Return fresh arrays."),
    "buffer-retained": (
        "It keeps the predictions, whose memory LightGBM fills anew in every round.",
        "Keep a copy.",
    ),
}


def check_output(audit: Audit) -> Iterator[Finding]:
    """Whether the host can read what the objective returns."""
    rows, subject = audit.both_labels(), audit.subject
    faults = dict[Fault, dict[str, None]]()
    for precision in subject.precisions:
        result = audit.result(rows.z.astype(precision), subject.data(rows.y, rows.w))
        for name, values in zip((GRADIENT, HESSIAN), result, strict=True):
            if fault := subject.fault_of(values, np.dtype(precision)):
                faults.setdefault(fault, {})[name] = None
    for fault, names in faults.items():
        what = f"{' and '.join(names).capitalize()}: {fault.text}."
        yield Finding(fault.severity, fault.code, what, fault.advice)


def check_call(audit: Audit) -> Iterator[Finding]:
    """Whether what the host passes means to the objective what it means to the host."""
    rows, subject = audit.both_labels(), audit.subject
    data = subject.data(rows.y, rows.w)
    if fault := attempt("The objective", lambda: subject.fault_of_call(rows.z, data)):
        yield Finding(*fault)


def check_buffers(audit: Audit) -> Iterator[Finding]:
    """Whether the host's arrays are neither written to nor kept."""
    rows, subject = audit.both_labels(), audit.subject
    predictions = rows.z.astype(subject.precisions[-1])
    data = subject.data(rows.y, np.full(rows.y.size, 2.0))
    try:
        audit.result(predictions.copy(), data)
    except CallError:  # it takes no weights
        data = subject.data(rows.y, rows.w)
    predictions_before = predictions.copy()
    held_before = [array.copy() for array in subject.held(data)]
    result = audit.result(predictions, data)
    found = {
        "buffer-mutated": not np.array_equal(predictions, predictions_before),
        "labels-mutated": not all(map(np.array_equal, subject.held(data), held_before)),
        "buffer-returned": subject.shares_buffers
        and any(isinstance(a, np.ndarray) and np.shares_memory(a, predictions) for a in result),
    }
    del result
    alive = weakref.ref(predictions)
    del predictions
    if alive() is not None:
        gc.collect()
    found["buffer-retained"] = alive() is not None
    severity: Severity = "error" if subject.shares_buffers else "warning"
    for code in (code for code, is_so in found.items() if is_so):
        yield Finding(severity, code, *_BUFFERS[code])


def check_fresh_results(audit: Audit) -> Iterator[Finding]:
    """Whether a result stays as it was when the objective is called again."""
    rows, subject = audit.both_labels(), audit.subject
    data = subject.data(rows.y, rows.w)
    predictions = rows.z.astype(subject.precisions[-1])
    first = audit.result(predictions, data)
    before = [np.array(column) for column in first]
    second = audit.result(-predictions, data)  # held while the first is looked at
    if not _same(first, before):
        what = "A second call changes the arrays that the first one returned."
        yield Finding("error", "buffer-reused", what, "Return fresh arrays.")
    del second


def check_repeatable(audit: Audit) -> Iterator[Finding]:
    """Whether two calls with the same rows give the same."""
    rows = audit.both_labels()
    if not _same(audit.derivatives(rows), audit.derivatives(rows)):
        what = "Two calls with the same rows give different derivatives."
        advice = "Make it a function of its arguments: no random numbers, no state between calls."
        yield Finding("error", "not-deterministic", what, advice)


def check_copies(audit: Audit) -> Iterator[Finding]:
    """Whether it can be pickled and deep-copied, as hosts, estimators and dask do."""
    ways: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "not-picklable": ("pickled", lambda objective: pickle.loads(pickle.dumps(objective))),
        "not-deep-copyable": ("deep-copied", copy.deepcopy),
    }
    for code, (done, copied) in ways.items():
        try:
            twin = copied(audit.subject.objective)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the user's object raises
            fatal = copied is copy.deepcopy and audit.subject.deep_copied
            what = f"The objective cannot be {done}: {type(error).__name__}: {error}"
            advice = "Make it a function, or an instance of a class, at the top level of a module."
            yield Finding("error" if fatal else "warning", code, what, advice)
            continue
        of_twin = dataclasses.replace(audit, subject=type(audit.subject)(twin))
        yield from _other_derivatives(audit, of_twin, done)


def _other_derivatives(audit: Audit, of_twin: Audit, done: str) -> Iterator[Finding]:
    rows, what = audit.both_labels(), f"Once {done}, the objective gives other derivatives."
    try:
        if _same(audit.derivatives(rows), of_twin.derivatives(rows)):
            return
    except CallError as error:
        what = f"Once {done}: {error}"
    yield Finding("error", "copy-differs", what, "Keep all that it needs in its attributes.")


def _same(first: Any, second: Any) -> bool:
    return all(np.array_equal(*pair, equal_nan=True) for pair in zip(first, second, strict=True))


CHECKS = (check_output, check_call, check_buffers, check_fresh_results, check_copies)
