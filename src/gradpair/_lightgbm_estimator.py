"""LGBMClassifier inside BoostingClassifier."""

import inspect
from collections.abc import Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
from sklearn.utils import _safe_indexing

from gradpair import _adapter, _lightgbm_model, lightgbm
from gradpair._estimator import Plan, Rows, Trained
from gradpair._validation import Array

ESTIMATOR = lgb.LGBMClassifier
# What fit calls the weights and the offsets of the evaluation sets.
EVAL_WEIGHT, EVAL_OFFSET = "eval_sample_weight", "eval_init_score"
REFUSED = {
    "init_score": "pass it as offset=",
    "init_model": "continue a model with gradpair.lightgbm.train(init_model=)",
    "eval_class_weight": f"weight the rows of evaluation sets with {EVAL_WEIGHT}=",
}


def requested_constant(estimator: lgb.LGBMClassifier) -> float | None:
    """Check the parameters and return 0 if ``boost_from_average`` is switched off."""
    return lightgbm._own_params(estimator.get_params(deep=False), None)[1]


def train(
    estimator: lgb.LGBMClassifier,
    rows: Rows,
    validation: Sequence[Rows],
    plan: Plan,
    fit_params: dict[str, Any],
) -> Trained:
    """Fit an LGBMClassifier with the loss as its objective and move its model to another."""
    params, _ = lightgbm._own_params(estimator.get_params(deep=False), None)
    del params["class_weight"]  # it is in the weights of the rows
    params["objective"] = lightgbm.objective(plan.loss, start=plan.constant, hessian=plan.hessian)
    fit_params, params["metric"] = _with_metrics(fit_params, params["metric"], plan)
    trainer = lgb.LGBMClassifier(**params)
    fit_params |= _evaluation(trainer, validation)
    trainer.fit(
        rows.features, rows.y, sample_weight=rows.weight, init_score=rows.offset, **fit_params
    )
    model = _lightgbm_model.native(trainer.booster_, plan.constant + plan.model_shift)
    return Trained(
        _fitted(estimator, model, rows),
        model.best_iteration if model.best_iteration > 0 else None,
        trainer.evals_result_ if validation else {},
    )


def booster(estimator: lgb.LGBMClassifier) -> lgb.Booster:
    """Return the model."""
    return estimator.booster_


def margin(estimator: lgb.LGBMClassifier, features: Any) -> Array:
    """Return the raw scores of rows, without their offsets."""
    return np.asarray(estimator.predict(features, raw_score=True))


def _with_metrics(
    fit_params: dict[str, Any], asked: Any, plan: Plan
) -> tuple[dict[str, Any], list[str] | str]:
    """Split metrics into the user's functions and built-in names; without any, report the loss."""
    own = fit_params.get("eval_metric")
    given = [own] if own is None or isinstance(own, str) or callable(own) else list(own)
    functions = [_adapter.estimator_metric(f, plan.constant) for f in given if callable(f)]
    named = [name for name in given if name is not None and not callable(name)]
    names, _ = lightgbm._own_params({"metric": named}, None)
    asked = [] if asked == "None" else asked
    built_in = [*asked, *(names["metric"] if named else ())]
    if not functions and not built_in:
        functions = [lightgbm.metric(plan.loss, start=plan.constant)]
    return {**fit_params, "eval_metric": functions or None}, built_in or "None"


def _evaluation(trainer: lgb.LGBMClassifier, validation: Sequence[Rows]) -> dict[str, Any]:
    """Return the evaluation sets as this version of LightGBM takes them."""
    if not validation:
        return {}
    features, labels, weights, offsets = (list(field) for field in zip(*validation, strict=True))
    fields = {
        EVAL_WEIGHT: None if weights[0] is None else weights,
        EVAL_OFFSET: None if offsets[0] is None else offsets,
    }
    if "eval_X" in inspect.signature(trainer.fit).parameters:  # since 4.7
        return {"eval_X": tuple(features), "eval_y": tuple(labels), **fields}
    return {"eval_set": list(zip(features, labels, strict=True)), **fields}


def _fitted(estimator: lgb.LGBMClassifier, model: lgb.Booster, rows: Rows) -> lgb.LGBMClassifier:
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
