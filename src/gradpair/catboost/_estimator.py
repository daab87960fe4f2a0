"""CatBoostClassifier inside BoostingClassifier."""

import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import catboost as cb
import numpy as np
from scipy import sparse

from gradpair._hosts.calibration import Line
from gradpair._hosts.estimator import EncodedRows, Trained, TrainingPlan
from gradpair._validation import Array
from gradpair.catboost import _model, _params, _pools, _training

ESTIMATOR = cb.CatBoostClassifier
QUIET = {"verbose": False, "allow_writing_files": False}  # with which it leaves no trace
# What fit calls the weights and the offsets of the evaluation sets; CatBoost has no names for them.
EVAL_WEIGHT, EVAL_OFFSET = "eval_sample_weight", "eval_baseline"
REFUSED = {
    "baseline": "pass it as offset=",
    "init_model": "continue a model with gradpair.catboost.train(init_model=)",
    "column_description": "X is data here, and no file",
    "graph": "train on a Pool with gradpair.catboost.train",
}
ROUNDS = ("ntree_start", "ntree_end")  # what predict calls the rounds to predict with
PREDICT_REFUSED = {
    "prediction_type": "raw values are what decision_function returns",
    "thread_count": "it is a parameter of the estimator",
    "task_type": "predict with booster_",
}
_KINDS = ("cat_features", "text_features", "embedding_features")


def requested_constant(estimator: cb.CatBoostClassifier) -> float | None:
    """Check the parameters and return 0 if ``boost_from_average`` is switched off."""
    if type(estimator) is not cb.CatBoostClassifier:
        kind = type(estimator).__name__
        msg = (
            f"estimator is a {kind}; gradpair trains CatBoostClassifier itself, not its subclasses."
        )
        raise TypeError(msg)
    return _params.requested_constant(_given(estimator), None)


def train(
    estimator: cb.CatBoostClassifier,
    rows: EncodedRows,
    sets: Sequence[EncodedRows],
    plan: TrainingPlan,
    fit_params: dict[str, Any],
) -> Trained:
    """Train with the loss on Pools of the rows, and let another estimator load the model."""
    params = _given(estimator)
    _params.requested_constant(params, None)
    kinds = {name: _columns(params.pop(name, None), fit_params.pop(name, None)) for name in _KINDS}
    pool, *others = (_pool(part, kinds) for part in (rows, *sets))
    held = _pools.fields(pool, "X")
    model, constant = _training.fit(
        params,
        pool,
        held,
        others,
        loss=plan.loss,
        start=_training.Start(plan.constant),
        hessian=plan.hessian,
        options=fit_params,
    )
    shown = _params.without_objects(estimator.get_params())
    native = _model.with_shift(model, constant + plan.model_shift, params=shown)
    told = native.get_evals_result()
    evaluated = bool(told.keys() - {"learn"})  # on sets, or on the rows of eval_fraction
    return Trained(native, native.get_best_iteration(), told if evaluated else {})


def onnx() -> ModuleType:
    """Import the converter of its models to ONNX, which needs onnx."""
    return importlib.import_module("gradpair.catboost._onnx")


def booster(estimator: cb.CatBoostClassifier) -> cb.CatBoostClassifier:
    """Return the model, which in CatBoost is the estimator."""
    return estimator


def margin(estimator: cb.CatBoostClassifier, features: Any, **rounds: int) -> Array:
    """Return the raw values of rows, without their offsets."""
    if rounds and not rounds.get("ntree_end"):  # CatBoost takes its own default for an empty range
        rounds["ntree_end"] = estimator.tree_count_
    return _model.margins(estimator, _features(features), **rounds)


def scaled(estimator: cb.CatBoostClassifier, line: Line) -> cb.CatBoostClassifier:
    """Return another one whose raw values lie on a line over these."""
    return _model.with_shift(estimator, line.shift, slope=line.slope)


def skipped(
    estimator: cb.CatBoostClassifier,  # noqa: ARG001 - another host asks its model
    start: tuple[float, float],
    *,
    ntree_start: int = 0,
    ntree_end: int = 0,  # noqa: ARG001
) -> float:
    """Return what belongs to every range of rounds, where a range leaves out the first tree.

    Both the constant and a correction are in that tree, and belong to the model as a bias does.
    """
    return sum(start) if ntree_start > 0 else 0.0


def _given(estimator: cb.CatBoostClassifier) -> dict[str, Any]:
    """Return the parameters that are set; None is what set_params unsets them with."""
    params: dict[str, Any] = estimator.get_params()
    return {name: value for name, value in params.items() if value is not None}


def _columns(of_estimator: Any, of_fit: Any) -> Any:
    given = of_estimator if of_fit is None else of_fit
    return None if given is None else list(given)


def _pool(rows: EncodedRows, kinds: dict[str, Any]) -> cb.Pool:
    offset = None if rows.offset is None else np.asarray(rows.offset).reshape(-1, 1)
    features = _features(rows.features)
    return cb.Pool(features, rows.y, weight=rows.weight, baseline=offset, **kinds)


def _features(features: Any) -> Any:
    """Return sparse features as CatBoost takes them, as SciPy's matrices and with short indices."""
    if not sparse.issparse(features):
        return features
    kind = sparse.csc_matrix if features.format == "csc" else sparse.csr_matrix
    parts = features.data, features.indices, features.indptr
    return kind(parts, features.shape)  # which takes int32 for indices that fit
