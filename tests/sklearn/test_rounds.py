"""Predictions of some of the rounds, by the hosts' names."""

import lightgbm as lgb
import numpy as np
import pytest
import sklearn
import xgboost as xgb
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import Pipeline

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.estimators import DATA, FOCAL, LOSS
from helpers.hosts import HOST, LIGHTGBM, XGBOOST

# Few rounds are far from where the closed formula holds.
pytestmark = pytest.mark.filterwarnings("ignore:calibrated=True:UserWarning")

OLD, NEW = DATA.train, DATA.test
START = gp.optimal_constant(LOSS, OLD.y)
SHIFT = -np.log(LOSS.alpha)


def bare_margins(host, first, count):
    """Margins of the host's own objective, from the same start, in its own predict."""
    if host is XGBOOST:
        bare = host.estimator(scale_pos_weight=LOSS.alpha, **host.start(START)).fit(OLD.x, OLD.y)
        rounds = (first, first + count)
        return bare.predict(NEW.x, output_margin=True, iteration_range=rounds)
    params = {"objective": "binary", "num_leaves": 7, "verbosity": -1, "num_threads": 1}
    params |= {"scale_pos_weight": LOSS.alpha, "boost_from_average": False}
    data = lgb.Dataset(OLD.x, OLD.y, init_score=np.full(len(OLD.y), START))
    booster = lgb.train(params, data, 15)
    rounds = {"start_iteration": first, "num_iteration": count}
    return booster.predict(NEW.x, raw_score=True, **rounds) + (START if first == 0 else 0)


def names(host, first, count):
    if host is XGBOOST:
        return {"iteration_range": (first, first + count)}
    return {"start_iteration": first, "num_iteration": count}


@HOST
@pytest.mark.parametrize(("first", "count"), [(0, 6), (0, 1), (4, 7), (14, 1)])
@pytest.mark.parametrize("calibrated", [False, True])
def test_rounds_are_those_of_the_hosts_own_objective(host, first, count, calibrated):
    model = BoostingClassifier(host.estimator(), LOSS, calibrated=calibrated).fit(OLD.x, OLD.y)
    rounds = names(host, first, count)
    expected = bare_margins(host, first, count) + (SHIFT if calibrated else 0)
    assert_allclose(model.decision_function(NEW.x, **rounds), expected, atol=2e-5)
    p = model.predict_proba(NEW.x, **rounds)
    assert_allclose(p[:, 1], gp.sigmoid(expected), atol=5e-6)
    positive = p[:, 1] > model.threshold_
    assert_array_equal(model.predict(NEW.x, **rounds), positive)
    assert model.score(NEW.x, NEW.y, **rounds) == np.mean(positive == NEW.y)
    if first == 0:
        whole = model.predict_proba(NEW.x)[:, 1]
        own = model.estimator_.predict_proba(NEW.x, **rounds)[:, 1]
        assert_allclose(p[:, 1], own, atol=1e-6)
        assert np.abs(whole - own).max() > 0.05


@HOST
def test_a_correction_that_is_no_shift_is_that_of_the_rounds(host):
    model = BoostingClassifier(host.estimator(), FOCAL, calibrated=True).fit(OLD.x, OLD.y)
    rounds = names(host, 0, 5)
    margin = BoostingClassifier(host.estimator(), FOCAL).fit(OLD.x, OLD.y)
    expected = FOCAL.calibrated_probability(margin.decision_function(NEW.x, **rounds))
    assert_allclose(model.predict_proba(NEW.x, **rounds)[:, 1], expected, atol=1e-6)


@HOST
def test_offsets_go_with_any_rounds(host):
    model = BoostingClassifier(host.estimator(), LOSS, calibrated=True)
    model.fit(OLD.x, OLD.y, offset=OLD.offset)
    whole = model.decision_function(NEW.x, offset=NEW.offset)
    start = model.constant_ + SHIFT if host is XGBOOST else SHIFT
    first, rest = (
        model.decision_function(NEW.x, offset=NEW.offset, **names(host, *rounds))
        for rounds in ((0, 5), (5, 10))
    )
    assert_allclose(first + rest - NEW.offset - start, whole, atol=1e-5)
    assert np.abs(first - whole).max() > 0.05


