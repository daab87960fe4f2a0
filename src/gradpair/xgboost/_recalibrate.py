"""Recalibration of a trained Booster on rows that were held out."""

import xgboost as xgb
from numpy.typing import ArrayLike

from gradpair import _validation
from gradpair._hosts import params as checks
from gradpair._hosts.calibration import Method, fitted_line
from gradpair.xgboost import _model, _workers


def recalibrate(
    booster: xgb.Booster,
    data: xgb.DMatrix,
    *,
    method: Method = "platt",
    sample_weight: ArrayLike | None = None,
) -> xgb.Booster:
    """Calibrate a model's probabilities on rows that it was not trained on.

    The result is a plain model of objective ``binary:logistic`` once more, whose ``predict`` gives
    the recalibrated probability: slope and shift are in the leaves of its trees, so that SHAP
    values, converters and whatever else reads the model see them. The ranking of rows stays.

    Parameters
    ----------
    booster : xgboost.Booster
        A model of objective ``binary:logistic``, such as :func:`train` returns, or XGBoost itself.
        It is left unchanged. Of an estimator, pass ``model.get_booster()``.
    data : xgboost.DMatrix
        Held-out rows with their labels in [0, 1], and their weights if they have any. Rows that
        the model was trained on, or that stopped its training early, look better predicted than
        others.
    method : {"platt", "shift"}
        ``"platt"`` fits a slope and a shift of the margin (Platt 1999, whose targets within (0, 1)
        bound both where the rows are separable). ``"shift"`` fits the shift alone, for few rows: it
        is ``optimal_constant(BinaryCrossEntropy(), y, offset=margin)``, and makes the mean
        probability the mean label.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of at least 0 in place of those in ``data``.

    Returns
    -------
    xgboost.Booster
        Its margins are ``slope * margin + shift``, as exact as leaves in float32 can be.

    Raises
    ------
    ValueError
        A model of another objective; rows without labels, or of one class; margins that are all
        equal or rank the rows backwards; a slope for rows with ``base_margin``, which is no part of
        the model; an intercept beyond what XGBoost can hold, of a model without trees.
    TypeError
        ``booster`` is not a Booster, or ``data`` not a DMatrix.

    References
    ----------
    Platt, Probabilistic outputs for support vector machines (1999). Lin, Lin and Weng, A note on
    Platt's probabilistic outputs (2007).

    Examples
    --------
    >>> import xgboost as xgb
    >>> from sklearn.datasets import load_breast_cancer
    >>> import gradpair as gp
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> train, held_out = xgb.DMatrix(X[:400], y[:400]), xgb.DMatrix(X[400:], y[400:])
    >>> loss = gp.WeightedCrossEntropy(alpha=9.0)
    >>> booster = gp.xgboost.train({"max_depth": 3}, train, 20, loss=loss)
    >>> mended = gp.xgboost.recalibrate(booster, held_out, method="shift")
    >>> labels, before, after = y[400:], booster.predict(held_out), mended.predict(held_out)
    >>> [round(float(values.mean()), 2) for values in (labels, before, after)]
    [0.77, 0.76, 0.77]
    """
    _workers.check_alone(
        "each would fit another line to its own rows; recalibrate after the training, in one "
        "process, on rows that were held out"
    )
    checks.check_type("booster", booster, xgb.Booster, "Of an estimator, pass model.get_booster().")
    checks.check_type("data", data, xgb.DMatrix, "Build one with label= of held-out rows.")
    if (found := _model.objective_of(booster)) != _model.NATIVE:
        msg = (
            f"the booster has objective {found!r} and predicts no probabilities; make it native "
            f"first: gradpair.xgboost.to_native(booster, loss, constant=...)."
        )
        raise ValueError(msg)
    if method == "platt" and data.get_base_margin().size:
        msg = (
            "method='platt' scales margins, and base_margin is no part of the model; use "
            "method='shift'."
        )
        raise ValueError(msg)
    y = _validation.one_per_row("the label of data", data.get_label(), data.num_row())
    if sample_weight is None and (weight := data.get_weight()).size:
        sample_weight = weight
    margins = booster.predict(data, output_margin=True)
    if sample_weight is None and (weight := data.get_weight()).size:
        sample_weight = weight
    margins = booster.predict(data, output_margin=True)
    slope, shift = fitted_line(margins, y, sample_weight, method)
    return _model.with_shift(booster, shift, slope=slope)
