"""LightGBM: losses as its custom objective and metric, and training that gets everything right."""

from gradpair.lightgbm._host import HOST  # noqa: F401 - the list of hosts looks for it here
from gradpair.lightgbm._train import (  # noqa: F401 - pickles look for them here
    Metric,
    Objective,
    cv,
    metric,
    native,
    objective,
    to_native,
    train,
)

__all__ = ["cv", "metric", "native", "objective", "to_native", "train"]
