"""CatBoost's models: their objective, and a constant in the leaves of their first tree.

A constant could be the model's bias, too, as that of CatBoost's own ``boost_from_average``. But
onnxruntime misreads the bias of CatBoost's classifiers, and a scale cannot be exported at all (seen
in 1.2.10 with onnxruntime 1.32).
"""

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import catboost as cb
import numpy as np

from gradpair._hosts import params as checks
from gradpair._validation import Array
from gradpair.catboost._params import NATIVE, without_objects

NATIVES = (NATIVE, "CrossEntropy")  # which predict probabilities
CUSTOM = "PythonUserDefinedPerObject"
_CLASSES = {
    "class_label_type": "Integer", "class_names": [0, 1], "class_to_label": [0, 1],
    "classes_count": 0,
}  # fmt: skip


def check_model(model: object) -> None:
    """Refuse what is no fitted model of CatBoost."""
    checks.check_type("model", model, cb.CatBoost, "Of BoostingClassifier, pass model.booster_.")
    if not model.is_fitted():  # type: ignore[attr-defined]
        msg = "the model is not fitted; call its fit first."
        raise ValueError(msg)


def objective_of(model: cb.CatBoost) -> str:
    """Return the objective that a model was trained with."""
    with _expected_model():
        return str(json.loads(model.get_metadata()["params"])["loss_function"]["type"])


def margins(model: cb.CatBoost, data: Any, **rounds: int) -> Array:
    """Return raw values of rows, to which a Pool's baseline is added."""
    raw: Array = model.predict(
        data, prediction_type="RawFormulaVal", thread_count=_threads(model), **rounds
    )
    return raw


def _threads(model: cb.CatBoost) -> int:
    """Return how many threads the user allows; -1 are all."""
    return int(model.get_param("thread_count") or -1)


def with_shift(
    model: cb.CatBoost, shift: float, *, slope: float = 1.0, params: Mapping[str, Any] | None = None
) -> cb.CatBoostClassifier:
    """Return a classifier of objective Logloss, whose raw values are ``slope * raw + shift``.

    ``params`` are those that it shows; None are the ones of the model that say nothing of a custom
    objective.
    """
    if params is None:
        params = without_objects(model.get_params())
    before = model.tree_count_
    edited = solid(model)
    _move(edited, shift, slope)
    _name_objective(edited)
    native = cb.CatBoostClassifier(**params)
    native.load_model(blob=saved(edited))
    if native.tree_count_ != before or objective_of(native) not in NATIVES:
        msg = f"CatBoost {cb.__version__} does not load its own model after the edit."
        raise RuntimeError(msg)
    if not native.get_embedding_feature_indices():  # of which CatBoost has no importances
        # feature_importances_ then returns them.
        native.get_feature_importance(thread_count=_threads(native))
    return native


def saved(model: cb.CatBoost) -> bytes:
    """Return a model as CatBoost saves it."""
    with tempfile.TemporaryDirectory(prefix="gradpair-") as folder:
        path = Path(folder, "model.cbm")
        model.save_model(str(path))
        return path.read_bytes()


def solid(model: cb.CatBoost) -> cb.CatBoost:
    """Return a copy whose leaves can be changed: one that comes from a file.

    One that was loaded from bytes refuses it, and one that has predicted predicts as before (both
    seen in 1.2.10).
    """
    with tempfile.TemporaryDirectory(prefix="gradpair-") as folder:
        path = str(Path(folder, "model.cbm"))
        model.save_model(path)
        return cb.CatBoost().load_model(path)


def structures(model: cb.CatBoost) -> list[Any]:
    """Return the splits of each tree, without the values of its leaves."""
    with tempfile.TemporaryDirectory(prefix="gradpair-") as folder:
        path = Path(folder, "model.json")
        model.save_model(str(path), format="json")
        found = json.loads(path.read_text(encoding="utf-8"))
    with _expected_model():
        if "oblivious_trees" in found:
            return [
                [_split(split) for split in tree["splits"]] for tree in found["oblivious_trees"]
            ]
        return [_structure(tree) for tree in found["trees"]]


def _structure(node: dict[str, Any]) -> Any:
    if "split" not in node:
        return ()
    return _split(node["split"]), _structure(node["left"]), _structure(node["right"])


def _split(split: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(value)) for name, value in split.items()))


def _move(model: cb.CatBoost, shift: float, slope: float) -> None:
    """Put a line over the raw values into the leaves, the model's own scale and bias too."""
    scale, bias = model.get_scale_and_bias()
    if not model.tree_count_:
        model.set_scale_and_bias(1.0, slope * bias + shift)
        return
    shift, slope = slope * bias + shift, slope * scale
    if (shift, slope) == (0, 1):
        return
    leaves = np.asarray(model.get_leaf_values()) * slope
    leaves[: model.get_tree_leaf_counts()[0]] += shift
    model.set_leaf_values(leaves)
    model.set_scale_and_bias(1.0, 0.0)


def _name_objective(model: cb.CatBoost) -> None:
    """Say in a model of a custom objective that it predicts probabilities of 0 and 1."""
    metadata = model.get_metadata()
    with _expected_model():
        told = json.loads(metadata["params"])
        if told["loss_function"]["type"] in NATIVES:
            return
        flat, metrics = told["flat_params"], told["metrics"]
        told["loss_function"] = metrics["objective_metric"] = {"type": NATIVE, "params": {}}
        flat["loss_function"] = NATIVE
        if metrics["eval_metric"]["type"] == CUSTOM:
            metrics["eval_metric"] = {"type": NATIVE, "params": {}}
            flat["eval_metric"] = NATIVE
        flat.pop("callbacks", None)
    metadata["params"] = json.dumps(told)
    metadata["class_params"] = json.dumps(_CLASSES)


@contextlib.contextmanager
def _expected_model() -> Iterator[None]:
    try:
        yield
    except (KeyError, IndexError, TypeError) as error:
        msg = f"the model of CatBoost {cb.__version__} is not as expected: {error!r}"
        raise RuntimeError(msg) from error
