"""The function that compares."""

import importlib.metadata
import platform
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradpair.compare import _candidates, _inputs, _validation
from gradpair.compare._progress import REPORT, Folder
from gradpair.compare._report import Comparison

Progress = Callable[[int, int, str], None]


def compare(
    X: Any,
    y: ArrayLike,
    *,
    estimator: Any = None,
    losses: Any = None,
    costs: tuple[ArrayLike, ArrayLike] | None = None,
    positive: Any = None,
    cv: Any = None,
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    random_state: int | None = 0,
    n_jobs: int | None = None,
    out: Any = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> Comparison:
    """Compare losses with the host's built-in objective, on the same folds of your data.

    Every candidate is trained on the same rows with the same estimator. A fifth of the rows to
    train on is held out from it: early stopping watches it, and Platt's line is fitted on it. The
    test rows of a fold are only scored.

    Parameters
    ----------
    X : array, sparse matrix or data frame of shape (n_samples, n_features)
        Missing values and columns of categories go to the host as they are; columns of text
        become categories.
    y : array-like of shape (n_samples,)
        Labels of two classes.
    estimator : XGBClassifier, LGBMClassifier, str or None
        The host's estimator as you configured it. It is cloned, never changed; its early stopping,
        if it has any, watches the inner rows. The name of a host, or None for the one that is
        installed, is :func:`default_estimator`.
    losses : list, dict or None
        What to compare with the built-in objective: losses, callables
        ``(y_true, sample_weight) -> Loss``, or names: ``"spw"`` (the built-in objective with
        ``scale_pos_weight`` = zeros / ones), ``"bce"`` (cross-entropy from the right start),
        ``"wce"`` (:meth:`WeightedCrossEntropy.balanced <gradpair.WeightedCrossEntropy.balanced>`),
        ``"wce:3"``, ``"focal:2"``, ``"focal:2:0.5"`` (gamma, alpha), ``"asymmetric:0:4:0.05"``
        (gammas, margin), ``"gce:0.7"``, ``"poly:1"``. A dict names its candidates.
        None is ``["spw", "bce", "wce", "focal:1", "focal:2"]``. Losses replace what the estimator
        says of weights of classes and of the start.
    costs : (false_negative, false_positive) or None
        What a missed positive and a false alarm cost, numbers or arrays of one per row. None is 1
        for both, and leaves costs out of the verdict.
    positive : label or None
        The positive class, whose rest is the negative one; None is the second in order of two.
    cv : int, splitter or None
        None is ``RepeatedStratifiedKFold`` of 5 folds and 2 repeats; with groups
        ``StratifiedGroupKFold`` of 5.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of at least 0, in training and in every metric.
    groups : array-like of shape (n_samples,) or None
        Rows of one group stay together.
    random_state : int or None
        Of the folds.
    n_jobs : int or None
        How many folds run at a time, in threads that share X; None is 1, -1 all cores. The host
        has threads of its own: more folds at a time help an estimator of ``n_jobs=1``.
    out : path or None
        A folder: ``results.csv`` is written there after every fold, ``report.html`` at the end.
    resume : bool
        Whether to go on from the finished folds that ``out`` has of the same comparison.
    progress : callable or None
        Called after every fit with how many are done, how many there are, and the candidate.

    Returns
    -------
    Comparison
        Print it, or show it in a notebook.

    Raises
    ------
    ValueError
        Labels of other than two classes, folds that a class is missing from, an unknown loss,
        weights or costs that are negative, a folder with another comparison.
    TypeError
        An estimator of another kind.

    Notes
    -----
    A candidate that fails on a fold is reported as failed, and the others go on.

    References
    ----------
    Nadeau and Bengio, Inference for the Generalization Error (2003); Bouckaert and Frank,
    Evaluating the Replicability of Significance Tests for Comparing Learning Algorithms (2004);
    Holm, A Simple Sequentially Rejective Multiple Test Procedure (1979).

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from gradpair.compare import compare, default_estimator
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> estimator = default_estimator("xgboost", rounds=20)
    >>> comparison = compare(X, y, estimator=estimator, losses=["bce"], cv=3)
    >>> comparison.verdict
    'no loss is better than the built-in on this data: keep it'
    """
    data = _inputs.checked(X, y, sample_weight, costs, positive)
    trainer, data = _candidates.Trainer.of(estimator, data)
    candidates = _candidates.candidates(losses, trainer)
    folds = _validation.folds_of(cv, data, groups, random_state)
    settings = _settings(data, trainer, candidates, folds)
    settings |= {
        "splitter": _plain(_validation.splitter(cv, data.y, groups, random_state)),
        "random_state": str(random_state),
        "costs_given": costs is not None,
        "weighted": data.weight is not None,
        "data": _inputs.digest(data, [fold.test for fold in folds]),
    }
    if resume and out is None:
        msg = "resume=True goes on from a folder; name it with out=."
        raise ValueError(msg)
    folder = None if out is None else Folder(out)
    done = [] if folder is None else folder.begin(settings, len(folds), resume=resume)
    failed = {name: why for fold in done for name, why in fold.failures.items()}
    told = _Told(progress, len(candidates), len(folds), len(done))
    runner = _validation.Runner(data, trainer, candidates, failed, told)
    finished = {fold.fold for fold in done}
    for result in runner.run([f for f in folds if f.number not in finished], n_jobs):
        done.append(result)
        if folder is not None:
            folder.add(result, done)
    done.sort(key=lambda fold: fold.fold)
    comparison = Comparison([str(c.name) for c in candidates], done, settings)
    if folder is not None:
        folder.write(REPORT, comparison.to_html())
    return comparison


class _Told:
    """Counts fits for the user's callable."""

    def __init__(self, progress: Progress | None, candidates: int, folds: int, done: int) -> None:
        self._progress = progress
        self._count, self._total = candidates * done, candidates * folds

    def __call__(self, candidate: str) -> None:
        self._count += 1
        if self._progress is not None:
            self._progress(self._count, self._total, candidate)


def _settings(data: Any, trainer: Any, candidates: Any, folds: Any) -> dict[str, Any]:
    """Return what repeats the comparison, in values that JSON can hold."""
    ones = int(data.y.sum())
    packages = ["gradpair", trainer.host.name, "scikit-learn", "numpy"]
    versions = {name: _version(name) for name in packages}
    params = trainer.estimator.get_params(deep=False)
    changed = {k: _plain(v) for k, v in params.items() if v is not None}
    return {
        "rows": int(data.y.size),
        "columns": int(np.shape(data.features)[1]),
        "positive": str(data.classes[1]),
        "negative": str(data.classes[0]),
        "positives": ones,
        "estimator": type(trainer.estimator).__name__,
        "parameters": changed,
        "candidates": [str(candidate) for candidate in candidates],
        "false_negative": _cost(data.costs.false_negative),
        "false_positive": _cost(data.costs.false_positive),
        "threshold": None if data.costs.threshold.ndim else float(data.costs.threshold),
        "folds": len(folds),
        "versions": {"Python": platform.python_version(), **versions},
    }


def _cost(cost: Any) -> str:
    return "one per row" if cost.ndim else f"{float(cost):g}"


def _plain(value: Any) -> str:
    """Return a value as text that the next process gives too."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return str(getattr(sys.modules.get(package), "__version__", "unknown"))
