"""LightGBM on a Dask cluster: training from the right start, and the loss of all rows."""

from gradpair.lightgbm._dask_evaluate import evaluate
from gradpair.lightgbm._dask_train import train

__all__ = ["evaluate", "train"]
