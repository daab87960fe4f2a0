"""What the tests of BoostingClassifier share."""

import lightgbm as lgb
import pytest
from lightgbm import LGBMClassifier
from sklearn.datasets import load_breast_cancer
from xgboost import XGBClassifier

import gradpair as gp
from helpers.hosts import digits

DATA = digits(0.3)
LOSS = gp.WeightedCrossEntropy(3.0)
FOCAL = gp.FocalLoss(1.7, 3.0)


def host_estimator(host, rounds=15, **params):
    if host == "xgboost":
        return XGBClassifier(n_estimators=rounds, max_depth=3, n_jobs=1, **params)
    return LGBMClassifier(n_estimators=rounds, num_leaves=7, n_jobs=1, verbose=-1, **params)


def early_stopping(host, rounds):
    """The estimator and the arguments of fit that stop early."""
    if host == "xgboost":
        return host_estimator(host, 200, early_stopping_rounds=rounds), {"verbose": False}
    return host_estimator(host, 200), {"callbacks": [lgb.early_stopping(rounds, verbose=False)]}


hosts = pytest.mark.parametrize("host", ["xgboost", "lightgbm"])
QUIET = {"xgboost": {"verbose": False}, "lightgbm": {}}


def cancer_frame():
    return load_breast_cancer(as_frame=True).data
