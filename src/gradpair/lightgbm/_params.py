"""Parameters of a training: what is refused, the metrics and the start that they ask for."""

from collections.abc import Mapping
from typing import Any

import lightgbm as lgb

from gradpair import _validation
from gradpair._hosts import params as checks
from gradpair.lightgbm import _metrics

# Names with their aliases.
_OBJECTIVE = "objective objective_type app application loss"
_BOOSTING = "boosting boosting_type boost"
METRIC = "metric metrics metric_types"
LINEAR = "linear_tree linear_trees"
_VERBOSITY = "verbosity verbose"
EARLY_STOPPING = "early_stopping_round early_stopping n_iter_no_change early_stopping_rounds"
_VALID = "valid test valid_data valid_data_file test_data test_data_file valid_filenames"
# A file name that only LightGBM's command line would read, written into every saved model: it says
# that a model of a custom objective has its start inside.
MARKED, MARK = "valid", "gradpair:start-included"
_WEIGHT = "pass loss=gradpair.WeightedCrossEntropy"
_BAGGING = "use bagging_fraction, or weight the positives through the loss"
# Names with their aliases, the value without effect, and what to do instead.
_IGNORED = (
    ("scale_pos_weight", 1, f"{_WEIGHT}(alpha={{value}})"),
    ("is_unbalance unbalance unbalanced_sets", 0, f"{_WEIGHT}.balanced(y_true)"),
    ("pos_bagging_fraction pos_sub_row pos_subsample pos_bagging", 1, _BAGGING),
    ("neg_bagging_fraction neg_sub_row neg_subsample neg_bagging", 1, _BAGGING),
    ("sigmoid", 1, "note that the model predicts sigmoid(raw score)"),
    ("num_class num_classes", 1, "note that gradpair is for binary targets"),
)


def requested_constant(params: dict[str, Any], constant: float | None) -> float | None:
    """Check the parameters, take objective and start out of them, return the constant asked for."""
    for name in _OBJECTIVE.split():
        checks.refuse_other_objective(params.pop(name, None), "binary")
    for names, neutral, way_out in _IGNORED:
        for name in names.split():
            checks.refuse(params, name, neutral, way_out)
    if boosting(params) in ("rf", "random_forest"):
        msg = (
            "LightGBM's random forests take no custom objective; use another boosting, or "
            "lightgbm.train with the parameters of gradpair.lightgbm.native(loss, y)."
        )
        raise ValueError(msg)
    from_average = params.pop("boost_from_average", None)
    if constant is not None:
        return _validation.real("constant", constant)
    return 0.0 if from_average is not None and not checks.number(from_average) else None


def boosting(params: Mapping[str, Any]) -> str:
    """Return the kind of boosting."""
    return str(_value(params, _BOOSTING, "gbdt")).lower()


def taken(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of the user that the functions below take out."""
    names = f"{METRIC} {EARLY_STOPPING}".split()
    return {name: params[name] for name in names if name in params}


def take_metrics(params: dict[str, Any]) -> list[str]:
    """Take out the metrics that are asked for: LightGBM itself is to compute none."""
    asked = _metrics.names(_take(params, METRIC))
    params["metric"] = "None"
    return asked


def take_early_stopping(params: dict[str, Any]) -> list[Any]:
    """Take out early stopping, and return the callback that LightGBM would make of it, if any.

    What that callback raises can be seen.
    """
    if (rounds := _take(params, EARLY_STOPPING)) is None:
        return []
    callback = lgb.early_stopping(
        rounds,
        first_metric_only=params.get("first_metric_only", False),
        verbose=_value(params, _VERBOSITY, 1) > 0,
        min_delta=params.get("early_stopping_min_delta", 0.0),
    )
    return [callback] if rounds > 0 else []


def mark(params: dict[str, Any], train_set: lgb.Dataset | None, *, inside: bool) -> None:
    """Mark the models of a training if the start is inside, or comes into the first tree."""
    of_data = {} if train_set is None else train_set.params or {}
    linear = any(checks.number(_value(given, LINEAR)) for given in (params, of_data))
    if (inside or not linear) and _value(params, _VALID) is None:
        params[MARKED] = MARK


def _value(params: Mapping[str, Any], names: str, default: Any = None) -> Any:
    """Return the value of a parameter, by its name or else by an alias, in LightGBM's order."""
    return next((params[name] for name in names.split() if name in params), default)


def _take(params: dict[str, Any], names: str) -> Any:
    """Take a parameter out with its aliases, and return its value."""
    value = _value(params, names)
    for name in names.split():
        params.pop(name, None)
    return value
