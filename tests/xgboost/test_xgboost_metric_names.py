"""Who names metrics gets those, and what XGBoost would watch; our loss stands in for none."""

import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.hosts import XGBOOST, digits

DATA = digits()
TRAIN, TEST = DATA.train, DATA.test
LOSS = gp.WeightedCrossEntropy(7.3)
START = gp.optimal_constant(LOSS, TRAIN.y)
OURS = gp.xgboost.metric(LOSS).name
FORMS = [
    "auc", "logloss", ["auc"], ["aucpr", "auc"], ["auc", "logloss"], ["error", "error@0.3"],
]  # fmt: skip


def run(train, params, rounds=60, **kwargs):
    data, valid = (xgb.DMatrix(rows.x, label=rows.y) for rows in (TRAIN, TEST))
    log, params = {}, {**XGBOOST.params, **params}
    kwargs = {"early_stopping_rounds": 5, "verbose_eval": False, **kwargs}
    booster = train(params, data, rounds, evals=[(valid, "v")], evals_result=log, **kwargs)
    return booster, log["v"]


def ours(params, **kwargs):
    return run(gp.xgboost.train, params, loss=LOSS, **kwargs)


def native(params, **kwargs):
    builtin = {"objective": "binary:logistic", "scale_pos_weight": 7.3}
    return run(xgb.train, {**params, **builtin, "base_score": float(gp.sigmoid(START))}, **kwargs)


@pytest.mark.parametrize("asked", FORMS, ids=str)
def test_early_stopping_watches_what_the_host_watches(asked):
    booster, log = ours({"eval_metric": asked})
    expected, reference = native({"eval_metric": asked})
    assert list(log) == list(reference)
    for name, values in reference.items():
        assert_allclose(log[name], values, rtol=0, atol=1e-6)
    assert booster.best_iteration == expected.best_iteration
    assert booster.best_score == pytest.approx(expected.best_score, abs=1e-6)


@pytest.mark.parametrize("asked", FORMS[:4], ids=str)
def test_early_stopping_of_cv_does_too(asked):
    folds = [(np.arange(0, 1000), np.arange(1000, 1500)), (np.arange(500, 1500), np.arange(0, 500))]
    data = xgb.DMatrix(DATA.x, label=DATA.y)
    call = {"folds": folds, "early_stopping_rounds": 4, "as_pandas": False}
    base = {"objective": "binary:logistic", "base_score": 0.2}
    reference = xgb.cv(
        {**XGBOOST.params, **base, "scale_pos_weight": 7.3}, data, 60, metrics=asked, **call
    )
    params = {**XGBOOST.params, "base_score": 0.2}
    for where in ("metrics", "params"):
        if where == "metrics":
            result = gp.xgboost.cv(params, data, 60, loss=LOSS, metrics=asked, **call)
        else:
            result = gp.xgboost.cv({**params, "eval_metric": asked}, data, 60, loss=LOSS, **call)
        assert list(result) == list(reference)
        for name, values in reference.items():
            assert_allclose(result[name], values, rtol=0, atol=1e-6)


@pytest.mark.parametrize("asked", FORMS, ids=str)
@pytest.mark.parametrize("offsets", [False, True])
def test_the_estimator_reports_and_watches_what_the_host_does(asked, offsets):
    given = {"n_estimators": 60, "max_depth": 4, "n_jobs": 1, "eval_metric": asked}
    given |= {"early_stopping_rounds": 5, "min_child_weight": 5}
    own, shift = {}, 0.0
    if offsets:
        shift = gp.optimal_constant(LOSS, TRAIN.y, offset=TRAIN.offset)
        own = {"offset": TRAIN.offset, "base_margin_eval_set": [TEST.offset]}
    model = BoostingClassifier(xgb.XGBClassifier(**given), LOSS)
    model.fit(TRAIN.x, TRAIN.y, eval_set=[(TEST.x, TEST.y)], verbose=False, **own)
    start = 0.5 if offsets else float(gp.sigmoid(START))
    host = xgb.XGBClassifier(**given, scale_pos_weight=7.3, base_score=start)
    margins = {} if not offsets else {
        "base_margin": TRAIN.offset + shift, "base_margin_eval_set": [TEST.offset + shift]
    }  # fmt: skip
    host.fit(TRAIN.x, TRAIN.y, eval_set=[(TEST.x, TEST.y)], verbose=False, **margins)
    log, expected = (m["validation_0"] for m in (model.evals_result_, host.evals_result()))
    assert list(log) == list(expected)
    for name, values in expected.items():
        assert_allclose(log[name], values, rtol=0, atol=1e-6)
    assert model.best_iteration_ == host.best_iteration


@pytest.mark.parametrize("asked", [None, []], ids=str)
def test_the_loss_is_the_metric_where_none_is_named(asked):
    booster, log = ours({} if asked is None else {"eval_metric": asked})
    assert list(log) == [OURS]
    assert booster.best_iteration == int(np.argmin(log[OURS]))


def test_both_can_be_had_and_the_loss_is_then_watched():
    both = {"custom_metric": gp.xgboost.metric(LOSS, name="ours")}
    booster, log = ours({"eval_metric": "auc"}, **both)
    assert list(log) == ["auc", "ours"]
    assert booster.best_iteration == int(np.argmin(log["ours"]))
    auc = xgb.callback.EarlyStopping(rounds=5, metric_name="auc")
    booster, log = ours({"eval_metric": "auc"}, **both, callbacks=[auc], early_stopping_rounds=None)
    assert booster.best_iteration == int(np.argmax(log["auc"]))


def test_a_users_metric_that_is_maximised_stops_as_the_host_does():
    def share(preds, data):
        return "share", float(((preds > 0) == data.get_label()).mean())

    kwargs = {"custom_metric": share, "maximize": True}
    booster, log = ours({}, **kwargs)
    assert list(log) == ["share"]
    assert booster.best_iteration == int(np.argmax(log["share"]))


def test_the_printed_log_is_that_of_the_host(capfd):
    params = {"eval_metric": ["logloss", "auc"]}
    ours(params, verbose_eval=2, rounds=5)
    log = capfd.readouterr().out
    native(params, verbose_eval=2, rounds=5)
    assert log == capfd.readouterr().out
    assert "v-logloss" in log
