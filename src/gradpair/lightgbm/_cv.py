"""Cross-validation in LightGBM's native API, every fold from its own start."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from gradpair._hosts import params as checks
from gradpair._hosts.callables import HESSIAN_FLOOR, Hessian
from gradpair.lightgbm import _dataset, _model, _start
from gradpair.lightgbm._callables import objective
from gradpair.lightgbm._callbacks import Callbacks
from gradpair.lightgbm._live import LiveStart
from gradpair.lightgbm._params import mark, requested_constant, take_metrics
from gradpair.lightgbm._start import Metrics
from gradpair.losses import Loss


def cv(  # noqa: PLR0917 - the host's signature
    params: Mapping[str, Any],
    train_set: lgb.Dataset,
    num_boost_round: int = 100,
    folds: Any = None,
    nfold: int = 5,
    stratified: bool = True,
    shuffle: bool = True,
    metrics: str | list[str] | None = None,
    feval: Metrics | None = None,
    init_model: str | Path | lgb.Booster | None = None,
    fpreproc: Callable[..., Any] | None = None,
    seed: int = 0,
    callbacks: list[Callable[..., Any]] | None = None,
    eval_train_metric: bool = False,
    return_cvbooster: bool = False,
    *,
    loss: Loss,
    constant: float | None = None,
    hessian: Hessian | None = None,
    hessian_floor: float = HESSIAN_FLOOR,
) -> dict[str, Any]:
    """Cross-validate like :func:`lightgbm.cv`, with a loss in place of the objective.

    Each fold starts at the optimal constant of its own training rows.

    Parameters
    ----------
    params, train_set, num_boost_round, folds, nfold, stratified, shuffle, fpreproc, seed, \
callbacks, eval_train_metric, return_cvbooster
        As in :func:`lightgbm.cv`. Early stopping watches the metrics asked for, or else the loss.
        The boosters of ``return_cvbooster`` predict probabilities, like those of :func:`train`;
        those that callbacks see have raw scores that include the start of their fold.
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
        As in :func:`train`; and a fold whose training rows are of one class, by its number.

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
    params = checks.training_params(params, loss, "train_set", train_set, lgb.Dataset)
    constant = requested_constant(params, constant)
    named = take_metrics(params if metrics is None else {"metric": metrics})
    params["metric"] = "None"
    if init_model is not None:
        init_model, constant = _start.continuable(init_model, constant, loss), 0.0
    mark(params, train_set, inside=init_model is not None)
    starts: list[LiveStart] = []

    def start_fold(
        train_rows: lgb.Dataset, valid_rows: lgb.Dataset, fold_params: dict[str, Any]
    ) -> tuple[lgb.Dataset, lgb.Dataset, dict[str, Any]]:
        start = constant
        if fpreproc is not None:
            copy_of_ours = fold_params["objective"]
            train_rows, valid_rows, fold_params = fpreproc(train_rows, valid_rows, fold_params)
            fold_params = dict(fold_params)
            if fold_params.get("objective") == copy_of_ours:
                del fold_params["objective"]
            start = requested_constant(fold_params, constant)
            fold_params["objective"] = copy_of_ours
            if take_metrics(fold_params):
                msg = "fpreproc asks for a metric of one fold; pass metrics= to cv, for all folds."
                raise ValueError(msg)
        if start is None:
            start = _fold_constant(train_rows.construct(), loss, fold_params, len(starts))
        starts.append(LiveStart(start))
        for rows in (train_rows, valid_rows):
            offset = rows.construct().get_field("init_score")
            rows.set_init_score((np.zeros(rows.num_data()) if offset is None else offset) + start)
        return train_rows, valid_rows, fold_params

    ours = objective(loss, hessian=hessian, hessian_floor=hessian_floor)
    with _dataset.continuing(init_model, [train_set], params):
        results = lgb.cv(
            {**params, "objective": ours},
            train_set,
            num_boost_round,
            folds=folds,
            nfold=nfold,
            stratified=stratified,
            shuffle=shuffle,
            feval=_start.metrics(named, feval, loss, 0.0),
            init_model=init_model,
            fpreproc=start_fold,
            seed=seed,
            callbacks=Callbacks(callbacks, starts).for_host(),
            eval_train_metric=eval_train_metric,
            return_cvbooster=return_cvbooster,
        )
    if isinstance(folded := results.get("cvbooster"), lgb.CVBooster):
        for start, booster in zip(starts, folded.boosters, strict=True):
            start.finish(booster)
        folded.boosters = [_model.with_shift(booster, 0.0) for booster in folded.boosters]
    return results


def _fold_constant(
    train_rows: lgb.Dataset, loss: Loss, params: Mapping[str, Any], fold: int
) -> float:
    """Fit the constant to the training rows of a fold, and say which one if that cannot be done."""
    try:
        return _start.fitted_constant(train_rows, loss, params)
    except ValueError as error:
        msg = (
            f"fold {fold}, counted from 0, has no start: {error} Leave stratified=True, or pass "
            f"folds= of which each has both classes among its training rows."
        )
        raise ValueError(msg) from error
