"""A loss as the host's built-in objective: the same model as ours, without a Python callable."""

import re

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from helpers.hosts import HOST, digits
from helpers.table import BUILT_IN, GenericCrossEntropy

DATA = digits()
LOSS = pytest.mark.parametrize("loss", BUILT_IN, ids=repr)


def train_builtin(host, loss, y, weight=None, rounds=30, params=None):
    """Train the host's own objective with what native returns."""
    native, weight = host.module.native(loss, y, weight)
    data = host.data(DATA.x, y, weight)
    params = {**host.params, **(params or {}), **native}
    library = xgb if host.name == "xgboost" else lgb
    return library.train(params, data, rounds)


@HOST
@LOSS
@pytest.mark.parametrize("weighted", [False, True])
def test_the_built_in_equivalent_equals_our_custom_objective(host, loss, weighted):
    weight = DATA.weight if weighted else None
    builtin = train_builtin(host, loss, DATA.y, weight)
    ours = host.train(host.data(DATA.x, DATA.y, weight), 30, loss=loss)
    # The weight alpha of LightGBM is a float32 there, and in our derivatives it is not.
    assert_allclose(
        host.probability(builtin, DATA.x), host.probability(ours, DATA.x), rtol=0, atol=1e-6
    )


@HOST
@LOSS
def test_the_built_in_equivalent_starts_at_the_optimum(host, loss):
    frozen = {"eta": 1e-9} if host.name == "xgboost" else {"learning_rate": 1e-12}
    booster = train_builtin(host, loss, DATA.y, DATA.weight, rounds=1, params=frozen)
    start = gp.optimal_constant(loss, DATA.y, sample_weight=DATA.weight)
    assert_allclose(host.margin(booster, DATA.x), start, atol=1e-6)


@HOST
def test_rare_positives_with_a_large_alpha_stay_bounded(host):
    rare = digits(0.0018)
    loss = gp.WeightedCrossEntropy.balanced(rare.y)
    assert rare.y.sum() == 3
    params, weight = host.module.native(loss, rare.y)
    defaults = {"verbosity": -1, "num_threads": 1} if host.name == "lightgbm" else {"nthread": 1}
    data = host.data(rare.x, rare.y, weight)
    library = xgb if host.name == "xgboost" else lgb
    booster = library.train({**defaults, **params}, data, 100)
    assert np.abs(host.margin(booster, rare.x)).max() < 20


def test_scale_pos_weight_of_lightgbm_diverges_there():
    rare = digits(0.0018)
    alpha = gp.WeightedCrossEntropy.balanced(rare.y).alpha
    params = {"objective": "binary", "scale_pos_weight": alpha, "verbosity": -1, "num_threads": 1}
    booster = lgb.train(params, lgb.Dataset(rare.x, rare.y), 100)
    assert np.abs(booster.predict(rare.x, raw_score=True)).max() > 1e4


@HOST
def test_totals_of_all_machines_stand_for_the_labels(host):
    loss = gp.WeightedCrossEntropy(7.3)
    of_rows = host.module.native(loss, DATA.y, DATA.weight)
    totals = tuple(float(DATA.weight[label == DATA.y].sum()) for label in (1, 0))
    of_totals = host.module.native(loss, DATA.y, DATA.weight, totals=np.array(totals))
    assert of_totals[0].keys() == of_rows[0].keys()
    for name, value in of_rows[0].items():
        assert of_totals[0][name] == pytest.approx(value)
    assert_array_equal(of_totals[1], of_rows[1])


def test_totals_alone_are_enough_where_the_weights_stay():
    params, weight = gp.xgboost.native(gp.WeightedCrossEntropy(7.3), totals=(2.0, 30.0))
    assert params["base_score"] == pytest.approx(float(gp.sigmoid(np.log(7.3 * 2 / 30))))
    assert params["scale_pos_weight"] == 7.3
    assert weight is None
    params, weight = gp.lightgbm.native(gp.BinaryCrossEntropy(), totals=(2.0, 30.0))
    assert params == {"objective": "binary", "boost_from_average": True}
    assert weight is None


def test_a_machine_with_one_class_uses_the_totals():
    loss = gp.WeightedCrossEntropy(7.3)
    params, weight = gp.lightgbm.native(loss, [1, 1], [1.0, 2.0], totals=(9.0, 30.0))
    assert_array_equal(weight, [7.3, 14.6])
    assert params["boost_from_average"]


FAULTS = {
    "a loss of the user": (
        lambda module: module.native(GenericCrossEntropy(7.3), DATA.y),
        "has no built-in equivalent",
    ),
    "neither labels nor totals": (
        lambda module: module.native(gp.BinaryCrossEntropy()),
        "pass y_true, or totals=(weight of the 1s, weight of the 0s).",
    ),
    "soft labels with alpha": (
        lambda module: module.native(gp.WeightedCrossEntropy(7.3), [0.2, 1.0]),
        "pass soft labels to train.",
    ),
    "one class": (lambda module: module.native(gp.BinaryCrossEntropy(), [1, 1]), "no row of class"),
    "totals without one class": (
        lambda module: module.native(gp.BinaryCrossEntropy(), totals=(0.0, 3.0)),
        "each of totals must be positive",
    ),
    "a single total": (
        lambda module: module.native(gp.BinaryCrossEntropy(), totals=(3.0,)),
        "totals must be a pair",
    ),
}


@HOST
@pytest.mark.parametrize("name", FAULTS)
def test_what_the_built_in_objectives_cannot_do_is_refused(host, name):
    call, message = FAULTS[name]
    with pytest.raises(ValueError, match=re.escape(message)):
        call(host.module)


def test_what_only_one_host_cannot_do_is_refused_there():
    soft = [0.2, 1.0, 0.0]
    assert gp.xgboost.native(gp.BinaryCrossEntropy(), soft)[0]["base_score"] == pytest.approx(0.4)
    with pytest.raises(ValueError, match="takes labels 0 and 1 only"):
        gp.lightgbm.native(gp.BinaryCrossEntropy(), soft)
    with pytest.raises(ValueError, match="pass y_true, this machine's labels"):
        gp.lightgbm.native(gp.WeightedCrossEntropy(7.3), totals=(1.0, 2.0))
    with pytest.raises(ValueError, match="use train"):
        gp.xgboost.native(gp.BinaryCrossEntropy(), totals=(1e-9, 1.0))
