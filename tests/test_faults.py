"""Everything a user can get wrong at a public boundary, and that nothing is half-changed by it.

Each row is (what is called, the exception, a part of its message). After each of them the objects
that were passed in are unchanged, and a right call with them works.
"""

import dataclasses
import re
from fractions import Fraction

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb

import gradpair as gp
from gradpair import functional
from helpers.hosts import HOST, HOSTS, digits

DATA = digits()
LOSS = gp.WeightedCrossEntropy(7.3)
BCE = gp.BinaryCrossEntropy()
Y, Z, W = np.array([0.0, 1.0, 1.0]), np.array([0.5, -0.5, 2.0]), np.array([1.0, 2.0, 3.0])
OBJECTS = np.array([0, 1, "1"], dtype=object)

BAD_LABELS = [
    ([-1.0, 1.0, 1.0], ValueError, r"y_true must lie in [0, 1]; y_true[0] is -1.0. Encode the two"),
    ([1, 2, 1], ValueError, "y_true[1] is 2"),
    ([0.0, 1.0, np.nan], ValueError, "y_true[2] is nan"),
    ([0.0, np.inf, 1.0], ValueError, "y_true[1] is inf"),
    (OBJECTS, TypeError, "y_true must hold numbers; got ndarray of dtype object"),
    (["a", "b", "a"], TypeError, "y_true must hold numbers"),
    (np.array([0, 1, 1j]), TypeError, "dtype complex128"),
    (np.ma.array([0, 1, 1], mask=[0, 1, 0]), ValueError, "y_true has masked values"),
]
BAD_WEIGHTS = [
    ([1.0, -2.0, 3.0], ValueError, "sample_weight must be finite and at least 0; sample_weight[1]"),
    ([1.0, np.nan, 3.0], ValueError, "sample_weight[1] is nan"),
    ([1.0, np.inf, 3.0], ValueError, "sample_weight[1] is inf"),
    ([1.0, 2.0], ValueError, "(2,)"),
    (OBJECTS, TypeError, "sample_weight must hold numbers"),
]
BAD_NUMBERS = [
    (0.0, ValueError, "alpha must be positive and finite; got 0.0."),
    (-3.0, ValueError, "alpha must be positive"),
    (np.nan, ValueError, "alpha must be finite; got nan."),
    (np.inf, ValueError, "alpha must be finite"),
    (np.array([1.0, 2.0]), TypeError, "alpha must be a number"),
    (np.array(1.0), TypeError, "alpha must be a number"),
    ("9", TypeError, "alpha must be a number; got '9' of type str."),
    (None, TypeError, "alpha must be a number"),
    (True, TypeError, "alpha must be a number"),
]


