"""Gradient-boosting objectives for binary targets: exact derivatives, right start, right metric.

The mathematics is in :mod:`gradpair.functional`, the losses are records such as
:class:`WeightedCrossEntropy`; :mod:`gradpair.xgboost`, :mod:`gradpair.lightgbm` and
:mod:`gradpair.catboost` hand them to their host, and :mod:`gradpair.sklearn` is scikit-learn's way
over all. These are imported on first use, so that one host is enough; so is :mod:`gradpair.audit`,
the home of :func:`check_objective`.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from gradpair import _costs, _intercept, functional
from gradpair._costs import cost_weights
from gradpair._hosts.record import HOSTS
from gradpair._intercept import optimal_constant
from gradpair._kernels import choice
from gradpair._kernels.choice import kernel_context, set_kernel
from gradpair._links import log_sigmoid, logit, sigmoid, softplus
from gradpair.losses import (
    AsymmetricLoss,
    BinaryCrossEntropy,
    FocalLoss,
    GeneralizedCrossEntropy,
    LabelSmoothing,
    Loss,
    MarginShift,
    PolyLoss,
    WeightedCrossEntropy,
)

__version__ = "0.1.0"

# Import paths and pickles from before these modules moved.
sys.modules["gradpair.costs"] = _costs
sys.modules["gradpair.intercept"] = _intercept
sys.modules["gradpair.kernels"] = choice

_MODULES = ("audit", "compare", "sklearn", *HOSTS)  # imported on first use

__all__ = [
    "AsymmetricLoss",
    "BinaryCrossEntropy",
    "FocalLoss",
    "GeneralizedCrossEntropy",
    "LabelSmoothing",
    "Loss",
    "MarginShift",
    "PolyLoss",
    "WeightedCrossEntropy",
    "check_objective",
    "cost_weights",
    "functional",
    "kernel_context",
    "log_sigmoid",
    "logit",
    "optimal_constant",
    "set_kernel",
    "sigmoid",
    "softplus",
]


if TYPE_CHECKING:  # which knows all names by these imports, and any other for a mistake
    from gradpair import audit as audit
    from gradpair import catboost as catboost
    from gradpair import lightgbm as lightgbm
    from gradpair import sklearn as sklearn
    from gradpair import xgboost as xgboost
    from gradpair.audit import check_objective
else:

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            return importlib.import_module(f"gradpair.{name}")
        if name == "check_objective":
            return importlib.import_module("gradpair.audit").check_objective
        msg = f"module 'gradpair' has no attribute {name!r}"
        raise AttributeError(msg, name=name, obj=sys.modules[__name__])  # for "Did you mean"


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *__all__})
