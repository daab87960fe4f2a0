"""XGBoost's models for onnxmltools: what its converter reads of an estimator."""

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import xgboost as xgb
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost

from gradpair.xgboost import _model

CONVERT = convert_xgboost
IN_FLOAT32 = True  # the host rounds features so before it compares them
Node = dict[str, Any]


class Readable:
    """A fitted XGBClassifier as the converter reads it.

    The converter wants features named f0, f1, ..., and takes a base_score for a margin where the
    first tree is one leaf of 0 (seen in onnxmltools 1.16.0). So names are numbers here, and the
    intercept is in the leaves of the first tree.
    """

    operator_name, kwargs, missing = "XGBClassifier", (), math.nan

    def __init__(self, estimator: xgb.XGBClassifier, *, computed: bool) -> None:
        _check(estimator)
        self.classes_ = np.arange(2)
        booster = estimator.get_booster().copy()
        names = booster.feature_names or [f"f{i}" for i in range(booster.num_features())]
        booster.feature_types = None  # of whole numbers, the dump rounds thresholds
        dump = booster.get_dump(with_stats=True, dump_format="json")
        self._trees = [json.loads(tree) for tree in dump]
        _shift(self._trees, _model.intercept_of(booster))
        splits = [node for tree in self._trees for node in _nodes(tree) if "split" in node]
        if computed and splits:
            _lower_thresholds(splits)
        for node in splits:
            node["split"] = f"f{names.index(node['split'])}"

    def get_booster(self) -> "Readable":
        """Return what dumps the trees."""
        return self

    def get_dump(self, **_: Any) -> list[str]:
        """Return the trees."""
        return [json.dumps(tree) for tree in self._trees]

    def get_xgb_params(self) -> dict[str, Any]:
        """Return the parameters that the converter looks at."""
        return {"objective": _model.NATIVE, "n_estimators": len(self._trees)}

    def save_config(self) -> str:
        """Return the configuration that the converter looks at."""
        shape = {"num_class": "0", "num_target": "1", "base_score": "5E-1"}
        trees = {"gbtree_model_param": {"num_trees": str(len(self._trees))}}
        return json.dumps({"learner": {"learner_model_param": shape, "gradient_booster": trees}})


def _check(estimator: xgb.XGBClassifier) -> None:
    """Refuse a model that the converter would get wrong."""
    booster = estimator.get_booster()
    if not math.isnan(estimator.missing):
        msg = f"ONNX knows nan as missing only, and the model has missing={estimator.missing}."
    elif not _model.has_plain_trees(booster):
        msg = "onnxmltools converts sums of trees; train with booster='gbtree', without dropout."
    elif "c" in (booster.feature_types or ()):
        msg = "ONNX gets no codes of categories; encode them before the model."
    else:
        return
    raise ValueError(msg)


def _nodes(node: Node) -> Iterator[Node]:
    """Yield a node and all below it."""
    yield node
    for child in node.get("children", ()):
        yield from _nodes(child)


def _shift(trees: list[Node], intercept: float) -> None:
    """Add the intercept to the first tree, and leave no leaf at 0."""
    for number, tree in enumerate(trees):
        for node in _nodes(tree):
            if "leaf" in node:
                leaf = node["leaf"] + (intercept if number == 0 else 0.0)
                node["leaf"] = leaf or float(np.finfo(np.float32).tiny)


def _lower_thresholds(splits: list[Node]) -> None:
    """Lower the thresholds by more than float32 rounds, and less than what lies between most rows.

    They are values of training rows. A scaler in float32 differs in the last digits from
    scikit-learn's in float64, so that these rows would fall on either side.
    """
    features = np.array([node["split"] for node in splits])
    thresholds = np.array([node["split_condition"] for node in splits])
    ranges = {feature: np.ptp(thresholds[features == feature]) for feature in np.unique(features)}
    # Where a feature has too few thresholds for a range, the others tell how features are scaled.
    typical = np.median([width for width in ranges.values() if width] or [0.0])
    size = np.abs(thresholds)
    own = np.array([ranges[feature] for feature in features])
    width = np.maximum(own, np.minimum(typical, 100 * size))
    lower = thresholds - np.maximum(1e-6 * width, 4 * np.spacing(size.astype(np.float32)))
    for node, threshold in zip(splits, lower.tolist(), strict=True):
        node["split_condition"] = threshold
