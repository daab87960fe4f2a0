"""Parameters of a training: what is refused, and the start that they ask for."""

from collections.abc import Mapping
from typing import Any

from gradpair import _validation
from gradpair._hosts import params as checks
from gradpair._links import logit
from gradpair.xgboost._model import NATIVE


def as_mapping(params: object) -> object:
    """Return a list of pairs as a dict; in the host, too, metrics add up and the rest replaces."""
    if not isinstance(params, list) or not all(map(_is_pair, params)):
        return params
    merged = dict(params)
    if len(metrics := [value for name, value in params if name == "eval_metric"]) > 1:
        merged["eval_metric"] = metrics
    return merged


def requested_constant(params: dict[str, Any], constant: float | None, obj: object) -> float | None:
    """Check the parameters, take ``base_score`` out of them, and return the constant asked for."""
    if obj is not None:
        msg = "obj= has no place beside loss=, the objective; drop it, or pass it to xgboost.train."
        raise ValueError(msg)
    checks.refuse_other_objective(params.get("objective"), NATIVE)
    way_out = "pass loss=gradpair.WeightedCrossEntropy(alpha={value})"
    checks.refuse(params, "scale_pos_weight", 1, way_out)
    if params.get("num_class") not in (None, 0, 1):
        msg = f"num_class={params['num_class']}: gradpair is for one binary target; drop it."
        raise ValueError(msg)
    base_score = params.pop("base_score", None)
    if base_score is None:
        return None if constant is None else _validation.real("constant", constant)
    if constant is not None:
        msg = f"base_score={base_score} and constant={constant} both set the start; pass one."
        raise ValueError(msg)
    return float(logit(_probability(base_score)))


def check_overridden(base_score: object, *, offsets: bool) -> None:
    """Refuse a ``base_score`` that the host would replace by the rows' own margins."""
    if offsets and base_score is not None and _probability(base_score) != 0.5:
        msg = (
            f"base_score={base_score} has no effect on rows with base_margin, which XGBoost puts "
            f"in its place; drop it, and a constant is fitted on top of the margins, or add its "
            f"log-odds to them."
        )
        raise ValueError(msg)


def check_update(params: Mapping[str, Any]) -> None:
    """Refuse to rewrite, drop or rescale the leaves of a model whose first tree holds its start."""
    refreshed = params.get("updater") == "refresh"
    keeps = refreshed and checks.number(params.get("refresh_leaf", 1)) == 0
    if params.get("process_type") == "update" and not keeps:
        msg = (
            "process_type='update' would rewrite the leaves of the first tree, which hold the "
            "start of this model; train it anew, or only refresh its statistics: "
            "updater='refresh', refresh_leaf=False."
        )
        raise ValueError(msg)


def _is_pair(item: object) -> bool:
    return isinstance(item, list | tuple) and len(item) == 2


def _probability(base_score: Any) -> float:
    """Read an intercept in any of the host's forms: .3, "3E-1", "[3E-1]", [.3], an array."""
    value = base_score.tolist() if hasattr(base_score, "tolist") else base_score
    while isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        number = checks.number(value.strip("[](), "))
        value = value if number is None else number
    probability = _validation.real("base_score", value)
    if not 0 < probability < 1:
        msg = f"base_score must be a probability between 0 and 1; got {base_score!r}."
        raise ValueError(msg)
    return probability
