"""Parameters of a training: what is refused, and the start that they ask for."""

from typing import Any

from gradpair import _validation
from gradpair._hosts import params as checks
from gradpair._links import logit
from gradpair.xgboost._model import NATIVE


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
    if isinstance(base_score, list) and len(base_score) == 1:  # of a loaded estimator, since 3.1
        base_score = base_score[0]
    number = float(base_score) if isinstance(base_score, str) else base_score
    probability = _validation.real("base_score", number)
    if not 0 < probability < 1:
        msg = f"base_score must be a probability between 0 and 1; got {base_score!r}."
        raise ValueError(msg)
    return float(logit(probability))
