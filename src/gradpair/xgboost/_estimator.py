"""XGBClassifier inside BoostingClassifier."""

from collections.abc import Sequence
from typing import Any

import xgboost as xgb
from sklearn.base import clone

from gradpair._hosts import callables as _adapter
from gradpair._hosts.estimator import Plan, Rows, Trained, fields_of_sets
from gradpair._validation import Array
from gradpair.functional import sigmoid
from gradpair.xgboost import _model as _xgboost_model
from gradpair.xgboost import _train as xgboost

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
    sets: Sequence[Rows],
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
    if sets:
        features, labels, weights, offsets = fields_of_sets(sets)
        fit_params = {
            **fit_params,
            "eval_set": list(zip(features, labels, strict=True)),
            EVAL_WEIGHT: weights,
            EVAL_OFFSET: offsets,
        }
    trainer.fit(
        rows.features, rows.y, sample_weight=rows.weight, base_margin=rows.offset, **fit_params
    )
    best, model = _up_to_the_best(trainer)
    model = _xgboost_model.native(model, start + plan.model_shift, {})
    return Trained(_fitted(estimator, model), best, trainer.evals_result() if sets else {})


def booster(estimator: xgb.XGBClassifier) -> xgb.Booster:
    """Return the model."""
    return estimator.get_booster()


def margin(estimator: xgb.XGBClassifier, features: Any) -> Array:
    """Return the margins of rows, without their offsets."""
    margins: Array = estimator.predict(features, output_margin=True)
    return margins


def _up_to_the_best(estimator: xgb.XGBClassifier) -> tuple[int | None, xgb.Booster]:
    """Return the best round of early stopping, and the model without what came after it."""
    booster = estimator.get_booster()
    told = booster.attributes()
    if "best_iteration" not in told:
        return None, booster
    best = int(str(told["best_iteration"]))
    if best + 1 < booster.num_boosted_rounds() and estimator.booster != "gblinear":
        booster = booster[: best + 1]
        booster.set_attr(**told)
    return best, booster


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
    names = [metric for metric in _listed(estimator.eval_metric) if not callable(metric)]
    params = {**estimator.get_params(deep=False), "eval_metric": names}
    xgboost._check_tree_start(params, estimator.get_num_boosting_rounds())
    return plan.constant


def _metric(asked: Any, start: float, plan: Plan) -> dict[str, Any]:
    """Return parameters that report the loss, or the metrics that the user asks for."""
    if asked is None:
        own = xgboost.metric(plan.loss, start=start)
        return {"eval_metric": own, xgboost._DEFAULT_METRIC: True}
    metrics = [
        _adapter.estimator_metric(metric, start) if callable(metric) else metric
        for metric in _listed(asked)
    ]
    if len(metrics) == 1 and callable(metrics[0]):
        return {"eval_metric": metrics[0], xgboost._DEFAULT_METRIC: True}
    return {"eval_metric": metrics}


def _listed(asked: Any) -> list[Any]:
    return list(asked) if isinstance(asked, list | tuple) else [asked] if asked else []
