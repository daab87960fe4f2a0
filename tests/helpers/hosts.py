"""One face for both hosts, so that a test states its fact once."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from packaging.version import Version
from sklearn.datasets import load_digits

import gradpair as gp


@dataclass(frozen=True)
class Rows:
    """Rows of a data set, split into those to train on and those held out."""

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    offset: np.ndarray

    @cached_property
    def train(self):
        return self._every_other(0)

    @cached_property
    def test(self):
        return self._every_other(1)

    def _every_other(self, first):
        columns = (self.x, self.y, self.weight, self.offset)
        return Rows(*(np.ascontiguousarray(column[first::2]) for column in columns))


def digits(rate=0.1):
    """Handwritten digits: 8, from a rate of .15 on also 9, thinned to the rate asked for."""
    x, digit = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    y = (digit == 8) | ((digit == 9) & (rate > 0.15))
    positives = rng.permutation(np.flatnonzero(y))
    surplus = positives[round(rate / (1 - rate) * (~y).sum()) :]
    x, y = np.delete(x, surplus, axis=0), np.delete(y, surplus).astype(np.float64)
    weight, offset = rng.uniform(0.2, 3.0, y.size), rng.normal(0, 1.5, y.size)
    return Rows(x, y, *(np.float32(values).astype(np.float64) for values in (weight, offset)))


class XGBoost:
    """XGBoost, on one thread and small trees."""

    name = "xgboost"
    module = gp.xgboost
    structures = staticmethod(gp.xgboost.HOST.structures)
    adapter = "XGBoost"
    objective = "binary:logistic"
    params: ClassVar = {"max_depth": 4, "nthread": 1, "eta": 0.3}
    trees: ClassVar = {"max_depth": 3}  # of the estimator, as train is told
    categorical: ClassVar = {"enable_categorical": True}  # for columns that are categories
    quiet: ClassVar = {"verbose": False}  # for fit
    eval_weight, eval_offset = "sample_weight_eval_set", "base_margin_eval_set"
    takes_polars = True
    first_round = 0  # in best_iteration

    def __repr__(self):
        return self.name

    @staticmethod
    def data(x, y=None, weight=None, offset=None, **kwargs):
        return xgb.DMatrix(x, label=y, weight=weight, base_margin=offset, **kwargs)

    def train(self, data, rounds=50, *, params=None, valid=None, **kwargs):
        if valid is not None:
            kwargs |= {"evals": [(valid, "valid")], "verbose_eval": False}
        return gp.xgboost.train({**self.params, **(params or {})}, data, rounds, **kwargs)

    def train_native(self, x, y, weight=None, *, alpha=1.0, start=0.0, rounds=50, valid=None, **kw):
        params = {"objective": "binary:logistic", "base_score": float(gp.sigmoid(start))}
        params |= self.params | ({"scale_pos_weight": alpha} if alpha != 1 else {})
        if valid is not None:
            kw |= {"evals": [(self.data(*valid), "valid")], "verbose_eval": False}
        return xgb.train(params, self.data(x, y, weight), rounds, **kw)

    def probability(self, booster, x):
        return booster.predict(xgb.DMatrix(x)).astype(np.float64)

    def native_probability(self, booster, x, start):
        return self.probability(booster, x)

    def margin(self, booster, x, offset=None):
        data = xgb.DMatrix(x, base_margin=offset)
        return booster.predict(data, output_margin=True).astype(np.float64)

    def rounds(self, booster):
        return booster.num_boosted_rounds()

    def estimator(self, rounds=15, **params):
        """Return its estimator for scikit-learn, of smaller trees."""
        return xgb.XGBClassifier(**{"n_estimators": rounds, "n_jobs": 1, "max_depth": 3, **params})

    def classifier(self, objective, rounds=50, **params):
        """Return that estimator with the trees of train."""
        return self.estimator(rounds, objective=objective, max_depth=4, **params)

    def classifier_margin(self, model, x):
        return model.predict(x, output_margin=True)

    def early_stopping(self, rounds):
        """Return an estimator, and the arguments of fit with which it stops early."""
        return self.estimator(200, early_stopping_rounds=rounds), dict(self.quiet)

    def with_metric(self, metric):
        """Return the parameters of the estimator and the arguments of fit that ask for a metric."""
        return {"eval_metric": metric}, dict(self.quiet)

    def metric_result(self, name, value, *, greater_is_better):
        """Return what a metric returns to the estimator."""
        return value

    def start(self, constant):
        """Return the parameters with which the bare estimator starts at the best constant."""
        return {"base_score": float(gp.sigmoid(constant))}


class LightGBM:
    """LightGBM, on one thread and small trees."""

    name = "lightgbm"
    module = gp.lightgbm
    structures = staticmethod(gp.lightgbm.HOST.structures)
    adapter = "LightGBM"
    objective = "binary"
    params: ClassVar = {"num_leaves": 15, "num_threads": 1, "verbosity": -1, "learning_rate": 0.3}
    trees: ClassVar = {"num_leaves": 7, "learning_rate": 0.1}
    categorical: ClassVar = {}
    quiet: ClassVar = {}
    eval_weight, eval_offset = "eval_sample_weight", "eval_init_score"
    takes_polars = Version(lgb.__version__) >= Version("4.7")
    first_round = 1  # in best_iteration

    def __repr__(self):
        return self.name

    @staticmethod
    def data(x, y=None, weight=None, offset=None, **kwargs):
        return lgb.Dataset(x, y, weight=weight, init_score=offset, **kwargs)

    def train(self, data, rounds=50, *, params=None, valid=None, **kwargs):
        params = {**self.params, **(params or {})}
        if valid is not None:
            kwargs |= {"valid_sets": [valid], "valid_names": ["valid"]}
        if (result := kwargs.pop("evals_result", None)) is not None:
            kwargs["callbacks"] = [lgb.record_evaluation(result), *kwargs.get("callbacks", ())]
        if (stop := kwargs.pop("early_stopping_rounds", None)) is not None:
            params["early_stopping_round"] = stop
        return gp.lightgbm.train(params, data, rounds, **kwargs)

    def train_native(self, x, y, weight=None, *, alpha=1.0, start=0.0, rounds=50, valid=None, **kw):
        params = {**self.params, "objective": "binary", "boost_from_average": False}
        params |= {"scale_pos_weight": alpha} if alpha != 1 else {}
        data = self.data(x, y, weight, np.full(len(y), start))
        sets = []
        if valid is not None:
            params["early_stopping_round"] = kw["early_stopping_rounds"]
            sets = [self.data(*valid, None, np.full(len(valid[1]), start), reference=data)]
        return lgb.train(params, data, rounds, valid_sets=sets)

    def probability(self, booster, x):
        return booster.predict(x)

    def native_probability(self, booster, x, start):
        return gp.sigmoid(booster.predict(x, raw_score=True) + start)

    def margin(self, booster, x, offset=0.0):
        return booster.predict(x, raw_score=True) + offset

    def rounds(self, booster):
        return booster.num_trees()

    def estimator(self, rounds=15, **params):
        """Return its estimator for scikit-learn, of smaller trees."""
        small = {"n_estimators": rounds, "n_jobs": 1, "num_leaves": 7, "verbose": -1}
        return lgb.LGBMClassifier(**{**small, **params})

    def classifier(self, objective, rounds=50, **params):
        """Return that estimator with the trees of train."""
        return self.estimator(rounds, objective=objective, num_leaves=15, **params)

    def classifier_margin(self, model, x):
        return model.predict(x, raw_score=True)

    def early_stopping(self, rounds):
        """Return an estimator, and the arguments of fit with which it stops early."""
        return self.estimator(200), {"callbacks": [lgb.early_stopping(rounds, verbose=False)]}

    def with_metric(self, metric):
        """Return the parameters of the estimator and the arguments of fit that ask for a metric."""
        return {}, {"eval_metric": metric}

    def metric_result(self, name, value, *, greater_is_better):
        """Return what a metric returns to the estimator."""
        return name, value, greater_is_better

    def start(self, constant):
        """Return the parameters with which the bare estimator starts at the best constant."""
        return {}


XGBOOST, LIGHTGBM = HOSTS = [XGBoost(), LightGBM()]
HOST = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
