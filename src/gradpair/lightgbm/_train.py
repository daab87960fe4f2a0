"""LightGBM: losses as its custom objective and metric, and training that gets everything right."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, final

import lightgbm as lgb
import numpy as np
from numpy.typing import ArrayLike

from gradpair import _validation
from gradpair._hosts import callables as _adapter
from gradpair._intercept import optimal_constant
from gradpair._validation import Array
from gradpair.lightgbm import _model as _lightgbm_model
from gradpair.losses import Loss, check_loss

__all__ = ["cv", "metric", "native", "objective", "to_native", "train"]

_Fields = tuple[Array | None, Array | None, Array | None]  # label, weight, init_score

_OBJECTIVE = ("objective", "objective_type", "app", "application", "loss")
_BOOSTING = ("boosting", "boosting_type", "boost")
_METRIC = ("metric", "metrics", "metric_types")
_LEAST_ROWS = (
    "min_data_in_leaf",
    "min_child_samples",
    "min_data_per_leaf",
    "min_data",
    "min_samples_leaf",
)
# Metrics that a constant cannot change, and the words for none. The others take a margin for a
# probability where the objective is custom (seen in 4.7.0).
_RANKING_METRICS = frozenset({"auc", "average_precision"})
_NO_METRIC = frozenset({"", "none", "null", "na", "custom"})
# (name and aliases), the value without effect, and what to do instead
_IGNORED: tuple[tuple[tuple[str, ...], float, str], ...] = (
    (("scale_pos_weight",), 1, "pass loss=gradpair.WeightedCrossEntropy(alpha={value})"),
    (
        ("is_unbalance", "unbalance", "unbalanced_sets"),
        0,
        "pass loss=gradpair.WeightedCrossEntropy.balanced(y_true)",
    ),
    (
        ("pos_bagging_fraction", "pos_sub_row", "pos_subsample", "pos_bagging"),
        1,
        "use bagging_fraction, or weight the positives through the loss",
    ),
    (
        ("neg_bagging_fraction", "neg_sub_row", "neg_subsample", "neg_bagging"),
        1,
        "use bagging_fraction, or weight the positives through the loss",
    ),
    (("sigmoid",), 1, "note that the model predicts sigmoid(raw score)"),
    (("num_class", "num_classes"), 1, "note that gradpair is for binary targets"),
)


class _LightGBM(_adapter.HostCallable):
    """Marks a callable as LightGBM's."""

    host = "lightgbm"
    data_type = lgb.Dataset


@final
@dataclass(frozen=True)
class Objective(_LightGBM, _adapter.ObjectiveCallable):
    """What :func:`objective` returns."""


@final
@dataclass(frozen=True)
class Metric(_LightGBM, _adapter.MetricCallable):
    """What :func:`metric` returns."""

    def __call__(
        self, first: Any, second: Any, sample_weight: ArrayLike | None = None
    ) -> tuple[str, float, bool]:
        """Return the name, the value and that higher is not better."""
        return self.name, self.mean(first, second, sample_weight), False


