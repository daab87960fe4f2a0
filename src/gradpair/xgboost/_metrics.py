"""Which metrics a training reports: those that the user names, and otherwise the loss."""

from collections.abc import Mapping
from typing import Any

from gradpair.losses import Loss
from gradpair.xgboost._callables import metric

DEFAULT_METRIC = "disable_default_eval_metric"


def without_default_metric(params: Mapping[str, Any], asked: object) -> dict[str, Any]:
    """Return what keeps XGBoost from reporting its log loss where no metric is asked for."""
    return {} if asked or DEFAULT_METRIC in params else {DEFAULT_METRIC: 1}


def metric_and_direction(
    own: Any, maximize: bool | None, loss: Loss, asked: object
) -> tuple[Any, bool | None]:
    """Return the loss and that it is minimised; where the user asks for any metric, only that."""
    if any(map(callable, asked if isinstance(asked, list | tuple) else [asked])):
        msg = "eval_metric holds names of XGBoost's metrics; pass a callable as custom_metric=."
        raise TypeError(msg)
    if own is not None or asked:
        return own, maximize
    return metric(loss), maximize or False