def fails(call, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        call()


@pytest.mark.parametrize(("y", "kind", "message"), BAD_LABELS, ids=str)
@pytest.mark.parametrize(
    "call",
    [
        lambda y: functional.binary_cross_entropy(y, Z),
        lambda y: functional.weighted_cross_entropy_gradient_hessian(y, Z, 7.3),
        lambda y: LOSS.loss(y, Z),
        lambda y: LOSS.gradient_hessian(y, Z, W),
        lambda y: gp.optimal_constant(LOSS, y),
        gp.WeightedCrossEntropy.balanced,
        lambda y: gp.cost_weights(y, false_negative=2.0, false_positive=1.0),
        lambda y: gp.xgboost.objective(LOSS)(y, Z),
        lambda y: gp.lightgbm.objective(LOSS)(y, Z, W),
        lambda y: gp.xgboost.metric(LOSS)(y, Z),
        lambda y: gp.lightgbm.metric(LOSS)(y, Z, W),
    ],
)
def test_bad_labels_are_refused_everywhere(call, y, kind, message):
    fails(lambda: call(y), kind, message)


@pytest.mark.parametrize(("w", "kind", "message"), BAD_WEIGHTS, ids=str)
@pytest.mark.parametrize(
    "call",
    [
        lambda w: LOSS.loss(Y, Z, w),
        lambda w: LOSS.gradient_hessian(Y, Z, w),
        lambda w: gp.optimal_constant(LOSS, Y, sample_weight=w),
        lambda w: gp.WeightedCrossEntropy.balanced(Y, w),
        lambda w: gp.xgboost.objective(LOSS)(Y, Z, w),
        lambda w: gp.lightgbm.metric(LOSS)(Y, Z, w),
    ],
)
def test_bad_weights_are_refused_everywhere(call, w, kind, message):
    fails(lambda: call(w), kind, message)


@pytest.mark.parametrize(("alpha", "kind", "message"), BAD_NUMBERS, ids=str)
def test_bad_alphas_are_refused(alpha, kind, message):
    fails(lambda: gp.WeightedCrossEntropy(alpha), kind, message)
    fails(lambda: functional.weighted_cross_entropy(Y, Z, alpha), kind, message)
    fails(lambda: gp.FocalLoss(2.0, alpha), kind, message)
    fails(lambda: functional.focal_loss(Y, Z, 2.0, alpha), kind, message)


@pytest.mark.parametrize(
    ("gamma", "kind", "message"),
    [
        (-0.1, ValueError, "gamma must be at least 0; got -0.1."),
        *((g, kind, m.replace("alpha", "gamma")) for g, kind, m in BAD_NUMBERS[2:]),
    ],
    ids=str,
)
def test_bad_gammas_are_refused(gamma, kind, message):
    fails(lambda: gp.FocalLoss(gamma), kind, message)
    fails(lambda: functional.focal_loss_gradient_positive_hessian(Y, Z, gamma), kind, message)


@pytest.mark.parametrize("number", [10**400, -(10**5000), Fraction(10**400, 3)], ids=range(3))
def test_a_number_too_large_for_a_float_is_refused_by_name(number):
    fails(lambda: gp.WeightedCrossEntropy(number), ValueError, "alpha must be finite; got a number")
    fails(lambda: gp.FocalLoss(number), ValueError, "gamma must be finite; got a number")


CORE = {
    "alpha has no default": (gp.WeightedCrossEntropy, TypeError, "alpha"),
    "margins of another length": (
        lambda: functional.binary_cross_entropy(Y, Z[:2]),
        ValueError,
        "y_true and raw_prediction must have the same shape; got (3,) and (2,).",
    ),
    "a column against a row": (
        lambda: LOSS.gradient(Y, Z[:, None]),
        ValueError,
        "got (3,) and (3, 1).",
    ),
    "margins that are strings": (
        lambda: LOSS.loss(Y, ["a", "b", "c"]),
        TypeError,
        "raw_prediction must hold numbers",
    ),
    "links of strings": (lambda: gp.sigmoid("0.5"), TypeError, "z must hold numbers"),
    "a probability above 1": (
        lambda: LOSS.calibrated_raw_prediction([0.5, 1.5]),
        ValueError,
        "probability must lie in [0, 1]",
    ),
    "weights of another length than a scalar label's margins": (
        lambda: LOSS.loss(1, Z, W[:2]),
        ValueError,
        "sample_weight and raw_prediction must have the same shape",
    ),
}
CONSTANT = {
    "no rows": (lambda: gp.optimal_constant(BCE, []), ValueError, "y_true is empty"),
    "a column of labels": (
        lambda: gp.optimal_constant(BCE, Y[:, None]),
        ValueError,
        "y_true must have shape (n_samples,); got (3, 1).",
    ),
    "a scalar label": (lambda: gp.optimal_constant(BCE, 1.0), ValueError, "got ()"),
    "zeros only": (
        lambda: gp.optimal_constant(BCE, [0, 0]),
        ValueError,
        "y_true has no row of class 1 with a positive weight",
    ),
    "ones only": (lambda: gp.optimal_constant(BCE, [1, 1]), ValueError, "no row of class 0"),
    "one class of weight 0": (
        lambda: gp.optimal_constant(BCE, Y, sample_weight=[0.0, 1.0, 1.0]),
        ValueError,
        "no row of class 0 with a positive weight",
    ),
    "balanced with one class": (
        lambda: gp.WeightedCrossEntropy.balanced([0, 0]),
        ValueError,
        "no row of class 1",
    ),
    "all weights zero": (
        lambda: gp.optimal_constant(BCE, Y, sample_weight=np.zeros(3)),
        ValueError,
        "all sample weights are zero",
    ),
    "offsets that are nan": (
        lambda: gp.optimal_constant(BCE, Y, offset=[0.0, np.nan, 1.0]),
        ValueError,
        "offset must be finite; offset[1] is nan.",
    ),
    "offsets that are infinite": (
        lambda: gp.optimal_constant(BCE, Y, offset=[0.0, 1.0, -np.inf]),
        ValueError,
        "offset[2] is -inf",
    ),
    "offsets of another length": (
        lambda: gp.optimal_constant(BCE, Y, offset=Z[:2]),
        ValueError,
        "offset must have shape (3,), one value per row; got (2,).",
    ),
    "a loss's class": (
        lambda: gp.optimal_constant(gp.BinaryCrossEntropy, Y),
        TypeError,
        "loss must be an instance, not the class",
    ),
    "a loss's name": (
        lambda: gp.optimal_constant("logloss", Y),
        TypeError,
        "loss must be a gradpair.Loss",
    ),
}
COSTS = {
    "a column of labels": (
        lambda: gp.cost_weights(Y[:, None], false_negative=W, false_positive=1.0),
        ValueError,
        "y_true must have shape (n_samples,); got (3, 1).",
    ),
    "a negative cost": (
        lambda: gp.cost_weights(Y, false_negative=-1.0, false_positive=1.0),
        ValueError,
        "false_negative must be finite and at least 0",
    ),
    "costs of another length": (
        lambda: gp.cost_weights(Y, false_negative=1.0, false_positive=[1.0, 2.0]),
        ValueError,
        "false_positive must have shape (3,)",
    ),
}


@pytest.mark.parametrize("name", [*CORE, *CONSTANT, *COSTS])
def test_the_core_refuses(name):
    fails(*{**CORE, **CONSTANT, **COSTS}[name])


@dataclasses.dataclass(frozen=True)
class Undecided(gp.Loss):
    """Declared non-convex, without the hessian that such a loss must have for boosting."""

    convex = False

    def _loss(self, y_true, raw_prediction):
        return BCE.loss(y_true, raw_prediction)

    def _gradient_hessian(self, y_true, raw_prediction):
        return BCE.gradient_hessian(y_true, raw_prediction)


def adapter_faults(host):
    module, other = host.module, next(h for h in HOSTS if h is not host)
    foreign = other.data(DATA.x, DATA.y)
    wrong_host = f"this callable is for {host.name}, and its data must be a"
    return {
        "the class of a loss": (
            lambda: module.objective(gp.BinaryCrossEntropy),
            TypeError,
            "loss must be an instance, not the class",
        ),
        "a function for a loss": (lambda: module.metric(max), TypeError, "loss must be"),
        "a start that is nan": (
            lambda: module.objective(LOSS, start=np.nan),
            ValueError,
            "start must be finite",
        ),
        "another hessian": (
            lambda: module.objective(LOSS, hessian="gauss-newton"),
            ValueError,
            "hessian must be 'exact', 'positive' or None; got 'gauss-newton'.",
        ),
        "a negative floor": (
            lambda: module.objective(LOSS, hessian_floor=-1.0),
            ValueError,
            "hessian_floor must be at least 0",
        ),
        "another input": (
            lambda: module.metric(LOSS, input="logits"),
            ValueError,
            "input must be 'raw' or 'probability'; got 'logits'.",
        ),
        "margins called probabilities": (
            lambda: module.metric(LOSS, input="probability")(Y, Z, W),
            ValueError,
            "input='raw'",
        ),
        "the other host's data in the objective": (
            lambda: module.objective(LOSS)(Z, foreign),
            TypeError,
            wrong_host,
        ),
        "the other host's data in the metric": (
            lambda: module.metric(LOSS)(Z, foreign),
            TypeError,
            wrong_host,
        ),
        "margins of two targets": (
            lambda: module.objective(LOSS)(Y, np.zeros((3, 2))),
            ValueError,
            "gradpair is for one binary target",
        ),
        "labels of another length": (
            lambda: module.objective(LOSS)(Y[:2], Z),
            ValueError,
            "y_true must have shape (3,)",
        ),
        "no weight at all": (
            lambda: module.metric(LOSS)(Y, Z, np.zeros(3)),
            ValueError,
            "the weights sum to 0",
        ),
        "a non-convex loss without a positive hessian": (
            lambda: module.objective(Undecided())(Y, Z),
            NotImplementedError,
            "pass hessian='exact'",
        ),
    }


@HOST
@pytest.mark.parametrize("name", adapter_faults(HOSTS[0]))
def test_the_adapters_refuse(host, name):
    fails(*adapter_faults(host)[name])


def shared_train_faults(host):
    """Faults of train: (params, further arguments, exception, message)."""
    model = "xgb_model" if host.name == "xgboost" else "init_model"
    trained = host.train(host.data(DATA.x, DATA.y), 2, loss=LOSS)
    return {
        "scale_pos_weight": (
            {"scale_pos_weight": 9.0},
            {},
            ValueError,
            (
                "scale_pos_weight has no effect beside a custom objective; drop it and pass "
                "loss=gradpair.WeightedCrossEntropy(alpha=9.0)."
            ),
        ),
        "a callable objective": (
            {"objective": host.module.objective(LOSS)},
            {},
            ValueError,
            "objective is a callable",
        ),
        "an objective that is not binary": (
            {"objective": "multiclass"},
            {},
            ValueError,
            f"objective must be {host.objective!r} or absent",
        ),
        "a constant that is nan": ({}, {"constant": np.nan}, ValueError, "constant must be finite"),
        "a constant in words": ({}, {"constant": "best"}, TypeError, "constant must be a number"),
        "the class of a loss": ({}, {"loss": gp.BinaryCrossEntropy}, TypeError, "not the class"),
        "params that are no dict": ("depth=3", {}, TypeError, "params must be a dict; got a str."),
        "another constant for a continued model": (
            {},
            {model: trained, "constant": 1.0},
            ValueError,
            "a continued model keeps its own start",
        ),
        "another hessian": ({}, {"hessian": "none"}, ValueError, "hessian must be"),
    }


def untouched(data, host):
    """What the data object holds, to compare before and after."""
    if host.name == "xgboost":
        return data.get_label().tobytes(), data.get_weight().tobytes(), data.get_base_margin().size
    return np.asarray(data.label).tobytes(), data.weight, data.init_score, dict(data.params or {})


@HOST
@pytest.mark.parametrize("name", shared_train_faults(HOSTS[0]))
def test_train_refuses_and_changes_nothing(host, name):
    params, kwargs, kind, message = shared_train_faults(host)[name]
    data = host.data(DATA.x, DATA.y)
    before, params_before = untouched(data, host), str(params)
    call = {"loss": LOSS, **kwargs}
    fails(lambda: host.module.train(params, data, 2, **call), kind, message)
    assert untouched(data, host) == before
    assert str(params) == params_before
    assert np.isfinite(host.probability(host.train(data, 2, loss=LOSS), DATA.x)).all()


@HOST
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.where(DATA.y == 1, 1.0, -1.0), "must lie in [0, 1]"),
        (DATA.y + 1, "must lie in [0, 1]"),
        (np.zeros(DATA.y.size), "no row of class 1"),
        (np.ones(DATA.y.size), "no row of class 0"),
        (None, "label"),
    ],
    ids=["-1 and 1", "1 and 2", "zeros only", "ones only", "none"],
)
def test_train_refuses_labels_that_are_not_two_classes(host, y, message):
    fails(lambda: host.train(host.data(DATA.x, y), 2, loss=LOSS), ValueError, message)