def objective(
    loss: Loss,
    *,
    start: float = 0.0,
    hessian: _adapter.Hessian | None = None,
    hessian_floor: float = _adapter.HESSIAN_FLOOR,
) -> Objective:
    """Make a loss LightGBM's custom objective, for its native API and its estimators alike.

    Pass it as ``params["objective"]`` of ``lightgbm.train``, to ``Booster.update(fobj=)`` or as
    ``LGBMClassifier(objective=)``. LightGBM then starts at the raw score 0, predicts raw scores,
    and misreads them as probabilities in its built-in ``binary_logloss``; :func:`train` mends all
    three. ``scale_pos_weight``, ``is_unbalance``, ``boost_from_average`` and
    ``pos_bagging_fraction`` have no effect beside it.

    Parameters
    ----------
    loss : Loss
        The loss to minimise.
    start : float
        Constant raw score that is added to the predictions before the derivatives are taken.
    hessian : {"exact", "positive"} or None
        The exact second derivative, or the one without its negative terms. None is "exact" for a
        convex loss, for which both are the same, and "positive" for any other.
    hessian_floor : float
        Least hessian of a row, before weights.

    Returns
    -------
    callable
        Immutable, picklable and free of state, so that threads may share it. It returns the
        weighted gradient and hessian of each row as fresh float32 arrays. It raises ``ValueError``
        for labels outside [0, 1] and for more than one target, ``TypeError`` for another host's
        data.

    Raises
    ------
    TypeError
        ``loss`` is not a :class:`~gradpair.Loss`, or a number is not one.
    ValueError
        A number or a name outside its range.

    Examples
    --------
    >>> import lightgbm as lgb, numpy as np
    >>> import gradpair as gp
    >>> X, y = np.arange(50.0).reshape(-1, 1), np.repeat([0, 1], [40, 10])
    >>> obj = gp.lightgbm.objective(gp.WeightedCrossEntropy(alpha=3.0))
    >>> obj(y[39:41], np.zeros(2))
    (array([ 0.5, -1.5], dtype=float32), array([0.25, 0.75], dtype=float32))
    >>> params = {"objective": obj, "verbosity": -1}
    >>> booster = lgb.train(params, lgb.Dataset(X, y), num_boost_round=3)
    """
    return Objective(loss=loss, start=start, hessian=hessian, hessian_floor=hessian_floor)


def metric(
    loss: Loss,
    *,
    start: float = 0.0,
    input: Literal["raw", "probability"] = "raw",  # noqa: A002 - the argument of the predictions
    name: str | None = None,
) -> Metric:
    """Make the weighted mean of a loss a metric, for LightGBM's native API and its estimators.

    Pass it as ``lightgbm.train(..., feval=)`` or as ``LGBMClassifier.fit(..., eval_metric=)``.

    Parameters
    ----------
    loss : Loss
        The loss to report.
    start : float
        Constant raw score that is added to the predictions.
    input : {"raw", "probability"}
        What LightGBM passes: raw scores beside a custom objective, probabilities beside a built-in
        one.
    name : str or None
        Name in the evaluation log; None names the loss and its parameters.

    Returns
    -------
    callable
        Immutable and picklable. Lower is better.

    Raises
    ------
    TypeError
        ``loss`` is not a :class:`~gradpair.Loss`, or ``start`` is not a number.
    ValueError
        ``input`` is neither of the two.

    Examples
    --------
    >>> import numpy as np
    >>> import gradpair as gp
    >>> weighted = gp.lightgbm.metric(gp.WeightedCrossEntropy(alpha=3.0))
    >>> name, value, higher_is_better = weighted(np.array([1, 0]), np.array([0.0, 0.0]))
    >>> name, round(value, 6), higher_is_better
    ('weighted_cross_entropy(alpha=3)', 1.386294, False)
    """
    return Metric.of(loss, start, input, name)


