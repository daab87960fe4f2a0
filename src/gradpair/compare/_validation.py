"""Folds, and the fits and scores of every candidate on each of them."""

import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from types import FrameType
from typing import Any

import numpy as np
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedGroupKFold, check_cv

from gradpair._hosts.calibration import Line, fitted_line
from gradpair._intercept import optimal_constant
from gradpair._validation import Array
from gradpair.compare._candidates import Candidate, Trainer
from gradpair.compare._inputs import Data
from gradpair.compare._scores import curves, scores
from gradpair.losses import BinaryCrossEntropy

FOLDS, REPEATS = 5, 2
_INNER = 0.2  # of the rows to train on, for early stopping and recalibration

Told = Callable[[str], None]


@dataclass(frozen=True)
class Fold:
    """Positions of rows: to train on, to stop and recalibrate on, to score."""

    number: int
    train: Array
    inner: Array
    test: Array


@dataclass
class FoldResult:
    """What came out of one fold, in plain numbers that JSON can hold."""

    fold: int
    n_train: int
    n_test: int
    positives: int
    negatives: int
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    curves: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


def splitter(cv: Any, y: Array, groups: Any, random_state: Any) -> Any:
    """Return what splits: the default one, of a number of folds, or the user's."""
    if cv is None or isinstance(cv, int | np.integer):
        folds = FOLDS if cv is None else int(cv)
        if folds < 2:
            msg = f"cv must be at least 2 folds; got {cv}."
            raise ValueError(msg)
        if groups is not None:
            return StratifiedGroupKFold(folds, shuffle=True, random_state=random_state)
        repeats = REPEATS if cv is None else 1
        return RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=random_state)
    return check_cv(cv, y, classifier=True)