@HOST
def test_train_refuses_the_other_hosts_data(host):
    other = next(h for h in HOSTS if h is not host)
    foreign = other.data(DATA.x, DATA.y)
    fails(lambda: host.module.train({}, foreign, 2, loss=LOSS), TypeError, "must be a")
    fails(lambda: host.module.train({}, DATA.x, 2, loss=LOSS), TypeError, "got a numpy.ndarray")


LIGHTGBM_ONLY = {
    "is_unbalance": ({"is_unbalance": True}, {}, "is_unbalance has no effect"),
    "an alias of it": ({"unbalance": "true"}, {}, "WeightedCrossEntropy.balanced(y_true)"),
    "pos_bagging_fraction": ({"pos_bagging_fraction": 0.5}, {}, "use bagging_fraction"),
    "neg_bagging_fraction": ({"neg_subsample": 0.5}, {}, "neg_subsample has no effect"),
    "random forests": ({"boosting_type": "rf"}, {}, "random forests take no custom objective"),
    "sigmoid": ({"sigmoid": 0.7}, {}, "sigmoid has no effect"),
    "num_class": ({"num_class": 3}, {}, "gradpair is for binary targets"),
    "an alias of objective": ({"application": "regression"}, {}, "got 'regression'"),
    "a metric of rankings": ({"metric": "ndcg"}, {}, "metric='ndcg' would be"),
    "one of several metrics": ({"metrics": ["auc", "mape"]}, {}, "'mape'"),
    "keep_training_booster": ({}, {"keep_training_booster": True}, "continue the returned model"),
    "a model of raw scores": (
        {},
        {
            "init_model": lgb.train(
                {"objective": gp.lightgbm.objective(LOSS), "verbosity": -1},
                lgb.Dataset(DATA.x, DATA.y),
                2,
            )
        },
        "init_model has objective 'none'",
    ),
    "a start for a continued model": (
        {"boost_from_average": False},
        {"init_model": HOSTS[1].train(lgb.Dataset(DATA.x, DATA.y), 2, loss=LOSS)},
        "a continued model keeps its own start",
    ),
}
XGBOOST_ONLY = {
    "obj": ({}, {"obj": gp.xgboost.objective(LOSS)}, "obj= has no place beside loss="),
    "logitraw": ({"objective": "binary:logitraw"}, {}, "got 'binary:logitraw'"),
    "num_class": ({"num_class": 3}, {}, "gradpair is for one binary target"),
    "base_score of 1": ({"base_score": 1.0}, {}, "base_score must be a probability between 0 and"),
    "two starts": ({"base_score": 0.3}, {"constant": 1.0}, "both set the start; pass one"),
    "no round for the constant": (
        {},
        {"constant": 20.0, "num_boost_round": 0},
        "num_boost_round must be at least 1, got 0",
    ),
    "a model of margins": (
        {},
        {
            "xgb_model": xgb.train(
                {}, xgb.DMatrix(DATA.x, label=DATA.y), 2, obj=gp.xgboost.objective(LOSS)
            )
        },
        "xgb_model has objective 'reg:squarederror'",
    ),
    "a start for a continued model": (
        {"base_score": 0.2},
        {"xgb_model": HOSTS[0].train(xgb.DMatrix(DATA.x, label=DATA.y), 2, loss=LOSS)},
        "a continued model keeps its own start",
    ),
}


