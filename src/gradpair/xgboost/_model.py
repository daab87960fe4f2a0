"""Edits of XGBoost's JSON model: its objective, its intercept, and a constant in its first tree."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import xgboost as xgb

from gradpair._links import logit, sigmoid

NATIVE = "binary:logistic"
# XGBoost keeps the intercept of binary:logistic as a float32 probability. Between these margins
# it comes back to 1e-5; beyond ±13.8155 it is clamped (seen in 3.2.0).
INTERCEPT_RANGE = (-13.8, 5.0)
# What base_score means: a probability, or the margin itself.
_PROBABILITY, _MARGIN = (NATIVE, "reg:logistic"), ("reg:squarederror", "binary:logitraw")


def holds(margin: float) -> bool:
    """Whether XGBoost can keep a margin as its intercept."""
    return INTERCEPT_RANGE[0] <= margin <= INTERCEPT_RANGE[1]


def check_intercept(what: str, margin: float, way_out: str) -> None:
    """Refuse an intercept that XGBoost would not keep."""
    if not holds(margin):
        msg = (
            f"{what} would be {margin:.6g}, and XGBoost holds it as base_score, a float32 "
            f"probability, good for margins in {INTERCEPT_RANGE}; {way_out}."
        )
        raise ValueError(msg)


def objective_of(booster: xgb.Booster) -> str:
    """Return the objective that a model was saved or trained with."""
    return str(json.loads(booster.save_config())["learner"]["objective"]["name"])


def intercept_of(booster: xgb.Booster) -> float:
    """Return the margin at which the model starts without ``base_margin``."""
    return _intercept(json.loads(booster.save_config())["learner"])


def has_plain_trees(booster: xgb.Booster) -> bool:
    """Whether the model is a sum of trees: not linear, nor scaled by dropout."""
    return bool(_trees(json.loads(booster.save_raw("json"))["learner"]))


def structures(booster: xgb.Booster) -> list[Any]:
    """Return the splits of each tree, without the values of its leaves."""
    return [_structure(json.loads(tree)) for tree in booster.get_dump(dump_format="json")]


def _structure(node: dict[str, Any]) -> Any:
    if "leaf" in node:
        return ()
    return node["split"], node["split_condition"], tuple(map(_structure, node["children"]))


def with_shift(booster: xgb.Booster, shift: float, *, slope: float = 1.0) -> xgb.Booster:
    """Return a copy of objective binary:logistic, whose margins are ``slope * margin + shift``.

    The shift goes into the leaves of the first tree, which ``base_margin`` does not override; where
    the booster has no such tree, into the intercept.
    """
    model = json.loads(booster.save_raw("json"))
    with _expected_model():
        learner = model["learner"]
        intercept = _intercept(learner)
        if slope != 1:
            _scale(learner["gradient_booster"], slope)
            shift += (slope - 1) * intercept
        if trees := _trees(learner):
            _shift_leaves(trees[0], shift)
            shift = 0.0
        if shift or learner["objective"]["name"] != NATIVE:
            _set_intercept(learner, intercept + shift)
        learner["objective"] = {"name": NATIVE, "reg_loss_param": {"scale_pos_weight": "1"}}
    generic = json.loads(booster.save_config())["learner"]["generic_param"]
    # Where it runs is not part of a saved model.
    machine = {name: generic[name] for name in ("nthread", "device") if name in generic}
    edited = xgb.Booster(machine, model_file=_buffer(model))
    _check_loaded(edited, _shape(booster))
    return edited


def shift_first_tree(booster: xgb.Booster, shift: float) -> None:
    """Add ``shift`` to every margin of a booster in training, which trains on as it would have."""
    model, config = json.loads(booster.save_raw("json")), booster.save_config()
    before = _shape(booster)
    with _expected_model():
        _shift_leaves(_trees(model["learner"])[0], shift)
    booster.load_model(_buffer(model))
    booster.load_config(config)  # without it eta, max_depth, ... are lost
    _check_loaded(booster, before)


def start_is_in_tree(booster: xgb.Booster) -> bool:
    """Whether a start was added to the leaves of the first tree.

    XGBoost keeps the weight of a leaf beside its value, the same or before it was multiplied by the
    learning rate, so the ratio of both is then not one number in (0, 1].
    """
    with _expected_model():
        trees = _trees(json.loads(booster.save_raw("json"))["learner"])
        if not trees:
            return False
        leaves = np.array(trees[0]["left_children"]) == -1
        value, weight = (
            np.array(trees[0][name], float)[leaves] for name in ("split_conditions", "base_weights")
        )
    known = (value != 0) | (weight != 0)
    with np.errstate(divide="ignore"):
        ratio = value[known] / weight[known]
    return bool(ratio.size and not 0 < (1 - 1e-4) * ratio.max() <= min(ratio.min(), 1))


@contextlib.contextmanager
def _expected_model() -> Iterator[None]:
    try:
        yield
    except (KeyError, IndexError, TypeError) as error:
        msg = f"the JSON model of XGBoost {xgb.__version__} is not as expected: {error!r}"
        raise RuntimeError(msg) from error


def _buffer(model: dict[str, Any]) -> bytearray:
    # Not as ASCII: XGBoost does not decode \u in the names of features (seen in 3.4.1).
    return bytearray(json.dumps(model, ensure_ascii=False), "utf-8")


def _check_loaded(booster: xgb.Booster, shape: tuple[Any, ...]) -> None:
    if _shape(booster) != shape or objective_of(booster) != NATIVE:
        msg = f"XGBoost {xgb.__version__} does not load its own JSON model after the edit."
        raise RuntimeError(msg)


def _shape(booster: xgb.Booster) -> tuple[Any, ...]:
    """Return what an edit must not change."""
    return booster.num_boosted_rounds(), booster.feature_names, booster.feature_types


def _intercept(learner: dict[str, Any]) -> float:
    """Return the margin at which the model starts without ``base_margin``."""
    shape, name = learner["learner_model_param"], learner["objective"]["name"]
    if shape["num_class"] not in ("0", "1") or shape["num_target"] not in ("0", "1"):
        msg = "the booster has several targets or classes; gradpair is for one binary target."
        raise ValueError(msg)
    base_score = float(shape["base_score"].strip("[]"))  # in brackets since 3.1
    if name in _PROBABILITY:
        return float(logit(base_score))
    if name in _MARGIN:
        return base_score
    msg = (
        f"the booster has objective {name!r}, whose base_score has another meaning; train it with "
        f"params['objective'] = 'binary:logistic' beside the custom objective."
    )
    raise ValueError(msg)


def _set_intercept(learner: dict[str, Any], intercept: float) -> None:
    way_out = "use booster='gbtree', whose first tree can hold it"
    check_intercept("the intercept", intercept, way_out)
    shape = learner["learner_model_param"]
    score = f"{np.float32(sigmoid(intercept)):.9g}"
    shape["base_score"] = f"[{score}]" if shape["base_score"].startswith("[") else score
    shape["boost_from_average"] = "0"  # the start is set, and not to be estimated again


def _scale(booster: dict[str, Any], slope: float) -> None:
    """Multiply what trees, or a linear model, add to the intercept."""
    booster = booster.get("gbtree", booster)  # of dropout before 3.4
    if booster["name"] == "gblinear":
        booster["model"]["weights"] = _times(booster["model"]["weights"], slope)
        return
    for tree in booster["model"]["trees"]:
        inner = np.array(tree["left_children"]) != -1  # of which it is where they split
        values = np.array(tree["split_conditions"])
        tree["split_conditions"] = np.where(inner, values, _times(values, slope)).tolist()
        tree["base_weights"] = _times(tree["base_weights"], slope)


def _times(values: Any, slope: float) -> list[float]:
    """Return products rounded to float32, as the model holds them."""
    rounded: list[float] = (np.array(values) * slope).astype(np.float32).astype(float).tolist()
    return rounded


def _trees(learner: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the trees whose leaves are margins: none of a linear booster, or scaled by dropout."""
    booster = learner["gradient_booster"]
    if booster["name"] != "gbtree" or booster["model"].get("weight_drop"):  # the latter since 3.4
        return []
    return list(booster["model"]["trees"])


def _shift_leaves(tree: dict[str, Any], shift: float) -> None:
    leaves = np.flatnonzero(np.array(tree["left_children"]) == -1)
    values = tree["split_conditions"]  # of a leaf, its value
    if not leaves.size or len(values) != len(tree["left_children"]):
        msg = f"{len(values)} values for {leaves.size} leaves"
        raise IndexError(msg)
    for leaf in leaves:
        values[leaf] = float(np.float32(values[leaf] + shift))
