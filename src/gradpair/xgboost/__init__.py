"""XGBoost: losses as its custom objective and metric, and training that gets everything right."""

from gradpair.xgboost._callables import Metric, Objective, metric, objective  # noqa: F401 - for pickles
from gradpair.xgboost._cv import cv
from gradpair.xgboost._host import HOST  # noqa: F401 - the list of hosts leads here
from gradpair.xgboost._native import native, to_native
from gradpair.xgboost._recalibrate import recalibrate
from gradpair.xgboost._train import train

__all__ = ["cv", "metric", "native", "objective", "recalibrate", "to_native", "train"]
