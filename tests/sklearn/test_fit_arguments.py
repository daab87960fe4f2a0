"""Weights, offsets, evaluation sets, early stopping, and what the host is told of its own."""

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose, assert_array_equal
from packaging.version import Version
from sklearn.base import clone
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.estimators import DATA, FOCAL, LOSS
from helpers.hosts import HOST, LIGHTGBM, XGBOOST


@HOST
def test_offsets_are_fitted_on_top_of_and_needed_again(host):
    rows, new = DATA.train, DATA.test
    model = BoostingClassifier(host.estimator(), LOSS)
    model.fit(rows.x, rows.y, rows.weight, offset=rows.offset)
    assert model.constant_ == gp.optimal_constant(
        LOSS, rows.y, offset=rows.offset, sample_weight=rows.weight
    )
    moved = model.decision_function(new.x, offset=new.offset + 0.5)
    assert_allclose(moved - model.decision_function(new.x, offset=new.offset), 0.5, atol=1e-5)
    data = host.data(rows.x, rows.y, rows.weight, rows.offset)
    booster = host.train(data, 15, loss=LOSS, params=host.trees)
    expected = host.margin(booster, new.x, new.offset)
    assert_allclose(model.decision_function(new.x, offset=new.offset), expected, atol=1e-5)
    for predict in (model.decision_function, model.predict_proba, model.predict):
        with pytest.raises(ValueError, match=r"fitted with offset=; pass the offset="):
            predict(new.x)
    with pytest.raises(ValueError, match=r"offset must have shape \(\d+,\)"):
        model.predict(new.x, offset=new.offset[1:])
    with pytest.raises(ValueError, match=r"fitted without offset="):
        model.fit(rows.x, rows.y).predict(new.x, offset=new.offset)


@HOST
@pytest.mark.parametrize("with_offset", [False, True])
def test_early_stopping_watches_the_weighted_loss(host, with_offset):
    estimator, fit_params = host.early_stopping(3)
    rows, new = DATA.train, DATA.test
    fit_params[host.eval_weight] = [new.weight]
    offsets = {"offset": rows.offset} if with_offset else {}
    if with_offset:
        fit_params[host.eval_offset] = [new.offset]
    labels = np.array(["a", "b"])
    model = BoostingClassifier(estimator, LOSS).fit(
        rows.x,
        labels[rows.y.astype(int)],
        rows.weight,
        eval_set=[(new.x, labels[new.y.astype(int)])],
        **offsets,
        **fit_params,
    )
    (history,) = model.evals_result_.values()
    assert list(history) == ["weighted_cross_entropy"]
    values = history["weighted_cross_entropy"]
    best = int(np.argmin(values))
    assert model.best_iteration_ == best + host.first_round
    assert model.booster_.best_iteration == model.best_iteration_
    assert host.rounds(model.booster_) == best + 1
    assert best + 4 == len(values) < 200
    margin = model.decision_function(new.x, **({"offset": new.offset} if with_offset else {}))
    loss = LOSS.loss(new.y, margin.astype(float), new.weight)
    assert values[best] == pytest.approx(loss.sum() / new.weight.sum(), rel=1e-5)


@HOST
def test_without_early_stopping_there_is_no_best_iteration(host):
    model = BoostingClassifier(host.estimator()).fit(DATA.train.x, DATA.train.y)
    assert model.best_iteration_ is None
    assert model.evals_result_ == {}


@HOST
def test_the_users_metrics_see_probabilities_and_replace_the_loss(host):
    seen = []

    def spread(y_true, y_pred, sample_weight=None):
        seen.append((y_pred.min(), y_pred.max(), sample_weight))
        value = average_precision_score(y_true, y_pred, sample_weight=sample_weight)
        return host.metric_result("spread", value, greater_is_better=True)

    own, passed = host.with_metric(spread)
    passed[host.eval_weight] = [DATA.test.weight]
    model = BoostingClassifier(host.estimator(**own), LOSS)
    model.fit(DATA.train.x, DATA.train.y, eval_set=[(DATA.test.x, DATA.test.y)], **passed)
    (history,) = model.evals_result_.values()
    assert list(history) == ["spread"]
    p = model.predict_proba(DATA.test.x)[:, 1]
    expected = average_precision_score(DATA.test.y, p, sample_weight=DATA.test.weight)
    assert history["spread"][-1] == pytest.approx(expected, abs=1e-5)
    assert_allclose([seen[-1][0], seen[-1][1]], [p.min(), p.max()], rtol=1e-5)
    assert_allclose(seen[-1][2], DATA.test.weight, rtol=1e-6)


