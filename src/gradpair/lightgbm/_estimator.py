"""LGBMClassifier inside BoostingClassifier."""

import inspect
from collections.abc import Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
from sklearn.utils import _safe_indexing

from gradpair._hosts.estimator import EncodedRows, Trained, TrainingPlan, fields_of_sets
from gradpair._hosts.metrics import estimator_metric
from gradpair._validation import Array
from gradpair.lightgbm import _model
from gradpair.lightgbm._callables import metric, objective
from gradpair.lightgbm._params import asked_metrics, keep_features, own_params
from gradpair.lightgbm._start import explained

ESTIMATOR = lgb.LGBMClassifier
QUIET = {"verbose": -1}  # parameters with which it prints nothing
# What fit calls the weights and the offsets of the evaluation sets.
EVAL_WEIGHT, EVAL_OFFSET = "eval_sample_weight", "eval_init_score"
REFUSED = {
    "init_score": "pass it as offset=",
    "init_model": "continue a model with gradpair.lightgbm.train(init_model=)",
    "eval_class_weight": f"weight the rows of evaluation sets with {EVAL_WEIGHT}=",
    "eval_X": "pass evaluation sets as eval_set=",
    "eval_y": "pass evaluation sets as eval_set=",
}


def requested_constant(estimator: lgb.LGBMClassifier) -> float | None:
    """Check the parameters and return 0 if ``boost_from_average`` is switched off."""
    if type(estimator) is not lgb.LGBMClassifier:
        msg = (
            f"estimator is a {type(estimator).__name__}; of LightGBM's estimators gradpair trains "
            f"LGBMClassifier itself, not its subclasses."
        )
        raise TypeError(msg)
    return own_params(estimator.get_params(deep=False), None)[1]


def train(
    estimator: lgb.LGBMClassifier,
    rows: EncodedRows,
    sets: Sequence[EncodedRows],
    plan: TrainingPlan,
    fit_params: dict[str, Any],
) -> Trained:
    """Fit an LGBMClassifier with the loss as its objective and move its model to another."""
    params, _ = own_params(estimator.get_params(deep=False), None)
    del params["class_weight"]  # it is in the weights of the rows
    params |= keep_features(params, rows.y.size)
    params["objective"] = objective(plan.loss, start=plan.constant, hessian=plan.hessian)
    names, functions = _metrics(params["metric"], fit_params.pop("eval_metric", None), plan)
    params["metric"] = names or "None"
    trainer = lgb.LGBMClassifier(**params)
    with explained():
        trainer.fit(
            rows.features,
            rows.y,
            sample_weight=rows.weight,
            init_score=rows.offset,
            eval_metric=functions or None,
            **{**fit_params, **_evaluation(trainer, sets, fit_params)},
        )
    model = _model.with_shift(trainer.booster_, plan.constant + plan.model_shift)
    return Trained(
        _fitted(estimator, model, rows),
        model.best_iteration if model.best_iteration > 0 else None,
        trainer.evals_result_ if sets else {},
    )


def booster(estimator: lgb.LGBMClassifier) -> lgb.Booster:
    """Return the model."""
    return estimator.booster_


def margin(estimator: lgb.LGBMClassifier, features: Any) -> Array:
    """Return the raw scores of rows, without their offsets."""
    return np.asarray(estimator.predict(features, raw_score=True))


def _metrics(parameter: Any, argument: Any, plan: TrainingPlan) -> tuple[list[str], list[Any]]:
    """Return built-in metrics and functions; without any, the loss is what is reported."""
    given = list(argument) if isinstance(argument, list | tuple) else [argument]
    functions = [estimator_metric(f, plan.constant) for f in given if callable(f)]
    names = asked_metrics(parameter)
    for item in given:
        names += [] if callable(item) else asked_metrics(item)
    if not functions and not names:
        functions = [metric(plan.loss, start=plan.constant)]
    return names, functions


def _evaluation(
    trainer: lgb.LGBMClassifier, sets: Sequence[EncodedRows], fit_params: dict[str, Any]
) -> dict[str, Any]:
    """Return the evaluation sets as this version of LightGBM takes them."""
    if not sets:
        return {}
    features, labels, weights, offsets = fields_of_sets(sets)
    names = fit_params.get("eval_names") or [f"valid_{i}" for i in range(len(sets))]
    if isinstance(names, str) or len(names) != len(sets):
        msg = f"eval_names must be a list of {len(sets)} names, one for each set; got {names!r}."
        raise ValueError(msg)
    pairs = zip(sets, names, strict=True)
    fields = {
        EVAL_WEIGHT: weights,
        EVAL_OFFSET: offsets,
        # By this name early stopping tells the set that it must not watch.
        "eval_names": ["training" if rows.training else name for rows, name in pairs],
    }
    if "eval_X" in inspect.signature(trainer.fit).parameters:  # since 4.7
        return {"eval_X": tuple(features), "eval_y": tuple(labels), **fields}
    return {"eval_set": list(zip(features, labels, strict=True)), **fields}


def _fitted(
    estimator: lgb.LGBMClassifier, model: lgb.Booster, rows: EncodedRows
) -> lgb.LGBMClassifier:
    """Return an LGBMClassifier that holds the model.

    It has no way to load one. So it is fitted to a row of each class, and the Booster of that fit
    then reads the model.
    """
    two = [int(np.argmax(rows.y == label)) for label in (0, 1)]
    fitted = lgb.LGBMClassifier(n_estimators=1, min_child_samples=1, n_jobs=1, verbose=-1)
    fitted.fit(_safe_indexing(rows.features, two), rows.y[two])
    fitted.booster_.model_from_string(model.model_to_string(num_iteration=-1))
    fitted.booster_.best_iteration = model.best_iteration
    fitted.booster_.params = model.params
    params = {"verbose": None, **estimator.get_params(deep=False)}
    del params["objective"]  # it is None or the name that the fit has set
    return fitted.set_params(**params)
