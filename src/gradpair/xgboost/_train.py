"""XGBoost: losses as its custom objective and metric, and training that gets everything right."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
import xgboost as xgb
from numpy.typing import ArrayLike

from gradpair import _validation
from gradpair._hosts import callables as _adapter
from gradpair._intercept import optimal_constant
from gradpair._validation import Array
from gradpair.functional import logit, sigmoid
from gradpair.losses import Loss, check_loss
from gradpair.xgboost import _model as _xgboost_model

__all__ = ["cv", "metric", "native", "objective", "to_native", "train"]

_DROPOUT = ("rate_drop", "one_drop")  # without booster="dart" since 3.4
_DEFAULT_METRIC = "disable_default_eval_metric"
_RANKING_METRICS = ("auc", "aucpr", "pre", "ndcg", "map")


class _XGBoost(_adapter.HostCallable):
    """Marks a callable as XGBoost's."""

    host = "xgboost"
    data_type = xgb.DMatrix


@final
@dataclass(frozen=True)
class Objective(_XGBoost, _adapter.ObjectiveCallable):
    """What :func:`objective` returns."""


@final
@dataclass(frozen=True)
class Metric(_XGBoost, _adapter.MetricCallable):
    """What :func:`metric` returns."""

    @property
    def __name__(self) -> str:
        """What XGBoost's estimators call the metric."""
        return self.name

    def __call__(
        self, first: Any, second: Any, sample_weight: ArrayLike | None = None
    ) -> tuple[str, float] | float:
        """Return ``(name, value)`` to the native API and the value to the estimators."""
        value = self.mean(first, second, sample_weight)
        return (self.name, value) if isinstance(second, xgb.DMatrix) else value


def objective(
    loss: Loss,
    *,
    start: float = 0.0,
    hessian: _adapter.Hessian | None = None,
    hessian_floor: float = _adapter.HESSIAN_FLOOR,
) -> Objective:
    """Make a loss XGBoost's custom objective, for its native API and its estimators alike.

    Pass it as ``xgboost.train(..., obj=)`` together with ``params["objective"] =
    "binary:logistic"`` and ``params["base_score"] = sigmoid(optimal_constant(...))``, or as
    ``XGBClassifier(objective=)``. Without a ``base_score`` XGBoost starts such a model at the
    margin 0, without the objective's name even at 0.5 and predicts margins; :func:`train` does
    both. ``scale_pos_weight`` has no effect beside it.

    Parameters
    ----------
    loss : Loss
        The loss to minimise.
    start : float
        Constant margin that is added to the predictions before the derivatives are taken.
    hessian : {"exact", "positive"} or None
        The exact second derivative, or the one without its negative terms. None is "exact" for a
        convex loss, for which both are the same, and "positive" for any other.
    hessian_floor : float
        Least hessian of a row, before weights; 1e-16 is XGBoost's own.

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
    >>> import numpy as np, xgboost as xgb
    >>> import gradpair as gp
    >>> X, y = np.arange(8.0).reshape(-1, 1), np.array([0, 0, 0, 0, 0, 1, 0, 1])
    >>> obj = gp.xgboost.objective(gp.WeightedCrossEntropy(alpha=3.0))
    >>> obj(np.zeros(2, np.float32), xgb.DMatrix([[1.0], [2.0]], label=[1, 0]))
    (array([-1.5,  0.5], dtype=float32), array([0.75, 0.25], dtype=float32))
    >>> params = {"objective": "binary:logistic", "base_score": 0.5}
    >>> booster = xgb.train(params, xgb.DMatrix(X, label=y), num_boost_round=3, obj=obj)
    """
    return Objective(loss=loss, start=start, hessian=hessian, hessian_floor=hessian_floor)


