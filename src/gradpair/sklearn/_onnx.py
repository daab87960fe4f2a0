"""The converter to ONNX: the host's own, of the model that BoostingClassifier holds."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gradpair._validation import Array
from gradpair.sklearn import _hosts
from gradpair.sklearn._classifier import BoostingClassifier

try:
    import onnxmltools  # noqa: F401 - of which the hosts' converters are
    from skl2onnx import update_registered_converter
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
    from skl2onnx.proto import onnx_proto
except ModuleNotFoundError as error:
    msg = "gradpair.sklearn.onnx needs skl2onnx and onnxmltools: pip install 'gradpair[onnx]'"
    raise ModuleNotFoundError(msg, name=error.name) from error


NUMBERS = (DoubleTensorType, FloatTensorType, Int64TensorType)  # what trees in ONNX compare


def register() -> None:
    """Tell skl2onnx how a BoostingClassifier is converted."""
    options = {
        "zipmap": [True, False, "columns"],
        "output_class_labels": [False, True],
        "nocl": [False, True],  # of labels, their number in place of them
    }
    update_registered_converter(
        BoostingClassifier, "GradpairBoostingClassifier", shapes, convert, options=options
    )


def shapes(operator: Any) -> None:
    """Set the types of labels and probabilities, which ONNX computes in float32."""
    _refuse(operator.raw_operator, operator)
    calculate_linear_classifier_output_shapes(operator)
    options = operator.scope_inst.get_options(operator.raw_operator, {"zipmap": True})
    if options["zipmap"] != "columns":  # its outputs have the type of the features
        operator.outputs[1].set_type(FloatTensorType(operator.outputs[1].type.shape))


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Convert the trees with the host's converter, and label rows by their probabilities."""
    model, container = operator.raw_operator, _Container(container)
    adapter = _hosts.host_of(model.estimator_).onnx()
    features, (label, probability) = operator.inputs[0], operator.outputs
    given = features.full_name
    if not isinstance(features.type, FloatTensorType if adapter.IN_FLOAT32 else NUMBERS):
        given = scope.get_unique_variable_name("rounded")
        container.add_node("Cast", [features.full_name], [given], to=onnx_proto.TensorProto.FLOAT)
    # onnxruntime labels otherwise where all leaves are positive, so nothing reads its label.
    unread, told = map(scope.get_unique_variable_name, ("unread", "probability"))
    readable = SimpleNamespace(
        raw_operator=adapter.Readable(model.estimator_, computed=not features.is_root),
        inputs=[features],
        outputs=[SimpleNamespace(full_name=unread), SimpleNamespace(full_name=told)],
        input_full_names=[given],
        output_full_names=[unread, told],
        full_name=operator.full_name,
    )
    adapter.CONVERT(scope, readable, container)
    doubled = isinstance(probability.type, DoubleTensorType)
    to = onnx_proto.TensorProto.DOUBLE if doubled else onnx_proto.TensorProto.FLOAT
    container.add_node("Cast", [told], [probability.full_name], to=to)
    weighted = _weighted(scope, container, told, model.threshold_)
    _label(scope, container, weighted, label.full_name, _labels(scope, model))


def _weighted(scope: Any, container: Any, probability: str, threshold: float) -> str:
    """Weight the classes so that the second is the greater one above the threshold."""
    if threshold == 0.5:
        return probability
    weights, product = map(scope.get_unique_variable_name, ("weights", "weighted"))
    values = [threshold, 1 - threshold]
    container.add_initializer(weights, onnx_proto.TensorProto.FLOAT, [2], values)
    container.add_node("Mul", [probability, weights], [product], op_version=7)
    return str(product)


def _label(scope: Any, container: Any, probability: str, label: str, labels: Array) -> None:
    """Add the label of the greater class, the first where both are as great."""
    text = labels.dtype.kind == "U"
    kind = onnx_proto.TensorProto.STRING if text else onnx_proto.TensorProto.INT64
    classes, index = map(scope.get_unique_variable_name, ("classes", "index"))
    container.add_initializer(classes, kind, [2], labels.tolist())
    container.add_node("ArgMax", [probability], [index], axis=1, keepdims=0)
    container.add_node("Gather", [classes, index], [label], axis=0)


class _Container:
    """What takes nodes, with the version of the trees' operator said.

    Unsaid it is the newest, which skl2onnx then refuses (seen in 1.20.0 with onnx 1.23.2).
    """

    def __init__(self, container: Any) -> None:
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def add_node(self, kind: str, inputs: Any, outputs: Any, **attributes: Any) -> None:
        """Add a node."""
        if kind == "TreeEnsembleClassifier":
            wanted = self._container.target_opset_any_domain("ai.onnx.ml")
            attributes["op_version"] = 3 if wanted >= 3 else 1
        self._container.add_node(kind, inputs, outputs, **attributes)


def _refuse(model: BoostingClassifier, operator: Any) -> None:
    """Refuse a model whose predictions are not those of its booster, with the reason."""
    check_is_fitted(model)
    if model._needs_offset:  # noqa: SLF001 - of the same room
        msg = (
            "the model was fitted with offset=, and ONNX has no place for the offsets of new rows; "
            "convert model.booster_ and add them to its margins, or fit without."
        )
    elif model._calibrates:  # noqa: SLF001
        msg = (
            f"the correction of calibrated=True is not in the model for {model.loss_!r}, only for "
            f"losses whose calibration_shift is a constant; convert a model of calibrated=False "
            f"and apply loss.calibrated_probability to its margins."
        )
    elif len(operator.inputs) != 1:
        msg = (
            f"the model takes one table of all features, and got {len(operator.inputs)} inputs; "
            f"put a ColumnTransformer before it, or pass one input."
        )
    else:
        return
    raise ValueError(msg)


def _labels(scope: Any, model: BoostingClassifier) -> Array:
    """Return the classes as text or integers, which skl2onnx has seen that they are."""
    if scope.get_options(model, {"nocl": False})["nocl"]:
        return np.arange(2)
    text = all(isinstance(label, str) for label in model.classes_.tolist())
    return model.classes_.astype(str if text else np.int64)