def train(  # noqa: PLR0917 - the host's signature
    params: Mapping[str, Any],
    train_set: lgb.Dataset,
    num_boost_round: int = 100,
    valid_sets: list[lgb.Dataset] | None = None,
    valid_names: list[str] | None = None,
    feval: Callable[..., Any] | Sequence[Callable[..., Any]] | None = None,
    init_model: str | Path | lgb.Booster | None = None,
    keep_training_booster: bool = False,
    callbacks: list[Callable[..., Any]] | None = None,
    *,
    loss: Loss,
    constant: float | None = None,
    hessian: _adapter.Hessian | None = None,
    hessian_floor: float = _adapter.HESSIAN_FLOOR,
) -> lgb.Booster:
    """Train like :func:`lightgbm.train`, with a loss in place of the objective.

    The model starts at the optimal constant of its training rows, is evaluated by the weighted mean
    of its loss, and comes back as a plain Booster of objective ``binary``: its ``predict`` gives
    probabilities that include the start, also after it was saved and loaded where gradpair is not
    installed. Nothing passed in is changed, except that LightGBM constructs the Datasets and, after
    a model was continued on them, leaves an ``init_score`` of zeros.

    Parameters
    ----------
    params, train_set, num_boost_round, valid_sets, valid_names, callbacks
        As in :func:`lightgbm.train`. Early stopping watches the loss; of the built-in metrics,
        ``auc`` and ``average_precision`` can be asked for, and LightGBM then stops at whichever
        metric stalls first. ``boost_from_average=True`` is what is done in any case, False starts
        at 0. A callback that predicts during training sees raw scores without the start.
    feval : callable, list of callables or None
        Replaces the metric. It is called with raw scores that include the start.
    init_model : str, Path, Booster or None
        Model to continue, of objective ``binary``. Its start is kept. Not on Datasets with an
        ``init_score``, which LightGBM would replace by the scores of the model.
    keep_training_booster : bool
        Must be False: the scores that such a Booster keeps would lack the start.
    loss : Loss
        The loss to minimise.
    constant : float or None
        Log-odds to start from; None fits it with :func:`~gradpair.optimal_constant`, on top of
        ``init_score`` where that is set. ``init_score`` itself is not saved, and must be added to
        the raw scores again when predicting.
    hessian, hessian_floor
        As in :func:`objective`.

    Returns
    -------
    lightgbm.Booster
        The constant is in the leaves of its first tree, where LightGBM's own objectives keep it.

    Raises
    ------
    ValueError
        A parameter that has no effect beside a custom objective (``scale_pos_weight``,
        ``is_unbalance``, ``pos_bagging_fraction``, ...), an objective that is not binary, a metric
        that LightGBM would compute wrongly, labels outside [0, 1], one class only, another
        constant for a continued model.
    TypeError
        ``train_set`` is not a Dataset, ``loss`` is not a Loss, ``params`` is not a dict.

    Examples
    --------
    >>> import lightgbm as lgb, numpy as np
    >>> import gradpair as gp
    >>> X, y = np.arange(90.0).reshape(-1, 1), np.repeat([0, 1], [60, 30])
    >>> loss = gp.WeightedCrossEntropy.balanced(y)
    >>> booster = gp.lightgbm.train({"verbosity": -1}, lgb.Dataset(X, y), 50, loss=loss)
    >>> booster.predict([[10.0], [80.0]]).round(1)
    array([0., 1.])
    """
    check_loss(loss)
    _adapter.check_data("train_set", train_set, lgb.Dataset)
    params, constant = _own_params(_adapter.copy_params(params), constant)
    if keep_training_booster:
        msg = (
            "keep_training_booster=True would keep scores without the start; leave it False and "
            "continue the returned model with init_model=."
        )
        raise ValueError(msg)
    valid = [valid_sets] if isinstance(valid_sets, lgb.Dataset) else list(valid_sets or ())
    data_sets = [train_set, *(rows for rows in valid if isinstance(rows, lgb.Dataset))]
    if init_model is not None:
        init_model, start = _continuable(init_model, constant), 0.0
        _check_no_offsets(data_sets, params)
    else:
        start = _fitted_constant(train_set, loss, params) if constant is None else constant
    params["objective"] = objective(loss, start=start, hessian=hessian, hessian_floor=hessian_floor)
    if train_set.label is not None and not _is_constructed(train_set):
        params |= _keep_features({**(train_set.params or {}), **params}, len(train_set.label))
    with _scores_put_back(data_sets, init_model), _explained():
        booster = lgb.train(
            params,
            train_set,
            num_boost_round,
            valid_sets=valid_sets,
            valid_names=valid_names,
            feval=metric(loss, start=start) if feval is None else _shifted(feval, start),
            init_model=init_model,
            callbacks=callbacks,
        )
    return _lightgbm_model.native(booster, start)