@pytest.mark.parametrize(
    ("host", "name"),
    [*((HOSTS[0], name) for name in XGBOOST_ONLY), *((HOSTS[1], name) for name in LIGHTGBM_ONLY)],
    ids=lambda value: getattr(value, "name", value),
)
def test_each_host_refuses_what_it_would_ignore_or_get_wrong(host, name):
    table = XGBOOST_ONLY if host.name == "xgboost" else LIGHTGBM_ONLY
    params, kwargs, message = table[name]
    data = host.data(DATA.x, DATA.y)
    before = untouched(data, host)
    call = {"num_boost_round": 2, "loss": LOSS, **kwargs}
    fails(lambda: host.module.train(params, data, **call), ValueError, message)
    assert untouched(data, host) == before


@pytest.mark.parametrize("name", ["my loss", "loss:a"])
def test_a_name_that_xgboost_cannot_read_back_is_refused(name):
    fails(lambda: gp.xgboost.metric(LOSS, name=name), ValueError, "white space")


@HOST
def test_parameters_at_their_neutral_value_are_accepted(host):
    neutral = {
        "xgboost": {
            "scale_pos_weight": 1,
            "objective": "binary:logistic",
            "base_score": None,
            "num_class": 1,
        },
        "lightgbm": {
            "scale_pos_weight": "1.0",
            "is_unbalance": False,
            "pos_bagging_fraction": 1.0,
            "objective": "binary",
            "boost_from_average": True,
            "metric": "None",
        },
    }[host.name]
    booster = host.train(host.data(DATA.x, DATA.y), 2, params=neutral, loss=LOSS)
    plain = host.train(host.data(DATA.x, DATA.y), 2, loss=LOSS)
    assert (host.probability(booster, DATA.x) == host.probability(plain, DATA.x)).all()
