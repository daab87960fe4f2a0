"""LightGBM: losses as its custom objective and metric, and training that gets everything right."""

from gradpair.lightgbm._callables import Metric, Objective, metric, objective  # noqa: F401 - for pickles
from gradpair.lightgbm._cv import cv
from gradpair.lightgbm._host import HOST  # noqa: F401 - the list of hosts leads here
from gradpair.lightgbm._native import native, to_native
from gradpair.lightgbm._recalibrate import recalibrate
from gradpair.lightgbm._train import train

__all__ = ["cv", "metric", "native", "objective", "recalibrate", "to_native", "train"]
