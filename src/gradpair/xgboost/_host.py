"""XGBoost as the rest of the package sees it, and objectives as it calls them."""

import inspect
from typing import Any, final

import numpy as np
import xgboost as xgb

from gradpair._hosts.record import Host
from gradpair._hosts.subject import ArraySubject, DataSubject, Fault, Subject
from gradpair._validation import Array
from gradpair.xgboost._model import structures


class _ReadByXGBoost(Subject):
    precisions = (np.float32,)
    shares_buffers = False

    def fault_of(self, values: Any, precision: np.dtype[Any]) -> Fault | None:  # noqa: ARG002
        if not isinstance(values, np.ndarray):
            text = f"a {type(values).__name__}, which XGBoost refuses"
            return Fault("error", "output-type", text)
        read = values.dtype.kind in "iu" or values.dtype in (np.float32, np.float64)
        if read and values.dtype.isnative and values.flags.aligned:
            return None
        what = values.dtype.name + ("" if values.dtype.isnative else " of foreign byte order")
        what += "" if values.flags.aligned else ", unaligned"
        text = f"{what}, which XGBoost reads wrongly without an error"
        return Fault("error", "output-dtype", text)


@final
class XGBoostSubject(_ReadByXGBoost, DataSubject):
    """A callable for the native API: predictions and a DMatrix."""

    host = "XGBoost"
    weighting = "Multiply both by data.get_weight(), unless its size is 0."

    def data(self, y: Array, w: Array | None) -> Any:
        return xgb.DMatrix(np.zeros((y.size, 1)), label=y, weight=w, nthread=1)


@final
class XGBClassifierSubject(_ReadByXGBoost, ArraySubject):
    """A callable for XGBClassifier: weights go by name, and only if there are any."""

    host = "XGBClassifier"

    def call(self, predictions: Array, data: Any) -> Any:
        y, w = data
        if w is None:
            return self.objective(y, predictions)
        if "sample_weight" not in inspect.signature(self.objective).parameters:
            msg = "XGBClassifier refuses weights, for want of a parameter named sample_weight"
            raise ValueError(msg)
        return self.objective(y, predictions, sample_weight=w)


_ESTIMATOR = "gradpair.xgboost._estimator"  # imported where scikit-learn is there
HOST = Host(
    "xgboost",
    "XGBoost",
    XGBoostSubject,
    XGBClassifierSubject,
    _ESTIMATOR,
    structures,
    early_stopping="early_stopping_rounds",
    categorical={"enable_categorical": True},
    plain={"scale_pos_weight": None, "base_score": None},
)