def cv(  # noqa: PLR0917 - the host's signature
    params: Mapping[str, Any],
    train_set: lgb.Dataset,
    num_boost_round: int = 100,
    folds: Any = None,
    nfold: int = 5,
    stratified: bool = True,
    shuffle: bool = True,
    metrics: str | list[str] | None = None,
    feval: Callable[..., Any] | Sequence[Callable[..., Any]] | None = None,
    init_model: str | Path | lgb.Booster | None = None,
    fpreproc: Callable[..., Any] | None = None,
    seed: int = 0,
    callbacks: list[Callable[..., Any]] | None = None,
    eval_train_metric: bool = False,
    return_cvbooster: bool = False,
    *,
    loss: Loss,
    constant: float | None = None,
    hessian: _adapter.Hessian | None = None,
    hessian_floor: float = _adapter.HESSIAN_FLOOR,
) -> dict[str, Any]:
    """Cross-validate like :func:`lightgbm.cv`, with a loss in place of the objective.

    Each fold starts at the optimal constant of its own training rows.

    Parameters
    ----------
    params, train_set, num_boost_round, folds, nfold, stratified, shuffle, fpreproc, seed, \
callbacks, eval_train_metric, return_cvbooster
        As in :func:`lightgbm.cv`. Early stopping watches the loss and the metrics asked for. The
        boosters of ``return_cvbooster`` predict probabilities, like those of :func:`train`.
    metrics, feval, init_model, loss, hessian, hessian_floor
        As in :func:`train`, ``metrics`` as ``metric`` there.
    constant : float or None
        Log-odds from which every fold starts; None fits it in each.

    Returns
    -------
    dict
        As from :func:`lightgbm.cv`: means and standard deviations over the folds in each round.

    Raises
    ------
    ValueError, TypeError
        As in :func:`train`.

    Examples
    --------
    >>> import lightgbm as lgb, numpy as np
    >>> import gradpair as gp
    >>> X, y = np.arange(600.0).reshape(-1, 1), np.tile([0, 0, 1], 200)
    >>> loss = gp.BinaryCrossEntropy()
    >>> result = gp.lightgbm.cv({"verbosity": -1}, lgb.Dataset(X, y), 5, nfold=3, loss=loss)
    >>> sorted(result)[0], len(result["valid binary_cross_entropy-mean"])
    ('valid binary_cross_entropy-mean', 5)
    """
    check_loss(loss)
    _adapter.check_data("train_set", train_set, lgb.Dataset)
    if metrics is not None:
        params = {**_adapter.copy_params(params), "metric": metrics}
    params, constant = _own_params(_adapter.copy_params(params), constant)
    if init_model is not None:
        init_model, constant = _continuable(init_model, constant), 0.0
        _check_no_offsets([train_set], params)
    starts: list[float] = []

    def start_fold(
        train_rows: lgb.Dataset, valid_rows: lgb.Dataset, fold_params: dict[str, Any]
    ) -> tuple[lgb.Dataset, lgb.Dataset, dict[str, Any]]:
        if fpreproc is not None:
            ours = fold_params["objective"]
            train_rows, valid_rows, fold_params = fpreproc(train_rows, valid_rows, fold_params)
            if fold_params.get("objective") == ours:
                del fold_params["objective"]
            fold_params, fold_constant = _own_params(dict(fold_params), constant)
            fold_params["objective"] = ours
        else:
            fold_constant = constant
        train_rows.construct()
        if fold_constant is None:
            fold_constant = _fitted_constant(train_rows, loss, fold_params)
        starts.append(fold_constant)
        for rows in (train_rows, valid_rows):
            offset = rows.construct().get_field("init_score")
            offset = np.zeros(rows.num_data()) if offset is None else offset
            rows.set_init_score(offset + starts[-1])
        return train_rows, valid_rows, fold_params

    params["objective"] = objective(loss, hessian=hessian, hessian_floor=hessian_floor)
    with _scores_put_back([train_set], init_model):
        results = lgb.cv(
            params,
            train_set,
            num_boost_round,
            folds=folds,
            nfold=nfold,
            stratified=stratified,
            shuffle=shuffle,
            feval=metric(loss) if feval is None else _functions(feval),
            init_model=init_model,
            fpreproc=start_fold,
            seed=seed,
            callbacks=callbacks,
            eval_train_metric=eval_train_metric,
            return_cvbooster=return_cvbooster,
        )
    if isinstance(folded := results.get("cvbooster"), lgb.CVBooster):
        pairs = zip(folded.boosters, starts, strict=True)
        folded.boosters = [_lightgbm_model.native(booster, start) for booster, start in pairs]
    return results


