"""What the focal loss trains in both hosts: its two hessians, saved models, calibration."""

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from helpers.hosts import HOST, digits

TRAINED = [
    gp.FocalLoss(0.5, 7.3),
    gp.FocalLoss(2.0, 7.3),
    gp.FocalLoss(2.0, 0.3),
    gp.FocalLoss(5.0),
]
LOSS = pytest.mark.parametrize("loss", TRAINED, ids=repr)
DATA = digits()


@HOST
def test_the_adapters_take_the_positive_hessian_unless_told_otherwise(host):
    loss, y, z = gp.FocalLoss(2.0, 7.3), np.array([1.0, 1.0, 0.0]), np.array([-5.0, 1.0, -1.0])
    exact, positive = loss.hessian(y, z), loss._gradient_positive_hessian(y, z)[1]
    assert exact[0] < 0
    assert_allclose(host.module.objective(loss)(y, z)[1], positive, rtol=1e-6)
    floored = host.module.objective(loss, hessian="exact", hessian_floor=0.01)(y, z)[1]
    assert_allclose(floored, np.maximum(exact, 0.01), rtol=1e-6)
    convex = host.module.objective(gp.FocalLoss(0.0))
    assert convex.hessian == "exact"


@HOST
@pytest.mark.parametrize("policy", [{}, {"hessian": "exact"}, {"hessian_floor": 0.05}], ids=str)
def test_train_boosts_by_the_hessian_it_is_told(host, policy):
    loss, start = gp.FocalLoss(2.0, 7.3), -0.7
    objective = host.module.objective(loss, start=start, **policy)
    params = {**host.params, "objective": objective}
    if host.name == "xgboost":
        del params["objective"]
        raw = xgb.train({**params, "base_score": 0.0}, host.data(DATA.x, DATA.y), 8, obj=objective)
    else:
        raw = lgb.train(params, host.data(DATA.x, DATA.y), 8)
    ours = host.train(host.data(DATA.x, DATA.y), 8, loss=loss, constant=start, **policy)
    assert host.structures(ours) == host.structures(raw)
    expected = host.margin(raw, DATA.x) + start
    assert_allclose(host.margin(ours, DATA.x), expected, rtol=0, atol=1e-5)


def mean_loss(loss, margin):
    return loss.loss(DATA.y, margin).mean()


@HOST
@LOSS
@pytest.mark.parametrize("constant", [None, -3.0, 3.0])
def test_training_lowers_the_loss_from_the_fitted_constant_and_from_three_off(host, loss, constant):
    start = gp.optimal_constant(loss, DATA.y) if constant is None else constant
    booster = host.train(host.data(DATA.x, DATA.y), 30, loss=loss, constant=constant)
    before = mean_loss(loss, np.full(DATA.y.size, start))
    assert mean_loss(loss, host.margin(booster, DATA.x)) < 0.05 * before


@HOST
@LOSS
@pytest.mark.parametrize("constant", [-30.0, 30.0])
@pytest.mark.parametrize("hessian", ["exact", "positive"])
def test_training_from_thirty_off_stays_finite_with_either_hessian(host, loss, constant, hessian):
    # By default the sums are too small to split at all. At 0 LightGBM fails a check of its own,
    # from there with its own loss too (seen in 4.7.0).
    least = {"xgboost": {"min_child_weight": 0}, "lightgbm": {"min_sum_hessian_in_leaf": 1e-14}}
    for params in ({}, least[host.name], {**least[host.name], "max_delta_step": 1.0}):
        data = host.data(DATA.x, DATA.y)
        how = {"loss": loss, "constant": constant, "hessian": hessian, "params": params}
        assert np.isfinite(host.margin(host.train(data, 10, **how), DATA.x)).all()


@HOST
def test_a_saved_focal_model_predicts_the_sigmoid_of_its_margin(host, tmp_path):
    booster = host.train(host.data(DATA.x, DATA.y, DATA.weight), 20, loss=gp.FocalLoss(2.0, 7.3))
    margin, path = host.margin(booster, DATA.x), tmp_path / "model.json"
    booster.save_model(path)
    loaded = type(booster)(model_file=path)
    assert_allclose(host.probability(loaded, DATA.x), gp.sigmoid(margin), rtol=1e-5, atol=1e-9)
    assert_array_equal(host.margin(loaded, DATA.x), margin)


@HOST
def test_a_focal_model_becomes_native_but_cannot_hold_its_calibration(host):
    loss, data = gp.FocalLoss(2.0, 7.3), host.data(DATA.x, DATA.y)
    booster = host.train(data, 5, loss=loss)
    native = host.module.to_native(booster, loss, constant=0.5)
    margin = host.margin(booster, DATA.x) + 0.5
    assert_allclose(host.margin(native, DATA.x), margin, rtol=0, atol=1e-5)
    assert_allclose(host.probability(native, DATA.x), gp.sigmoid(margin), rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match="a loss whose correction is a shift of the margin"):
        host.module.to_native(booster, loss, constant=0.0, calibrated=True)
    with pytest.raises(ValueError, match="has no built-in equivalent"):
        host.module.native(loss, DATA.y)


@HOST
def test_early_stopping_watches_the_focal_loss(host):
    train, test, loss = DATA.train, DATA.test, gp.FocalLoss(2.0, 7.3)
    data, log = host.data(train.x, train.y), {}
    kwargs = {"reference": data} if host.name == "lightgbm" else {}
    booster = host.train(
        data,
        400,
        valid=host.data(test.x, test.y, **kwargs),
        loss=loss,
        early_stopping_rounds=5,
        evals_result=log,
    )
    losses = log["valid"][loss.name]
    assert len(losses) < 400
    assert losses[booster.best_iteration - host.first_round] == min(losses)


@HOST
def test_with_known_probabilities_the_calibrated_ones_come_out(host):
    # Two leaves, each of a known rate: here training reaches the population optimum.
    x = np.repeat([[0.0], [1.0]], 400, axis=0)
    y, loss = np.repeat([0.07, 0.8], 400), gp.FocalLoss(2.0, 7.3)
    booster = host.train(host.data(x, y), 80, loss=loss, params={"lambda": 0.0})
    margin = host.margin(booster, [[0.0], [1.0]])
    assert_allclose(loss.calibrated_probability(margin), [0.07, 0.8], atol=1e-4)
