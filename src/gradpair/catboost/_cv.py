"""Cross-validation in CatBoost's native API, every fold from its own start."""

from collections.abc import Iterable, Mapping
from typing import Any

import catboost as cb
import numpy as np

from gradpair._hosts import params as checks
from gradpair._hosts.callables import Hessian
from gradpair._validation import Array
from gradpair.catboost import _model, _params, _pools, _training
from gradpair.losses import Loss

Split = tuple[Array, Array]  # positions of the rows to train on, and of those held out


def cv(
    params: Mapping[str, Any],
    pool: cb.Pool,
    num_boost_round: int | None = None,
    *,
    loss: Loss,
    constant: float | None = None,
    hessian: Hessian | None = None,
    fold_count: int = 3,
    stratified: bool = True,
    shuffle: bool = True,
    partition_random_seed: int = 0,
    folds: Any = None,
    early_stopping_rounds: int | None = None,
    as_pandas: bool = True,
    return_models: bool = False,
    **options: Any,
) -> Any:
    """Cross-validate like :func:`catboost.cv`, with a loss in place of the objective.

    Each fold starts at the optimal constant of its own training rows, and is trained by itself:
    CatBoost's own function has one start for all. So its rows are split here, by NumPy.

    Parameters
    ----------
    params, num_boost_round, loss, hessian
        As in :func:`train`.
    pool : catboost.Pool
        The rows; those of one group stay together only in ``folds`` that say so.
    constant : float or None
        Log-odds from which every fold starts; None fits it in each.
    fold_count, stratified, shuffle, partition_random_seed
        How the rows are split where ``folds`` is None: into how many parts, each with the same
        share of positives, in an order drawn with the seed.
    folds : iterable of (train, test), splitter of scikit-learn, or None
        Positions of rows; a splitter gets the labels.
    early_stopping_rounds : int or None
        Rounds without a better mean of ``eval_metric`` over the folds, after which the result ends.
        The folds are trained to the last round before. None takes them from the parameters.
    as_pandas : bool
        Whether the result is a frame or a dict of lists.
    return_models : bool
        Whether to return the folds' models too, with as many rounds as the result has.
    **options
        As in :func:`train`.

    Returns
    -------
    pandas.DataFrame or dict, or a pair of it and a list of CatBoostClassifier
        As from :func:`catboost.cv`: ``iterations``, and means and standard deviations over the
        folds in each round, as ``test-focal_loss-mean``.

    Raises
    ------
    ValueError, TypeError
        As in :func:`train`; ``od_pval``; and a fold whose training rows are of one class, by its
        number.

    Examples
    --------
    >>> import catboost as cb, numpy as np
    >>> import gradpair as gp
    >>> X, y = np.arange(600.0).reshape(-1, 1), np.tile([0, 0, 1], 200)
    >>> loss, params = gp.BinaryCrossEntropy(), {"verbose": False}
    >>> result = gp.catboost.cv(params, cb.Pool(X, y), 5, loss=loss, as_pandas=False)
    >>> sorted(result)[1], len(result["test-binary_cross_entropy-mean"])
    ('test-binary_cross_entropy-mean', 5)
    """
    given = checks.training_params(params, loss, "pool", pool, cb.Pool)
    shown = _params.with_rounds(given, num_boost_round)
    given = dict(shown)
    constant = _params.requested_constant(given, constant)
    given["use_best_model"] = False
    patience = _patience(given, early_stopping_rounds)
    held = _pools.fields(pool, "pool")
    if folds is None:
        folds = _drawn(
            pool,
            held.y,
            fold_count,
            stratified=stratified,
            shuffle=shuffle,
            seed=partition_random_seed,
        )
    models: list[tuple[cb.CatBoost, float]] = []
    for number, (rows, test) in enumerate(_splits(folds, held.y)):
        train_rows, test_rows = pool.slice(_positions(rows)), pool.slice(_positions(test))
        fold = _fields_of_fold(train_rows, number)
        fitted = _training.fitted_constant(fold, loss) if constant is None else constant
        models.append(
            _training.fit(
                given,
                train_rows,
                fold,
                [test_rows],
                loss=loss,
                start=_training.Start(fitted),
                hessian=hessian,
                options=options,
            )
        )
    told = _means([model.get_evals_result() for model, _ in models])
    rounds = len(told["iterations"])
    if patience is not None:
        rounds = _stopped(_watched(told, given, loss), patience)
    result: Any = {name: values[:rounds] for name, values in told.items()}
    if as_pandas:
        import pandas as pd  # noqa: PLC0415 - CatBoost needs it itself

        result = pd.DataFrame(result)
    if not return_models:
        return result
    shown = _params.without_objects(shown)
    natives = [_model.with_shift(model, shift, params=shown) for model, shift in models]
    for native in natives:
        native.shrink(rounds)
    return result, natives


