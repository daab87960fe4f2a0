"""What is particular to XGBoost: its intercept, its boosters, its data objects."""

import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from helpers.hosts import XGBoost, digits

HOST = XGBoost()
DATA = digits()
LOSS = gp.WeightedCrossEntropy(7.3)


def dmatrix(**kwargs):
    return xgb.DMatrix(DATA.x, label=DATA.y, **kwargs)


def test_arguments_and_defaults_are_those_of_xgboost():
    import inspect  # noqa: PLC0415

    theirs = inspect.signature(xgb.train).parameters
    ours = inspect.signature(gp.xgboost.train).parameters
    current = {name: parameter for name, parameter in theirs.items() if name != "feval"}
    assert set(current) <= set(ours)
    for name, parameter in current.items():
        assert ours[name].default == parameter.default
        assert ours[name].kind == parameter.kind
    assert set(ours) - set(current) == {"loss", "constant", "hessian", "hessian_floor"}


def test_the_bare_objective_grows_the_built_in_trees_from_the_same_base_score():
    params = {**HOST.params, "objective": "binary:logistic", "base_score": 0.3}
    ours = xgb.train(params, dmatrix(), 50, obj=gp.xgboost.objective(LOSS))
    native = xgb.train({**params, "scale_pos_weight": 7.3}, dmatrix(), 50)
    assert HOST.structures(ours) == HOST.structures(native)
    assert_allclose(ours.predict(dmatrix()), native.predict(dmatrix()), rtol=0, atol=1e-6)


def test_a_start_in_the_objective_is_a_base_score():
    params = {**HOST.params, "objective": "binary:logistic"}
    shifted = xgb.train(
        {**params, "base_score": 0.5}, dmatrix(), 8, obj=gp.xgboost.objective(LOSS, start=-1.5)
    )
    scored = xgb.train(
        {**params, "base_score": float(gp.sigmoid(-1.5))}, dmatrix(), 8,
        obj=gp.xgboost.objective(LOSS),
    )  # fmt: skip
    margins = [b.predict(dmatrix(), output_margin=True) for b in (shifted, scored)]
    assert_allclose(margins[0] - 1.5, margins[1], rtol=0, atol=2e-6)


def test_a_users_base_score_becomes_the_constant():
    by_score = HOST.train(dmatrix(), 5, params={"base_score": 0.2}, loss=LOSS)
    in_words = HOST.train(dmatrix(), 5, params={"base_score": "0.2"}, loss=LOSS)
    by_constant = HOST.train(dmatrix(), 5, loss=LOSS, constant=float(gp.logit(0.2)))
    for booster in (by_score, in_words):
        assert_array_equal(booster.predict(dmatrix()), by_constant.predict(dmatrix()))


def test_the_fitted_start_is_the_optimum_where_the_built_in_takes_one_newton_step():
    loss = gp.WeightedCrossEntropy(10.0)
    rare = digits(0.01)
    frozen = {"eta": 1e-9}
    data = xgb.DMatrix(rare.x, label=rare.y)
    ours = gp.xgboost.train(frozen, data, 1, loss=loss)
    native = xgb.train(
        {**frozen, "objective": "binary:logistic", "scale_pos_weight": 10.0}, data, 1
    )
    margins = [b.predict(data, output_margin=True)[0] for b in (ours, native)]
    optimum = np.log(10 * rare.y.sum() / (1 - rare.y).sum())
    assert margins[0] == pytest.approx(optimum, abs=1e-5)
    assert abs(margins[1] - optimum) > 0.3


