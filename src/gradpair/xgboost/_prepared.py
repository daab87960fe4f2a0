"""What a training of the host is given in place of what the user asks for, wherever it runs."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xgboost as xgb

from gradpair._hosts import params as checks
from gradpair._hosts.callables import Hessian
from gradpair.losses import Loss
from gradpair.xgboost import _model, _start
from gradpair.xgboost._callables import Objective, objective
from gradpair.xgboost._metrics import DEFAULT_METRIC, metric_and_direction, without_default_metric
from gradpair.xgboost._params import check_overridden, check_update, requested_constant

Model = str | os.PathLike[str] | xgb.Booster | bytearray


@dataclass(frozen=True)
class Prepared:
    """The host's parameters, and the callables and the model that go with them."""

    params: dict[str, Any]
    objective: Objective
    custom_metric: Any
    maximize: bool | None
    model: xgb.Booster | None  # to continue
    shift: float  # for the leaves of the first tree
    silent: bool  # the host's metric is switched off

    def callbacks(
        self, own: Sequence[xgb.callback.TrainingCallback]
    ) -> list[xgb.callback.TrainingCallback]:
        """Return the user's callbacks, and what puts the start into the first tree."""
        last = [_start.StartInFirstTree(self.objective, [self.shift])] if self.shift else []
        return [*own, *last]

    def finished(self, booster: xgb.Booster) -> xgb.Booster:
        """Let the model evaluate by the host's metric again, which the training did not."""
        if self.silent:
            booster.set_param({DEFAULT_METRIC: 0})
        return booster


def prepare(
    params: dict[str, Any],
    loss: Loss,
    *,
    constant: float | None,
    fit: Callable[[], float],
    check: Callable[[], None],
    offsets: Callable[[], bool],
    rounds: int,
    hessian: Hessian | None,
    hessian_floor: float,
    obj: object,
    xgb_model: Model | None,
    custom_metric: Any,
    maximize: bool | None = None,
) -> Prepared:
    """Check what the user asks for and decide where the start lives.

    ``fit`` returns the constant of the training rows, ``check`` looks at their values where none is
    fitted, and ``offsets`` tells whether any rows have their own margins; ``params``, a copy, is
    changed.
    """
    score, asked = params.get("base_score"), params.get("eval_metric")
    constant = requested_constant(params, constant, obj)
    own = objective(loss, hessian=hessian, hessian_floor=hessian_floor)
    custom_metric, maximize = metric_and_direction(custom_metric, maximize, loss, asked)
    model, shift = None, 0.0
    if xgb_model is not None:
        model = _continued(xgb_model, params, constant)
        check()
    else:
        any_offsets = offsets()
        check_overridden(score, offsets=any_offsets)
        if constant is None:
            constant = fit()
        else:
            check()
        start = _start.place(constant, params, offsets=any_offsets, rounds=rounds)
        params["base_score"], shift = start
    params["objective"] = _model.NATIVE
    params |= (silence := without_default_metric(params, asked))
    return Prepared(params, own, custom_metric, maximize, model, shift, bool(silence))


def _continued(model: Model, params: Mapping[str, Any], constant: float | None) -> xgb.Booster:
    """Return the model to continue, which keeps its start wherever that is."""
    booster = model if isinstance(model, xgb.Booster) else xgb.Booster(model_file=model)
    found = _model.objective_of(booster)
    checks.check_continued("xgb_model", found, _model.NATIVE, constant, "base_score")
    try:
        check_update(params)
        _start.check_tree(params, 1)
    except ValueError:
        if _model.start_is_in_tree(booster):
            raise
    return booster
