"""Cross-validation in XGBoost's native API, every fold from its own start."""

from collections.abc import Mapping, Sequence
from typing import Any

import xgboost as xgb

from gradpair._hosts import params as checks
from gradpair._hosts.callables import HESSIAN_FLOOR, Hessian
from gradpair.losses import Loss
from gradpair.xgboost import _model, _start, _workers
from gradpair.xgboost._callables import objective
from gradpair.xgboost._metrics import metric_and_direction, without_default_metric
from gradpair.xgboost._params import as_mapping, check_overridden, requested_constant
from gradpair.xgboost._positions import as_in


@as_in(xgb.cv)
def cv(
    params: Mapping[str, Any],
    dtrain: xgb.DMatrix,
    num_boost_round: int = 10,
    *,
    loss: Loss,
    constant: float | None = None,
    hessian: Hessian | None = None,
    hessian_floor: float = HESSIAN_FLOOR,
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
        As in :func:`xgboost.cv`. ``metrics``, or ``eval_metric`` of the parameters, names what is
        reported and watched; where no metric is asked for, that is the loss. ``base_score`` sets
        the constant of every fold.
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
        As in :func:`train`; training rows of one class only, with the number of the fold; one of
        several workers, where the host's own does not run.

    Notes
    -----
    Callbacks see the folds' boosters with their starts, as in :func:`train`.

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
    _workers.check_alone(
        "xgboost.cv runs on one machine alone; cross-validate there, or train each fold with "
        "gradpair.xgboost.train on all workers"
    )
    given = checks.training_params(as_mapping(params), loss, "dtrain", dtrain, xgb.DMatrix)
    score, asked = given.get("base_score"), metrics or given.get("eval_metric")
    constant = requested_constant(given, constant, obj)
    given["objective"] = _model.NATIVE
    given |= without_default_metric(given, asked)
    custom_metric, maximize = metric_and_direction(custom_metric, maximize, loss, asked)
    own = objective(loss, hessian=hessian, hessian_floor=hessian_floor)
    shifts: list[float] = []  # of the folds, in the order in which they are prepared

    def start_fold(
        train_rows: xgb.DMatrix, test_rows: xgb.DMatrix, fold_params: dict[str, Any]
    ) -> tuple[xgb.DMatrix, xgb.DMatrix, dict[str, Any]]:
        if fpreproc is not None:
            train_rows, test_rows, fold_params = fpreproc(train_rows, test_rows, fold_params)
        fold_params = dict(fold_params)
        offsets = _start.has_offsets([train_rows, test_rows])
        check_overridden(fold_params.get("base_score", score), offsets=offsets)
        start = requested_constant(fold_params, constant, None)
        start = _fitted(train_rows, loss, len(shifts)) if start is None else start
        placed = _start.place(start, fold_params, offsets=offsets, rounds=num_boost_round)
        shifts.append(placed.shift)
        fold_params["base_score"] = placed.base_score
        return train_rows, test_rows, fold_params

    return xgb.cv(
        given,
        dtrain,
        num_boost_round,
        nfold=nfold,
        stratified=stratified,
        folds=folds,
        metrics=metrics,
        obj=own,
        maximize=maximize,
        early_stopping_rounds=early_stopping_rounds,
        fpreproc=start_fold,
        as_pandas=as_pandas,
        verbose_eval=verbose_eval,
        show_stdv=show_stdv,
        seed=seed,
        callbacks=[*(callbacks or ()), _start.StartInFirstTree(own, shifts)],
        shuffle=shuffle,
        custom_metric=custom_metric,
    )


def _fitted(rows: xgb.DMatrix, loss: Loss, fold: int) -> float:
    """Fit the constant to the rows of a fold."""
    try:
        return _start.fitted_constant(rows, loss)
    except ValueError as error:
        labels = rows.get_label()
        if labels.size and labels.min() < labels.max():
            raise
        msg = (
            f"training rows of fold {fold}, the first being 0: {error} Pass stratified=True, or "
            f"folds= with both classes in each."
        )
        raise ValueError(msg) from None


__test__ = {"cv": cv}  # doctest passes over what is wrapped
