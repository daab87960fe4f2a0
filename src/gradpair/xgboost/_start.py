"""Where the start of a training lives, and what it cannot be combined with there."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import xgboost as xgb

from gradpair import _validation
from gradpair._hosts.metrics import ShiftedMetric
from gradpair._intercept import optimal_constant
from gradpair._links import sigmoid
from gradpair.losses import Loss
from gradpair.xgboost import _model
from gradpair.xgboost._callables import metric

DEFAULT_METRIC = "disable_default_eval_metric"
_DROPOUT = ("rate_drop", "one_drop")  # without booster="dart" since 3.4
_RANKING_METRICS = ("auc", "aucpr", "pre", "ndcg", "map")


class Start(NamedTuple):
    """A constant as XGBoost's intercept, or else in the leaves of the first tree.

    There it is put after training; until then the objective and the metrics add it, as ``shift``.
    """

    base_score: float  # the intercept, a probability
    shift: float  # what the margins lack during training


def place(constant: float, params: Mapping[str, Any], *, offsets: bool, rounds: int) -> Start:
    """Decide where a constant lives: ``base_margin`` would override the intercept."""
    if _model.holds(constant) and not offsets:
        return Start(float(sigmoid(constant)), 0.0)
    _check_tree(params, rounds)
    return Start(0.5, constant)


def fitted_constant(dtrain: xgb.DMatrix, loss: Loss) -> float:
    """Fit the constant to the rows, on top of their base_margin."""
    y, weight, margin = dtrain.get_label(), dtrain.get_weight(), dtrain.get_base_margin()
    _validation.one_per_row("the label of dtrain", y, dtrain.num_row())
    offset = margin.ravel() if margin.size else None
    weight = weight if weight.size else None
    return optimal_constant(loss, y, offset=offset, sample_weight=weight)


def has_offsets(data: Iterable[object]) -> bool:
    """Whether any of the DMatrices has a base_margin."""
    return any(rows.get_base_margin().size for rows in data if isinstance(rows, xgb.DMatrix))


def without_default_metric(params: Mapping[str, Any], asked: object) -> dict[str, Any]:
    """Return what keeps XGBoost from reporting its log loss where no metric is asked for."""
    return {} if asked or DEFAULT_METRIC in params else {DEFAULT_METRIC: 1}


def metric_and_direction(
    own: Any, maximize: bool | None, loss: Loss, shift: float
) -> tuple[Any, bool | None]:
    """Return the loss and that it is minimised, or the user's metric at margins with the start."""
    if own is None:
        return metric(loss, start=shift), maximize or False
    return ShiftedMetric(own, shift) if shift else own, maximize


def _check_tree(params: Mapping[str, Any], num_boost_round: int) -> None:
    """Refuse what cannot bear a constant in the leaves of the first tree."""
    why = "with offsets, or outside [-13.8, 5], the constant goes into the first tree"
    kind, asked = params.get("booster", "gbtree"), params.get("eval_metric") or []
    names = [asked] if isinstance(asked, str) else asked
    if kind == "gblinear":
        msg = f"{why}, and booster='gblinear' has no trees; use booster='gbtree'."
    elif kind == "dart" or any(params.get(name) for name in _DROPOUT):
        msg = f"{why}, which dropout rescales; use booster='gbtree' without {_DROPOUT}."
    elif num_boost_round < 1:
        msg = f"{why}; num_boost_round must be at least 1, got {num_boost_round}."
    elif wrong := [name for name in names if not str(name).startswith(_RANKING_METRICS)]:
        msg = (
            f"{why}, and XGBoost would compute eval_metric={wrong[0]!r} without it; drop it, or "
            f"pass gradpair.xgboost.metric(...) as the metric."
        )
    else:
        return
    raise ValueError(msg)