def metric(
    loss: Loss,
    *,
    start: float = 0.0,
    input: Literal["raw", "probability"] = "raw",  # noqa: A002 - the argument of the predictions
    name: str | None = None,
) -> Metric:
    """Make the weighted mean of a loss a metric, for XGBoost's native API and its estimators.

    Pass it as ``xgboost.train(..., custom_metric=)`` or as ``XGBClassifier(eval_metric=)``.

    Parameters
    ----------
    loss : Loss
        The loss to report.
    start : float
        Constant margin that is added to the predictions.
    input : {"raw", "probability"}
        What XGBoost passes: margins beside a custom objective, probabilities beside a built-in one.
    name : str or None
        Name in the evaluation log; None names the loss and its parameters.

    Returns
    -------
    callable
        Immutable and picklable. Lower is better. XGBoost keeps six decimals of its value.

    Raises
    ------
    TypeError
        ``loss`` is not a :class:`~gradpair.Loss`, or ``start`` is not a number.
    ValueError
        ``input`` is neither of the two, or ``name`` has white space or a colon.

    Examples
    --------
    >>> import numpy as np
    >>> import gradpair as gp
    >>> weighted = gp.xgboost.metric(gp.WeightedCrossEntropy(alpha=3.0))
    >>> weighted.name
    'weighted_cross_entropy(alpha=3)'
    >>> round(weighted(np.array([1, 0]), np.array([0.0, 0.0])), 6)
    1.386294
    """
    made = Metric.of(loss, start, input, name)
    if re.search(r"[\s:]", made.name):
        msg = f"XGBoost reads its log by white space and ':'; name must have neither, got {name!r}."
        raise ValueError(msg)
    return made


