"""LightGBM's models for onnxmltools: what its converter reads of an estimator."""

from collections.abc import Iterator
from typing import Any

import lightgbm as lgb
import numpy as np
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm

CONVERT = convert_lightgbm
IN_FLOAT32 = False
Node = dict[str, Any]


class Readable:
    """A fitted LGBMClassifier as the converter reads it.

    ONNX has thresholds of float32. Rounded down they split features of float32 as the host's
    float64 do; the converter rounds them to the nearest (seen in onnxmltools 1.16.0).
    """

    boosting_type = "gbdt"
    is_mock = True  # by which the converter asks dump_model, and not the library of C

    def __init__(self, estimator: lgb.LGBMClassifier, *, computed: bool) -> None:
        del computed  # LightGBM splits between the values of training rows
        self.classes_ = np.arange(2)
        self.booster_ = self
        self._model = estimator.booster_.dump_model()
        nodes = [n for tree in self._model["tree_info"] for n in _nodes(tree["tree_structure"])]
        _check(nodes)
        for node in nodes:
            if "threshold" in node:
                _round_down(node)

    def dump_model(self) -> dict[str, Any]:
        """Return the trees."""
        return self._model


def _nodes(node: Node) -> Iterator[Node]:
    """Yield a node and all below it."""
    yield node
    for name in ("left_child", "right_child"):
        if name in node:
            yield from _nodes(node[name])


def _check(nodes: list[Node]) -> None:
    """Refuse what ONNX has no word for."""
    if any("leaf_coeff" in node for node in nodes):
        msg = "onnxmltools drops the slopes of linear trees; train with linear_tree=False."
    elif any(node.get("decision_type", "<=") != "<=" for node in nodes):
        msg = "ONNX gets no codes of categories; encode them before the model."
    elif any(node.get("missing_type") == "Zero" for node in nodes):
        msg = "ONNX knows nan as missing only; train without zero_as_missing."
    else:
        return
    raise ValueError(msg)


def _round_down(node: Node) -> None:
    """Round a threshold down."""
    largest = np.finfo(np.float32).max  # a threshold beyond lies between all numbers and nan
    rounded = np.float32(np.clip(node["threshold"], -largest, largest))
    if float(rounded) > node["threshold"]:
        rounded = np.nextafter(rounded, np.float32(-np.inf))
    node["threshold"] = float(rounded)
