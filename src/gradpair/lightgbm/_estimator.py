"""LGBMClassifier inside BoostingClassifier."""

import copy
import importlib
import inspect
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import lightgbm as lgb
import numpy as np
from sklearn.utils import _safe_indexing

from gradpair._hosts.calibration import Line
from gradpair._hosts.estimator import EncodedRows, Trained, TrainingPlan, fields_of_sets
from gradpair._hosts.metrics import distinct, estimator_metric
from gradpair._validation import Array
from gradpair.lightgbm import _metrics, _model, _params
from gradpair.lightgbm._callables import metric, objective
from gradpair.lightgbm._callbacks import Callbacks
from gradpair.lightgbm._live import LiveStart
from gradpair.lightgbm._metrics import NamedMetric

ESTIMATOR = lgb.LGBMClassifier
QUIET = {"verbose": -1}  # parameters with which it prints nothing
# What fit calls the weights and the offsets of the evaluation sets.
EVAL_WEIGHT, EVAL_OFFSET = "eval_sample_weight", "eval_init_score"
REFUSED = {
    "init_score": "pass it as offset=",
    "init_model": "continue a model with gradpair.lightgbm.train(init_model=)",
    "eval_class_weight": f"weight the rows of evaluation sets with {EVAL_WEIGHT}=",
    "early_stopping_rounds": "pass callbacks=[lightgbm.early_stopping(...)]",
}
ROUNDS = ("start_iteration", "num_iteration")  # what predict calls the rounds to predict with
PREDICT_REFUSED = {
    "init_score": "pass it as offset=",
    "raw_score": "raw scores are what decision_function returns",
    "pred_leaf": "pass it to predict of booster_",
    "pred_contrib": "pass it to predict of booster_",
    "validate_features": "the names of features are always checked",
}


def requested_constant(estimator: lgb.LGBMClassifier) -> float | None:
    """Check the parameters and return 0 if ``boost_from_average`` is switched off."""
    if type(estimator) is not lgb.LGBMClassifier:
        kind = type(estimator).__name__
        msg = f"estimator is a {kind}; gradpair trains LGBMClassifier itself, not its subclasses."
        raise TypeError(msg)
    params = estimator.get_params(deep=False)
    _params.take_metrics(params)  # refused before anything is fitted
    return _params.requested_constant(params, None)


def train(
    estimator: lgb.LGBMClassifier,
    rows: EncodedRows,
    sets: Sequence[EncodedRows],
    plan: TrainingPlan,
    fit_params: dict[str, Any],
) -> Trained:
    """Fit an LGBMClassifier with the loss as its objective and move its model to another."""
    params = estimator.get_params(deep=False)
    _params.requested_constant(params, None)
    del params["class_weight"]  # it is in the weights of the rows
    of_fit = fit_params.pop("eval_metric", None)
    functions = _metrics_of(_params.take_metrics(params), of_fit, plan)
    more_callbacks = _params.take_early_stopping(params)
    params["objective"] = objective(plan.loss, start=plan.constant, hessian=plan.hessian)
    _params.mark(params, None, inside=not plan.constant)
    live = LiveStart(plan.constant)
    callbacks = [*(fit_params.pop("callbacks", None) or ()), *more_callbacks]
    fit_params |= {"eval_metric": functions, "callbacks": Callbacks(callbacks, [live]).for_host()}
    trainer = lgb.LGBMClassifier(**params)
    fit_params |= _evaluation(trainer, sets, fit_params)
    trainer.fit(
        rows.features, rows.y, sample_weight=rows.weight, init_score=rows.offset, **fit_params
    )
    live.finish(trainer.booster_)
    model = _model.with_shift(trainer.booster_, plan.model_shift)
    best = model.best_iteration if model.best_iteration > 0 else None
    return Trained(_fitted(estimator, model, rows), best, trainer.evals_result_ if sets else {})


def onnx() -> ModuleType:
    """Import the converter of its models to ONNX, which needs onnxmltools."""
    return importlib.import_module("gradpair.lightgbm._onnx")


def booster(estimator: lgb.LGBMClassifier) -> lgb.Booster:
    """Return the model."""
    return estimator.booster_


def margin(estimator: lgb.LGBMClassifier, features: Any, **rounds: Any) -> Array:
    """Return the raw scores of rows, without their offsets."""
    return np.asarray(estimator.predict(features, raw_score=True, **rounds))


def scaled(estimator: lgb.LGBMClassifier, line: Line) -> lgb.LGBMClassifier:
    """Return another one whose raw scores lie on a line over these."""
    other = copy.deepcopy(estimator)
    _load(other, _model.with_shift(estimator.booster_, line.shift, slope=line.slope))
    return other


def skipped(
    estimator: lgb.LGBMClassifier,  # noqa: ARG001 - another host asks its model
    start: tuple[float, float],
    *,
    start_iteration: int = 0,
    num_iteration: int = -1,  # noqa: ARG001
) -> float:
    """Return what belongs to every range of rounds, where a range leaves out the first tree.

    The start, a constant and a correction, is in that tree. The constant stays there, as in
    LightGBM's own models.
    """
    return start[1] if start_iteration > 0 else 0.0


def _metrics_of(named: list[str], argument: Any, plan: TrainingPlan) -> list[Any]:
    """Return the metrics asked for, at raw scores that include the start; without any the loss.

    LightGBM, too, puts names of fit before those of the parameters, and functions behind both.
    """
    given = list(argument) if isinstance(argument, list | tuple) else [argument]
    names = _metrics.names([item for item in given if not callable(item)])
    functions = distinct([item for item in given if callable(item)])
    asked = [
        *(NamedMetric(name, plan.constant) for name in dict.fromkeys([*names, *named])),
        *(estimator_metric(function, plan.constant) for function in functions),
    ]
    return asked or [metric(plan.loss, start=plan.constant)]


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
    # By this name early stopping tells the set that it must not watch.
    names = ["training" if s.training else name for s, name in zip(sets, names, strict=True)]
    fields = {EVAL_WEIGHT: weights, EVAL_OFFSET: offsets, "eval_names": names}
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
    _load(fitted, model)
    params = {"verbose": None, **estimator.get_params(deep=False)}
    del params["objective"]  # it is None or the name that the fit has set
    return fitted.set_params(**params)


def _load(estimator: lgb.LGBMClassifier, model: lgb.Booster) -> None:
    """Let the Booster of an estimator read a model."""
    estimator.booster_.model_from_string(model.model_to_string(num_iteration=-1))
    estimator.booster_.best_iteration = model.best_iteration
    estimator.booster_.params = model.params
