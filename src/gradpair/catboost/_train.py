"""Training in CatBoost's native API, from the right start to a plain model."""

import os
from collections.abc import Mapping
from typing import Any

import catboost as cb

from gradpair._hosts import params as checks
from gradpair._hosts.callables import Hessian
from gradpair.catboost import _model, _params, _pools, _training
from gradpair.losses import Loss


def train(
    params: Mapping[str, Any],
    pool: cb.Pool,
    num_boost_round: int | None = None,
    *,
    loss: Loss,
    constant: float | None = None,
    hessian: Hessian | None = None,
    eval_set: Any = None,
    early_stopping_rounds: int | None = None,
    init_model: str | os.PathLike[str] | cb.CatBoost | None = None,
    callbacks: list[Any] | None = None,
    **options: Any,
) -> cb.CatBoostClassifier:
    """Train like :func:`catboost.train`, with a loss in place of the objective.

    The model starts at the optimal constant of its training rows, is evaluated by the weighted mean
    of its loss, and comes back as a plain CatBoostClassifier of objective ``Logloss``: its
    ``predict_proba`` gives probabilities that include the start, also after it was saved and
    loaded where gradpair is not installed. Nothing passed in is changed.

    Parameters
    ----------
    params : dict
        As in :func:`catboost.train`. ``eval_metric`` and ``custom_metric`` name metrics of
        CatBoost, or are yours; they see raw values that include the start. Where ``eval_metric``
        is absent, it is the loss. ``boost_from_average=True`` is what is done in any case, False
        starts at 0. Files are written only where ``train_dir``, a snapshot, a plot or
        ``allow_writing_files`` asks for them.
    pool : catboost.Pool
        Training rows with labels in [0, 1], weights and a baseline if they have any. Weights of
        groups are no part of the constant, as a Pool does not tell them: pass them as weights.
    num_boost_round : int or None
        Rounds, in place of those in ``params``; without either 1000, as in the host.
    loss : Loss
        The loss to minimise. ``alpha`` of :class:`~gradpair.WeightedCrossEntropy` goes into the
        weights, so that splits are scored as with ``scale_pos_weight``, unless labels are soft.
    constant : float or None
        Log-odds to start from; None fits it with :func:`~gradpair.optimal_constant`, on top of the
        baseline where the pool has one. The baseline itself is not saved; CatBoost adds that of a
        Pool when it predicts.
    hessian : {"exact", "positive"} or None
        As in :func:`objective`.
    eval_set : Pool, pair (X, y), list of them, or None
        Rows to evaluate on. With them ``use_best_model`` is True unless the parameters say other,
        as in the host, and the model has the rounds up to the best one.
    early_stopping_rounds : int or None
        Rounds without a better ``eval_metric``, on the last set, before training stops.
    init_model : str, path, CatBoost or None
        Model to continue, of objective ``Logloss`` or ``CrossEntropy``. Its start is kept.
    callbacks : list of objects with ``after_iteration``, or None
        They see metrics of models that include the start; CatBoost shows them no model.
    **options
        Further keywords of :meth:`catboost.CatBoost.fit`: ``verbose``, ``logging_level``,
        ``metric_period``, ``save_snapshot``, ``snapshot_file``, ``plot``, ...

    Returns
    -------
    catboost.CatBoostClassifier
        With the user's parameters. The constant is in the leaves of its first tree.

    Raises
    ------
    ValueError
        A parameter that has no effect beside a custom objective (``scale_pos_weight``,
        ``class_weights``, ``auto_class_weights``, ...), another objective, a GPU, labels outside
        [0, 1], one class only, another constant for a continued model, a continued model of another
        objective or beside a baseline; metrics by name beside ``langevin``, ``model_shrink_rate``
        or ``posterior_sampling``.
    TypeError
        ``pool`` is not a Pool, ``loss`` is not a Loss, ``params`` is not a dict, a keyword that
        CatBoost does not know.

    Notes
    -----
    Derivatives go through Python in blocks of at most 1,000 rows, so that a round takes longer
    than a native one; :func:`native` gives cross-entropies as CatBoost's own objective. CatBoost
    chooses ``learning_rate`` by the data for its own objectives alone, and takes 0.03 here; it
    takes one step per leaf (``leaf_estimation_iterations``), where its own Logloss takes ten.

    Examples
    --------
    >>> import catboost as cb, numpy as np
    >>> import gradpair as gp
    >>> X, y = np.arange(90.0).reshape(-1, 1), np.repeat([0, 1], [60, 30])
    >>> loss = gp.WeightedCrossEntropy.balanced(y)
    >>> params = {"learning_rate": 0.3, "verbose": False}
    >>> model = gp.catboost.train(params, cb.Pool(X, y), 50, loss=loss)
    >>> model.predict_proba([[10.0], [80.0]])[:, 1].round(1)
    array([0., 1.])
    """
    shown = checks.training_params(params, loss, "pool", pool, cb.Pool)
    shown = _params.with_rounds(shown, num_boost_round)
    given = dict(shown)
    constant = _params.requested_constant(given, constant)
    held = _pools.fields(pool, "pool")
    sets = _pools.evaluation_sets(_one_of(eval_set, options.pop("evals", None)), pool)
    if init_model is not None:
        start = _training.Start(0.0, _training.continuable(init_model, held, constant))
    else:
        fitted = _training.fitted_constant(held, loss) if constant is None else constant
        start = _training.Start(fitted)
    options |= {"early_stopping_rounds": early_stopping_rounds, "callbacks": callbacks}
    model, shift = _training.fit(
        given, pool, held, sets, loss=loss, start=start, hessian=hessian, options=options
    )
    return _model.with_shift(model, shift, params=_params.without_objects(shown))


def _one_of(eval_set: Any, evals: Any) -> Any:
    if eval_set is not None and evals is not None:
        msg = "evals and eval_set are two names of one argument; pass one."
        raise ValueError(msg)
    return evals if eval_set is None else eval_set
