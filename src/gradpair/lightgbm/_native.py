"""Plain models of custom ones, and losses as LightGBM's built-in objective."""

from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import ArrayLike

from gradpair._hosts import params as checks
from gradpair._hosts.builtin import BuiltinEquivalent, shift_to_native
from gradpair._validation import Array
from gradpair.lightgbm import _model
from gradpair.losses import Loss


def to_native(
    booster: lgb.Booster, loss: Loss, *, constant: float, calibrated: bool = False
) -> lgb.Booster:
    """Turn a model of a custom objective into a plain one that predicts probabilities.

    For models that :func:`lightgbm.train` or an estimator made with :func:`objective`;
    :func:`train` returns such a model already, and can be passed with ``constant=0.0`` to calibrate
    it.

    Parameters
    ----------
    booster : lightgbm.Booster
        The model; of an estimator, its ``booster_``. It is not changed.
    loss : Loss
        The loss that it was trained with.
    constant : float
        What its raw scores lack: the ``start`` of its objective, or the ``init_score`` of its
        Dataset if that was the same for all rows.
    calibrated : bool
        Whether ``predict`` gives ``loss.calibrated_probability``, for a loss whose
        ``calibration_shift`` is a constant; otherwise it gives the sigmoid of the raw score.

    Returns
    -------
    lightgbm.Booster
        A model of objective ``binary``, with the constant in the leaves of its first tree. It
        converts to ONNX and treelite like any other; onnxmltools converts linear trees
        (``linear_tree=True``) wrongly, without an error, from LightGBM's own models too.

    Raises
    ------
    ValueError
        ``calibrated`` for a loss without a constant shift; a model of another built-in objective,
        of several classes, of averaged trees, or of no tree.
    TypeError
        ``booster`` is not a Booster, ``loss`` is not a Loss, ``constant`` is not a number.
    RuntimeError
        The model text is not as expected of this version of LightGBM.

    Examples
    --------
    >>> import lightgbm as lgb, numpy as np
    >>> import gradpair as gp
    >>> X, y = np.arange(90.0).reshape(-1, 1), np.repeat([0, 1], [60, 30])
    >>> loss = gp.WeightedCrossEntropy(alpha=3.0)
    >>> params = {"objective": gp.lightgbm.objective(loss, start=0.4), "verbosity": -1}
    >>> raw = lgb.train(params, lgb.Dataset(X, y), 50)
    >>> native = gp.lightgbm.to_native(raw, loss, constant=0.4)
    >>> native.predict([[10.0], [80.0]]).round(1)
    array([0., 1.])
    """
    checks.check_type("booster", booster, lgb.Booster, "Of an estimator, pass model.booster_.")
    shift = shift_to_native(loss, constant, calibrated=calibrated)
    return _model.with_shift(booster, shift)


def native(
    loss: Loss,
    y_true: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    *,
    totals: tuple[float, float] | None = None,
) -> tuple[dict[str, Any], Array | None]:
    """Give a loss as LightGBM's built-in objective, from the same start.

    The way without a Python callable: at full speed, on GPUs, on clusters. ``alpha`` goes into the
    weights, from which LightGBM computes its start; its ``scale_pos_weight`` starts at the
    unweighted log-odds, from which rare positives with a large weight can diverge.

    Parameters
    ----------
    loss : BinaryCrossEntropy or WeightedCrossEntropy
        Other losses have no equivalent.
    y_true : array-like of shape (n_samples,) or None
        Labels 0 and 1, all or those of one machine: LightGBM computes the start itself. None is
        enough for :class:`~gradpair.BinaryCrossEntropy`, if ``totals`` are given.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of at least 0.
    totals : (float, float) or None
        The weight of all 1s and of all 0s, where ``y_true`` is one machine's part and may have one
        class only.

    Returns
    -------
    params : dict
        ``objective`` and ``boost_from_average``, to merge into the parameters.
    weight : array of shape (n_samples,) or None
        The weights to train with, which include ``alpha``.

    Raises
    ------
    ValueError
        A loss without an equivalent, soft labels, no labels to weight, or what
        :func:`~gradpair.optimal_constant` refuses.

    Examples
    --------
    >>> import gradpair as gp
    >>> gp.lightgbm.native(gp.WeightedCrossEntropy(alpha=3.0), [1, 0, 0, 0])
    ({'objective': 'binary', 'boost_from_average': True}, array([3., 1., 1., 1.]))
    """
    builtin = BuiltinEquivalent.of(loss, y_true, sample_weight, totals)
    if not builtin.hard:
        msg = "LightGBM's binary objective takes labels 0 and 1 only; pass soft labels to train."
        raise ValueError(msg)
    params = {"objective": "binary", "boost_from_average": True}
    if builtin.alpha == 1:
        return params, builtin.weight
    if builtin.y is None:
        msg = "alpha goes into the weights of the rows: pass y_true, this machine's labels."
        raise ValueError(msg)
    weight: Array = np.where(builtin.y == 1, builtin.alpha, 1.0)
    return params, weight if builtin.weight is None else weight * builtin.weight
