"""Rows that two workers of XGBoost share in different ways, and what each makes of its part."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost as xgb
from xgboost.collective import get_rank

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from gradpair.xgboost import _start
from helpers.hosts import digits

DIGITS = digits()
COPIES = 5  # so that both workers have more than the 4,096 rows from which some are thinned
X = np.tile(np.round(DIGITS.x / 4), (COPIES, 1))  # few values: one sketch, however it is merged
HARD = np.tile(DIGITS.y, COPIES)
N = HARD.size
SOFT = np.float32(0.04 + 0.9 * HARD)
EVEN = np.arange(N) % 2 == 0
WEIGHT = np.float32(np.where(EVEN, 10.0, 1.0) * np.tile(DIGITS.weight, COPIES))
OFFSET = np.float32(np.random.default_rng(4).normal(0, 1.5, N))
# What the first worker has; the second has the rest.
SHARES = {"alternating": EVEN, "classes": HARD == 1, "empty": np.ones(N, bool)}
LOSSES = {"weighted": gp.WeightedCrossEntropy(7.3), "focal": gp.FocalLoss(1.7, 0.3)}
PARAMS = {"max_depth": 3, "nthread": 1, "eta": 0.4}
VALID = np.arange(N) % 3 == 0
ALL = np.ones(N, bool)


@dataclass(frozen=True)
class Case:
    """One way to share the rows."""

    share: str
    offsets: bool
    loss: str

    def __str__(self):
        return f"{self.share}-{'offsets' if self.offsets else 'plain'}-{self.loss}"

    @property
    def labels(self):
        return SOFT if self.share == "alternating" else HARD

    def data(self, rows):
        offset = OFFSET[rows] if self.offsets and rows.any() else None
        return xgb.DMatrix(X[rows], self.labels[rows], weight=WEIGHT[rows], base_margin=offset)


CASES = [Case(*values) for values in itertools.product(SHARES, (False, True), LOSSES)]


@dataclass
class Outcome:
    """What one worker, or one machine, made of a case."""

    constant: float
    booster: Any
    history: dict[str, list[float]]


def outcome(case, mine, rounds=3, *, eta=PARAMS["eta"], **kwargs):
    """Train on the rows that are mine, with an evaluation on some of all of them."""
    data, valid, told = case.data(mine), case.data(mine & VALID), {}
    loss = LOSSES[case.loss]
    booster = gp.xgboost.train(
        {**PARAMS, "eta": eta}, data, rounds, loss=loss, evals=[(data, "train"), (valid, "valid")],
        evals_result=told, verbose_eval=False, **kwargs,
    )  # fmt: skip
    history = {name: values[loss.name] for name, values in told.items()}
    return Outcome(_start.fitted_constant(data, loss), booster, history)


def share_of(case):
    """The rows of this worker."""
    first = SHARES[case.share]
    return ~first if get_rank() else first


def outcomes():
    """Every case on this worker."""
    return {str(case): outcome(case, share_of(case)) for case in CASES}


def noisy():
    """Labels of which some are wrong, and parameters that soon fit them."""
    wrong = np.random.default_rng(5).random(N) < 0.2
    return np.where(wrong, 1 - HARD, HARD), {**PARAMS, "eta": 1.0, "max_depth": 6}


def stopped(mine):
    """Train on labels that are wrong until the loss of those that are right rises."""
    labels, params = noisy()
    data = xgb.DMatrix(X[mine], labels[mine])
    valid = xgb.DMatrix(X[mine & VALID], HARD[mine & VALID], weight=WEIGHT[mine & VALID])
    return gp.xgboost.train(
        params, data, 60, loss=gp.BinaryCrossEntropy(), evals=[(valid, "valid")],
        early_stopping_rounds=2, verbose_eval=False,
    )  # fmt: skip


def offsets_of_one_evaluation_set():
    """Train where only the second worker's rows to evaluate have offsets."""
    case = CASES[0]
    data, valid = case.data(share_of(case)), case.data(share_of(case) & VALID)
    if get_rank():
        valid.set_base_margin(OFFSET[: valid.num_row()])
    return gp.xgboost.train(
        PARAMS, data, 2, loss=LOSSES["weighted"], evals=[(valid, "valid")], verbose_eval=False
    )


def refusals():
    """What this worker is told where something is wrong."""
    loss, rank, told = LOSSES["focal"], get_rank(), {}
    mine = share_of(CASES[0])
    good, constant = CASES[0].data(mine), 0.25

    def refused(name, call):
        try:
            call()
        except (ValueError, TypeError) as error:
            told[name] = str(error)

    def fit(labels, rows=mine, **kwargs):
        gp.xgboost.train(PARAMS, xgb.DMatrix(X[rows], labels[rows]), 1, loss=loss, **kwargs)

    refused("one class", lambda: fit(np.ones(N)))
    bad = np.where(np.arange(N) == 3, 2.0, HARD)  # a row of the second worker
    refused("bad label", lambda: fit(bad))
    refused("no rows", lambda: fit(HARD, np.zeros(N, bool)))
    booster = gp.xgboost.train(PARAMS, good, 1, loss=loss, constant=constant)
    refused("bad label beside a constant", lambda: fit(bad, constant=constant))
    refused("bad label beside a model", lambda: fit(bad, xgb_model=booster))
    refused("cv", lambda: gp.xgboost.cv(PARAMS, good, 1, loss=loss))
    refused("cv of the host", lambda: xgb.cv({**PARAMS, "objective": "binary:logistic"}, good, 1))
    refused("recalibrate", lambda: gp.xgboost.recalibrate(booster, good, method="shift"))
    refused("native", lambda: gp.xgboost.native(LOSSES["weighted"], HARD[mine]))
    told["native of totals"] = gp.xgboost.native(LOSSES["weighted"], totals=(3.0, 7.0))[0]
    estimator = xgb.XGBClassifier(n_estimators=1)
    refused("fit", lambda: BoostingClassifier(estimator, loss).fit(X[mine], HARD[mine]))
    metric = gp.xgboost.metric(gp.BinaryCrossEntropy())
    z, zeros = np.zeros(3), np.zeros(3)
    refused("bad rows of a metric", lambda: metric(zeros + 2 * rank, z))
    refused("weights of zero", lambda: metric(zeros, z, sample_weight=zeros))
    told["good"] = metric(zeros, z)
    return told


def everything():
    """All of it, from one start of the processes."""
    return {
        "outcomes": outcomes(),
        "stopped": stopped(share_of(CASES[0])),
        "offsets": offsets_of_one_evaluation_set(),
        "refusals": refusals(),
    }
