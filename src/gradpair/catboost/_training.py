"""What train, cv and the classifier have in common: from checked rows to a plain model."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import catboost as cb
import numpy as np

from gradpair._hosts import params as checks
from gradpair._hosts.callables import Hessian
from gradpair._intercept import optimal_constant
from gradpair.catboost import _model, _params, _pools
from gradpair.catboost._callables import Metric, metric, objective
from gradpair.losses import BinaryCrossEntropy, Loss


class Start(NamedTuple):
    """The log-odds that the model starts from, and the model that is continued, if any."""

    constant: float
    init_model: cb.CatBoost | None = None


def fitted_constant(held: _pools.Fields, loss: Loss) -> float:
    """Fit the constant to the rows, on top of their baseline."""
    return optimal_constant(loss, held.y, offset=held.offset, sample_weight=held.weight)


def fit(
    params: Mapping[str, Any],
    pool: cb.Pool,
    held: _pools.Fields,
    sets: Sequence[cb.Pool],
    *,
    loss: Loss,
    start: Start,
    hessian: Hessian | None,
    options: Mapping[str, Any],
) -> tuple[cb.CatBoost, float]:
    """Train with the loss, and return the model and what its raw values lack.

    ``alpha`` of hard labels goes into the weights, which CatBoost scores splits by. Metrics that
    the user names see the start through a baseline, the loss through the objective and the metric.
    """
    alpha = loss.scale_pos_weight or 1.0
    weighs = alpha != 1 and bool(np.isin(held.y, (0, 1)).all())
    trained, alpha = (BinaryCrossEntropy(), alpha) if weighs else (loss, 1.0)
    asked = any(params.get(name) is not None for name in _params.METRICS)
    constant, inside = start.constant, 0.0
    if asked and constant:
        _params.check_baseline(params)
        constant = inside = float(np.float32(constant))  # as a Pool holds it
    if inside or weighs:
        eval_fields = [_pools.fields(rows, "eval_set") for rows in sets]
        sets = [
            _pools.copy(rows, other, alpha=alpha, start=inside)
            for rows, other in zip(sets, eval_fields, strict=True)
        ]
        pool = _pools.copy(pool, held, alpha=alpha, start=inside)
    outside = 0.0 if inside else constant
    given = params.get("eval_metric")
    if given is None:
        given = metric(loss, start=outside)
    if isinstance(given, Metric):
        given = dataclasses.replace(given, weighted=alpha)
    model = cb.CatBoost(
        {
            **params,
            "loss_function": objective(trained, start=outside, hessian=hessian),
            "eval_metric": given,
            "allow_writing_files": _params.writes_files(params, options),
        }
    )
    model.fit(pool, eval_set=list(sets) or None, init_model=start.init_model, **options)
    return model, constant


def continuable(model: Any, held: _pools.Fields, constant: float | None) -> cb.CatBoost:
    """Return the model to continue, without its classes, which no custom objective has."""
    if not isinstance(model, cb.CatBoost):
        model = cb.CatBoost().load_model(str(model))
    found = _model.objective_of(model)
    found = _params.NATIVE if found in _model.NATIVES else found
    checks.check_continued("init_model", found, _params.NATIVE, constant, "boost_from_average")
    if held.offset is not None:
        msg = (
            "the pool has a baseline, beside which CatBoost continues no model; train on it from "
            "the start, or drop init_model."
        )
        raise ValueError(msg)
    copied = _model.solid(model)
    if "class_params" in dict(copied.get_metadata()):
        del copied.get_metadata()["class_params"]
    return copied