def test_quantile_matrices_train_like_the_built_in_objective():
    data = xgb.QuantileDMatrix(DATA.x, label=DATA.y, weight=DATA.weight)
    start = gp.optimal_constant(LOSS, DATA.y, sample_weight=DATA.weight)
    native = {"objective": "binary:logistic", "scale_pos_weight": 7.3}
    native |= {**HOST.params, "base_score": float(gp.sigmoid(start))}
    expected = xgb.train(native, data, 20).predict(data)
    assert_allclose(HOST.train(data, 20, loss=LOSS).predict(data), expected, rtol=0, atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*is deprecated:UserWarning")  # both, since XGBoost 3.4
@pytest.mark.parametrize("booster", ["dart", "gblinear"])
def test_dart_and_gblinear_hold_the_constant_as_their_intercept(booster):
    params = {
        "dart": {"booster": "dart", "rate_drop": 0.3, "max_depth": 4},
        "gblinear": {"booster": "gblinear", "updater": "coord_descent"},
    }[booster] | {"nthread": 1}
    start = gp.optimal_constant(LOSS, DATA.y)
    x = DATA.x / 16
    data = xgb.DMatrix(x, label=DATA.y)
    native = {**params, "objective": "binary:logistic", "scale_pos_weight": 7.3}
    expected = xgb.train({**native, "base_score": float(gp.sigmoid(start))}, data, 10).predict(data)
    ours = gp.xgboost.train(params, data, 10, loss=LOSS)
    assert_allclose(ours.predict(data), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("booster", ["dart", "gblinear"])
def test_dart_and_gblinear_are_refused_where_the_constant_would_go_into_a_tree(booster):
    with pytest.raises(ValueError, match="use booster='gbtree'"):
        HOST.train(dmatrix(), 5, params={"booster": booster}, loss=LOSS, constant=20.0)
    data = dmatrix(base_margin=DATA.offset)
    with pytest.raises(ValueError, match="use booster='gbtree'"):
        HOST.train(data, 5, params={"booster": booster}, loss=LOSS)


def test_dropout_without_its_booster_is_refused_there_too():
    with pytest.raises(ValueError, match="which dropout rescales"):
        HOST.train(dmatrix(), 5, params={"rate_drop": 0.2}, loss=LOSS, constant=20.0)


def test_a_constant_in_the_first_tree_keeps_everything_else_of_the_model():
    log = {}
    names = [f"pixel{i}" for i in range(DATA.x.shape[1])]
    data = dmatrix(feature_names=names)
    booster = gp.xgboost.train(
        HOST.params, data, 60, loss=LOSS, constant=9.0, evals=[(data, "train")],
        evals_result=log, early_stopping_rounds=60, verbose_eval=False,
    )  # fmt: skip
    assert booster.feature_names == names
    assert booster.num_boosted_rounds() == 60
    assert booster.best_iteration == int(np.argmin(log["train"][LOSS.name]))
    contributions = booster.predict(data, pred_contribs=True).sum(axis=1)
    margins = booster.predict(data, output_margin=True)
    assert_allclose(contributions, margins, rtol=1e-6, atol=1e-5)


def test_parallel_trees_hold_the_constant_once():
    params = {**HOST.params, "num_parallel_tree": 3, "subsample": 0.7, "eta": 1e-9}
    booster = gp.xgboost.train(params, dmatrix(), 2, loss=LOSS, constant=8.0)
    assert_allclose(booster.predict(dmatrix(), output_margin=True), 8.0, atol=1e-5)


def test_base_margins_of_the_evaluation_rows_alone_still_get_the_constant():
    log = {}
    valid = dmatrix(base_margin=DATA.offset)
    booster = gp.xgboost.train(
        HOST.params, dmatrix(), 6, loss=LOSS, evals=[(valid, "v")], evals_result=log,
        verbose_eval=False,
    )  # fmt: skip
    margins = booster.predict(dmatrix(), output_margin=True) + DATA.offset
    expected = LOSS.loss(DATA.y, margins).mean()
    assert log["v"][LOSS.name][-1] == pytest.approx(expected, rel=1e-5)


def test_built_in_metrics_are_right_where_they_are_asked_for():
    log = {}
    booster = gp.xgboost.train(
        {**HOST.params, "eval_metric": ["logloss", "auc"]}, dmatrix(), 6, loss=LOSS,
        evals=[(dmatrix(), "t")], evals_result=log, verbose_eval=False,
    )  # fmt: skip
    assert list(log["t"]) == ["logloss", "auc"]
    margins = booster.predict(dmatrix(), output_margin=True)
    expected = gp.BinaryCrossEntropy().loss(DATA.y, margins).mean()
    assert log["t"]["logloss"][-1] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("where", ["native", "estimator"])
def test_the_metric_works_in_both_apis(where):
    metric = gp.xgboost.metric(LOSS)
    assert metric.__name__ == LOSS.name
    if where == "native":
        log = {}
        params = {**HOST.params, "objective": "binary:logistic", "disable_default_eval_metric": 1}
        booster = xgb.train(
            params, dmatrix(weight=DATA.weight), 5, obj=gp.xgboost.objective(LOSS),
            custom_metric=metric, evals=[(dmatrix(weight=DATA.weight), "t")], evals_result=log,
            verbose_eval=False,
        )  # fmt: skip
        margins, history = booster.predict(dmatrix(), output_margin=True), log["t"]
    else:
        model = HOST.classifier(gp.xgboost.objective(LOSS), rounds=5, eval_metric=metric)
        model.fit(
            DATA.x, DATA.y, sample_weight=DATA.weight, eval_set=[(DATA.x, DATA.y)],
            sample_weight_eval_set=[DATA.weight], verbose=False,
        )  # fmt: skip
        margins = model.predict(DATA.x, output_margin=True)
        history = model.evals_result()["validation_0"]
    expected = np.average(LOSS.loss(DATA.y, margins), weights=DATA.weight)
    assert history[LOSS.name][-1] == pytest.approx(expected, rel=1e-5)


def test_beside_the_built_in_objective_the_metric_takes_probabilities():
    log = {}
    booster = xgb.train(
        {**HOST.params, "objective": "binary:logistic"}, dmatrix(), 5,
        custom_metric=gp.xgboost.metric(LOSS, input="probability"), evals=[(dmatrix(), "t")],
        evals_result=log, verbose_eval=False,
    )  # fmt: skip
    margins = booster.predict(dmatrix(), output_margin=True)
    assert log["t"][LOSS.name][-1] == pytest.approx(LOSS.loss(DATA.y, margins).mean(), rel=1e-4)


def test_the_estimator_predicts_probabilities_and_can_be_cloned_and_pickled(tmp_path):
    import pickle  # noqa: PLC0415

    from sklearn.base import clone  # noqa: PLC0415

    model = clone(HOST.classifier(gp.xgboost.objective(LOSS), rounds=10))
    model.fit(DATA.x, DATA.y, sample_weight=DATA.weight)
    margins = model.predict(DATA.x, output_margin=True)
    assert_allclose(model.predict_proba(DATA.x)[:, 1], gp.sigmoid(margins), atol=1e-7)
    twin = pickle.loads(pickle.dumps(model))
    assert_array_equal(twin.predict(DATA.x), model.predict(DATA.x))


def test_a_callback_sees_every_round():
    rounds = []

    class Spy(xgb.callback.TrainingCallback):
        def after_iteration(self, model, epoch, evals_log):
            rounds.append(epoch)
            return False

    gp.xgboost.train(HOST.params, dmatrix(), 4, loss=LOSS, callbacks=[Spy()])
    assert rounds == [0, 1, 2, 3]


def test_models_in_files_and_in_memory_can_be_continued(tmp_path):
    half = HOST.train(dmatrix(), 5, loss=LOSS)
    half.save_model(tmp_path / "half.json")
    expected = HOST.train(dmatrix(), 5, loss=LOSS, xgb_model=half).predict(dmatrix())
    for model in (tmp_path / "half.json", half.save_raw()):
        booster = HOST.train(dmatrix(), 5, loss=LOSS, xgb_model=model)
        assert booster.num_boosted_rounds() == 10
        assert_array_equal(booster.predict(dmatrix()), expected)
