"""What the workers of a Dask cluster import in tests."""

import os
import signal

import xgboost as xgb
from xgboost.collective import get_rank

from helpers.table import GenericCrossEntropy


class MapLoss(GenericCrossEntropy):
    """Its name is one of those that XGBoost takes for a metric to maximise."""


class Killed(xgb.callback.TrainingCallback):
    """Ends the process of one worker in the midst of a training."""

    def __init__(self, rank, at):
        self.rank, self.at = rank, at

    def before_iteration(self, model, epoch, evals_log):
        if epoch == self.at and get_rank() == self.rank:
            os.kill(os.getpid(), signal.SIGKILL)
        return False


class Watched(xgb.callback.TrainingCallback):
    """Notes, in the model, the intercept and the mean margin that it sees after each round."""

    def after_iteration(self, model, epoch, evals_log):
        model.set_attr(**{f"seen{epoch}": str(model.num_boosted_rounds())})
        return False