def _patience(given: dict[str, Any], rounds: int | None) -> int | None:
    """Take what stops a training out of the parameters, and return the rounds to wait."""
    named, kind, wait, threshold = (
        given.pop(name, None) for name in ("early_stopping_rounds", "od_type", "od_wait", "od_pval")
    )
    if threshold:
        msg = (
            f"od_pval={threshold!r} stops one training, and cv stops by the mean of all folds; "
            f"drop it, or pass early_stopping_rounds=."
        )
        raise ValueError(msg)
    if kind == "Iter" and wait is None:
        wait = 20  # CatBoost's own
    rounds = named if rounds is None else rounds
    return wait if rounds is None and kind in (None, "Iter") else rounds


def _drawn(
    pool: cb.Pool, y: Array, count: int, *, stratified: bool, shuffle: bool, seed: int
) -> list[Split]:
    """Split the rows into ``count`` parts, with equal shares of the labels if asked for."""
    if pool.get_group_id_hash() is not None:
        msg = "the pool has groups, which must stay together; pass folds=."
        raise ValueError(msg)
    if not 2 <= count <= y.size:
        msg = f"fold_count must be from 2 to the number of rows, {y.size}; got {count}."
        raise ValueError(msg)
    order = np.random.default_rng(seed).permutation(y.size) if shuffle else np.arange(y.size)
    if stratified:
        order = order[np.argsort(y[order], kind="stable")]
        parts = [np.sort(order[i::count]) for i in range(count)]
    else:
        parts = [np.sort(part) for part in np.array_split(order, count)]
    return [(np.setdiff1d(np.arange(y.size), part), part) for part in parts]


def _splits(folds: Any, y: Array) -> Iterable[Split]:
    if hasattr(folds, "split"):
        return list(folds.split(np.zeros((y.size, 1)), y))
    return list(folds)


def _positions(rows: Any) -> Array:
    return np.asarray(rows, dtype=np.intp)


def _fields_of_fold(rows: cb.Pool, number: int) -> _pools.Fields:
    """Return what the training rows of a fold hold, and say which one if it is of one class."""
    label = np.asarray(rows.get_label())
    if label.min() == label.max():
        msg = (
            f"training rows of fold {number}, the first being 0, are of one class; leave "
            f"stratified=True, or pass folds= with both classes in each."
        )
        raise ValueError(msg)
    return _pools.fields(rows, "pool")


def _means(histories: list[dict[str, dict[str, list[float]]]]) -> dict[str, list[Any]]:
    """Return means and deviations over the folds, named as in the host."""
    first = histories[0]
    told: dict[str, list[Any]] = {}
    for part, known in (("test", "validation"), ("train", "learn")):
        for name in sorted(first[known]):
            values = np.array([history[known][name] for history in histories])
            told[f"{part}-{name}-mean"] = values.mean(axis=0).tolist()
            told[f"{part}-{name}-std"] = values.std(axis=0, ddof=len(values) > 1).tolist()
    rounds = max(map(len, told.values()))
    return {"iterations": list(range(rounds)), **told}


def _watched(told: Mapping[str, list[float]], params: Mapping[str, Any], loss: Loss) -> Array:
    """Return the mean of the metric to watch in every round, so that less is better."""
    asked = params.get("eval_metric")
    if asked is None:
        return np.array(told[f"test-{loss.name}-mean"])
    if isinstance(asked, str):
        asked = _built_in(asked)
    named = isinstance(asked, cb.metrics.BuiltinMetric)
    name = str(asked) if named else type(asked).__name__
    means = np.array(told[f"test-{name}-mean"])
    return -means if asked.is_max_optimal() else means


def _built_in(text: str) -> Any:
    """Return the metric of CatBoost that is written as ``F:beta=2``."""
    name, _, rest = text.partition(":")
    options = dict(part.split("=", 1) for part in rest.split(";") if part)
    return getattr(cb.metrics, name)(**options)


def _stopped(means: Array, patience: int) -> int:
    """Return how many rounds there are until the metric has not bettered for so many."""
    best = 0
    for at, value in enumerate(means):
        if value < means[best]:
            best = at
        elif at - best >= patience:
            return at + 1
    return means.size
