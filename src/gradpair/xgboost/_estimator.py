"""XGBClassifier inside BoostingClassifier."""

from collections.abc import Sequence
from typing import Any

import xgboost as xgb
from sklearn.base import clone

from gradpair._hosts.estimator import EncodedRows, Trained, TrainingPlan, fields_of_sets
from gradpair._hosts.metrics import estimator_metric
from gradpair._validation import Array
from gradpair.xgboost import _model, _params, _start
from gradpair.xgboost._callables import metric, objective

ESTIMATOR = xgb.XGBClassifier
QUIET: dict[str, Any] = {}  # parameters with which it prints nothing
# What fit calls the weights and the offsets of the evaluation sets.
EVAL_WEIGHT, EVAL_OFFSET = "sample_weight_eval_set", "base_margin_eval_set"
REFUSED = {
    "base_margin": "pass it as offset=",
    "xgb_model": "continue a model with gradpair.xgboost.train(xgb_model=)",
}


def requested_constant(estimator: xgb.XGBClassifier) -> float | None:
    """Check the parameters and return the start that ``base_score`` asks for."""
    return _params.requested_constant(estimator.get_params(deep=False), None, None)


def train(
    estimator: xgb.XGBClassifier,
    rows: EncodedRows,
    sets: Sequence[EncodedRows],
    plan: TrainingPlan,
    fit_params: dict[str, Any],
) -> Trained:
    """Fit a clone with the loss as its objective and move its model to another clone."""
    asked = estimator.eval_metric or []
    asked = list(asked) if isinstance(asked, list | tuple) else [asked]
    params = estimator.get_params(deep=False)
    params["eval_metric"] = [name for name in asked if not callable(name)]
    rounds = estimator.get_num_boosting_rounds()
    start = _start.place(plan.constant, params, offsets=rows.offset is not None, rounds=rounds)
    trainer = clone(estimator).set_params(
        objective=objective(plan.loss, start=start.shift, hessian=plan.hessian),
        base_score=start.base_score,
        **_metric(asked, start.shift, plan),
    )
    if sets:
        features, labels, weights, offsets = fields_of_sets(sets)
        fit_params["eval_set"] = list(zip(features, labels, strict=True))
        fit_params |= {EVAL_WEIGHT: weights, EVAL_OFFSET: offsets}
    trainer.fit(
        rows.features, rows.y, sample_weight=rows.weight, base_margin=rows.offset, **fit_params
    )
    best, model = _up_to_the_best(trainer)
    model = _model.with_shift(model, start.shift + plan.model_shift, {})
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


def _metric(asked: list[Any], shift: float, plan: TrainingPlan) -> dict[str, Any]:
    """Return parameters that report the loss, or the metrics that the user asks for."""
    metrics = [estimator_metric(m, shift) if callable(m) else m for m in asked]
    metrics = metrics or [metric(plan.loss, start=shift)]
    if len(metrics) > 1 or not callable(metrics[0]):
        return {"eval_metric": metrics}
    return {"eval_metric": metrics[0], **_start.without_default_metric({}, None)}