def test_a_start_beyond_the_intercept_goes_with_any_rounds():
    loss = gp.WeightedCrossEntropy(1e8)
    model = BoostingClassifier(XGBOOST.estimator(6, learning_rate=0.01), loss).fit(OLD.x, OLD.y)
    assert model.constant_ > 13.8
    first, rest = (
        model.decision_function(NEW.x, iteration_range=rounds) for rounds in ((0, 2), (2, 6))
    )
    assert_allclose(first + rest - model.constant_, model.decision_function(NEW.x), atol=2e-5)


@pytest.mark.parametrize("booster", ["dart", "gblinear"])
@pytest.mark.filterwarnings("ignore")  # XGBoost deprecates them
def test_other_boosters_of_xgboost_keep_their_start_in_the_intercept(booster):
    params = {"booster": booster} | ({"rate_drop": 0.3} if booster == "dart" else {})
    estimator = xgb.XGBClassifier(n_estimators=6, n_jobs=1, **params)
    model = BoostingClassifier(estimator, LOSS, calibrated=True)
    model.fit(OLD.x, OLD.y)
    own = model.estimator_.predict(NEW.x, output_margin=True, iteration_range=(2, 5))
    assert_allclose(model.decision_function(NEW.x, iteration_range=(2, 5)), own, atol=1e-5)


@HOST
def test_rounds_after_early_stopping_are_the_hosts(host):
    estimator, fit_params = host.early_stopping(3)
    model = BoostingClassifier(estimator, LOSS)
    model.fit(OLD.x, OLD.y, eval_set=[(NEW.x, NEW.y)], **fit_params)
    all_rounds = {"iteration_range": (0, 0)} if host is XGBOOST else {"num_iteration": -1}
    assert_array_equal(model.predict_proba(NEW.x), model.predict_proba(NEW.x, **all_rounds))
    rounds = names(host, 0, 3)
    own = model.estimator_.predict_proba(NEW.x, **rounds)
    assert_allclose(model.predict_proba(NEW.x, **rounds), own, atol=1e-6)


@HOST
def test_none_is_all_rounds(host):
    model = BoostingClassifier(host.estimator(), LOSS).fit(OLD.x, OLD.y)
    nothing = {"iteration_range": None, "num_iteration": None, "start_iteration": None}
    assert_array_equal(model.predict_proba(NEW.x, **nothing), model.predict_proba(NEW.x))


@pytest.mark.parametrize(
    ("host", "wrong", "message"),
    [
        (XGBOOST, {"num_iteration": 5}, "no num_iteration with XGBClassifier.*iteration_range"),
        (LIGHTGBM, {"iteration_range": (0, 5)}, "is start_iteration and num_iteration"),
        (XGBOOST, {"iteration_rang": (0, 5)}, "is iteration_range meant?"),
        (XGBOOST, {"base_margin": NEW.offset}, "pass it as offset="),
        (XGBOOST, {"output_margin": True}, "what decision_function returns"),
        (LIGHTGBM, {"raw_score": True}, "what decision_function returns"),
        (LIGHTGBM, {"pred_leaf": True}, "predict of booster_"),
        (XGBOOST, {"validate_features": True}, "always checked"),
    ],
)
def test_other_keywords_of_predict_are_refused_by_name(host, wrong, message):
    model = BoostingClassifier(host.estimator(2)).fit(OLD.x, OLD.y)
    for predict in (model.predict, model.predict_proba, model.decision_function):
        with pytest.raises(TypeError, match=message):
            predict(NEW.x, **wrong)


@pytest.mark.parametrize("wrong", [5, (1, 2, 3), (5,)])
def test_a_range_is_a_pair(wrong):
    model = BoostingClassifier(XGBOOST.estimator(2)).fit(OLD.x, OLD.y)
    with pytest.raises(ValueError, match="iteration_range must be a pair"):
        model.predict(NEW.x, iteration_range=wrong)


@HOST
def test_rounds_can_be_requested_of_a_pipeline(host):
    rounds = names(host, 0, 4)
    requests = dict.fromkeys(rounds, True)
    model = BoostingClassifier(host.estimator(), LOSS)
    with sklearn.config_context(enable_metadata_routing=True):
        model.set_predict_request(**requests).set_predict_proba_request(**requests)
        pipeline = Pipeline([("model", model)]).fit(OLD.x, OLD.y)
        p = pipeline.predict_proba(NEW.x, **rounds)
        labels = pipeline.predict(NEW.x, **rounds)
    assert_array_equal(p, pipeline["model"].predict_proba(NEW.x, **rounds))
    assert_array_equal(labels, p.argmax(axis=1))
