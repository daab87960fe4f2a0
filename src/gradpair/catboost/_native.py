"""Plain models of custom ones, and losses as CatBoost's built-in objective."""

from typing import Any

import catboost as cb
from numpy.typing import ArrayLike

from gradpair._hosts.builtin import BuiltinEquivalent, shift_to_native
from gradpair._validation import Array
from gradpair.catboost import _model
from gradpair.losses import Loss


def to_native(
    model: cb.CatBoost, loss: Loss, *, constant: float, calibrated: bool = False
) -> cb.CatBoostClassifier:
    """Turn a model of a custom objective into a plain one that predicts probabilities.

    For models that CatBoost trained with :func:`objective`; :func:`train` returns such a model
    already, and can be passed with ``constant=0.0`` to calibrate it.

    Parameters
    ----------
    model : catboost.CatBoost
        The fitted model, of any of CatBoost's classes. It is not changed.
    loss : Loss
        The loss that it was trained with.
    constant : float
        What its raw values lack: the ``start`` of its objective, or the baseline of its Pool if
        that was the same for all rows.
    calibrated : bool
        Whether ``predict_proba`` gives ``loss.calibrated_probability``, for a loss whose
        ``calibration_shift`` is a constant; otherwise it gives the sigmoid of the raw value.

    Returns
    -------
    catboost.CatBoostClassifier
        A model of objective ``Logloss`` and classes 0 and 1, with the constant in the leaves of its
        first tree, from which ONNX gets it too.

    Raises
    ------
    ValueError
        ``calibrated`` for a loss without a constant shift; a model that is not fitted, or of
        another built-in objective.
    TypeError
        ``model`` is not CatBoost's, ``loss`` is not a Loss, ``constant`` is not a number.
    RuntimeError
        The model is not as expected of this version of CatBoost.

    Examples
    --------
    >>> import catboost as cb, numpy as np
    >>> import gradpair as gp
    >>> X, y = np.arange(90.0).reshape(-1, 1), np.repeat([0, 1], [60, 30])
    >>> loss = gp.FocalLoss(gamma=1.5)
    >>> params = {"iterations": 30, "learning_rate": 0.5, "verbose": False}
    >>> params |= {"loss_function": gp.catboost.objective(loss, start=-0.5)}
    >>> params |= {"eval_metric": gp.catboost.metric(loss, start=-0.5)}
    >>> params |= {"allow_writing_files": False}
    >>> raw = cb.CatBoost(params).fit(X, y)
    >>> native = gp.catboost.to_native(raw, loss, constant=-0.5)
    >>> native.predict_proba([[10.0], [80.0]])[:, 1].round(1)
    array([0.1, 0.9])
    """
    _model.check_model(model)
    found = _model.objective_of(model)
    if found not in (*_model.NATIVES, _model.CUSTOM):
        msg = (
            f"the model has objective {found!r}, whose raw values are no log-odds; train it with "
            f"gradpair.catboost.objective(loss)."
        )
        raise ValueError(msg)
    return _model.with_shift(model, shift_to_native(loss, constant, calibrated=calibrated))


def native(
    loss: Loss,
    y_true: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    *,
    totals: tuple[float, float] | None = None,
) -> tuple[dict[str, Any], Array | None]:
    """Give a loss as CatBoost's built-in objective, from the same start.

    The fast way: no Python is called in training, which runs on GPUs too. CatBoost computes the
    start itself, from weights that include ``scale_pos_weight``.

    Parameters
    ----------
    loss : BinaryCrossEntropy or WeightedCrossEntropy
        Other losses have no equivalent.
    y_true : array-like of shape (n_samples,) or None
        Labels: 0 and 1 for :class:`~gradpair.WeightedCrossEntropy`. None if ``totals`` are given.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of at least 0.
    totals : (float, float) or None
        The weight of all 1s and of all 0s, for labels that are elsewhere.

    Returns
    -------
    params : dict
        ``loss_function``, ``boost_from_average`` and ``scale_pos_weight``, to merge into the
        parameters. Unlike :func:`train` they leave the learning rate and the steps per leaf to what
        CatBoost takes for its own objectives.
    weight : array of shape (n_samples,) or None
        The weights to train with: those passed in.

    Raises
    ------
    ValueError
        A loss without an equivalent, soft labels that it does not know, or what
        :func:`~gradpair.optimal_constant` refuses.

    Examples
    --------
    >>> import gradpair as gp
    >>> params, weight = gp.catboost.native(gp.WeightedCrossEntropy(alpha=3.0), [1, 0, 0, 0])
    >>> params
    {'loss_function': 'Logloss', 'boost_from_average': True, 'scale_pos_weight': 3.0}
    """
    builtin = BuiltinEquivalent.of(loss, y_true, sample_weight, totals)
    if builtin.alpha != 1 and not builtin.hard:
        msg = "scale_pos_weight multiplies labels of 1 only; pass soft labels to train."
        raise ValueError(msg)
    kind = "Logloss" if builtin.hard else "CrossEntropy"
    params: dict[str, Any] = {"loss_function": kind, "boost_from_average": True}
    if builtin.alpha != 1:
        params["scale_pos_weight"] = builtin.alpha
    return params, builtin.weight