def train(
    params: Mapping[str, Any],
    dtrain: xgb.DMatrix,
    num_boost_round: int = 10,
    *,
    loss: Loss,
    constant: float | None = None,
    hessian: _adapter.Hessian | None = None,
    hessian_floor: float = _adapter.HESSIAN_FLOOR,
    evals: Sequence[tuple[xgb.DMatrix, str]] | None = None,
    obj: None = None,
    maximize: bool | None = None,
    early_stopping_rounds: int | None = None,
    evals_result: dict[str, Any] | None = None,
    verbose_eval: bool | int | None = True,
    xgb_model: str | os.PathLike[str] | xgb.Booster | bytearray | None = None,
    callbacks: Sequence[xgb.callback.TrainingCallback] | None = None,
    custom_metric: Any = None,
) -> xgb.Booster:
    """Train like :func:`xgboost.train`, with a loss in place of the objective.

    The model starts at the optimal constant of its training rows, is evaluated by the weighted mean
    of its loss, and comes back as a plain Booster of objective ``binary:logistic``: its
    ``predict`` gives probabilities that include the start, also after it was saved and loaded
    where gradpair is not installed. Nothing passed in is changed.

    Parameters
    ----------
    params, dtrain, num_boost_round, evals, maximize, early_stopping_rounds, evals_result, \
verbose_eval, callbacks
        As in :func:`xgboost.train`. Early stopping watches the loss. ``base_score``, a
        probability, sets the constant. Built-in metrics are reported only if ``eval_metric`` asks
        for them.
    loss : Loss
        The loss to minimise.
    constant : float or None
        Log-odds to start from; None fits it with :func:`~gradpair.optimal_constant`, on top of
        ``base_margin`` where that is set. ``base_margin`` itself is not saved, and must be passed
        to ``predict`` again. Where the constant goes into the first tree, it does so at the end: a
        callback that predicts sees margins without it.
    hessian, hessian_floor
        As in :func:`objective`.
    xgb_model : str, path, Booster, bytearray or None
        Model to continue, of objective ``binary:logistic``. Its start is kept.
    custom_metric : callable or None
        Replaces the metric. It is called with margins that include the start.

    Returns
    -------
    xgboost.Booster
        For constants in [-13.8, 5] without ``base_margin``, the constant is its intercept, right to
        1e-5 in log-odds. Otherwise it is in the leaves of the first tree, which are float32.

    Raises
    ------
    ValueError
        A parameter that has no effect beside a custom objective (``scale_pos_weight``), an
        objective that is not binary, ``obj``, labels outside [0, 1], one class only, another
        constant for a continued model; ``booster="dart"`` or ``"gblinear"`` where the constant
        would have to go into a tree, and metrics that XGBoost would then compute without it.
    TypeError
        ``dtrain`` is not a DMatrix, ``loss`` is not a Loss, ``params`` is not a dict.

    Examples
    --------
    >>> import numpy as np, xgboost as xgb
    >>> import gradpair as gp
    >>> X, y = np.arange(50.0).reshape(-1, 1), np.repeat([0, 1], [40, 10])
    >>> loss = gp.WeightedCrossEntropy.balanced(y)
    >>> dtrain = xgb.DMatrix(X, label=y)
    >>> booster = gp.xgboost.train({"max_depth": 2}, dtrain, 20, loss=loss)
    >>> booster.predict(xgb.DMatrix([[10.0], [45.0]])).round(1)
    array([0., 1.], dtype=float32)
    """
    check_loss(loss)
    _adapter.check_data("dtrain", dtrain, xgb.DMatrix)
    params = _adapter.copy_params(params)
    constant = _requested_constant(params, constant, obj)
    tree_start = 0.0
    if xgb_model is not None:
        xgb_model = _continuable(xgb_model, constant)
    else:
        constant = _fitted_constant(dtrain, loss) if constant is None else constant
        data = [dtrain, *(pair[0] for pair in evals or ())]
        if _fits_intercept(constant, offsets=_has_offsets(data)):
            params["base_score"] = float(sigmoid(constant))
        else:
            tree_start = constant
            _check_tree_start(params, num_boost_round)
            params["base_score"] = 0.5
    params["objective"] = _xgboost_model.NATIVE
    silenced = params.get("eval_metric") is None and _DEFAULT_METRIC not in params
    if silenced:
        params[_DEFAULT_METRIC] = 1
    if custom_metric is None:
        custom_metric = metric(loss, start=tree_start)
        maximize = False if maximize is None else maximize
    elif tree_start:
        custom_metric = _adapter.ShiftedMetric(custom_metric, tree_start)
    booster = xgb.train(
        params,
        dtrain,
        num_boost_round,
        evals=evals,
        obj=objective(loss, start=tree_start, hessian=hessian, hessian_floor=hessian_floor),
        maximize=maximize,
        early_stopping_rounds=early_stopping_rounds,
        evals_result=evals_result,
        verbose_eval=verbose_eval,
        xgb_model=xgb_model,
        callbacks=callbacks,
        custom_metric=custom_metric,
    )
    if silenced:  # in this training, not for the model's own eval
        params[_DEFAULT_METRIC] = 0
        booster.set_param({_DEFAULT_METRIC: 0})
    if not tree_start:
        return booster
    del params["base_score"]  # it is in the model, and would be set again
    return _xgboost_model.native(booster, tree_start, params)


