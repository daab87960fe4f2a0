"""XGBClassifier inside BoostingClassifier."""

from collections.abc import Sequence
from typing import Any

import xgboost as xgb
from sklearn.base import clone

from gradpair import _adapter, _xgboost_model, xgboost
from gradpair._estimator import Plan, Rows, Trained
from gradpair._validation import Array
from gradpair.functional import sigmoid

ESTIMATOR = xgb.XGBClassifier
# What fit calls the weights and the offsets of the evaluation sets.
EVAL_WEIGHT, EVAL_OFFSET = "sample_weight_eval_set", "base_margin_eval_set"
REFUSED = {
    "base_margin": "pass it as offset=",
    "xgb_model": "continue a model with gradpair.xgboost.train(xgb_model=)",
}


def requested_constant(estimator: xgb.XGBClassifier) -> float | None:
    """Check the parameters and return the start that ``base_score`` asks for."""
    return xgboost._requested_constant(estimator.get_params(deep=False), None, None)


def train(
    estimator: xgb.XGBClassifier,
    rows: Rows,
    validation: Sequence[Rows],
    plan: Plan,
    fit_params: dict[str, Any],
) -> Trained:
    """Fit a clone with the loss as its objective and move its model to another clone."""
    start = _tree_start(estimator, rows, plan)
    trainer = clone(estimator).set_params(
        objective=xgboost.objective(plan.loss, start=start, hessian=plan.hessian),
        base_score=0.5 if start else float(sigmoid(plan.constant)),
        **_metric(estimator.eval_metric, start, plan),
    )
    if validation:
        fit_params = {
            **fit_params,
            "eval_set": [(valid.features, valid.y) for valid in validation],
            EVAL_WEIGHT: _all_or_none([valid.weight for valid in validation]),
            EVAL_OFFSET: _all_or_none([valid.offset for valid in validation]),
        }
    trainer.fit(
        rows.features, rows.y, sample_weight=rows.weight, base_margin=rows.offset, **fit_params
    )
    booster = trainer.get_booster()
    model = _xgboost_model.native(booster, start + plan.model_shift, {})
    return Trained(
        _fitted(estimator, model),
        int(best) if (best := booster.attr("best_iteration")) is not None else None,
        trainer.evals_result() if validation else {},
    )


def booster(estimator: xgb.XGBClassifier) -> xgb.Booster:
    """Return the model."""
    return estimator.get_booster()


def margin(estimator: xgb.XGBClassifier, features: Any) -> Array:
    """Return the margins of rows, without their offsets."""
    margins: Array = estimator.predict(features, output_margin=True)
    return margins


def _fitted(estimator: xgb.XGBClassifier, model: xgb.Booster) -> xgb.XGBClassifier:
    """Return a clone that holds the model, with the user's parameters."""
    fitted: xgb.XGBClassifier = clone(estimator)
    fitted.load_model(model.save_raw("json"))
    # Loading sets some parameters from the model; set_params would set them in the model too.
    for name, value in estimator.get_params(deep=False).items():
        if hasattr(fitted, name):
            setattr(fitted, name, value)
    return fitted


def _tree_start(estimator: xgb.XGBClassifier, rows: Rows, plan: Plan) -> float:
    """Return the constant if it must go into the first tree, 0 if it is the intercept."""
    if xgboost._fits_intercept(plan.constant, offsets=rows.offset is not None):
        return 0.0
    params = estimator.get_params(deep=False)
    if callable(params.get("eval_metric")):
        params["eval_metric"] = None
    xgboost._check_tree_start(params, estimator.get_num_boosting_rounds())
    return plan.constant


def _metric(asked: Any, start: float, plan: Plan) -> dict[str, Any]:
    """Return parameters that report the loss, unless the user asks for other metrics."""
    if asked is not None and not callable(asked):
        return {}
    own = xgboost.metric(plan.loss, start=start)
    metric = own if asked is None else _adapter.estimator_metric(asked, start)
    return {"eval_metric": metric, xgboost._DEFAULT_METRIC: True}


def _all_or_none(fields: list[Array | None]) -> list[Array] | None:
    """Return one array for each evaluation set, or None if none has one."""
    present = [field for field in fields if field is not None]
    return present or None