def to_native(
    booster: lgb.Booster, loss: Loss, *, constant: float, calibrated: bool = False
) -> lgb.Booster:
    """Turn a model of a custom objective into a plain one that predicts probabilities.

    For models that :func:`lightgbm.train` or an estimator made with :func:`objective`;
    :func:`train` returns such a model already, and can be passed with ``constant=0.0`` to calibrate
    it.

    Parameters
    ----------
    booster : lightgbm.Booster
        The model; of an estimator, its ``booster_``. It is not changed.
    loss : Loss
        The loss that it was trained with.
    constant : float
        What its raw scores lack: the ``start`` of its objective, or the ``init_score`` of its
        Dataset if that was the same for all rows.
    calibrated : bool
        Whether ``predict`` gives ``loss.calibrated_probability``, for a loss whose
        ``calibration_shift`` is a constant; otherwise it gives the sigmoid of the raw score.

    Returns
    -------
    lightgbm.Booster
        A model of objective ``binary``, with the constant in the leaves of its first tree. It
        converts to ONNX and treelite like any other; onnxmltools converts linear trees
        (``linear_tree=True``) wrongly, without an error, from LightGBM's own models too.

    Raises
    ------
    ValueError
        ``calibrated`` for a loss without a constant shift; a model of another built-in objective,
        of several classes, of averaged trees, or of no tree.
    TypeError
        ``booster`` is not a Booster, ``loss`` is not a Loss, ``constant`` is not a number.
    RuntimeError
        The model text is not as expected of this version of LightGBM.

    Examples
    --------
    >>> import lightgbm as lgb, numpy as np
    >>> import gradpair as gp
    >>> X, y = np.arange(90.0).reshape(-1, 1), np.repeat([0, 1], [60, 30])
    >>> loss = gp.WeightedCrossEntropy(alpha=3.0)
    >>> params = {"objective": gp.lightgbm.objective(loss, start=0.4), "verbosity": -1}
    >>> raw = lgb.train(params, lgb.Dataset(X, y), 50)
    >>> native = gp.lightgbm.to_native(raw, loss, constant=0.4)
    >>> native.predict([[10.0], [80.0]]).round(1)
    array([0., 1.])
    """
    check_loss(loss)
    _adapter.check_booster(booster, lgb.Booster, "model.booster_")
    shift = _validation.real("constant", constant)
    if calibrated:
        shift += _adapter.calibration_shift(loss)
    return _lightgbm_model.native(booster, shift)


def native(
    loss: Loss,
    y_true: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    *,
    totals: tuple[float, float] | None = None,
) -> tuple[dict[str, Any], Array | None]:
    """Give a loss as LightGBM's built-in objective, from the same start.

    The way without a Python callable: at full speed, on GPUs, on clusters. ``alpha`` goes into the
    weights, from which LightGBM computes its start; its ``scale_pos_weight`` starts at the
    unweighted log-odds, from which rare positives with a large weight can diverge.

    Parameters
    ----------
    loss : BinaryCrossEntropy or WeightedCrossEntropy
        Other losses have no equivalent.
    y_true : array-like of shape (n_samples,) or None
        Labels 0 and 1, all or those of one machine: LightGBM computes the start itself. None is
        enough for :class:`~gradpair.BinaryCrossEntropy`, if ``totals`` are given.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of at least 0.
    totals : (float, float) or None
        The weight of all 1s and of all 0s, where ``y_true`` is one machine's part and may have one
        class only.

    Returns
    -------
    params : dict
        ``objective`` and ``boost_from_average``, to merge into the parameters.
    weight : array of shape (n_samples,) or None
        The weights to train with, which include ``alpha``.

    Raises
    ------
    ValueError
        A loss without an equivalent, soft labels, no labels to weight, or what
        :func:`~gradpair.optimal_constant` refuses.

    Examples
    --------
    >>> import gradpair as gp
    >>> gp.lightgbm.native(gp.WeightedCrossEntropy(alpha=3.0), [1, 0, 0, 0])
    ({'objective': 'binary', 'boost_from_average': True}, array([3., 1., 1., 1.]))
    """
    builtin = _adapter.Builtin.of(loss, y_true, sample_weight, totals)
    if not builtin.hard:
        msg = "LightGBM's binary objective takes labels 0 and 1 only; pass soft labels to train."
        raise ValueError(msg)
    params = {"objective": "binary", "boost_from_average": True}
    if builtin.alpha == 1:
        return params, builtin.weight
    if builtin.y is None:
        msg = "alpha goes into the weights of the rows: pass y_true, this machine's labels."
        raise ValueError(msg)
    weight: Array = np.where(builtin.y == 1, builtin.alpha, 1.0)
    return params, weight if builtin.weight is None else weight * builtin.weight


