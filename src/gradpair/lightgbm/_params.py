"""Parameters of a training: what is refused, the metrics and the start that they ask for."""

from collections.abc import Mapping
from typing import Any

from gradpair import _validation
from gradpair._hosts import params as checks

# Names with their aliases.
_OBJECTIVE = "objective objective_type app application loss"
_BOOSTING = "boosting boosting_type boost"
_METRIC = "metric metrics metric_types"
_LEAST_ROWS = "min_data_in_leaf min_child_samples min_data_per_leaf min_data min_samples_leaf"
# Metrics that a constant cannot change, and the words for none. The others take a margin for a
# probability where the objective is custom (seen in 4.7.0).
_RANKING_METRICS = frozenset({"auc", "average_precision"})
_NO_METRIC = frozenset({"", "none", "null", "na", "custom"})
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
    if any(params.get(name) in ("rf", "random_forest") for name in _BOOSTING.split()):
        msg = (
            "LightGBM's random forests take no custom objective; use another boosting, or "
            "lightgbm.train with the parameters of gradpair.lightgbm.native(loss, y)."
        )
        raise ValueError(msg)
    asked = [name for alias in _METRIC.split() for name in asked_metrics(params.pop(alias, None))]
    params["metric"] = asked or "None"
    from_average = params.pop("boost_from_average", None)
    if constant is not None:
        return _validation.real("constant", constant)
    return 0.0 if from_average is not None and not checks.number(from_average) else None


def asked_metrics(value: object) -> list[str]:
    """Return the metrics of a parameter: one name, several with commas, or a collection of them."""
    if value is not None and not isinstance(value, str | list | tuple | set):
        msg = f"metric must be a name or a list of names; got {value!r}."
        raise TypeError(msg)
    items = [value] if isinstance(value, str) else list(value or ())
    names = [name.strip() for item in items for name in str(item).split(",")]
    asked = [name for name in names if name.lower() not in _NO_METRIC]
    for name in asked:
        if name not in _RANKING_METRICS:
            msg = (
                f"metric={name!r} would be computed from raw scores without the start; drop it, or "
                f"use {sorted(_RANKING_METRICS)} or gradpair.lightgbm.metric(...) as a function."
            )
            raise ValueError(msg)
    return asked


def keep_features(params: Mapping[str, Any], n_samples: int) -> dict[str, bool]:
    """Return parameters that keep features which so few rows cannot split.

    Without any feature LightGBM's own objectives predict their start, and others fail.
    """
    asked = [float(params[n]) for n in _LEAST_ROWS.split() if params.get(n) is not None]
    few = n_samples < 2 * max(asked, default=20) and "feature_pre_filter" not in params
    return {"feature_pre_filter": False} if few else {}
