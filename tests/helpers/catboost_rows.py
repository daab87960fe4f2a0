"""What the tests of CatBoost share."""

import numpy as np

import gradpair as gp
from helpers.hosts import digits
from helpers.installed import needs

needs("catboost")

import catboost as cb  # noqa: E402

DATA = digits(0.3)
TRAIN, TEST = DATA.train, DATA.test
BCE, WCE, FOCAL = gp.BinaryCrossEntropy(), gp.WeightedCrossEntropy(7.3), gp.FocalLoss(1.7, 3.0)
PARAMS = {
    "iterations": 50, "depth": 4, "learning_rate": 0.3, "thread_count": 1, "verbose": False,
    "leaf_estimation_iterations": 1,
}  # fmt: skip
NO_FILES = {"allow_writing_files": False}


def pool(rows=TRAIN, weight=None, offset=None, y=None):
    """The rows as CatBoost holds them."""
    baseline = None if offset is None else offset.reshape(-1, 1)
    return cb.Pool(rows.x, rows.y if y is None else y, weight=weight, baseline=baseline)


def raw(model, x=TEST.x, **rounds):
    return model.predict(x, prediction_type="RawFormulaVal", **rounds)


def probability(model, x=TEST.x):
    return model.predict(x, prediction_type="Probability")[:, 1]


def built_in(data, start, loss="Logloss", **params):
    """CatBoost's own objective, from a start that every row has as its baseline."""
    rows = data.slice(np.arange(data.num_row()))
    own = np.asarray(data.get_baseline())
    offset = own if own.size else np.zeros((data.num_row(), 1))
    rows.set_baseline(offset + start)
    return cb.CatBoost({**PARAMS, **NO_FILES, "loss_function": loss, **params}).fit(rows)
