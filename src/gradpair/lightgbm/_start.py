"""The start of a training, fitted to its rows or in a continued model, and metrics at it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import lightgbm as lgb

from gradpair._hosts import params as checks
from gradpair._hosts.metrics import ShiftedMetric, distinct
from gradpair._intercept import optimal_constant
from gradpair.lightgbm import _model
from gradpair.lightgbm._callables import metric
from gradpair.lightgbm._dataset import fields
from gradpair.lightgbm._metrics import NamedMetric
from gradpair.losses import Loss

Metrics = Callable[..., Any] | Sequence[Callable[..., Any] | None]


def fitted_constant(train_set: lgb.Dataset, loss: Loss, params: Mapping[str, Any]) -> float:
    """Fit the constant to the rows, on top of their init_score."""
    label, weight, init_score = fields(train_set, params)
    if label is None:
        msg = "train_set has no label; build it with lightgbm.Dataset(X, label=y)."
        raise ValueError(msg)
    return optimal_constant(loss, label, offset=init_score, sample_weight=weight)


def continuable(model: str | Path | lgb.Booster, constant: float | None, loss: Loss) -> lgb.Booster:
    """Load the model to continue and check that its start is inside."""
    booster = model if isinstance(model, lgb.Booster) else lgb.Booster(model_file=model)
    text = booster.model_to_string(num_iteration=1)
    found = _model.objective_of(text)
    if _model.is_marked(text):
        found = _model.NATIVE  # in all but the name
    elif found is None and constant is None:
        msg = (
            f"init_model has objective 'none', and does not say what its raw scores lack. Pass "
            f"init_model=gradpair.lightgbm.to_native(booster, {loss!r}, constant=...), with the "
            f"start of its objective as the constant, or 0.0 if the start is inside already."
        )
        raise ValueError(msg)
    checks.check_continued(
        "init_model", found or "none", _model.NATIVE, constant, "boost_from_average"
    )
    return booster


def metrics(
    named: Sequence[str], feval: Metrics | None, loss: Loss, start: float
) -> list[Callable[..., Any]]:
    """Return the metrics asked for, at raw scores that include the start; without any the loss."""
    given = [feval] if callable(feval) else [f for f in feval or () if f is not None]
    asked = [ShiftedMetric(function, start) for function in distinct(given)]
    return [*(NamedMetric(name, start) for name in named), *asked] or [metric(loss, start=start)]
