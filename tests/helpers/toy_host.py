"""A host of somebody else's, and all that gradpair needs to know of it, in one module.

It boosts stumps at the features' medians, calls ``objective(labels, margins, weights)`` with lists
and wants lists back.
"""

from typing import final

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone

import gradpair as gp
from gradpair._hosts.builtin import BuiltinEquivalent
from gradpair._hosts.estimator import Trained
from gradpair._hosts.record import Host
from gradpair._hosts.subject import Fault, Subject


def boost(x, y, weight, objective, start, rounds):
    """The host: its model is the start and stumps of a feature, a threshold and two leaves."""
    margin, stumps = np.full(len(x), start), []
    for number in range(rounds):
        feature = number % x.shape[1]
        right = x[:, feature] > np.median(x[:, feature])
        g, h = map(np.array, objective(list(y), list(margin), weight and list(weight)))
        leaves = [-0.3 * g[side].sum() / (h[side].sum() + 1) for side in (~right, right)]
        stumps.append((feature, float(np.median(x[:, feature])), leaves))
        margin = margin + np.where(right, leaves[1], leaves[0])
    return start, stumps


@final
class ToyClassifier(ClassifierMixin, BaseEstimator):
    """The host's estimator, with log loss built in."""

    def __init__(self, n_estimators=10, max_depth=1, n_jobs=None):
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.n_jobs = n_jobs

    def fit(self, x, y, sample_weight=None):
        loss = gp.BinaryCrossEntropy()
        start = gp.optimal_constant(loss, y, sample_weight=sample_weight)
        weight = None if sample_weight is None else list(sample_weight)
        self.model_ = boost(x, y, weight, loss.gradient_hessian, start, self.n_estimators)
        return self


# How it is audited.


@final
class ToySubject(Subject):
    host = "Toy"
    precisions = (np.float64,)
    shares_buffers = False
    weighting = "Multiply both by the weights, unless they are None."

    def data(self, y, w):
        return y.tolist(), None if w is None else w.tolist()

    def held(self, data):
        return [np.array(part) for part in data if part is not None]

    def call(self, predictions, data):
        labels, weights = data
        return self.objective(labels, predictions.tolist(), weights)

    def fault_of(self, values, precision):
        if isinstance(values, list):
            return None
        return Fault("error", "output-type", f"a {type(values).__name__}, no list", "Return lists.")


HOST = Host(
    name="toy_host",
    title="Toy",
    subject=ToySubject,
    estimator_subject=None,
    estimator="helpers.toy_host",
    structures=lambda model: [stump[:2] for stump in model[1]],
)


def native(loss, y_true, sample_weight=None):
    """The loss as what is built in, as ``gradpair.xgboost.native``."""
    builtin = BuiltinEquivalent.of(loss, y_true, sample_weight, None)
    return {}, np.where(builtin.y == 1, builtin.alpha, 1.0)


# How its estimator is fitted.

ESTIMATOR, QUIET = ToyClassifier, {}
EVAL_WEIGHT, EVAL_OFFSET = "eval_weight", "eval_offset"
REFUSED = {"margin": "pass it as offset="}
ROUNDS, PREDICT_REFUSED = (), {}


def requested_constant(estimator):
    return None


def train(estimator, rows, sets, plan, fit_params):
    weight = None if rows.weight is None else list(rows.weight)
    objective = plan.loss.gradient_hessian
    start, stumps = boost(
        rows.features, rows.y, weight, objective, plan.constant, estimator.n_estimators
    )
    fitted = clone(estimator)
    fitted.model_ = start + plan.model_shift, stumps
    return Trained(fitted, None, {})


def booster(estimator):
    return estimator.model_


def margin(estimator, features):
    start, stumps = estimator.model_
    leaves = [np.where(features[:, f] > t, *reversed(pair)) for f, t, pair in stumps]
    return start + np.sum(leaves, axis=0)
