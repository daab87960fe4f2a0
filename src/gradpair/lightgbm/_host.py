"""LightGBM as the rest of the package sees it, and objectives as it calls them."""

import inspect
from typing import Any, final

import lightgbm as lgb
import numpy as np

from gradpair._hosts.record import Host
from gradpair._hosts.subject import ArraySubject, DataSubject, Fault, Subject
from gradpair._validation import Array
from gradpair.lightgbm._model import structures


class _ReadByLightGBM(Subject):
    precisions = (np.float64,)
    shares_buffers = True
    deep_copied = True  # with the parameters that it is one of

    def fault_of(self, values: Any, precision: np.dtype[Any]) -> Fault | None:  # noqa: ARG002
        if isinstance(values, list) or type(values).__name__ == "Series":
            return None
        if not isinstance(values, np.ndarray):
            text = f"a {type(values).__name__}, which LightGBM refuses"
            return Fault("error", "output-type", text)
        if values.ndim == 2:
            return Fault("warning", "output-shape", "(n, 1), of which LightGBM complains")
        if values.dtype == np.float32 and not values.flags.c_contiguous:
            text = "float32 with a stride, at which LightGBM raises a bare AssertionError"
            return Fault("error", "output-layout", text)
        if values.dtype == np.float16:
            return Fault("warning", "output-dtype", "float16, good for three digits only")
        return None


@final
class LightGBMSubject(_ReadByLightGBM, DataSubject):
    """A callable for the native API: predictions and a Dataset."""

    host = "LightGBM"
    weighting = "Multiply both by data.get_weight(), unless it is None."

    def data(self, y: Array, w: Array | None) -> Any:
        feature = np.arange(float(y.size)).reshape(-1, 1)
        params = {"verbosity": -1, "num_threads": 1}
        return lgb.Dataset(feature, y, weight=w, params=params).construct()


@final
class LGBMClassifierSubject(_ReadByLightGBM, ArraySubject):
    """A callable for LGBMClassifier, which counts parameters and passes all by position."""

    host = "LGBMClassifier"

    def call(self, predictions: Array, data: Any) -> Any:
        y, w = data
        count = len(inspect.signature(self.objective).parameters)
        if count not in (2, 3, 4):
            msg = f"LGBMClassifier wants 2, 3 or 4 parameters and counts {count}"
            raise TypeError(msg)
        group = None
        return self.objective(*(y, predictions, w, group)[:count])

    def fault_of_call(self, predictions: Array, data: Any) -> Fault | None:
        with_group = self.call(predictions.copy(), data)
        try:
            without = self.objective(data[0], predictions.copy(), data[1])
        except Exception:  # noqa: BLE001 - fewer than three parameters, or a default that will not do
            return None
        if np.array_equal(with_group, without, equal_nan=True):
            return None
        name = list(inspect.signature(self.objective).parameters)[-1]
        what = (
            f"LGBMClassifier passes the group, None, as fourth parameter {name}, which changes them"
        )
        advice = "Take three parameters; give others to a class whose instances are called."
        return Fault("error", "group-parameter", f"{what}.", advice)


_ESTIMATOR = "gradpair.lightgbm._estimator"  # imported where scikit-learn is there
HOST = Host(
    "lightgbm",
    "LightGBM",
    LightGBMSubject,
    LGBMClassifierSubject,
    _ESTIMATOR,
    structures,
    early_stopping="early_stopping_round",
    plain={
        "scale_pos_weight": 1.0,
        "is_unbalance": False,
        "class_weight": None,
        "boost_from_average": True,
    },
)
