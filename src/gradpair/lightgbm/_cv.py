"""Cross-validation in LightGBM's native API, every fold from its own start."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from gradpair._hosts import params as checks
from gradpair._hosts.callables import HESSIAN_FLOOR, Hessian
from gradpair.lightgbm import _model
from gradpair.lightgbm._callables import metric, objective
from gradpair.lightgbm._dataset import check_no_offsets, scores_put_back
from gradpair.lightgbm._params import own_params
from gradpair.lightgbm._start import Metrics, continuable, fitted_constant, functions
from gradpair.losses import Loss, check_loss


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
    checks.check_type("train_set", train_set, lgb.Dataset, checks.WITH_LABELS)
    if metrics is not None:
        params = {**checks.copy_params(params), "metric": metrics}
    params, constant = own_params(checks.copy_params(params), constant)
    if init_model is not None:
        init_model, constant = continuable(init_model, constant), 0.0
        check_no_offsets([train_set], params)
    starts: list[float] = []

    def start_fold(
        train_rows: lgb.Dataset, valid_rows: lgb.Dataset, fold_params: dict[str, Any]
    ) -> tuple[lgb.Dataset, lgb.Dataset, dict[str, Any]]:
        if fpreproc is not None:
            ours = fold_params["objective"]
            train_rows, valid_rows, fold_params = fpreproc(train_rows, valid_rows, fold_params)
            if fold_params.get("objective") == ours:
                del fold_params["objective"]
            fold_params, fold_constant = own_params(dict(fold_params), constant)
            fold_params["objective"] = ours
        else:
            fold_constant = constant
        train_rows.construct()
        if fold_constant is None:
            fold_constant = fitted_constant(train_rows, loss, fold_params)
        starts.append(fold_constant)
        for rows in (train_rows, valid_rows):
            offset = rows.construct().get_field("init_score")
            offset = np.zeros(rows.num_data()) if offset is None else offset
            rows.set_init_score(offset + starts[-1])
        return train_rows, valid_rows, fold_params

    params["objective"] = objective(loss, hessian=hessian, hessian_floor=hessian_floor)
    with scores_put_back([train_set], init_model):
        results = lgb.cv(
            params,
            train_set,
            num_boost_round,
            folds=folds,
            nfold=nfold,
            stratified=stratified,
            shuffle=shuffle,
            feval=metric(loss) if feval is None else functions(feval),
            init_model=init_model,
            fpreproc=start_fold,
            seed=seed,
            callbacks=callbacks,
            eval_train_metric=eval_train_metric,
            return_cvbooster=return_cvbooster,
        )
    if isinstance(folded := results.get("cvbooster"), lgb.CVBooster):
        pairs = zip(folded.boosters, starts, strict=True)
        folded.boosters = [_model.with_shift(booster, start) for booster, start in pairs]
    return results