def cv(
    params: Mapping[str, Any],
    dtrain: xgb.DMatrix,
    num_boost_round: int = 10,
    *,
    loss: Loss,
    constant: float | None = None,
    hessian: _adapter.Hessian | None = None,
    hessian_floor: float = _adapter.HESSIAN_FLOOR,
    nfold: int = 3,
    stratified: bool = False,
    folds: Any = None,
    metrics: Sequence[str] | str = (),
    obj: None = None,
    maximize: bool | None = None,
    early_stopping_rounds: int | None = None,
    fpreproc: Any = None,
    as_pandas: bool = True,
    verbose_eval: int | bool | None = None,
    show_stdv: bool = True,
    seed: int = 0,
    callbacks: Sequence[xgb.callback.TrainingCallback] | None = None,
    shuffle: bool = True,
    custom_metric: Any = None,
) -> Any:
    """Cross-validate like :func:`xgboost.cv`, with a loss in place of the objective.

    Each fold starts at the optimal constant of its own training rows.

    Parameters
    ----------
    params, dtrain, num_boost_round, nfold, stratified, folds, metrics, maximize, \
early_stopping_rounds, fpreproc, as_pandas, verbose_eval, show_stdv, seed, callbacks, shuffle
        As in :func:`xgboost.cv`. Early stopping watches the loss. ``base_score`` sets the constant
        of every fold. Built-in metrics are reported only if asked for.
    loss, hessian, hessian_floor, custom_metric
        As in :func:`train`.
    constant : float or None
        Log-odds from which every fold starts; None fits it in each.

    Returns
    -------
    pandas.DataFrame or dict
        As from :func:`xgboost.cv`: means and standard deviations over the folds in each round.

    Raises
    ------
    ValueError, TypeError
        As in :func:`train`.

    Examples
    --------
    >>> import numpy as np, xgboost as xgb
    >>> import gradpair as gp
    >>> X, y = np.arange(60.0).reshape(-1, 1), np.tile([0, 0, 1], 20)
    >>> result = gp.xgboost.cv(
    ...     {"max_depth": 2}, xgb.DMatrix(X, label=y), 5, loss=gp.BinaryCrossEntropy(),
    ...     as_pandas=False,
    ... )
    >>> sorted(result)[0], len(result["test-binary_cross_entropy-mean"])
    ('test-binary_cross_entropy-mean', 5)
    """
    check_loss(loss)
    _adapter.check_data("dtrain", dtrain, xgb.DMatrix)
    params = _adapter.copy_params(params)
    constant = _requested_constant(params, constant, obj)
    params["objective"] = _xgboost_model.NATIVE
    if not metrics and params.get("eval_metric") is None:
        params.setdefault(_DEFAULT_METRIC, 1)
    if custom_metric is None:
        custom_metric = metric(loss)
        maximize = False if maximize is None else maximize

    def start_fold(
        train_rows: xgb.DMatrix, test_rows: xgb.DMatrix, fold_params: dict[str, Any]
    ) -> tuple[xgb.DMatrix, xgb.DMatrix, dict[str, Any]]:
        if fpreproc is not None:
            train_rows, test_rows, fold_params = fpreproc(train_rows, test_rows, fold_params)
        start = _requested_constant(fold_params, constant, None)
        start = _fitted_constant(train_rows, loss) if start is None else start
        return _offset_by(train_rows, start), _offset_by(test_rows, start), fold_params

    return xgb.cv(
        params,
        dtrain,
        num_boost_round,
        nfold=nfold,
        stratified=stratified,
        folds=folds,
        metrics=metrics,
        obj=objective(loss, hessian=hessian, hessian_floor=hessian_floor),
        maximize=maximize,
        early_stopping_rounds=early_stopping_rounds,
        fpreproc=start_fold,
        as_pandas=as_pandas,
        verbose_eval=verbose_eval,
        show_stdv=show_stdv,
        seed=seed,
        callbacks=callbacks,
        shuffle=shuffle,
        custom_metric=custom_metric,
    )


def to_native(
    booster: xgb.Booster, loss: Loss, *, constant: float, calibrated: bool = False
) -> xgb.Booster:
    """Turn a model of a custom objective into a plain one that predicts probabilities.

    For models that :func:`xgboost.train` or an estimator made with :func:`objective`;
    :func:`train` returns such a model already, and can be passed with ``constant=0.0`` to calibrate
    it.

    Parameters
    ----------
    booster : xgboost.Booster
        The model; of an estimator, its ``get_booster()``. It is not changed.
    loss : Loss
        The loss that it was trained with.
    constant : float
        What its margins lack: the ``start`` of its objective; 0.0 if its ``base_score`` was the
        start.
    calibrated : bool
        Whether ``predict`` gives ``loss.calibrated_probability``, for a loss whose
        ``calibration_shift`` is a constant; otherwise it gives the sigmoid of the margin.

    Returns
    -------
    xgboost.Booster
        A model of objective ``binary:logistic``. The constant is in the leaves of its first tree,
        so that it holds beside ``base_margin`` too: they are float32, and margins right to
        half a unit in the last place of the constant. A linear booster, or one with dropout, holds
        it as its intercept.

    Raises
    ------
    ValueError
        ``calibrated`` for a loss without a constant shift; several targets; an objective whose
        ``base_score`` has another meaning; an intercept beyond what XGBoost can hold.
    TypeError
        ``booster`` is not a Booster, ``loss`` is not a Loss, ``constant`` is not a number.
    RuntimeError
        The model is not as expected of this version of XGBoost.

    Examples
    --------
    >>> import numpy as np, xgboost as xgb
    >>> import gradpair as gp
    >>> X, y = np.arange(50.0).reshape(-1, 1), np.repeat([0, 1], [40, 10])
    >>> loss = gp.WeightedCrossEntropy(alpha=3.0)
    >>> obj = gp.xgboost.objective(loss, start=-0.5)
    >>> raw = xgb.train({"base_score": 0.0}, xgb.DMatrix(X, label=y), 20, obj=obj)
    >>> native = gp.xgboost.to_native(raw, loss, constant=-0.5)
    >>> native.predict(xgb.DMatrix([[10.0], [45.0]])).round(1)
    array([0., 1.], dtype=float32)
    """
    check_loss(loss)
    _adapter.check_booster(booster, xgb.Booster, "model.get_booster()")
    shift = _validation.real("constant", constant)
    if calibrated:
        shift += _adapter.calibration_shift(loss)
    return _xgboost_model.native(booster, shift, {})


