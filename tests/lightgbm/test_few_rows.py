"""Rows from which little can be learned or measured: training goes on as the host's own does."""

import lightgbm as lgb
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.hosts import LightGBM, digits

HOST = LightGBM()
DATA = digits()
BCE, LOSS = gp.BinaryCrossEntropy(), gp.WeightedCrossEntropy(7.3)
LOSS_METRIC = gp.lightgbm.metric(LOSS).name
PARAMS = HOST.params
NAMES = ["binary_logloss", "binary_error", "auc", "average_precision", "cross_entropy", "rmse"]
FLAT = np.ones((300, 2)), (np.arange(300) % 3 == 0).astype(float)
FEW = DATA.x[:30], (np.arange(30) % 3 == 0).astype(float)
rows_without_a_split = pytest.mark.parametrize("rows", [FLAT, FEW], ids=["constant", "few"])
ONE_CLASS = {
    "no positive": np.flatnonzero(DATA.y == 0)[:50],
    "no negative": np.flatnonzero(DATA.y == 1)[:5],
    "one row": np.flatnonzero(DATA.y == 1)[:1],
}
one_class = pytest.mark.parametrize("rows", ONE_CLASS.values(), ids=ONE_CLASS)


@rows_without_a_split
@pytest.mark.parametrize("more", [{}, {"boosting": "dart"}, {"linear_tree": True}], ids=str)
def test_train_gives_the_constant_model_of_the_built_in_objective(rows, more):
    x, y = rows
    logs, seen, models = ({}, {}), ([], []), []
    for run, log, callbacks in zip(
        (
            lambda params, *args, **kw: gp.lightgbm.train(params, *args, loss=BCE, **kw),
            lambda params, *args, **kw: lgb.train({**params, "objective": "binary"}, *args, **kw),
        ),
        logs,
        seen,
        strict=True,
    ):
        data = lgb.Dataset(x, y)
        valid = lgb.Dataset(x, y, reference=data)

        def look(env, kept=callbacks):
            kept.append(env.model.predict(x, raw_score=True))

        stop = [] if "boosting" in more else [lgb.early_stopping(3, verbose=False)]
        models.append(
            run(
                {**PARAMS, **more, "metric": NAMES}, data, 6, valid_sets=[valid],
                callbacks=[lgb.record_evaluation(log), look, *stop],
            )
        )  # fmt: skip
    ours, native = models
    assert ours.num_trees() == native.num_trees() == 1
    assert ours.best_iteration == native.best_iteration
    assert_allclose(ours.predict(x), native.predict(x), rtol=1e-12)
    assert_allclose(ours.predict(x), y.mean(), rtol=1e-9)
    assert_allclose(*seen, rtol=1e-12)
    for name in NAMES:
        assert_allclose(*(log["valid_0"][name] for log in logs), rtol=1e-9, atol=1e-7)


@rows_without_a_split
def test_a_loss_of_its_own_gives_its_optimal_constant(rows):
    x, y = rows
    offset = np.linspace(-1, 1, y.size)
    loss = gp.FocalLoss(2.0, 0.3)
    booster = gp.lightgbm.train(PARAMS, lgb.Dataset(x, y, init_score=offset), 4, loss=loss)
    constant = gp.optimal_constant(loss, y, offset=offset)
    assert_allclose(booster.predict(x, raw_score=True), constant, rtol=1e-12)


@rows_without_a_split
def test_cv_and_the_estimator_give_the_constant_model_too(rows):
    x, y = rows
    ours = gp.lightgbm.cv(
        {**PARAMS, "metric": NAMES}, lgb.Dataset(x, y), 3, nfold=3, loss=BCE,
        return_cvbooster=True,
    )  # fmt: skip
    native = lgb.cv(
        {**PARAMS, "metric": NAMES, "objective": "binary"}, lgb.Dataset(x, y), 3, nfold=3,
        return_cvbooster=True,
    )  # fmt: skip
    boosters = [result.pop("cvbooster").boosters for result in (ours, native)]
    for mine, theirs in zip(*boosters, strict=True):
        assert mine.num_trees() == theirs.num_trees()
        assert_allclose(mine.predict(x), theirs.predict(x), rtol=1e-9)
    assert list(ours) == list(native)
    for name, values in native.items():
        assert_allclose(ours[name], values, rtol=1e-9, atol=1e-7)
    model = BoostingClassifier(HOST.estimator(3)).fit(x, y)
    bare = HOST.estimator(3).fit(x, y)
    assert_allclose(model.predict_proba(x), bare.predict_proba(x), rtol=1e-9)
    assert model.booster_.num_trees() == bare.booster_.num_trees()


