"""Training in LightGBM's native API, from the right start to a plain model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb

from gradpair._hosts import params as checks
from gradpair._hosts.callables import HESSIAN_FLOOR, Hessian
from gradpair.lightgbm import _dataset, _model, _params, _start
from gradpair.lightgbm._callables import objective
from gradpair.lightgbm._callbacks import Callbacks
from gradpair.lightgbm._live import LiveStart
from gradpair.lightgbm._start import Metrics
from gradpair.losses import Loss


def train(  # noqa: PLR0917 - the host's signature
    params: Mapping[str, Any],
    train_set: lgb.Dataset,
    num_boost_round: int = 100,
    valid_sets: list[lgb.Dataset] | None = None,
    valid_names: list[str] | None = None,
    feval: Metrics | None = None,
    init_model: str | Path | lgb.Booster | None = None,
    keep_training_booster: bool = False,
    callbacks: list[Callable[..., Any]] | None = None,
    *,
    loss: Loss,
    constant: float | None = None,
    hessian: Hessian | None = None,
    hessian_floor: float = HESSIAN_FLOOR,
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
        As in :func:`lightgbm.train`. ``metric`` names metrics of LightGBM, with its aliases:
        ``binary_logloss``, ``binary_error``, ``cross_entropy``, ``kullback_leibler``, ``auc``,
        ``average_precision``, ``l1``, ``l2``, ``rmse``. They are those of the objective ``binary``
        from the same start; as there, ``binary_logloss``, ``binary_error`` and the rankings take
        every label above 0 for a 1. Without a name and ``feval`` the metric is the loss.
        Early stopping stops at whichever metric stalls first, with ``first_metric_only=True`` at
        the first. ``boost_from_average=True`` is what is done in any case, False starts at 0.
        Callbacks see a model whose raw scores include the start, of objective ``none`` until
        training ends; with linear trees, those that run after a round see a copy. Its ``eval``,
        ``eval_train`` and ``eval_valid`` work on scores without the start.
    feval : callable, list of callables or None
        Metrics of your own, behind those that ``metric`` names. They are called with raw scores
        that include the start. To have the loss beside others, name them all:
        ``feval=[gradpair.lightgbm.metric(loss), ...]``.
    init_model : str, Path, Booster or None
        Model to continue: of objective ``binary``, or one that a callback has saved in a training
        of gradpair. Its start is kept. Not on Datasets with an ``init_score``, which LightGBM
        would replace by the scores of the model.
    keep_training_booster : bool
        Must be False: the scores that such a Booster keeps lack the start.
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
        that is not among those above, labels outside [0, 1], one class only, another
        constant for a continued model, a callback that takes back the first round.
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
    params = checks.training_params(params, loss, "train_set", train_set, lgb.Dataset)
    constant = _params.requested_constant(params, constant)
    restored = _params.taken(params)
    named = _params.take_metrics(params)
    more_callbacks = _params.take_early_stopping(params)
    if keep_training_booster:
        msg = (
            "keep_training_booster=True would keep scores without the start, from which eval and "
            "update of the Booster would go wrong; leave it False and continue the returned model "
            "with init_model=."
        )
        raise ValueError(msg)
    valid = [valid_sets] if isinstance(valid_sets, lgb.Dataset) else list(valid_sets or ())
    data_sets = [train_set, *(rows for rows in valid if isinstance(rows, lgb.Dataset))]
    if init_model is not None:
        init_model, constant = _start.continuable(init_model, constant, loss), 0.0
    start = _start.fitted_constant(train_set, loss, params) if constant is None else constant
    ours = objective(loss, start=start, hessian=hessian, hessian_floor=hessian_floor)
    _params.mark(params, train_set, inside=not start)
    live = LiveStart(start, restored)
    if _params.boosting(params) == "dart" and any(rows is train_set for rows in valid):
        live.evaluated, valid_sets, valid_names = _apart(train_set, valid, valid_names)
    with _dataset.continuing(init_model, data_sets, params):
        booster = lgb.train(
            {**params, "objective": ours},
            train_set,
            num_boost_round,
            valid_sets=valid_sets,
            valid_names=valid_names,
            feval=_start.metrics(named, feval, loss, start),
            init_model=init_model,
            callbacks=Callbacks([*(callbacks or ()), *more_callbacks], [live]).for_host(),
        )
    live.finish(booster)
    return _model.with_shift(booster, 0.0)


def _apart(
    train_set: lgb.Dataset, valid_sets: list[lgb.Dataset], valid_names: list[str] | str | None
) -> tuple[tuple[lgb.Dataset, str], list[lgb.Dataset], list[str]]:
    """Return the training set with its name as a set to evaluate, and the others with theirs.

    When LightGBM's dart evaluates a function on its training set, it leaves the trees negated that
    it has dropped for the next round (seen in 4.6.0 and 4.7.0).
    """
    given = [valid_names] if isinstance(valid_names, str) else list(valid_names or ())
    own, others, names = "training", [], []
    for i, rows in enumerate(valid_sets):
        name = given[i] if i < len(given) else None
        if rows is train_set:
            own = name or own
        else:
            others.append(rows)
            names.append(name or f"valid_{i}")
    return (train_set, own), others, names
