"""CatBoost's models for skl2onnx: the node of trees that CatBoost itself exports."""

import tempfile
from pathlib import Path
from typing import Any

import catboost as cb
import onnx

IN_FLOAT32 = True  # as CatBoost holds features and thresholds


class Readable:
    """A fitted CatBoostClassifier as it is exported."""

    def __init__(self, estimator: cb.CatBoostClassifier, *, computed: bool) -> None:
        del computed  # CatBoost rounds its features to float32 itself
        if estimator.get_cat_feature_indices():
            msg = "ONNX gets no codes of categories; encode them before the model."
            raise ValueError(msg)
        with tempfile.TemporaryDirectory(prefix="gradpair-") as folder:
            path = Path(folder, "model.onnx")
            estimator.save_model(str(path), format="onnx")
            self.graph = onnx.load(str(path)).graph


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Put the trees into another graph."""
    (trees,) = (n for n in operator.raw_operator.graph.node if n.op_type.startswith("TreeEnsemble"))
    container.add_node(
        trees.op_type,
        operator.input_full_names,
        operator.output_full_names,
        op_domain=trees.domain,
        name=scope.get_unique_operator_name(trees.op_type),
        **{each.name: onnx.helper.get_attribute_value(each) for each in trees.attribute},
    )


CONVERT = convert
