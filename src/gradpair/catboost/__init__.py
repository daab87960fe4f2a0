"""CatBoost: losses as its custom objective and metric, and training that gets everything right."""

from gradpair.catboost._callables import Metric, Objective, metric, objective  # noqa: F401 - for pickles
from gradpair.catboost._cv import cv
from gradpair.catboost._host import HOST  # noqa: F401 - the list of hosts leads here
from gradpair.catboost._native import native, to_native
from gradpair.catboost._recalibrate import recalibrate
from gradpair.catboost._train import train

__all__ = ["cv", "metric", "native", "objective", "recalibrate", "to_native", "train"]
