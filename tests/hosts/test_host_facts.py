"""What the hosts themselves do with a custom objective: the facts that the code and README rely on.

A failure here says that a host has changed, and which line of ours to look at again.
"""

import warnings

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose, assert_array_equal
from packaging.version import Version

import gradpair as gp
from helpers.hosts import HOST, LIGHTGBM, digits

DATA = digits()
BCE = gp.BinaryCrossEntropy()
DMATRIX = xgb.DMatrix(DATA.x, label=DATA.y)
FROZEN = {"xgboost": {"eta": 1e-9}, "lightgbm": {"learning_rate": 1e-9, "verbosity": -1}}


def dataset(**kwargs):
    return lgb.Dataset(DATA.x, DATA.y, **kwargs)


def test_xgboost_with_an_objective_alone_starts_at_a_half_and_predicts_margins():
    booster = xgb.train(FROZEN["xgboost"], DMATRIX, 1, obj=gp.xgboost.objective(BCE))
    assert_allclose(booster.predict(DMATRIX), 0.5, atol=1e-6)
    assert_allclose(booster.predict(DMATRIX, output_margin=True), 0.5, atol=1e-6)


def test_xgboost_with_the_objectives_name_beside_it_starts_at_zero_and_predicts_probabilities():
    params = {**FROZEN["xgboost"], "objective": "binary:logistic"}
    booster = xgb.train(params, DMATRIX, 1, obj=gp.xgboost.objective(BCE))
    assert_allclose(booster.predict(DMATRIX, output_margin=True), 0.0, atol=1e-6)
    assert_allclose(booster.predict(DMATRIX), 0.5, atol=1e-6)


def start_in_xgboost(constant):
    """The margin at which a model with that base_score starts."""
    params = {**FROZEN["xgboost"], "objective": "binary:logistic"}
    params["base_score"] = float(gp.sigmoid(constant))
    booster = xgb.train(params, DMATRIX, 1, obj=gp.xgboost.objective(BCE, hessian_floor=1.0))
    return booster.predict(DMATRIX, output_margin=True)[0]


@pytest.mark.parametrize("constant", [-13.8, -9.3, -2.1, 0.0, 1.7, 5.0])
def test_the_intercept_of_xgboost_is_right_to_a_hundred_thousandth_between_its_bounds(constant):
    assert start_in_xgboost(constant) == pytest.approx(constant, abs=1e-5)


def test_the_intercept_of_xgboost_is_wrong_beyond_them():
    if Version(xgb.__version__) >= Version("3.0"):
        assert start_in_xgboost(-20.0) == pytest.approx(-13.8155, abs=1e-3)
    assert abs(start_in_xgboost(10.0) - 10.0) > 5e-5


def test_base_margin_overrides_the_intercept_of_xgboost():
    params = {**FROZEN["xgboost"], "objective": "binary:logistic", "base_score": 0.2}
    booster = xgb.train(params, DMATRIX, 1, obj=gp.xgboost.objective(BCE))
    offset = xgb.DMatrix(DATA.x, base_margin=DATA.offset)
    assert_allclose(booster.predict(offset, output_margin=True), DATA.offset, atol=1e-6)


def test_an_unset_weight_of_a_dmatrix_is_an_empty_array():
    assert DMATRIX.get_weight().size == 0


def test_lightgbm_starts_at_zero_whatever_boost_from_average_says():
    params = {**FROZEN["lightgbm"], "objective": gp.lightgbm.objective(BCE)}
    for boost_from_average in (True, False):
        params["boost_from_average"] = boost_from_average
        assert_allclose(lgb.train(params, dataset(), 1).predict(DATA.x), 0.0, atol=1e-7)


def test_lightgbm_predicts_raw_scores_without_the_init_score():
    params = {**FROZEN["lightgbm"], "objective": gp.lightgbm.objective(BCE)}
    booster = lgb.train(params, dataset(init_score=np.full(DATA.y.size, -2.0)), 1)
    assert_allclose(booster.predict(DATA.x), 0.0, atol=1e-7)


def test_lightgbm_reads_raw_scores_as_probabilities_in_its_log_loss():
    log = {}
    params = {"verbosity": -1, "objective": gp.lightgbm.objective(BCE), "metric": "binary_logloss"}
    booster = lgb.train(
        params, dataset(), 5, valid_sets=[dataset()], callbacks=[lgb.record_evaluation(log)]
    )
    reported = log["valid_0"]["binary_logloss"][-1]
    true = BCE.loss(DATA.y, booster.predict(DATA.x, raw_score=True)).mean()
    assert reported < 0.7 * true  # it looks better than it is


def test_the_estimator_of_lightgbm_drops_weights_for_two_parameters_and_predicts_raw_scores():
    def two(y_true, y_pred):
        return gp.lightgbm.objective(BCE)(y_true, y_pred)

    models = [
        LIGHTGBM.classifier(two, rounds=3).fit(DATA.x, DATA.y, sample_weight=w).predict(
            DATA.x, raw_score=True
        )
        for w in (None, DATA.weight)
    ]  # fmt: skip
    assert_array_equal(models[0], models[1])
    model = LIGHTGBM.classifier(gp.lightgbm.objective(BCE), rounds=3).fit(DATA.x, DATA.y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it cannot give probabilities
        assert model.predict_proba(DATA.x).ndim == 1


@HOST
def test_scale_pos_weight_is_ignored_beside_a_custom_objective(host):
    def margins(**params):
        if host.name == "xgboost":
            native = {**host.params, "objective": "binary:logistic", **params}
            booster = xgb.train(native, DMATRIX, 3, obj=gp.xgboost.objective(BCE))
        else:
            native = {**host.params, "objective": gp.lightgbm.objective(BCE), **params}
            booster = lgb.train(native, dataset(), 3)
        return host.margin(booster, DATA.x)

    assert_array_equal(margins(), margins(scale_pos_weight=50.0))


def test_lightgbm_keeps_the_scores_of_a_continued_model_in_the_dataset():
    base = LIGHTGBM.train(dataset(), 2, loss=BCE)
    data = dataset()
    lgb.train({"objective": "binary", "verbosity": -1}, data, 2, init_model=base)
    assert_allclose(data.get_field("init_score"), base.predict(DATA.x, raw_score=True))


def test_the_textbook_hessian_is_zero_in_float32_from_17_on():
    z = np.float32([16.0, 17.0, 30.0])
    p = 1 / (1 + np.exp(-z))
    assert (p * (1 - p) > 0).tolist() == [True, False, False]
    assert (BCE.hessian(np.float32(1.0), z) > 0).all()


@pytest.mark.parametrize(("dtype", "last"), [(np.float32, 16), (np.float64, 36)])
def test_the_sigmoid_rounds_to_one_after(dtype, last):
    p = gp.sigmoid(np.array([last, last + 1], dtype))
    assert (1 - p > 0).tolist() == [True, False]


def test_feature_fraction_of_lightgbm_draws_other_columns_beside_a_custom_objective():
    params = {**LIGHTGBM.params, "feature_fraction": 0.3}
    native = lgb.train({**params, "objective": "binary", "boost_from_average": False}, dataset(), 5)
    custom = lgb.train({**params, "objective": gp.lightgbm.objective(BCE)}, dataset(), 5)
    used = [booster.feature_importance().nonzero()[0].tolist() for booster in (native, custom)]
    assert used[0] != used[1]
