"""The start of a training: fitted to its rows, added by the objective, then put into the model.

During training objective and metric work at ``preds + start``, which equals an ``init_score`` and
changes no Dataset; afterwards the start goes into the leaves of the first tree.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import lightgbm as lgb

from gradpair._hosts import params as checks
from gradpair._hosts.metrics import ShiftedMetric
from gradpair._intercept import optimal_constant
from gradpair.lightgbm import _model
from gradpair.lightgbm._callables import metric
from gradpair.lightgbm._dataset import fields
from gradpair.losses import Loss

Metrics = Callable[..., Any] | Sequence[Callable[..., Any]]


def fitted_constant(train_set: lgb.Dataset, loss: Loss, params: Mapping[str, Any]) -> float:
    """Fit the constant to the rows, on top of their init_score."""
    label, weight, init_score = fields(train_set, params)
    if label is None:
        msg = "train_set has no label; build it with lightgbm.Dataset(X, label=y)."
        raise ValueError(msg)
    return optimal_constant(loss, label, offset=init_score, sample_weight=weight)


def continuable(model: str | Path | lgb.Booster, constant: float | None) -> lgb.Booster:
    """Load the model to continue and check that it is one of probabilities."""
    booster = model if isinstance(model, lgb.Booster) else lgb.Booster(model_file=model)
    found = _model.objective_of(booster.model_to_string(num_iteration=1)) or "none"
    checks.check_continued("init_model", found, _model.NATIVE, constant, "boost_from_average")
    return booster


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Say what LightGBM means where no feature is left (seen in 4.7.0)."""
    try:
        yield
    except lgb.basic.LightGBMError as error:
        if "num_features()" not in str(error):
            raise
        msg = (
            "LightGBM finds no feature to split on, and then trains its own objectives only: all "
            "features are constant, or feature_pre_filter has dropped them for want of rows."
        )
        raise ValueError(msg) from error


def metrics(feval: Metrics | None, loss: Loss, start: float) -> list[Callable[..., Any]]:
    """Return the loss, or the user's metrics at raw scores that include the start."""
    if feval is None:
        return [metric(loss, start=start)]
    given = [feval] if callable(feval) else feval
    return [ShiftedMetric(function, start) for function in given if function is not None]
