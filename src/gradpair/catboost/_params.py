"""Parameters of a training: what is refused, and the start that they ask for."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradpair import _validation
from gradpair._hosts import params as checks
from gradpair._validation import described

NATIVE = "Logloss"
OBJECTIVE = ("loss_function", "objective")
METRICS = ("eval_metric", "custom_metric", "custom_loss")
ROUNDS = ("iterations", "n_estimators", "num_boost_round", "num_trees")
_WEIGHT = "pass loss=gradpair.WeightedCrossEntropy"
_LABELS = "its labels are 0 and 1"
# Each with its neutral values and what to do instead.
_IGNORED: dict[str, tuple[tuple[Any, ...], str]] = {
    "scale_pos_weight": ((1,), f"{_WEIGHT}(alpha={{value}})"),
    "class_weights": ((), f"{_WEIGHT}(alpha=...), the ratio of both"),
    "auto_class_weights": (("None",), f"{_WEIGHT}.balanced(y_true)"),
    "target_border": ((), f"{_LABELS}; compare them yourself"),
    "class_names": (([0, 1], [0.0, 1.0]), f"{_LABELS}; encode them, the positive class as 1"),
    "classes_count": ((0, 2), f"{_LABELS}"),
}
# CatBoost drops these where rows have a baseline (a line on the console in 1.2.10).
_WITHOUT_BASELINE = ("langevin", "model_shrink_rate", "posterior_sampling")


def requested_constant(params: dict[str, Any], constant: float | None) -> float | None:
    """Check the parameters, take objective and start out of them, return the constant asked for."""
    for name in OBJECTIVE:
        _refuse_other_objective(params.pop(name, None))
    for name, (neutral, way_out) in _IGNORED.items():
        value = params.pop(name, None)
        if value is not None and not any(np.array_equal(value, known) for known in neutral):
            hint = way_out.format(value=value)
            msg = f"{name} has no effect beside a custom objective; drop it: {hint}."
            raise ValueError(msg)
    if str(params.get("task_type", "CPU")).upper() == "GPU":
        msg = (
            "CatBoost takes no custom objective on a GPU; drop task_type, or train a cross-entropy "
            "with the parameters of gradpair.catboost.native(loss, y)."
        )
        raise ValueError(msg)
    from_average = params.pop("boost_from_average", None)
    if constant is not None:
        return _validation.real("constant", constant)
    return 0.0 if from_average is not None and not checks.number(from_average) else None


def _refuse_other_objective(value: object) -> None:
    if value is not None and not isinstance(value, str):
        msg = (
            f"loss_function is {described(value)}, but here it is made of loss=: drop it and pass "
            f"the loss, or hand your objective to catboost.train."
        )
        raise ValueError(msg)
    checks.refuse_other_objective(value, NATIVE)


def check_baseline(params: Mapping[str, Any]) -> None:
    """Refuse what CatBoost drops beside a baseline that the user has not asked for."""
    for name in _WITHOUT_BASELINE:
        if checks.number(params.get(name)):
            msg = (
                f"{name} has no effect beside a baseline, through which the metrics that you name "
                f"see the start; drop {name}, or leave the metric to the loss."
            )
            raise ValueError(msg)


def writes_files(params: Mapping[str, Any], options: Mapping[str, Any]) -> bool:
    """Whether the user asks for something that CatBoost keeps in a folder."""
    if params.get("allow_writing_files") is not None:
        return bool(params["allow_writing_files"])
    asked = ("train_dir", "save_snapshot", "snapshot_file", "plot", "plot_file")
    return any(params.get(name) or options.get(name) for name in asked)


def with_rounds(params: Mapping[str, Any], rounds: int | None) -> dict[str, Any]:
    """Return parameters with the number of rounds by its first name, if there is one to set."""
    if rounds is None:
        return dict(params)
    rest = {name: value for name, value in params.items() if name not in ROUNDS}
    return {**rest, "iterations": rounds}


def without_objects(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters that any process can read: without the user's own metrics."""
    return {n: v for n, v in params.items() if n not in (*OBJECTIVE, *METRICS) or _is_named(v)}


def _is_named(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(isinstance(each, str) for each in value)
    return isinstance(value, str)