def native(
    loss: Loss,
    y_true: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    *,
    totals: tuple[float, float] | None = None,
) -> tuple[dict[str, Any], Array | None]:
    """Give a loss as XGBoost's built-in objective, from the same start.

    The way without a Python callable: on GPUs, in Spark, at full speed.

    Parameters
    ----------
    loss : BinaryCrossEntropy or WeightedCrossEntropy
        Other losses have no equivalent.
    y_true : array-like of shape (n_samples,) or None
        Labels: 0 and 1 for :class:`~gradpair.WeightedCrossEntropy`, since ``scale_pos_weight``
        multiplies labels of 1 only. None if ``totals`` are given.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of at least 0.
    totals : (float, float) or None
        The weight of all 1s and of all 0s, for labels that are spread over several machines.

    Returns
    -------
    params : dict
        ``objective``, ``base_score`` and ``scale_pos_weight``, to merge into the parameters.
    weight : array of shape (n_samples,) or None
        The weights to train with: those passed in.

    Raises
    ------
    ValueError
        A loss without an equivalent, soft labels that it does not know, a start beyond what
        XGBoost can hold, or what :func:`~gradpair.optimal_constant` refuses.

    Examples
    --------
    >>> import gradpair as gp
    >>> gp.xgboost.native(gp.WeightedCrossEntropy(alpha=3.0), [1, 0, 0, 0])
    ({'objective': 'binary:logistic', 'base_score': 0.5, 'scale_pos_weight': 3.0}, None)
    """
    builtin = _adapter.Builtin.of(loss, y_true, sample_weight, totals)
    if builtin.alpha != 1 and not builtin.hard:
        msg = "scale_pos_weight multiplies labels of 1 only; pass soft labels to train."
        raise ValueError(msg)
    low, high = _xgboost_model.INTERCEPT_RANGE
    if not low <= builtin.constant <= high:
        msg = (
            f"the start would be {builtin.constant:.6g}, and XGBoost holds base_score as a float32 "
            f"probability, good for margins from {low} to {high}; use train."
        )
        raise ValueError(msg)
    params = {"objective": _xgboost_model.NATIVE, "base_score": float(sigmoid(builtin.constant))}
    if builtin.alpha != 1:
        params["scale_pos_weight"] = builtin.alpha
    return params, builtin.weight


def _offset_by(data: xgb.DMatrix, start: float) -> xgb.DMatrix:
    """Add the start to the rows of a fold, which are copies of the user's."""
    margin = data.get_base_margin()
    data.set_base_margin((margin if margin.size else np.zeros(data.num_row())) + start)
    return data


