"""Training on a cluster, from the start of all rows to a plain model."""

from collections.abc import Callable, Mapping
from typing import Any

import lightgbm as lgb

from gradpair._hosts import params as checks
from gradpair._hosts.callables import HESSIAN_FLOOR, Hessian
from gradpair._hosts.dask import fitted_constant
from gradpair.lightgbm import _dask_data, _dask_params, _model, _params
from gradpair.lightgbm._callables import objective
from gradpair.lightgbm._callbacks import Callbacks
from gradpair.lightgbm._live import LiveStart
from gradpair.losses import Loss, check_loss

# LightGBM leaves out parameters that are None. Its estimators' own values would go before aliases
# of the same parameters, such as reg_alpha=0.0 before l1_regularization=3.0.
_UNSET = {**dict.fromkeys(lgb.LGBMRegressor().get_params()), "importance_type": "split"}


class _Trainer(lgb.DaskLGBMRegressor):
    """Training as the regressor does it, which leaves labels as they are.

    The classifier encodes the labels of each worker by themselves: 1s alone become 0s (seen in
    4.6.0 and 4.7.0).
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters but ``n_jobs``, of which LightGBM warns even if it is None."""
        params: dict[str, Any] = super().get_params(deep)
        del params["n_jobs"]
        return params


def train(
    client: Any,
    params: Mapping[str, Any] | None,
    X: Any,
    y: Any,
    num_boost_round: int = 100,
    *,
    loss: Loss,
    constant: float | None = None,
    sample_weight: Any | None = None,
    init_score: Any | None = None,
    feature_name: Any = "auto",
    categorical_feature: Any = "auto",
    callbacks: list[Callable[..., Any]] | None = None,
    hessian: Hessian | None = None,
    hessian_floor: float = HESSIAN_FLOOR,
) -> lgb.Booster:
    """Train on the workers of a Dask cluster, like :func:`gradpair.lightgbm.train` on one machine.

    The constant is that of all rows, wherever they lie, and the Booster that comes back is a plain
    one of objective ``binary``: its ``predict`` gives probabilities that include the start, also
    after it was saved and loaded where gradpair is not installed. Nothing passed in is changed.

    LightGBM cuts features into bins by the rows of one worker for each feature, and breaks ties by
    the order in which workers join. So a model of features with many values differs from the one
    of a single machine, and may differ from one training to the next, as those of LightGBM's own
    objectives do.

    Parameters
    ----------
    client : distributed.Client or None
        The client of the cluster; None is the one that was made last. gradpair must be installed
        on the workers.
    params : mapping or None
        Parameters of LightGBM by any of their names, as for :func:`gradpair.lightgbm.train`.
        ``tree_learner`` is "data" or "voting"; ``machines``, ``local_listen_port`` and ``time_out``
        are passed on.
    X : dask.array.Array or dask.dataframe.DataFrame of shape (n_samples, n_features)
        Rows, not cut between columns. Parts may be empty.
    y : dask.array.Array or dask.dataframe.Series of shape (n_samples,)
        Labels in [0, 1], cut into the same parts as ``X``, like all columns. A worker may hold
        labels of one class only.
    num_boost_round : int
        Number of rounds.
    loss : Loss
        The loss to minimise. What its class imports must be there on the workers, too.
    constant : float or None
        Log-odds to start from; None fits it to all rows, on top of ``init_score``.
    sample_weight : Array, Series or None
        Weights of at least 0.
    init_score : Array, Series or None
        Log-odds of each row to start from. They are not saved with the model, and must be added to
        its raw scores again when predicting.
    feature_name, categorical_feature
        As in :class:`lightgbm.Dataset`.
    callbacks : list of callables or None
        ``lightgbm.reset_parameter(...)`` only, which changes parameters on all workers alike.
    hessian, hessian_floor
        As in :func:`gradpair.lightgbm.objective`.

    Returns
    -------
    lightgbm.Booster
        The constant is in the leaves of its first tree. It knows nothing of the machines that
        trained it.

    Raises
    ------
    ValueError
        What :func:`gradpair.lightgbm.train` refuses; early stopping and metrics, as parameter or
        callback, since LightGBM judges by the rows of one worker and fails where workers disagree:
        see :func:`evaluate`; linear trees; numbers of threads or machines, which are the cluster's;
        collections that are not cut into the same parts; an Array of which one part has one row.
    TypeError
        ``X`` or a column is not a collection of Dask, ``client`` is not a Client, ``loss`` is not a
        Loss.

    Notes
    -----
    The collections are persisted while the training lasts. All values are checked before LightGBM
    starts, since an error on one worker leaves the others waiting for it, for ``time_out`` minutes
    or longer. ``client.restart()`` frees them where a loss of your own has failed.

    Examples
    --------
    >>> import dask.array as da
    >>> import gradpair as gp
    >>> import gradpair.lightgbm.dask
    >>> from distributed import Client
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> loss = gp.WeightedCrossEntropy(alpha=9.0)
    >>> with Client(processes=False, dashboard_address="127.0.0.1:0") as client:  # doctest: +SKIP
    ...     rows, labels = da.from_array(X, (100, 30)), da.from_array(y, 100)
    ...     params = {"verbosity": -1}
    ...     booster = gp.lightgbm.dask.train(client, params, rows, labels, 20, loss=loss)
    ...     history = gp.lightgbm.dask.evaluate(client, booster, rows, labels, loss=loss)
    Finding random open ports for workers
    >>> booster.num_trees(), history.shape  # doctest: +SKIP
    (20, (20,))
    """
    check_loss(loss)
    client = _dask_data.client_of(client)
    params = checks.copied(params)
    constant = _params.requested_constant(params, constant)
    _dask_params.check(params)
    given_callbacks = _dask_params.schedules(callbacks)
    objective(loss, hessian=hessian, hessian_floor=hessian_floor)  # checked before rows are read
    collections = _dask_data.given(X, y, sample_weight, init_score)
    with _dask_data.kept() as futures:
        rows = _dask_data.held(client, loss, collections, futures)
        if constant is None:
            constant = fitted_constant(client, loss, rows.parts, _dask_data.columns)
        ours = objective(loss, start=constant, hessian=hessian, hessian_floor=hessian_floor)
        own = {"objective": ours, "metric": "None", "client": client}
        trainer = _Trainer(**{**_UNSET, "n_estimators": num_boost_round, **params, **own})
        trainer.fit(
            **rows.collections,
            feature_name=feature_name,
            categorical_feature=categorical_feature,
            callbacks=Callbacks(given_callbacks, [LiveStart(constant)]).for_host(),
        )
    trainer.booster_.params = {n: v for n, v in trainer.booster_.params.items() if v is not None}
    return _model.with_shift(trainer.booster_, 0.0)
