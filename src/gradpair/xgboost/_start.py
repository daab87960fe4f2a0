"""Where the start of a training lives, and what it cannot be combined with there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import xgboost as xgb

from gradpair import _validation
from gradpair._intercept import optimal_constant
from gradpair._links import sigmoid
from gradpair.losses import Loss
from gradpair.xgboost._model import INTERCEPT_RANGE

DEFAULT_METRIC = "disable_default_eval_metric"
_DROPOUT = ("rate_drop", "one_drop")  # without booster="dart" since 3.4
_RANKING_METRICS = ("auc", "aucpr", "pre", "ndcg", "map")


@dataclass(frozen=True)
class Start:
    """A constant as XGBoost's intercept, or else in the leaves of the first tree.

    There it is put after training; until then the objective and the metrics add it, as ``shift``.
    """

    constant: float
    in_tree: bool

    @property
    def shift(self) -> float:
        """What the margins lack during training."""
        return self.constant if self.in_tree else 0.0

    @property
    def base_score(self) -> float:
        """The intercept, a probability."""
        return 0.5 if self.in_tree else float(sigmoid(self.constant))


def place(constant: float, params: Mapping[str, Any], *, offsets: bool, rounds: int) -> Start:
    """Decide where a constant lives: ``base_margin`` would override the intercept."""
    low, high = INTERCEPT_RANGE
    if low <= constant <= high and not offsets:
        return Start(constant, in_tree=False)
    _check_tree(params, rounds)
    return Start(constant, in_tree=True)


def fitted_constant(dtrain: xgb.DMatrix, loss: Loss) -> float:
    """Fit the constant to the rows, on top of their base_margin."""
    y, weight, margin = dtrain.get_label(), dtrain.get_weight(), dtrain.get_base_margin()
    _validation.one_per_row("the label of dtrain", y, dtrain.num_row())
    return optimal_constant(
        loss,
        y,
        offset=margin.ravel() if margin.size else None,
        sample_weight=weight if weight.size else None,
    )


def has_offsets(data: Iterable[object]) -> bool:
    """Whether any of the DMatrices has a base_margin."""
    return any(rows.get_base_margin().size for rows in data if isinstance(rows, xgb.DMatrix))


def without_default_metric(params: Mapping[str, Any], asked: object) -> dict[str, Any]:
    """Return what keeps XGBoost from reporting its log loss where no metric is asked for."""
    return {} if asked or DEFAULT_METRIC in params else {DEFAULT_METRIC: 1}


def _check_tree(params: Mapping[str, Any], num_boost_round: int) -> None:
    """Refuse what cannot bear a constant in the leaves of the first tree."""
    why = "with offsets, or outside [-13.8, 5], the constant goes into the first tree"
    kind = params.get("booster", "gbtree")
    if kind == "gblinear":
        msg = f"{why}, and booster='gblinear' has no trees; use booster='gbtree'."
        raise ValueError(msg)
    if kind == "dart" or any(params.get(name) for name in _DROPOUT):
        msg = f"{why}, which dropout rescales; use booster='gbtree' without {_DROPOUT}."
        raise ValueError(msg)
    if num_boost_round < 1:
        msg = f"{why}; num_boost_round must be at least 1, got {num_boost_round}."
        raise ValueError(msg)
    asked = params.get("eval_metric") or []
    for name in [asked] if isinstance(asked, str) else asked:
        if not str(name).startswith(_RANKING_METRICS):
            msg = (
                f"{why}, and XGBoost would compute eval_metric={name!r} without it; drop it, or "
                f"pass gradpair.xgboost.metric(...) as the metric."
            )
            raise ValueError(msg)
