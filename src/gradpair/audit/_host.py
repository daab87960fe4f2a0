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
from gradpair.audit._subjects import NAMES, Audit, CallError, attempt


def check_output(audit: Audit) -> Iterator[Finding]:
    """Whether the host can read what the objective returns, and is read aright itself."""
    rows, subject = audit.few, audit.subject
    data = subject.data(rows.y, rows.w)
    if fault := attempt("The objective", lambda: subject.fault_of_call(rows.z, data)):
        yield Finding(*fault)
    faults = dict[Fault, dict[str, None]]()
    for precision in subject.precisions:
        result = audit.result(rows.z.astype(precision), subject.data(rows.y, rows.w))
        for name, values in zip(NAMES, result, strict=True):
            if fault := subject.fault_of(values, np.dtype(precision)):
                faults.setdefault(fault, {})[name] = None
    for fault, names in faults.items():
        yield Finding(*fault._replace(text=f"{' and '.join(names).capitalize()}: {fault.text}."))


def check_buffers(audit: Audit) -> Iterator[Finding]:
    """Whether the host's arrays are neither written to nor kept, and each result has its own."""
    rows, subject = audit.few, audit.subject
    severity: Severity = "error" if subject.shares_buffers else "warning"
    predictions = rows.z.astype(subject.precisions[-1])
    before = predictions.copy()
    weight: Any = np.full(rows.y.size, 2.0)
    try:
        audit.result(before.copy(), subject.data(rows.y, weight))
    except CallError:  # it takes no weights
        weight = rows.w
    data = subject.data(rows.y, weight)
    held_before = [array.copy() for array in subject.held(data)]
    first = audit.result(-before, data)
    first_before = [np.array(column) for column in first]
    result = audit.result(predictions, data)
    if not _same(first, first_before):
        what = "A second call changes the arrays that the first one returned."
        yield Finding("error", "buffer-reused", what, "Return fresh arrays.")
    if not np.array_equal(predictions, before):
        what = "It writes to the predictions it is given."
        yield Finding(severity, "buffer-mutated", what, "Work on a copy, without out=.")
    if not all(map(np.array_equal, subject.held(data), held_before)):
        what = "It writes to the labels or weights of the data."
        yield Finding(severity, "labels-mutated", what, "Work on a copy of them.")
    arrays = (values for values in result if isinstance(values, np.ndarray))
    if subject.shares_buffers and any(np.shares_memory(a, predictions) for a in arrays):
        what = "It returns memory of the predictions."
        yield Finding(severity, "buffer-returned", what, "Return fresh arrays.")
    alive = weakref.ref(predictions)
    del result, arrays, predictions
    if alive() is not None:
        gc.collect()
    if alive() is not None:
        who = subject.host if subject.shares_buffers else "LightGBM"
        what = f"It keeps the predictions, whose memory {who} fills anew in every round."
        yield Finding(severity, "buffer-retained", what, "Keep a copy.")


def check_repeatable(audit: Audit) -> Iterator[Finding]:
    """Whether two calls with the same rows give the same."""
    if not _same(audit.of_few, audit.derivatives(audit.few)):
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
        try:
            what = f"Once {done}, the objective gives other derivatives."
            same = _same(audit.of_few, of_twin.of_few)
        except CallError as error:
            same, what = False, f"Once {done}: {error}"
        if not same:
            yield Finding("error", "copy-differs", what, "Keep all it needs in its attributes.")


def _same(first: Any, second: Any) -> bool:
    return all(np.array_equal(*pair, equal_nan=True) for pair in zip(first, second, strict=True))


CHECKS = (check_output, check_buffers, check_copies)
