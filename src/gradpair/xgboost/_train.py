"""Training in XGBoost's native API, from the right start to a plain model."""

from collections.abc import Mapping, Sequence
from typing import Any

import xgboost as xgb

from gradpair._hosts import params as checks
from gradpair._hosts.callables import HESSIAN_FLOOR, Hessian
from gradpair.losses import Loss
from gradpair.xgboost import _start
from gradpair.xgboost._params import as_mapping
from gradpair.xgboost._positions import as_in
from gradpair.xgboost._prepared import Model, prepare


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
    xgb_model: Model | None = None,
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
        The user's own metric, called with margins that include the start; on workers, XGBoost takes
        the unweighted mean of what they return. For the loss beside
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
        would have to go into a tree; ``process_type="update"`` where it would be rewritten there.
    TypeError
        ``dtrain`` is not a DMatrix, ``loss`` is not a Loss, ``params`` is neither a dict nor a list
        of pairs.

    Notes
    -----
    On a worker of a cluster, which XGBoost connects to others by a
    :class:`xgboost.collective.CommunicatorContext`, constant and loss are those of the rows of all
    workers. Every worker must call this, with the same arguments but for its rows, of which it may
    have none.

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
    evals, callbacks = list(evals or ()), list(callbacks or ())
    plan = prepare(
        given,
        loss,
        constant=constant,
        fit=lambda: _start.fitted_constant(dtrain, loss),
        check=lambda: _start.check_together(dtrain, loss),
        offsets=lambda: _start.has_offsets([dtrain, *(pair[0] for pair in evals)]),
        rounds=num_boost_round,
        hessian=hessian,
        hessian_floor=hessian_floor,
        obj=obj,
        xgb_model=xgb_model,
        custom_metric=custom_metric,
        maximize=maximize,
    )
    # Nobody but the user's own functions can give dtrain other labels while it trains.
    alone = not callbacks and custom_metric is None
    booster = xgb.train(
        plan.params,
        dtrain,
        num_boost_round,
        evals=evals,
        obj=plan.objective.bound(dtrain) if alone else plan.objective,
        maximize=plan.maximize,
        early_stopping_rounds=early_stopping_rounds,
        evals_result=evals_result,
        verbose_eval=verbose_eval,
        xgb_model=plan.model,
        callbacks=plan.callbacks(callbacks),
        custom_metric=plan.custom_metric,
    )
    return plan.finished(booster)


__test__ = {"train": train}  # doctest passes over what is wrapped
