"""Training in XGBoost's native API, from the right start to a plain model."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import xgboost as xgb

from gradpair._hosts import params as checks
from gradpair._hosts.callables import HESSIAN_FLOOR, Hessian
from gradpair.losses import Loss
from gradpair.xgboost import _model, _start
from gradpair.xgboost._callables import objective
from gradpair.xgboost._metrics import DEFAULT_METRIC, metric_and_direction, without_default_metric
from gradpair.xgboost._params import as_mapping, check_overridden, check_update, requested_constant
from gradpair.xgboost._positions import as_in


@as_in(xgb.train)
def train(
    params: Mapping[str, Any],
    dtrain: xgb.DMatrix,
    num_boost_round: int = 10,
    *,
    loss: Loss,
    constant: float | None = None,
    hessian: Hessian | None = None,
    hessian_floor: float = HESSIAN_FLOOR,
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
        As in :func:`xgboost.train`. ``eval_metric`` names what is reported and watched, as in the
        host; where neither it nor ``custom_metric`` is given, that is the loss. ``base_score``, a
        probability, sets the constant; rows with ``base_margin`` would override it, so beside them
        it is refused.
    loss : Loss
        The loss to minimise.
    constant : float or None
        Log-odds to start from, on top of ``base_margin`` where that is set; None fits it with
        :func:`~gradpair.optimal_constant`. ``base_margin`` itself is not saved, and must be passed
        to ``predict`` again.
    hessian, hessian_floor
        As in :func:`objective`.
    xgb_model : str, path, Booster, bytearray or None
        Model to continue, of objective ``binary:logistic``: any of :func:`train`, checkpoints
        among them, or a native one. Its start is kept.
    custom_metric : callable or None
        The user's own metric, called with margins that include the start. For the loss beside
        ``eval_metric`` pass :func:`metric`; early stopping then watches the loss, as the host
        watches the custom metric of two, and ``xgboost.callback.EarlyStopping(metric_name=)``
        another one.

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
        would have to go into a tree; ``process_type="update"`` where it would be rewritten there;
        one of several workers without a ``constant``, which it would fit on its own rows.
    TypeError
        ``dtrain`` is not a DMatrix, ``loss`` is not a Loss, ``params`` is neither a dict nor a list
        of pairs.

    Notes
    -----
    The booster holds the start from its first round on: callbacks, checkpoints and metrics see
    after any round what the model is, cut at that round. Where the constant goes into the first
    tree, XGBoost before 3.3 then draws other rows and columns than without (``subsample``,
    ``colsample_bytree``, ...), though the same in every run.

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
    given = checks.training_params(as_mapping(params), loss, "dtrain", dtrain, xgb.DMatrix)
    score, asked = given.get("base_score"), given.get("eval_metric")
    constant = requested_constant(given, constant, obj)
    evals, callbacks = list(evals or ()), list(callbacks or ())
    shift = 0.0
    if xgb_model is not None:
        xgb_model = _continued(xgb_model, given, constant)
    else:
        offsets = _start.has_offsets([dtrain, *(pair[0] for pair in evals)])
        check_overridden(score, offsets=offsets)
        constant = _start.fitted_constant(dtrain, loss) if constant is None else constant
        start = _start.place(constant, given, offsets=offsets, rounds=num_boost_round)
        given["base_score"], shift = start
    given["objective"] = _model.NATIVE
    given |= (silence := without_default_metric(given, asked))
    own = objective(loss, hessian=hessian, hessian_floor=hessian_floor)
    # Nobody but the user's own functions can give dtrain other labels while it trains.
    alone = not callbacks and custom_metric is None
    custom_metric, maximize = metric_and_direction(custom_metric, maximize, loss, asked)
    booster = xgb.train(
        given,
        dtrain,
        num_boost_round,
        evals=evals,
        obj=own.bound(dtrain) if alone else own,
        maximize=maximize,
        early_stopping_rounds=early_stopping_rounds,
        evals_result=evals_result,
        verbose_eval=verbose_eval,
        xgb_model=xgb_model,
        callbacks=[*callbacks, _start.StartInFirstTree(own, [shift])] if shift else callbacks,
        custom_metric=custom_metric,
    )
    if silence:  # in this training, not for the model's own eval
        booster.set_param({DEFAULT_METRIC: 0})
    return booster


def _continued(
    model: str | os.PathLike[str] | xgb.Booster | bytearray,
    params: Mapping[str, Any],
    constant: float | None,
) -> xgb.Booster:
    """Return the model to continue, which keeps its start wherever that is."""
    booster = model if isinstance(model, xgb.Booster) else xgb.Booster(model_file=model)
    found = _model.objective_of(booster)
    checks.check_continued("xgb_model", found, _model.NATIVE, constant, "base_score")
    try:
        check_update(params)
        _start.check_tree(params, 1)
    except ValueError:
        if _model.start_is_in_tree(booster):
            raise
    return booster


__test__ = {"train": train}  # doctest passes over what is wrapped
