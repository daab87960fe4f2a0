"""Recalibration of a trained model on rows that were held out."""

import catboost as cb
from numpy.typing import ArrayLike

from gradpair._hosts import params as checks
from gradpair._hosts.calibration import Method, fitted_line
from gradpair.catboost import _model, _pools


def recalibrate(
    model: cb.CatBoost,
    data: cb.Pool,
    *,
    method: Method = "platt",
    sample_weight: ArrayLike | None = None,
) -> cb.CatBoostClassifier:
    """Calibrate a model's probabilities on rows that it was not trained on.

    The result is a plain model of objective ``Logloss`` once more, whose ``predict_proba`` gives
    the recalibrated probability: slope and shift are in the leaves of its trees, so that SHAP
    values, ONNX and whatever else reads the model see them. The ranking of rows stays.

    Parameters
    ----------
    model : catboost.CatBoost
        A model of objective ``Logloss`` or ``CrossEntropy``, such as :func:`train` returns, or
        CatBoost itself. It is left unchanged.
    data : catboost.Pool
        Held-out rows with their labels in [0, 1], and their weights if they have any. Rows that
        the model was trained on, or that stopped its training early, look better predicted than
        others.
    method : {"platt", "shift"}
        ``"platt"`` fits a slope and a shift of the raw value (Platt 1999, whose targets within
        (0, 1) bound both where the rows are separable). ``"shift"`` fits the shift alone, for few
        rows: it is ``optimal_constant(BinaryCrossEntropy(), y, offset=raw)``, and makes the mean
        probability the mean label.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of at least 0 in place of those in ``data``.

    Returns
    -------
    catboost.CatBoostClassifier
        Its raw values are ``slope * raw + shift`` to 1e-12.

    Raises
    ------
    ValueError
        A model of another objective, or not fitted; rows without labels, or of one class; raw
        values that are all equal or rank the rows backwards; a slope for rows with a baseline,
        which is no part of the model.
    TypeError
        ``model`` is not CatBoost's, or ``data`` not a Pool.

    References
    ----------
    Platt, Probabilistic outputs for support vector machines (1999). Lin, Lin and Weng, A note on
    Platt's probabilistic outputs (2007).

    Examples
    --------
    >>> import catboost as cb
    >>> from sklearn.datasets import load_breast_cancer
    >>> import gradpair as gp
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> train, held_out = cb.Pool(X[:400], y[:400]), cb.Pool(X[400:], y[400:])
    >>> loss, params = gp.WeightedCrossEntropy(alpha=9.0), {"learning_rate": 0.3, "verbose": False}
    >>> model = gp.catboost.train(params, train, 20, loss=loss)
    >>> mended = gp.catboost.recalibrate(model, held_out, method="shift")
    >>> before, after = (each.predict_proba(held_out)[:, 1].mean() for each in (model, mended))
    >>> [round(float(value), 2) for value in (y[400:].mean(), before, after)]
    [0.77, 0.81, 0.77]
    """
    _model.check_model(model)
    checks.check_type("data", data, cb.Pool, "Build one with label= of held-out rows.")
    if (found := _model.objective_of(model)) not in _model.NATIVES:
        msg = (
            f"the model has objective {found!r} and predicts no probabilities; make it native "
            f"first: gradpair.catboost.to_native(model, loss, constant=...)."
        )
        raise ValueError(msg)
    held = _pools.fields(data, "data")
    if method == "platt" and held.offset is not None:
        msg = (
            "method='platt' scales raw values, and the baseline is no part of the model; use "
            "method='shift'."
        )
        raise ValueError(msg)
    weight = held.weight if sample_weight is None else sample_weight
    slope, shift = fitted_line(_model.margins(model, data), held.y, weight, method)
    return _model.with_shift(model, shift, slope=slope)