@one_class
def test_an_evaluation_set_of_one_class_is_measured_as_the_host_measures_it(rows):
    logs = []
    for run in (
        lambda params, *args, **kw: gp.lightgbm.train(params, *args, loss=BCE, **kw),
        lambda params, *args, **kw: lgb.train({**params, "objective": "binary"}, *args, **kw),
    ):
        data, log = lgb.Dataset(DATA.x, DATA.y), {}
        valid = lgb.Dataset(DATA.x[rows], DATA.y[rows], reference=data)
        run({**PARAMS, "metric": NAMES}, data, 4, valid_sets=[valid],
            callbacks=[lgb.record_evaluation(log)])  # fmt: skip
        logs.append(log["valid_0"])
    for name in NAMES:
        assert_allclose(*(log[name] for log in logs), rtol=1e-9, atol=1e-7)


@one_class
def test_the_loss_of_an_evaluation_set_of_one_class_is_reported(rows):
    log = {}
    valid = lgb.Dataset(DATA.x[rows], DATA.y[rows])
    booster = HOST.train(
        lgb.Dataset(DATA.x, DATA.y), 4, valid=valid, loss=LOSS, evals_result=log
    )  # fmt: skip
    raw = booster.predict(DATA.x[rows], raw_score=True)
    assert log["valid"][LOSS_METRIC][-1] == pytest.approx(LOSS.loss(DATA.y[rows], raw).mean())
    model = BoostingClassifier(HOST.estimator(4), LOSS)
    model.fit(DATA.x, DATA.y, eval_set=[(DATA.x[rows], DATA.y[rows])])
    expected = LOSS.loss(DATA.y[rows], model.decision_function(DATA.x[rows])).mean()
    assert model.evals_result_["valid_0"][LOSS_METRIC][-1] == pytest.approx(expected)


def test_a_fold_that_is_tested_on_one_class_is_no_obstacle():
    order = np.argsort(DATA.y, kind="stable")  # the positives come last
    folds = [(order[100:], order[:100]), (order[:-10], order[-10:])]
    result = gp.lightgbm.cv(PARAMS, lgb.Dataset(DATA.x, DATA.y), 3, folds=folds, loss=LOSS)
    assert np.isfinite(result[f"valid {LOSS_METRIC}-mean"]).all()


def test_a_fold_that_is_trained_on_one_class_is_named():
    order = np.argsort(DATA.y, kind="stable")
    folds = [(order[100:], order[:100]), (order[:100], order[100:])]
    with pytest.raises(ValueError, match=r"fold 1, counted from 0, .*class 1.*stratified=True"):
        gp.lightgbm.cv(PARAMS, lgb.Dataset(DATA.x, DATA.y), 3, folds=folds, loss=LOSS)
    data = lgb.Dataset(DATA.x[order], DATA.y[order])
    rare = {"nfold": 2, "stratified": False, "shuffle": False}
    with pytest.raises(ValueError, match=r"fold 1, counted from 0, .*stratified=True"):
        gp.lightgbm.cv(PARAMS, data, 3, loss=LOSS, **rare)


def test_weights_and_labels_of_object_dtype_are_numbers_to_both():
    expected = lgb.Dataset(DATA.x, DATA.y, weight=DATA.weight)
    given = lgb.Dataset(DATA.x, DATA.y.astype(object), weight=DATA.weight.astype(object))
    models = [HOST.train(data, 3, loss=LOSS) for data in (expected, given)]
    assert_array_equal(*(model.predict(DATA.x) for model in models))
    words = lgb.Dataset(DATA.x, np.where(DATA.y == 1, "yes", "no"))
    with pytest.raises(TypeError, match="must hold numbers"):
        HOST.train(words, 3, loss=LOSS)
