"""CatBoost as the rest of the package sees it, and objectives as it calls them."""

from collections.abc import Mapping
from typing import Any, final

import catboost as cb
import numpy as np

from gradpair._hosts.record import Host
from gradpair._hosts.subject import ArraySubject, Fault
from gradpair._validation import Array
from gradpair.catboost._model import structures


@final
class CatBoostSubject(ArraySubject):
    """An object whose ``calc_ders_range`` gets raw values, labels and weights of a block."""

    host = "CatBoost"
    precisions = (np.float64,)
    shares_buffers = True
    deep_copied = True  # with the parameters that it is one of
    called = "object with the method calc_ders_range"
    weighting = "Multiply both by weights, unless they are None."

    @classmethod
    def takes(cls, objective: Any) -> bool:
        return callable(getattr(objective, "calc_ders_range", None))

    def call(self, predictions: Array, data: Any) -> Any:
        """Call it, and turn the signs of what CatBoost maximises."""
        targets, weights = data
        pairs = self.objective.calc_ders_range(predictions, targets, weights)
        if not isinstance(pairs, np.ndarray):
            first, second = zip(*pairs, strict=True)
            return [-value for value in first], [-value for value in second]
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            msg = f"calc_ders_range returned the shape {pairs.shape} for {predictions.size} rows; "
            msg += "CatBoost reads one pair of derivatives per row, (n, 2)"
            raise ValueError(msg)
        return -pairs[:, 0], -pairs[:, 1]

    def fault_of(self, values: Any, precision: np.dtype[Any]) -> Fault | None:  # noqa: ARG002
        if isinstance(values, np.ndarray) and values.dtype in (np.float32, np.float64):
            return None
        what = values.dtype.name if isinstance(values, np.ndarray) else f"a {type(values).__name__}"
        advice = "Return one array of float64 and shape (n, 2)."
        return Fault("warning", "output-type", f"{what}, which CatBoost reads row by row", advice)


def encoded(features: Any) -> tuple[Any, Mapping[str, Any]]:
    """Return a frame with categories as text, missing ones too, and the parameter that names them.

    In a tuple: scikit-learn cannot clone an estimator of CatBoost that holds a list.
    """
    names = [name for name, kind in features.dtypes.items() if str(kind) == "category"]
    features = features.copy(deep=False)
    for name in names:
        features[name] = features[name].astype(object).where(features[name].notna(), "nan")
        features[name] = features[name].astype(str)
    return features, {"cat_features": tuple(names)}


def evaluation(estimator: Any, features: Any, y: Array, weight: Array | None) -> Mapping[str, Any]:
    """Return an evaluation set with its weights, as the estimator's own fit takes them."""
    names = list(estimator.get_param("cat_features") or ())
    return {"eval_set": cb.Pool(features, y, weight=weight, cat_features=names)}


_ESTIMATOR = "gradpair.catboost._estimator"  # imported where scikit-learn is there
HOST = Host(
    "catboost",
    "CatBoost",
    CatBoostSubject,
    None,
    _ESTIMATOR,
    structures,
    early_stopping="early_stopping_rounds",
    plain={
        "scale_pos_weight": None,
        "class_weights": None,
        "auto_class_weights": None,
        "boost_from_average": None,
    },
    # What CatBoost chooses for its own objectives alone.
    settings={"learning_rate": 0.1, "leaf_estimation_iterations": 1},
    threads="thread_count",
    encoded=encoded,
    evaluation=evaluation,
)
