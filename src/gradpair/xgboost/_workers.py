"""What the workers of a cluster find out together, each of them with a part of the rows.

XGBoost connects them, whether Dask, Spark, Ray or anybody else has started them. Every worker makes
the same reductions in the same order: one that does not would leave the others waiting.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike
from xgboost import collective

from gradpair._intercept import constant_of
from gradpair._sums import QUESTIONS, How, Rows
from gradpair._validation import Array
from gradpair.losses import Loss

_NAMES = tuple(QUESTIONS)
_DONE, _FAILED = -1.0, -2.0  # in place of the number of a question
_ERRORS = (ValueError, TypeError, RuntimeError)


class Group(Protocol):
    """Workers that add numbers up, or find the greatest, at the same time."""

    rank: int
    size: int

    def reduce(self, values: Array, how: Literal["sum", "max"]) -> Array:
        """Reduce each number over all workers; all get the same result."""


class _Connected:
    """The workers that XGBoost connects."""

    def __init__(self) -> None:
        self.rank, self.size = collective.get_rank(), collective.get_world_size()

    def reduce(self, values: Array, how: Literal["sum", "max"]) -> Array:
        op = collective.Op.SUM if how == "sum" else collective.Op.MAX
        return collective.allreduce(values, op)


def group() -> Group | None:
    """Return the workers of which this is one, or None on a machine alone."""
    return _Connected() if collective.is_distributed() else None


def check_alone(why: str) -> None:
    """Refuse what one of several workers would do with its own rows alone."""
    if (workers := collective.get_world_size()) > 1:
        msg = f"this is one of {workers} workers, and {why}."
        raise ValueError(msg)


def any_of(workers: Group, flag: Callable[[], bool]) -> bool:
    """Whether it is so on any worker."""
    return bool(together(workers, 1, "max", lambda: [flag()])[0])


def check_together(workers: Group, check: Callable[[], object]) -> None:
    """Call ``check`` on each worker; where it fails on one of them, all fail."""

    def nothing() -> ArrayLike:
        check()
        return []

    together(workers, 0, "sum", nothing)


def together(workers: Group, size: int, how: How, compute: Callable[[], ArrayLike]) -> Array:
    """Combine ``size`` numbers over the workers; where one of them fails, all do.

    Raises
    ------
    ValueError
        Another worker failed, whose message is in this one's. A worker that fails itself raises
        its own error.
    """
    try:
        return _combined(workers, size, how, compute)
    except _AllKnow as failure:
        raise failure.error from None


def fitted_constant(workers: Group, loss: Loss, rows: Callable[[], Rows]) -> float:
    """Fit the constant to the rows of all workers: the same number on each.

    The first worker decides what is asked next, and the others answer until it knows. So they
    agree even where their processors round differently.
    """
    own = functools.cache(rows)
    try:
        return _answers(workers, own) if workers.rank else _decision(workers, loss, own)
    except _AllKnow as failure:
        raise failure.error from None


class _AllKnow(Exception):  # noqa: N818 - never seen outside
    """An error that every worker is about to raise."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


def _decision(workers: Group, loss: Loss, rows: Callable[[], Rows]) -> float:
    """Fit the constant, and tell the others each question and the end."""

    def ask(question: str, *at: float) -> Array:
        _tell(workers, _NAMES.index(question), *at)
        return _answer(workers, question, at, rows)

    try:
        constant = constant_of(loss, ask, remote=True)
    except _AllKnow:
        raise
    except Exception as error:
        kinds = [isinstance(error, kind) for kind in _ERRORS]
        _tell(workers, _FAILED, kinds.index(True) if any(kinds) else len(_ERRORS) - 1)
        _shared_text(workers, str(error))
        raise
    _tell(workers, _DONE, constant)
    return constant


def _answers(workers: Group, rows: Callable[[], Rows]) -> float:
    """Answer until the first worker tells the constant, or why there is none."""
    while True:
        what, numbers, *at = _tell(workers)
        if what == _DONE:
            return at[0]
        if what == _FAILED:
            raise _ERRORS[int(at[0])](_shared_text(workers))
        _answer(workers, _NAMES[int(what)], at[: int(numbers)], rows)


def _answer(workers: Group, question: str, at: Sequence[float], rows: Callable[[], Rows]) -> Array:
    size, how = QUESTIONS[question]
    return _combined(workers, size, how, lambda: rows().answer(question, *at))


def _tell(workers: Group, what: float = 0.0, *at: float) -> list[float]:
    """Hand a message of the first worker to all: what to do, and up to two numbers."""
    message = np.zeros(4)
    message[: 2 + len(at)] = what, len(at), *at
    told: list[float] = workers.reduce(message, "sum").tolist()
    return told


def _combined(workers: Group, size: int, how: How, compute: Callable[[], ArrayLike]) -> Array:
    error, own = None, np.zeros(1 + size)
    try:
        own[1:] = compute()
    except Exception as raised:  # noqa: BLE001 - whatever it is, the others would wait
        error, own[0] = raised, 1.0
    failed, *_ = found = workers.reduce(own, "sum" if how == "sum" else "max")
    if failed:
        _fail(workers, error)
    if how == "logsumexp":
        greatest = np.where(np.isfinite(found), found, 0.0)
        with np.errstate(divide="ignore"):
            found = greatest + np.log(workers.reduce(np.exp(own - greatest), "sum"))
    return found[1:]


def _fail(workers: Group, error: Exception | None) -> None:
    """Raise the worker's own error, or tell of that of the first worker that has one."""
    place = 0.0 if error is None else float(workers.size - workers.rank)
    first = workers.size - int(workers.reduce(np.array([place]), "max")[0])
    text = _shared_text(workers, str(error) if workers.rank == first else "")
    told = ValueError(f"worker {first} of {workers.size} refused its rows: {text}")
    raise _AllKnow(told if error is None else error)


def _shared_text(workers: Group, own: str = "") -> str:
    """Return the text of the one worker that has one."""
    letters = np.frombuffer(own.encode(errors="replace"), np.uint8).astype(float)
    size = int(workers.reduce(np.array([float(letters.size)]), "sum")[0])
    shared = np.zeros(1 + size)
    shared[1 : 1 + letters.size] = letters
    return workers.reduce(shared, "sum")[1:].astype(np.uint8).tobytes().decode()