@HOST
@pytest.mark.parametrize("kind", ["raw", "probability"])
def test_gradpairs_metrics_see_what_they_ask_for(host, kind):
    own, passed = host.with_metric(host.module.metric(FOCAL, input=kind, name="focal"))
    model = BoostingClassifier(host.estimator(**own), gp.WeightedCrossEntropy(1e7))
    valid = [(DATA.test.x, DATA.test.y)]
    model.fit(DATA.train.x, DATA.train.y, eval_set=valid, **passed)
    (history,) = model.evals_result_.values()
    expected = FOCAL.loss(DATA.test.y, model.decision_function(DATA.test.x).astype(float)).mean()
    assert history["focal"][-1] == pytest.approx(expected, rel=2e-3)  # float32 probabilities


@HOST
def test_what_is_fitted_outlives_other_parameters(host):
    model = BoostingClassifier(host.estimator(), FOCAL, calibrated=True)
    expected = model.fit(DATA.train.x, DATA.train.y).predict_proba(DATA.test.x)
    model.set_params(calibrated=False, loss=LOSS)
    assert_array_equal(model.predict_proba(DATA.test.x), expected)


LISTS = pytest.mark.skipif(
    Version(xgb.__version__) < Version("3.0"), reason="this XGBoost takes names or one function"
)


def brier_of(host):
    def brier(y_true, y_pred):
        value = float(np.mean((y_pred - y_true) ** 2))
        return host.metric_result("brier", value, greater_is_better=False)

    return brier


@pytest.mark.parametrize(
    "host", [pytest.param(XGBOOST, marks=LISTS), LIGHTGBM], ids=["xgboost", "lightgbm"]
)
def test_names_and_functions_may_be_mixed(host):
    own, passed = host.with_metric(["auc", brier_of(host)])
    valid = [(DATA.test.x, DATA.test.y)]
    model = BoostingClassifier(host.estimator(**own), LOSS)
    model.fit(DATA.train.x, DATA.train.y, eval_set=valid, **passed)
    (history,) = model.evals_result_.values()
    p = model.predict_proba(DATA.test.x)[:, 1]
    assert history["auc"][-1] == pytest.approx(roc_auc_score(DATA.test.y, p), abs=1e-5)
    assert history["brier"][-1] == pytest.approx(np.mean((p - DATA.test.y) ** 2), abs=1e-5)


@LISTS
def test_xgboost_takes_a_list_of_one_function():
    valid, histories = [(DATA.test.x, DATA.test.y)], []
    for metric in ([brier_of(XGBOOST)], ["auc", brier_of(XGBOOST)]):
        model = BoostingClassifier(XGBOOST.estimator(eval_metric=metric), LOSS)
        model.fit(DATA.train.x, DATA.train.y, eval_set=valid, verbose=False)
        histories += model.evals_result_.values()
    assert histories[0] == {"brier": histories[1]["brier"]}


@LISTS
def test_gradpairs_metric_beside_a_name_of_xgboost_sees_the_offsets():
    metrics = ["auc", gp.xgboost.metric(LOSS)]
    model = BoostingClassifier(XGBOOST.estimator(eval_metric=metrics), LOSS)
    offsets = {"offset": DATA.train.offset, "base_margin_eval_set": [DATA.test.offset]}
    valid = [(DATA.test.x, DATA.test.y)]
    model.fit(DATA.train.x, DATA.train.y, eval_set=valid, verbose=False, **offsets)
    margin = model.decision_function(DATA.test.x, offset=DATA.test.offset)
    told = model.evals_result_["validation_0"]["weighted_cross_entropy"][-1]
    assert told == pytest.approx(LOSS.loss(DATA.test.y, margin).mean(), abs=1e-5)


def test_lightgbm_does_not_stop_on_its_training_set():
    estimator = LIGHTGBM.estimator(200, metric="auc", early_stopping_round=5)
    rows, new = DATA.train, DATA.test
    sets = {"eval_set": [(rows.x, rows.y), (new.x, new.y)]}
    model = BoostingClassifier(estimator).fit(rows.x, rows.y, **sets)
    only = BoostingClassifier(estimator).fit(rows.x, rows.y, eval_set=sets["eval_set"][1:])
    assert list(model.evals_result_) == ["training", "valid_1"]
    assert list(model.evals_result_["valid_1"]) == ["auc"]
    assert model.best_iteration_ == only.best_iteration_
    assert_array_equal(model.predict_proba(new.x), only.predict_proba(new.x))


@pytest.mark.parametrize("nothing", ["None", "", ["none"]])
def test_no_metric_of_lightgbm_is_the_loss(nothing):
    model = BoostingClassifier(LIGHTGBM.estimator(metric="None"))
    model.fit(DATA.x, DATA.y, eval_set=(DATA.test.x, DATA.test.y), eval_metric=nothing)
    assert list(model.evals_result_["valid_0"]) == ["binary_cross_entropy"]


