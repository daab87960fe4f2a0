"""Recalibration of a trained Booster on rows that were held out."""

from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import ArrayLike

from gradpair._hosts import params as checks
from gradpair._hosts.calibration import Method, fitted_line
from gradpair.lightgbm import _model


def recalibrate(
    booster: lgb.Booster,
    data: tuple[Any, ArrayLike],
    *,
    method: Method = "platt",
    sample_weight: ArrayLike | None = None,
    init_score: ArrayLike | None = None,
) -> lgb.Booster:
    """Calibrate a model's probabilities on rows that it was not trained on.

    The result is a plain model of objective ``binary`` once more, whose ``predict`` gives the
    recalibrated probability: slope and shift are in the leaves of its trees, so that SHAP values,
    converters and whatever else reads the model see them. The ranking of rows stays.

    Parameters
    ----------
    booster : lightgbm.Booster
        A model of objective ``binary``, such as :func:`train` returns, or LightGBM itself. It is
        left unchanged. Of an estimator, pass ``model.booster_``.
    data : (X, y)
        Held-out rows, as ``predict`` takes them, and their labels in [0, 1]. Rows that the model
        was trained on, or that stopped its training early, look better predicted than others.
    method : {"platt", "shift"}
        ``"platt"`` fits a slope and a shift of the raw score (Platt 1999, whose targets within
        (0, 1) bound both where the rows are separable). ``"shift"`` fits the shift alone, for few
        rows: it is ``optimal_constant(BinaryCrossEntropy(), y, offset=raw_score)``, and makes the
        mean probability the mean label.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of at least 0 of the rows.
    init_score : array-like of shape (n_samples,) or None
        Known log-odds of each row to which the model is added. For ``method="shift"`` only: a slope
        would have to scale them too, and they are not in the model.

    Returns
    -------
    lightgbm.Booster
        Its raw scores are ``slope * raw_score + shift`` to 1e-12.

    Raises
    ------
    ValueError
        A model of another objective; labels of one class; raw scores that are all equal or rank the
        rows backwards; a slope beside ``init_score``.
    TypeError
        ``booster`` is not a Booster, or ``data`` is not a pair.

    References
    ----------
    Platt, Probabilistic outputs for support vector machines (1999). Lin, Lin and Weng, A note on
    Platt's probabilistic outputs (2007).

    Examples
    --------
    >>> import lightgbm as lgb
    >>> from sklearn.datasets import load_breast_cancer
    >>> import gradpair as gp
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> loss = gp.WeightedCrossEntropy(alpha=9.0)
    >>> train = lgb.Dataset(X[:400], y[:400])
    >>> booster = gp.lightgbm.train({"verbosity": -1}, train, 20, loss=loss)
    >>> mended = gp.lightgbm.recalibrate(booster, (X[400:], y[400:]), method="shift")
    >>> labels, before, after = y[400:], booster.predict(X[400:]), mended.predict(X[400:])
    >>> [round(float(values.mean()), 2) for values in (labels, before, after)]
    [0.77, 0.78, 0.77]
    """
    checks.check_type("booster", booster, lgb.Booster, "Of an estimator, pass model.booster_.")
    if not isinstance(data, tuple | list) or len(data) != 2:
        msg = f"data must be a pair (X, y) of held-out rows and labels; got {type(data).__name__}."
        raise TypeError(msg)
    _model.check_native(booster)
    features, y = data
    raw = np.asarray(booster.predict(features, raw_score=True))
    if init_score is not None:
        if method == "platt":
            msg = (
                "method='platt' scales raw scores, and init_score is no part of the model; use "
                "method='shift'."
            )
            raise ValueError(msg)
        raw = raw + np.asarray(init_score, dtype=float)
    slope, shift = fitted_line(raw, y, sample_weight, method)
    return _model.with_shift(booster, shift, slope=slope)
