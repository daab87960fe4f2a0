"""The loss of all rows on a cluster, after each round of a model."""

from typing import Any

import lightgbm as lgb
import numpy as np

from gradpair import _blocks
from gradpair._hosts import params as checks
from gradpair._validation import Array
from gradpair.lightgbm import _dask_data, _model
from gradpair.losses import Loss, check_loss


def evaluate(
    client: Any,
    booster: lgb.Booster,
    X: Any,
    y: Any,
    *,
    loss: Loss,
    sample_weight: Any | None = None,
    init_score: Any | None = None,
) -> Array:
    """Compute the weighted mean loss of all rows on a cluster, after each round of a model.

    While LightGBM trains on a cluster, each worker can evaluate its own rows alone. This is the
    value of all rows, computed where they lie: of each part come a few numbers per round. The least
    of them tells how many rounds to keep, in place of early stopping.

    Parameters
    ----------
    client : distributed.Client or None
        The client of the cluster; None is the one that was made last.
    booster : lightgbm.Booster
        A model of objective ``binary``, such as :func:`train` returns.
    X : dask.array.Array or dask.dataframe.DataFrame of shape (n_samples, n_features)
        Rows, of which some parts may be empty.
    y : dask.array.Array or dask.dataframe.Series of shape (n_samples,)
        Labels in [0, 1].
    loss : Loss
        The loss to report; it need not be the one of the training.
    sample_weight : Array, Series or None
        Weights of at least 0.
    init_score : Array, Series or None
        Log-odds of each row to which the model is added.

    Returns
    -------
    array of shape (n_rounds,)
        The mean after 1, 2, ... rounds.

    Raises
    ------
    ValueError
        Collections that are not cut into the same parts, labels outside [0, 1], no positive weight,
        a model that does not predict probabilities.
    TypeError
        ``X`` or a column is not a collection of Dask, ``booster`` is not a Booster, ``loss`` is not
        a Loss.

    Examples
    --------
    The number of rounds to keep, from rows that were not trained on:

    >>> history = gp.lightgbm.dask.evaluate(  # doctest: +SKIP
    ...     client, booster, rows_new, labels_new, loss=loss
    ... )
    >>> booster.save_model("model.txt", num_iteration=history.argmin() + 1)  # doctest: +SKIP
    """
    check_loss(loss)
    checks.check_type("booster", booster, lgb.Booster, "Of an estimator, pass model.booster_.")
    _model.check_native(booster)
    client = _dask_data.client_of(client)
    parts = _dask_data.cut(_dask_data.given(X, y, sample_weight, init_score))
    with _dask_data.kept() as futures:
        # By its content it would have the key of an earlier call, whose release may come later.
        everywhere = client.scatter(booster, broadcast=True, hash=False)
        futures += [everywhere, *_dask_data.on_parts(client, _losses, parts, loss, everywhere)]
        sums = client.gather(futures[1:])
    losses, weights = zip(*sums, strict=True)
    total = float(np.sum(weights))
    return np.array([_blocks.mean_of(float(s), total) for s in np.sum(losses, axis=0)])


def _losses(
    rows: dict[str, Any], index: int, loss: Loss, booster: lgb.Booster
) -> tuple[Array, float]:
    """Sum the losses of one part after each round, and its weights."""
    part = _dask_data.part(rows, index, loss)
    sums, total = np.zeros(booster.num_trees()), 0.0
    if not part.rows:
        return sums, total
    raw = np.zeros(part.rows) if part.init_score is None else part.init_score
    for i in range(sums.size):
        raw = raw + booster.predict(rows["X"], raw_score=True, start_iteration=i, num_iteration=1)
        sums[i], total = _blocks.weighted_sums(loss.loss, part.label, raw, part.weight)
    return sums, total