def test_rows_too_few_to_split_give_lightgbm_the_rate():
    estimator = LIGHTGBM.estimator()
    x, y = DATA.x[:30], (np.arange(30) % 3 == 0).astype(float)
    model = BoostingClassifier(estimator).fit(x, y)
    assert_allclose(model.predict_proba(x)[:, 1], 1 / 3, rtol=1e-12)
    assert_allclose(model.predict_proba(x), clone(estimator).fit(x, y).predict_proba(x))
    params, loss = {"verbosity": -1}, gp.BinaryCrossEntropy()
    booster = gp.lightgbm.train(params, lgb.Dataset(x, y), 3, loss=loss)
    assert_allclose(booster.predict(x), 1 / 3, rtol=1e-12)
    flat, rate = np.ones((300, 2)), DATA.y[-300:].mean()
    model = BoostingClassifier(estimator).fit(flat, DATA.y[-300:])
    assert_allclose(model.predict_proba(flat)[:, 1], rate, rtol=1e-9)
    booster = gp.lightgbm.train(params, lgb.Dataset(flat, DATA.y[-300:]), 3, loss=loss)
    assert_allclose(booster.predict(flat), rate, rtol=1e-9)


METRICS = {"logloss": log_loss, "auc": roc_auc_score, "average_precision": average_precision_score}


@pytest.mark.parametrize(
    ("host", "names"),
    [(XGBOOST, ["logloss", "auc"]), (LIGHTGBM, ["auc", "average_precision"])],
    ids=["xgboost", "lightgbm"],
)
def test_built_in_metrics_that_are_asked_for_are_right(host, names):
    own, passed = host.with_metric(names)
    model = BoostingClassifier(host.estimator(**own), LOSS)
    valid = [(DATA.test.x, DATA.test.y)]
    model.fit(DATA.train.x, DATA.train.y, eval_set=valid, **passed)
    (history,) = model.evals_result_.values()
    assert sorted(history) == sorted(names)
    p = model.predict_proba(DATA.test.x)[:, 1]
    for name in names:
        assert history[name][-1] == pytest.approx(METRICS[name](DATA.test.y, p), abs=1e-5)


def test_class_weight_of_lightgbm_goes_into_the_rows_and_the_start():
    labels = np.where(DATA.train.y == 1, "yes", "no")
    for class_weight in ("balanced", {"no": 0.5, "yes": 4.0}):
        estimator = LIGHTGBM.estimator(class_weight=class_weight)
        ours = BoostingClassifier(estimator).fit(DATA.train.x, labels, DATA.train.weight)
        bare = clone(estimator).fit(DATA.train.x, labels, DATA.train.weight)
        assert_allclose(ours.predict_proba(DATA.test.x), bare.predict_proba(DATA.test.x), atol=1e-6)


def test_base_score_and_boost_from_average_set_the_start():
    for given in (0.2, [0.2], "0.2"):
        model = BoostingClassifier(XGBOOST.estimator(base_score=given)).fit(DATA.x, DATA.y)
        assert model.constant_ == pytest.approx(float(gp.logit(0.2)))
    model = BoostingClassifier(LIGHTGBM.estimator(boost_from_average=False))
    assert model.fit(DATA.x, DATA.y).constant_ == 0


def test_a_start_beyond_the_intercept_of_xgboost_is_kept():
    estimator = XGBOOST.estimator(3, learning_rate=1e-4)
    model = BoostingClassifier(estimator, gp.WeightedCrossEntropy(1e9))
    model.fit(DATA.train.x, DATA.train.y)
    assert model.constant_ > 13.8
    margins = model.decision_function(DATA.train.x)
    assert_allclose(margins, model.constant_, atol=0.2)


def test_lightgbm_grows_no_random_forest_but_other_boosters():
    model = BoostingClassifier(LIGHTGBM.estimator(boosting_type="rf"))
    with pytest.raises(ValueError, match="random forests take no custom objective"):
        model.fit(DATA.x, DATA.y)
    model = BoostingClassifier(LIGHTGBM.estimator(boosting_type="goss")).fit(DATA.x, DATA.y)
    assert model.score(DATA.test.x, DATA.test.y) > 0.8


def test_xgboost_grows_a_random_forest():
    forest = XGBOOST.estimator(
        1, num_parallel_tree=20, subsample=0.7, colsample_bynode=0.5, learning_rate=1.0
    )
    model = BoostingClassifier(forest, LOSS, calibrated=True).fit(DATA.train.x, DATA.train.y)
    assert model.score(DATA.test.x, DATA.test.y) > 0.8