def folds_of(cv: Any, data: Data, groups: Any, random_state: Any) -> list[Fold]:
    """Split the rows, and refuse folds on which nothing can be told."""
    if groups is not None:
        groups = np.asarray(groups)
        if groups.shape != data.y.shape:
            msg = f"groups must have one value per row; got {groups.shape} for {data.y.size} rows."
            raise ValueError(msg)
    splits = splitter(cv, data.y, groups, random_state)
    seeds = np.random.SeedSequence(random_state if isinstance(random_state, int) else 0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")  # we refuse, and say more
        try:
            pairs = list(splits.split(np.zeros((data.y.size, 1)), data.y, groups))
        except ValueError as error:
            raise ValueError(_few(data, "the rows cannot be split: " + str(error))) from error
    found = []
    for number, ((rows, test), seed) in enumerate(zip(pairs, seeds.spawn(len(pairs)), strict=True)):
        _check_classes(data, rows, test, f"fold {number + 1} of {len(pairs)}")
        train, inner = _inner_split(rows, data.y, groups, np.random.default_rng(seed))
        if any(np.unique(data.y[part]).size < 2 for part in (train, inner)):
            what = f"fold {number + 1} of {len(pairs)} has groups that leave no rows of a class"
            raise ValueError(_few(data, f"{what} for early stopping or for training"))
        found.append(Fold(number, train, inner, test))
    return found


def _check_classes(data: Data, rows: Array, test: Array, where: str) -> None:
    """Require a row of each class to score, and two to train and to stop on."""
    for part, least, use in ((test, 1, "score"), (rows, 2, "train")):
        ones = int(data.y[part].sum())
        for count, label in zip((part.size - ones, ones), data.classes, strict=True):
            if count < least:
                what = f"{where} has {count} row{'s' * (count != 1)} of {label!r} to {use} on"
                raise ValueError(_few(data, what))


def _few(data: Data, what: str) -> str:
    ones = int(data.y.sum())
    negative, positive = data.classes
    counts = f"y has {ones} rows of {positive!r} and {data.y.size - ones} of {negative!r}"
    return f"{what}; {counts}. Use fewer folds, or more rows."


def _inner_split(
    rows: Array, y: Array, groups: Any, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Hold a fifth of each class out of training, whole groups where there are groups."""
    held = np.zeros(rows.size, dtype=bool)
    if groups is not None:
        names = np.unique(groups[rows])
        some = rng.permutation(names)[: max(1, round(_INNER * names.size))]
        held = np.isin(groups[rows], some)
    else:
        for label in (0, 1):
            of_class = rng.permutation(np.flatnonzero(y[rows] == label))
            held[of_class[: max(1, round(_INNER * of_class.size))]] = True
    return rows[~held], rows[held]


@dataclass
class Runner:
    """Fits every candidate on every fold that is not done yet."""

    data: Data
    trainer: Trainer
    candidates: Sequence[Candidate]
    failed: dict[str, str]
    told: Told
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self, folds: Sequence[Fold], n_jobs: int | None) -> Iterator[FoldResult]:
        """Yield the result of each fold when it is done.

        Folds share the rows and the process: the hosts compute without Python's lock, and threads
        need no copy of the data.
        """
        workers = _workers(n_jobs)
        with _noticed(self._stop):
            if workers == 1:
                yield from map(self.fold, folds)
                return
            with ThreadPoolExecutor(workers) as pool:
                try:
                    for done in as_completed([pool.submit(self.fold, fold) for fold in folds]):
                        yield done.result()
                finally:
                    self._stop.set()
                    pool.shutdown(wait=True, cancel_futures=True)

    def fold(self, fold: Fold) -> FoldResult:
        """Fit and score every candidate; they share the rows of the fold."""
        train, inner, test = (self.data.take(rows) for rows in (fold.train, fold.inner, fold.test))
        ones = int(test.y.sum())
        result = FoldResult(
            fold.number, fold.train.size + fold.inner.size, test.y.size, ones, test.y.size - ones
        )
        for candidate in self.candidates:
            if candidate.name not in self.failed:
                self._fit(candidate, (train, inner, test), result)
            if self._stop.is_set():
                raise KeyboardInterrupt
            self.told(candidate.name)
        return result

    def _fit(self, candidate: Candidate, parts: tuple[Data, Data, Data], to: FoldResult) -> None:
        train, inner, test = parts
        try:
            fitted = self.trainer.fit(candidate, train, inner)
            line = recalibration(fitted.margin(inner.features), inner)
            margins = np.asarray(fitted.margin(test.features), dtype=float)
            found = scores(test, margins, line) | {"seconds": fitted.seconds}
            drawn = curves(test, margins, line)
        except Exception as error:  # noqa: BLE001 - the others go on
            told = f"{type(error).__name__}: {' '.join(str(error).split())}"
            self.failed[candidate.name] = to.failures[candidate.name] = told
            return
        to.scores[candidate.name], to.curves[candidate.name] = found, drawn


@contextlib.contextmanager
def _noticed(interrupted: threading.Event) -> Iterator[None]:
    """Set the event at Ctrl-C, and raise at a second one alone.

    Where a host calls Python back from C, XGBoost swallows the exception (3.2) or crashes (2.1.4).
    """
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        yield
        return

    def handler(number: int, frame: FrameType | None) -> None:
        again = interrupted.is_set()
        interrupted.set()
        if again or previous is not signal.default_int_handler:
            previous(number, frame)
        else:
            sys.stderr.write("the running training ends first; interrupt again to stop at once\n")

    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def recalibration(margins: Array, rows: Data) -> Line:
    """Fit Platt's line; a model that ranks the rows backwards tells nothing but their share."""
    with contextlib.suppress(ValueError):
        return fitted_line(margins, rows.y, rows.weight, "platt")
    constant = optimal_constant(BinaryCrossEntropy(), rows.y, sample_weight=rows.weight)
    return Line(0.0, constant)


def _workers(n_jobs: int | None) -> int:
    """Return how many folds run at a time, counted as joblib does."""
    if n_jobs is None:
        return 1
    if not isinstance(n_jobs, int | np.integer) or isinstance(n_jobs, bool) or n_jobs == 0:
        msg = f"n_jobs must be None or an integer other than 0; got {n_jobs!r}."
        raise ValueError(msg)
    cores = os.cpu_count() or 1
    return int(n_jobs) if n_jobs > 0 else max(1, cores + 1 + int(n_jobs))