def _check_no_offsets(data_sets: Sequence[lgb.Dataset], params: Mapping[str, Any]) -> None:
    """Refuse offsets that LightGBM would replace by the scores of the continued model."""
    for data in data_sets:
        offset = _fields(data, params)[2]
        if offset is not None and np.any(offset):
            msg = (
                "init_model= and init_score exclude each other: LightGBM replaces the offsets by "
                "the scores of the model. Train all rounds in one go, or drop init_score."
            )
            raise ValueError(msg)


def _keep_features(params: Mapping[str, Any], n_samples: int) -> dict[str, bool]:
    """Return parameters that keep features which so few rows cannot split.

    Without any feature LightGBM's own objectives predict their start, and others fail.
    """
    least = max((params[name] for name in _LEAST_ROWS if params.get(name) is not None), default=20)
    few = n_samples < 2 * float(least) and "feature_pre_filter" not in params
    return {"feature_pre_filter": False} if few else {}


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Say what LightGBM means where no feature is left (seen in 4.7.0)."""
    try:
        yield
    except lgb.basic.LightGBMError as error:
        if "num_features()" not in str(error):
            raise
        msg = (
            "LightGBM finds no feature to split on, and then trains its own objectives only: all "
            "features are constant, or feature_pre_filter has dropped them for want of rows."
        )
        raise ValueError(msg) from error


@contextlib.contextmanager
def _scores_put_back(
    data_sets: Sequence[lgb.Dataset], init_model: lgb.Booster | None
) -> Iterator[None]:
    """Undo that LightGBM puts the scores of a continued model into the user's Datasets.

    The next training would take them for the user's offsets, of which there were none.
    """
    try:
        yield
    finally:
        for data in data_sets if init_model is not None else ():
            if _is_constructed(data):
                data.set_init_score(np.zeros(data.num_data()))


def _own_params(
    params: dict[str, Any], constant: float | None
) -> tuple[dict[str, Any], float | None]:
    """Check the parameters; return them without the objective, and the constant asked for."""
    for name in _OBJECTIVE:
        _adapter.check_objective(params.pop(name, None), "binary")
    for names, neutral, way_out in _IGNORED:
        for name in names:
            _adapter.refuse(params, name, neutral, way_out)
    if any(params.get(name) in ("rf", "random_forest") for name in _BOOSTING):
        msg = (
            "LightGBM's random forests take no custom objective; use another boosting, or "
            "lightgbm.train with the parameters of gradpair.lightgbm.native(loss, y)."
        )
        raise ValueError(msg)
    asked = [name for alias in _METRIC for name in _asked_metrics(params.pop(alias, None))]
    params["metric"] = asked or "None"
    from_average = params.pop("boost_from_average", None)
    if constant is not None:
        return params, _validation.real("constant", constant)
    return params, 0.0 if from_average is not None and not _adapter.flag(from_average) else None


def _asked_metrics(value: object) -> list[str]:
    """Return the metrics of a parameter: one name, several with commas, or a collection of them."""
    if value is not None and not isinstance(value, str | list | tuple | set):
        msg = f"metric must be a name or a list of names; got {value!r}."
        raise TypeError(msg)
    items = [value] if isinstance(value, str) else list(value or ())
    names = [name.strip() for item in items for name in str(item).split(",")]
    asked = [name for name in names if name.lower() not in _NO_METRIC]
    for name in asked:
        if name not in _RANKING_METRICS:
            msg = (
                f"metric={name!r} would be computed from raw scores without the start; drop it, "
                f"use one of {sorted(_RANKING_METRICS)}, or pass gradpair.lightgbm.metric(...) as "
                f"the function of your own."
            )
            raise ValueError(msg)
    return asked


def _continuable(model: str | Path | lgb.Booster, constant: float | None) -> lgb.Booster:
    """Load the model to continue and check that it is one of probabilities."""
    if constant is not None:
        msg = (
            "a continued model keeps its own start; drop constant= and boost_from_average, or do "
            "not pass init_model."
        )
        raise ValueError(msg)
    booster = model if isinstance(model, lgb.Booster) else lgb.Booster(model_file=model)
    text = booster.model_to_string(num_iteration=1)
    if not _lightgbm_model.is_native(text):
        msg = (
            f"init_model has objective {_lightgbm_model.objective_of(text) or 'none'!r} and does "
            f"not predict sigmoid(raw score); only a model of objective 'binary', such as train "
            f"returns, can be continued."
        )
        raise ValueError(msg)
    return booster


def _fitted_constant(train_set: lgb.Dataset, loss: Loss, params: Mapping[str, Any]) -> float:
    label, weight, init_score = _fields(train_set, params)
    if label is None:
        msg = "train_set has no label; build it with lightgbm.Dataset(X, label=y)."
        raise ValueError(msg)
    return optimal_constant(loss, label, offset=init_score, sample_weight=weight)


def _fields(data: lgb.Dataset, params: Mapping[str, Any]) -> _Fields:
    """Read labels, weights and initial scores without constructing the user's Dataset.

    To construct it here would fix parameters such as max_bin before the training sees them.
    """
    if _is_constructed(data):
        return data.get_field("label"), data.get_field("weight"), data.get_field("init_score")
    if data.used_indices is not None and data.reference is not None:  # a subset
        label, weight, init_score = _fields(data.reference, params)
        rows = data.used_indices
        return _rows(label, rows), _rows(weight, rows), _rows(init_score, rows)
    own: tuple[Any, ...] = (data.label, data.weight, data.init_score)
    if data.label is None and isinstance(data.data, str | Path):  # the file has the label
        in_file = lgb.Dataset(data.data, params={**(data.params or {}), **params}).construct()
        pairs = zip(own, _fields(in_file, params), strict=True)
        own = tuple(found if given is None else given for given, found in pairs)
    label, weight, init_score = (None if field is None else _column(field) for field in own)
    # LightGBM stores the first two as float32.
    return _single(label), _single(weight), init_score


def _rows(field: Array | None, rows: Any) -> Array | None:
    return None if field is None else field[rows]


def _single(field: Array | None) -> Array | None:
    return None if field is None else field.astype(np.float32)


def _is_constructed(data: lgb.Dataset) -> bool:
    try:
        data.num_data()
    except lgb.basic.LightGBMError:
        return False
    return True


def _column(values: Any) -> Array:
    """Return a one-dimensional array; a DataFrame of one column is one too."""
    array = _validation.numeric("a field of train_set", values)
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _functions(
    feval: Callable[..., Any] | Sequence[Callable[..., Any]],
) -> list[Callable[..., Any]]:
    """Return the user's metrics, one or several, as a list."""
    return [feval] if callable(feval) else [function for function in feval if function is not None]


def _shifted(
    feval: Callable[..., Any] | Sequence[Callable[..., Any]], start: float
) -> list[Callable[..., Any]]:
    """Let the user's metrics see raw scores that include the start."""
    return [_adapter.ShiftedMetric(function, start) for function in _functions(feval)]
