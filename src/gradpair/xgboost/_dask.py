"""Training on the workers of a Dask cluster, from a start that all their rows have."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import xgboost as xgb

from gradpair._hosts import params as checks
from gradpair._hosts.callables import HESSIAN_FLOOR, Hessian
from gradpair.losses import Loss
from gradpair.xgboost._params import as_mapping
from gradpair.xgboost._positions import as_in
from gradpair.xgboost._prepared import Model, Prepared, prepare

try:
    import distributed
    from xgboost.dask import DaskDMatrix
    from xgboost.dask import train as host_train
except ImportError as error:  # of XGBoost's own check, too
    msg = "gradpair.xgboost.dask needs Dask: pip install 'gradpair[xgboost,dask]'"
    raise ModuleNotFoundError(msg, name="distributed") from error

from gradpair._hosts.dask import Columns, check_rows, column, fitted_constant, on_workers


@as_in(host_train)
def train(
    client: Any,
    params: Mapping[str, Any],
    dtrain: DaskDMatrix,
    num_boost_round: int = 10,
    *,
    loss: Loss,
    constant: float | None = None,
    hessian: Hessian | None = None,
    hessian_floor: float = HESSIAN_FLOOR,
    evals: Sequence[tuple[DaskDMatrix, str]] | None = None,
    obj: None = None,
    early_stopping_rounds: int | None = None,
    xgb_model: Model | None = None,
    verbose_eval: bool | int = True,
    callbacks: Sequence[xgb.callback.TrainingCallback] | None = None,
    custom_metric: Any = None,
    coll_cfg: Any = None,
) -> Any:
    """Train like :func:`xgboost.dask.train`, with a loss in place of the objective.

    The model starts at the optimal constant of all rows, which are summed up where they lie, and is
    evaluated by the weighted mean of its loss over all of them: early stopping sees what it would
    on one machine. It comes back as a plain Booster of objective ``binary:logistic``, as from
    :func:`gradpair.xgboost.train`.

    Parameters
    ----------
    client : distributed.Client or None
        None is the current one. With an asynchronous client the result is a coroutine.
    dtrain : DaskDMatrix or DaskQuantileDMatrix
        Rows with labels in [0, 1], weights and ``base_margin`` included.
    params, num_boost_round, evals, early_stopping_rounds, verbose_eval, callbacks, coll_cfg
        As in :func:`xgboost.dask.train`. ``eval_metric`` and ``base_score`` are as in
        :func:`gradpair.xgboost.train`.
    loss, constant, hessian, hessian_floor, xgb_model
        As in :func:`gradpair.xgboost.train`.
    custom_metric : callable or None
        The user's own metric, called on each worker with margins that include the start. XGBoost
        takes the unweighted mean of what the workers return; :func:`gradpair.xgboost.metric` of any
        loss returns the mean over all rows to each.

    Returns
    -------
    dict
        ``{"booster": Booster, "history": dict}``, as from :func:`xgboost.dask.train`.

    Raises
    ------
    ValueError, TypeError
        As in :func:`gradpair.xgboost.train`, for all rows; ``dtrain`` without a part.

    Notes
    -----
    On the same parts, trees and history are those of the built-in objective from the same start.
    They are those of one machine where no feature has more distinct values than ``max_bin``;
    otherwise XGBoost merges the quantiles of the workers, for any objective.

    Examples
    --------
    With ``client``, a ``distributed.Client`` of the cluster:

    >>> import dask.array as da
    >>> import gradpair as gp
    >>> import gradpair.xgboost.dask
    >>> from sklearn.datasets import load_breast_cancer
    >>> from xgboost.dask import DaskDMatrix
    >>> X, y = (da.from_array(rows, chunks=100) for rows in load_breast_cancer(return_X_y=True))
    >>> dtrain = DaskDMatrix(client, X, y)  # doctest: +SKIP
    >>> result = gp.xgboost.dask.train(
    ...     client, {"max_depth": 3}, dtrain, 20, loss=gp.WeightedCrossEntropy(alpha=9.0),
    ...     evals=[(dtrain, "train")], verbose_eval=False,
    ... )  # doctest: +SKIP
    >>> result["booster"].num_boosted_rounds()  # doctest: +SKIP
    20
    >>> len(result["history"]["train"]["weighted_cross_entropy"])  # doctest: +SKIP
    20
    """
    given = checks.training_params(as_mapping(params), loss, "dtrain", dtrain, DaskDMatrix)
    evals, callbacks = list(evals or ()), list(callbacks or ())
    for number, (rows, _) in enumerate(evals):
        checks.check_type(f"evals[{number}][0]", rows, DaskDMatrix, "Build one with label=.")
    if not dtrain.worker_map:
        msg = "dtrain has no rows on any worker; with an asynchronous client, await DaskDMatrix()."
        raise ValueError(msg)
    client = distributed.get_client() if client is None else client
    checks.check_type("client", client, distributed.Client, "Make one of your cluster.")

    def plan() -> Prepared:
        return prepare(
            given,
            loss,
            constant=constant,
            fit=lambda: fitted_constant(client, loss, dtrain.worker_map, columns),
            check=lambda: check_rows(client, loss, dtrain.worker_map, columns),
            offsets=lambda: _have_offsets(client, [dtrain, *(pair[0] for pair in evals)]),
            rounds=num_boost_round,
            hessian=hessian,
            hessian_floor=hessian_floor,
            obj=obj,
            xgb_model=xgb_model,
            custom_metric=custom_metric,
        )

    def begin(plan: Prepared) -> Any:
        own, rounds = plan.callbacks(callbacks), early_stopping_rounds
        if rounds and plan.maximize is not None:  # which the host would read from the name
            own, rounds = (
                [*own, xgb.callback.EarlyStopping(rounds=rounds, maximize=plan.maximize)],
                None,
            )
        return host_train(
            client,
            plan.params,
            dtrain,
            num_boost_round,
            evals=evals or None,
            obj=plan.objective,
            early_stopping_rounds=rounds,
            xgb_model=plan.model,
            verbose_eval=verbose_eval,
            callbacks=own,
            custom_metric=plan.custom_metric,
            **({} if coll_cfg is None else {"coll_cfg": coll_cfg}),  # since 3.0
        )

    async def later() -> Any:
        planned = await asyncio.to_thread(plan)
        return _finished(planned, await begin(planned))

    if client.asynchronous:
        return later()
    planned = plan()
    return _finished(planned, begin(planned))


def _finished(plan: Prepared, result: dict[str, Any]) -> dict[str, Any]:
    """Return the host's result with a booster that is as outside the training."""
    return {**result, "booster": plan.finished(result["booster"])}


def columns(part: Mapping[str, Any]) -> Columns:
    """Return labels, weights and offsets of a part as a DaskDMatrix keeps it."""
    label, weight, margin = (column(part.get(k)) for k in ("label", "weight", "base_margin"))
    return _labels(label), weight, margin


def _labels(label: Any) -> Any:
    if label is None:
        msg = "dtrain has no label; build it with label=."
        raise ValueError(msg)
    return label


def _have_offsets(client: Any, matrices: Sequence[DaskDMatrix]) -> bool:
    """Whether any of the matrices has a base_margin."""
    return any(any(on_workers(client, m.worker_map, has_offsets)) for m in matrices)


def has_offsets(parts: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any of the parts has a base_margin."""
    return any(part.get("base_margin") is not None for part in parts)


__test__ = {"train": train}  # doctest passes over what is wrapped