def _requested_constant(
    params: dict[str, Any], constant: float | None, obj: object
) -> float | None:
    """Check the parameters, take ``base_score`` out of them, and return the constant asked for."""
    if obj is not None:
        msg = (
            "obj= has no place beside loss=, of which train makes the objective; drop it, or pass "
            "it to xgboost.train."
        )
        raise ValueError(msg)
    _adapter.check_objective(params.get("objective"), _xgboost_model.NATIVE)
    _adapter.refuse(
        params, "scale_pos_weight", 1, "pass loss=gradpair.WeightedCrossEntropy(alpha={value})"
    )
    if params.get("num_class") not in (None, 0, 1):
        msg = f"num_class={params['num_class']}: gradpair is for one binary target; drop it."
        raise ValueError(msg)
    base_score = params.pop("base_score", None)
    if base_score is None:
        return None if constant is None else _validation.real("constant", constant)
    if constant is not None:
        msg = f"base_score={base_score} and constant={constant} both set the start; pass one."
        raise ValueError(msg)
    if isinstance(base_score, list) and len(base_score) == 1:  # of a loaded estimator, since 3.1
        base_score = base_score[0]
    if isinstance(base_score, str):
        base_score = float(base_score)
    probability = _validation.real("base_score", base_score)
    if not 0 < probability < 1:
        msg = f"base_score must be a probability between 0 and 1; got {base_score!r}."
        raise ValueError(msg)
    return float(logit(probability))


def _continuable(
    model: str | os.PathLike[str] | xgb.Booster | bytearray, constant: float | None
) -> xgb.Booster:
    """Load the model to continue and check that it is one of probabilities."""
    if constant is not None:
        msg = (
            "a continued model keeps its own start, and another constant would move all its "
            "predictions; drop constant= and base_score, or do not pass xgb_model."
        )
        raise ValueError(msg)
    booster = model if isinstance(model, xgb.Booster) else xgb.Booster(model_file=model)
    found = _xgboost_model.objective_of(booster)
    if found != _xgboost_model.NATIVE:
        msg = (
            f"xgb_model has objective {found!r} and does not predict probabilities; only a model "
            f"of objective 'binary:logistic', such as train returns, can be continued."
        )
        raise ValueError(msg)
    return booster


def _fitted_constant(dtrain: xgb.DMatrix, loss: Loss) -> float:
    y, weight, margin = dtrain.get_label(), dtrain.get_weight(), dtrain.get_base_margin()
    _validation.one_per_row("the label of dtrain", y, dtrain.num_row())
    return optimal_constant(
        loss,
        y,
        offset=margin.ravel() if margin.size else None,
        sample_weight=weight if weight.size else None,
    )


def _has_offsets(data: Iterable[object]) -> bool:
    return any(rows.get_base_margin().size for rows in data if isinstance(rows, xgb.DMatrix))


def _fits_intercept(constant: float, *, offsets: bool) -> bool:
    """Whether XGBoost's own intercept holds the constant: ``base_margin`` would override it."""
    low, high = _xgboost_model.INTERCEPT_RANGE
    return low <= constant <= high and not offsets


def _check_tree_start(params: Mapping[str, Any], num_boost_round: int) -> None:
    """Refuse what cannot bear a constant in the leaves of the first tree."""
    why = "with offsets, or outside [-13.8, 5], the constant goes into the first tree"
    kind = params.get("booster", "gbtree")
    if kind == "gblinear":
        msg = f"{why}, and booster='gblinear' has no trees; use booster='gbtree'."
        raise ValueError(msg)
    if kind == "dart" or any(params.get(name) for name in _DROPOUT):
        msg = f"{why}, which dropout rescales; use booster='gbtree' without {_DROPOUT}."
        raise ValueError(msg)
    if num_boost_round < 1:
        msg = f"{why}; num_boost_round must be at least 1, got {num_boost_round}."
        raise ValueError(msg)
    asked = params.get("eval_metric") or []
    for name in [asked] if isinstance(asked, str) else asked:
        if not str(name).startswith(_RANKING_METRICS):
            msg = (
                f"{why}, and XGBoost would compute eval_metric={name!r} without it; drop it, or "
                f"pass gradpair.xgboost.metric(...) as the metric."
            )
            raise ValueError(msg)
