"""XGBoost copies labels and weights at every call: a training reads them as often as it must."""

import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_array_equal

import gradpair as gp
from helpers.hosts import XGBOOST, digits

DATA = digits()
LOSS = gp.WeightedCrossEntropy(7.3)


class Counted(xgb.DMatrix):
    """A DMatrix that knows how often its labels are read."""

    count = 0

    def get_label(self):
        self.count += 1
        return super().get_label()


def test_labels_are_read_once_and_not_in_every_round():
    counts = []
    for rounds in (3, 30):
        data = Counted(DATA.x, label=DATA.y, weight=DATA.weight)
        XGBOOST.train(data, rounds, loss=LOSS)
        counts.append(data.count)
    assert counts[0] == counts[1] <= 3


@pytest.mark.parametrize("weight", [None, DATA.weight], ids=["unweighted", "weighted"])
def test_the_model_is_that_of_reading_them_in_every_round(weight):
    class Idle(xgb.callback.TrainingCallback):
        pass

    models = [
        XGBOOST.train(xgb.DMatrix(DATA.x, label=DATA.y, weight=weight), loss=LOSS, **kwargs)
        for kwargs in ({}, {"callbacks": [Idle()]})
    ]
    assert models[0].save_raw() == models[1].save_raw()


def test_labels_that_a_callback_changes_are_trained_on():
    data = xgb.DMatrix(DATA.x, label=DATA.y)
    other = np.roll(DATA.y, 100)

    class Change(xgb.callback.TrainingCallback):
        def after_iteration(self, model, epoch, evals_log):
            data.set_label(other)
            return False

    changed = XGBOOST.train(data, 9, loss=LOSS, callbacks=[Change()])
    first = XGBOOST.train(xgb.DMatrix(DATA.x, label=DATA.y), 1, loss=LOSS)
    expected = XGBOOST.train(xgb.DMatrix(DATA.x, label=other), 8, loss=LOSS, xgb_model=first)
    assert_array_equal(XGBOOST.margin(changed, DATA.x), XGBOOST.margin(expected, DATA.x))
