"""XGBClassifier inside BoostingClassifier."""

import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import xgboost as xgb

from gradpair._hosts.calibration import Line
from gradpair._hosts.estimator import EncodedRows, Trained, TrainingPlan, fields_of_sets
from gradpair._hosts.metrics import estimator_metric
from gradpair._validation import Array
from gradpair.xgboost import _model, _params, _start, _workers
from gradpair.xgboost._callables import metric, objective
from gradpair.xgboost._metrics import without_default_metric

ESTIMATOR = xgb.XGBClassifier
QUIET: dict[str, Any] = {}  # parameters with which it prints nothing
# What fit calls the weights and the offsets of the evaluation sets.
EVAL_WEIGHT, EVAL_OFFSET = "sample_weight_eval_set", "base_margin_eval_set"
REFUSED = {
    "base_margin": "pass it as offset=",
    "xgb_model": "continue a model with gradpair.xgboost.train(xgb_model=)",
}
ROUNDS = ("iteration_range",)  # what predict calls the rounds to predict with
PREDICT_REFUSED = {
    "base_margin": "pass it as offset=",
    "output_margin": "margins are what decision_function returns",
    "validate_features": "the names of features are always checked",
}


def requested_constant(estimator: xgb.XGBClassifier) -> float | None:
    """Check the parameters and return the start that ``base_score`` asks for."""
    constant = _params.requested_constant(estimator.get_params(deep=False), None, None)
    if constant is None:
        _workers.check_alone(
            "each would fit another start on its own rows; pass base_score=, the sigmoid of "
            "gradpair.optimal_constant(...) of all rows, the same to each, or train with "
            "gradpair.xgboost.train, which starts where all rows want it"
        )
    return constant


def train(
    estimator: xgb.XGBClassifier,
    rows: EncodedRows,
    sets: Sequence[EncodedRows],
    plan: TrainingPlan,
    fit_params: dict[str, Any],
) -> Trained:
    """Fit an estimator like the user's with the loss, and move its model to another one."""
    # Not cloned: callbacks are copied by that, and then see nothing of the training.
    kind, params = type(estimator), estimator.get_params(deep=False)
    trainer_kind: type[xgb.XGBClassifier] = kind
    offsets = rows.offset is not None
    _params.check_overridden(params["base_score"], offsets=offsets)
    rounds = estimator.get_num_boosting_rounds()
    start = _start.place(plan.constant, params, offsets=offsets, rounds=rounds)
    own = objective(plan.loss, hessian=plan.hessian)
    changes = {"objective": own, "base_score": start.base_score}
    changes |= _metric(params["eval_metric"], plan)
    if start.shift:
        callbacks = list(params["callbacks"] or ())
        changes["callbacks"] = [*callbacks, _start.StartInFirstTree(own, [start.shift])]
        if isinstance(estimator, xgb.XGBRFClassifier) and not callbacks:
            # A random forest takes no callbacks, and is one round of parallel trees.
            changes |= {"n_estimators": 1, "num_parallel_tree": params["n_estimators"]}
            trainer_kind = xgb.XGBClassifier
    trainer = trainer_kind(**{**params, **changes})
    if sets:
        features, labels, weights, offsets_of_sets = fields_of_sets(sets)
        fit_params["eval_set"] = list(zip(features, labels, strict=True))
        fit_params |= {EVAL_WEIGHT: weights, EVAL_OFFSET: offsets_of_sets}
    trainer.fit(
        rows.features, rows.y, sample_weight=rows.weight, base_margin=rows.offset, **fit_params
    )
    best, model = _up_to_the_best(trainer)
    if plan.model_shift:
        model = _model.with_shift(model, plan.model_shift)
    return Trained(_fitted(kind, params, model), best, trainer.evals_result() if sets else {})


def onnx() -> ModuleType:
    """Import the converter of its models to ONNX, which needs onnxmltools."""
    return importlib.import_module("gradpair.xgboost._onnx")


def booster(estimator: xgb.XGBClassifier) -> xgb.Booster:
    """Return the model."""
    return estimator.get_booster()


def margin(
    estimator: xgb.XGBClassifier, features: Any, iteration_range: tuple[int, int] | None = None
) -> Array:
    """Return the margins of rows, without their offsets."""
    if iteration_range is not None and np.shape(iteration_range) != (2,):
        msg = f"iteration_range must be a pair of rounds, (first, end); got {iteration_range!r}."
        raise ValueError(msg)
    margins: Array = estimator.predict(
        features, output_margin=True, iteration_range=iteration_range
    )
    return margins


def scaled(estimator: xgb.XGBClassifier, line: Line) -> xgb.XGBClassifier:
    """Return another one whose margins lie on a line over these."""
    model = _model.with_shift(estimator.get_booster(), line.shift, slope=line.slope)
    return _fitted(type(estimator), estimator.get_params(deep=False), model)


def skipped(
    estimator: xgb.XGBClassifier, start: tuple[float, float], *, iteration_range: tuple[int, int]
) -> float:
    """Return what belongs to every range of rounds, where a range leaves out the first tree.

    XGBoost's own models keep their start in the intercept; here the first tree holds what the
    intercept cannot, of the start and of its correction.
    """
    first, end = iteration_range
    if not first or not end:  # with an end of 0, XGBoost predicts with all rounds
        return 0.0
    return sum(start) - _model.intercept_of(estimator.get_booster())


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


def _fitted(
    kind: type[xgb.XGBClassifier], params: dict[str, Any], model: xgb.Booster
) -> xgb.XGBClassifier:
    """Return an estimator that holds the model, with the user's parameters."""
    fitted = kind(**params)
    fitted.load_model(model.save_raw("json"))
    # Loading sets some parameters from the model; set_params would set them in the model too.
    for name, value in params.items():
        if hasattr(fitted, name):
            setattr(fitted, name, value)
    return fitted


def _metric(asked: Any, plan: TrainingPlan) -> dict[str, Any]:
    """Return parameters that report the loss, or else the metrics that the user asks for."""
    asked = asked or []
    asked = list(asked) if isinstance(asked, list | tuple) else [asked]
    metrics = [estimator_metric(m, 0.0) if callable(m) else m for m in asked]
    metrics = metrics or [metric(plan.loss)]
    if len(metrics) > 1 or not callable(metrics[0]):
        return {"eval_metric": metrics}
    return {"eval_metric": metrics[0], **without_default_metric({}, None)}
