"""Gradient-boosting objectives for binary targets: exact derivatives, right start, right metric.

The mathematics is in :mod:`gradpair.functional`, the losses are records such as
:class:`WeightedCrossEntropy`, and :mod:`gradpair.xgboost` and :mod:`gradpair.lightgbm` hand them to
their host. Those two are imported on first use, so that one host is enough.
"""

import importlib
from types import ModuleType

from gradpair import functional
from gradpair.costs import cost_weights
from gradpair.functional import log_sigmoid, logit, sigmoid, softplus
from gradpair.intercept import optimal_constant
from gradpair.kernels import kernel_context, set_kernel
from gradpair.losses import BinaryCrossEntropy, FocalLoss, Loss, WeightedCrossEntropy

__version__ = "0.1.0"

_HOSTS = ("lightgbm", "xgboost")

__all__ = [
    "BinaryCrossEntropy",
    "FocalLoss",
    "Loss",
    "WeightedCrossEntropy",
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


def __getattr__(name: str) -> ModuleType:
    if name in _HOSTS:
        return importlib.import_module(f"gradpair.{name}")
    msg = f"module 'gradpair' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOSTS})
