"""Plain models of custom ones, and losses as XGBoost's built-in objective."""

from typing import Any

import xgboost as xgb
from numpy.typing import ArrayLike

from gradpair._hosts import params as checks
from gradpair._hosts.builtin import BuiltinEquivalent, shift_to_native
from gradpair._links import sigmoid
from gradpair._validation import Array
from gradpair.losses import Loss
from gradpair.xgboost import _model, _workers


def to_native(
    booster: xgb.Booster, loss: Loss, *, constant: float, calibrated: bool = False
) -> xgb.Booster:
    """Turn a model of a custom objective into a plain one that predicts probabilities.

    For models that :func:`xgboost.train` or an estimator made with :func:`objective`;
    :func:`train` returns such a model already, and can be passed with ``constant=0.0`` to calibrate
    it.

    Parameters
    ----------
    booster : xgboost.Booster
        The model; of an estimator, its ``get_booster()``. It is not changed.
    loss : Loss
        The loss that it was trained with.
    constant : float
        What its margins lack: the ``start`` of its objective; 0.0 if its ``base_score`` was the
        start.
    calibrated : bool
        Whether ``predict`` gives ``loss.calibrated_probability``, for a loss whose
        ``calibration_shift`` is a constant; otherwise it gives the sigmoid of the margin.

    Returns
    -------
    xgboost.Booster
        A model of objective ``binary:logistic``. The constant is in the leaves of its first tree,
        so that it holds beside ``base_margin`` too: they are float32, and margins right to
        half a unit in the last place of the constant. A linear booster, or one with dropout, holds
        it as its intercept.

    Raises
    ------
    ValueError
        ``calibrated`` for a loss without a constant shift; several targets; an objective whose
        ``base_score`` has another meaning; an intercept beyond what XGBoost can hold.
    TypeError
        ``booster`` is not a Booster, ``loss`` is not a Loss, ``constant`` is not a number.
    RuntimeError
        The model is not as expected of this version of XGBoost.

    Examples
    --------
    >>> import numpy as np, xgboost as xgb
    >>> import gradpair as gp
    >>> X, y = np.arange(50.0).reshape(-1, 1), np.repeat([0, 1], [40, 10])
    >>> loss = gp.WeightedCrossEntropy(alpha=3.0)
    >>> obj = gp.xgboost.objective(loss, start=-0.5)
    >>> raw = xgb.train({"base_score": 0.0}, xgb.DMatrix(X, label=y), 20, obj=obj)
    >>> native = gp.xgboost.to_native(raw, loss, constant=-0.5)
    >>> native.predict(xgb.DMatrix([[10.0], [45.0]])).round(1)
    array([0., 1.], dtype=float32)
    """
    checks.check_type("booster", booster, xgb.Booster, "Of an estimator, pass model.get_booster().")
    shift = shift_to_native(loss, constant, calibrated=calibrated)
    return _model.with_shift(booster, shift)


def native(
    loss: Loss,
    y_true: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    *,
    totals: tuple[float, float] | None = None,
) -> tuple[dict[str, Any], Array | None]:
    """Give a loss as XGBoost's built-in objective, from the same start.

    The way without a Python callable: on GPUs, in Spark, at full speed.

    Parameters
    ----------
    loss : BinaryCrossEntropy or WeightedCrossEntropy
        Other losses have no equivalent.
    y_true : array-like of shape (n_samples,) or None
        Labels: 0 and 1 for :class:`~gradpair.WeightedCrossEntropy`, since ``scale_pos_weight``
        multiplies labels of 1 only. None if ``totals`` are given.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of at least 0.
    totals : (float, float) or None
        The weight of all 1s and of all 0s, for labels that are spread over several machines.

    Returns
    -------
    params : dict
        ``objective``, ``base_score`` and ``scale_pos_weight``, to merge into the parameters.
    weight : array of shape (n_samples,) or None
        The weights to train with: those passed in.

    Raises
    ------
    ValueError
        A loss without an equivalent, soft labels that it does not know, a start beyond what
        XGBoost can hold, labels in place of ``totals`` on one of several workers, or what
        :func:`~gradpair.optimal_constant` refuses.

    Examples
    --------
    >>> import gradpair as gp
    >>> gp.xgboost.native(gp.WeightedCrossEntropy(alpha=3.0), [1, 0, 0, 0])
    ({'objective': 'binary:logistic', 'base_score': 0.5, 'scale_pos_weight': 3.0}, None)
    """
    if totals is None:
        _workers.check_alone(
            "each would start at the labels of its own rows; pass totals=, the weights of both "
            "classes on all workers"
        )
    builtin = BuiltinEquivalent.of(loss, y_true, sample_weight, totals)
    if builtin.alpha != 1 and not builtin.hard:
        msg = "scale_pos_weight multiplies labels of 1 only; pass soft labels to train."
        raise ValueError(msg)
    _model.check_intercept("the start", builtin.constant, "use train")
    params = {"objective": _model.NATIVE, "base_score": float(sigmoid(builtin.constant))}
    if builtin.alpha != 1:
        params["scale_pos_weight"] = builtin.alpha
    return params, builtin.weight
