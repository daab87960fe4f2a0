"""The forms in which XGBoost takes its arguments, and what it refuses."""

import inspect
import json
import warnings

import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.hosts import XGBOOST, digits

DATA = digits()
LOSS = gp.WeightedCrossEntropy(7.3)
BASE_SCORES = {
    "float": 0.3,
    "NumPy's float": np.float32(0.3),
    "array": np.array([0.3]),
    "array without axes": np.array(0.3),
    "list": [0.3],
    "tuple": (0.3,),
    "word": "0.3",
    "saved": "[3E-1]",
    "tuple in words": "(0.3,)",
}


def dmatrix(**kwargs):
    return xgb.DMatrix(DATA.x, label=DATA.y, **kwargs)


def starts_at(booster):
    return booster.predict(dmatrix(), output_margin=True, iteration_range=(0, 1))


FROZEN = {"eta": 1e-9, "nthread": 1}


@pytest.mark.parametrize("form", BASE_SCORES)
def test_every_form_of_base_score_sets_the_constant(form):
    params = {**FROZEN, "base_score": BASE_SCORES[form]}
    booster = gp.xgboost.train(params, dmatrix(), 1, loss=LOSS)
    assert_allclose(booster.predict(dmatrix()), 0.3, atol=1e-6)
    result = gp.xgboost.cv(params, dmatrix(), 1, loss=gp.BinaryCrossEntropy(), as_pandas=False)
    expected = gp.BinaryCrossEntropy().loss(DATA.y, gp.logit(0.3)).mean()
    (mean,) = result["test-" + gp.xgboost.metric(gp.BinaryCrossEntropy()).name + "-mean"]
    assert mean == pytest.approx(expected, abs=1e-5)
    estimator = xgb.XGBClassifier(learning_rate=1e-9, base_score=BASE_SCORES[form], n_estimators=1)
    model = BoostingClassifier(estimator, LOSS).fit(DATA.x, DATA.y)
    assert model.constant_ == pytest.approx(gp.logit(0.3), abs=1e-6)
    assert_allclose(model.predict_proba(DATA.x)[:, 1], 0.3, atol=1e-6)


def test_the_intercept_of_a_fitted_estimator_and_of_a_saved_model_are_base_scores():
    fitted = xgb.XGBClassifier(n_estimators=2, base_score=0.2).fit(DATA.x, DATA.y)
    config = json.loads(fitted.get_booster().save_config())
    saved = config["learner"]["learner_model_param"]["base_score"]
    for score in (fitted.intercept_, saved):
        booster = gp.xgboost.train({**FROZEN, "base_score": score}, dmatrix(), 1, loss=LOSS)
        assert_allclose(booster.predict(dmatrix()), 0.2, atol=1e-6)
    model = BoostingClassifier(xgb.XGBClassifier(base_score=fitted.intercept_), LOSS)
    assert model.fit(DATA.x, DATA.y).constant_ == pytest.approx(gp.logit(0.2), abs=1e-6)


@pytest.mark.parametrize("value", [[0.3, 0.4], (), np.array([]), "half", "[0.3,0.4]", True, {}])
def test_what_is_not_one_number_is_no_base_score(value):
    with pytest.raises((TypeError, ValueError), match="base_score must be a "):
        gp.xgboost.train({"base_score": value}, dmatrix(), 1, loss=LOSS)


@pytest.mark.parametrize("value", [0, 1.0, -0.5, np.array([1.5]), "2"])
def test_a_base_score_is_a_probability(value):
    with pytest.raises(ValueError, match="must be a probability between 0 and 1"):
        gp.xgboost.train({"base_score": value}, dmatrix(), 1, loss=LOSS)


OFFSETS = {"base_margin": DATA.offset}


def test_a_base_score_that_base_margin_would_override_is_refused():
    overridden = pytest.raises(ValueError, match=r"base_score=0.3 has no effect on rows with")
    with overridden:
        gp.xgboost.train({"base_score": 0.3}, dmatrix(**OFFSETS), 1, loss=LOSS)
    with overridden:
        evals = [(dmatrix(**OFFSETS), "valid")]
        gp.xgboost.train({"base_score": 0.3}, dmatrix(), 1, loss=LOSS, evals=evals)
    with overridden:
        gp.xgboost.cv({"base_score": 0.3}, dmatrix(**OFFSETS), 1, loss=LOSS)
    with overridden:
        hook = {
            "fpreproc": lambda train, test, params: (train, test, {**params, "base_score": 0.3})
        }
        gp.xgboost.cv({}, dmatrix(**OFFSETS), 1, loss=LOSS, **hook)
    with overridden:
        model = BoostingClassifier(xgb.XGBClassifier(base_score=0.3), LOSS)
        model.fit(DATA.x, DATA.y, offset=DATA.offset)


def test_where_both_rules_agree_it_is_not():
    params = {**XGBOOST.params, "base_score": 0.5}
    ours = gp.xgboost.train(params, dmatrix(**OFFSETS), 5, loss=LOSS)
    native = {**params, "objective": "binary:logistic", "scale_pos_weight": 7.3}
    expected = xgb.train(native, dmatrix(**OFFSETS), 5)
    assert_allclose(ours.predict(dmatrix()), expected.predict(dmatrix()), rtol=0, atol=1e-6)


def test_a_constant_is_added_to_base_margin():
    ours = gp.xgboost.train(FROZEN, dmatrix(**OFFSETS), 1, loss=LOSS, constant=0.7)
    margins = ours.predict(dmatrix(**OFFSETS), output_margin=True)
    assert_allclose(margins, DATA.offset + 0.7, atol=1e-5)


PAIRS = [("max_depth", 3), ("eval_metric", "auc"), ("nthread", 1), ("eval_metric", "logloss")]


def test_parameters_may_be_a_list_of_pairs():
    log, expected, pairs = {}, {}, list(PAIRS)
    data = dmatrix()
    ours = gp.xgboost.train(
        pairs, data, 4, loss=LOSS, evals=[(data, "t")], evals_result=log, verbose_eval=False
    )
    assert pairs == PAIRS
    start = float(gp.sigmoid(gp.optimal_constant(LOSS, DATA.y)))
    native = [("objective", "binary:logistic"), ("scale_pos_weight", 7.3), ("base_score", start)]
    theirs = xgb.train(
        PAIRS + native, data, 4, evals=[(data, "t")], evals_result=expected, verbose_eval=False
    )
    assert list(log["t"]) == list(expected["t"]) == ["auc", "logloss"]
    assert_allclose(ours.predict(data), theirs.predict(data), rtol=0, atol=1e-6)
    result = gp.xgboost.cv(PAIRS, data, 3, loss=LOSS, as_pandas=False)
    assert [name for name in result if name.startswith("test")] == [
        "test-auc-mean", "test-auc-std", "test-logloss-mean", "test-logloss-std"
    ]  # fmt: skip
    with pytest.raises(ValueError, match="scale_pos_weight has no effect"):
        gp.xgboost.train([("scale_pos_weight", 3)], data, 1, loss=LOSS)


@pytest.mark.parametrize("params", [["max_depth"], [("max_depth", 3, 4)], (("max_depth", 3),)])
def test_what_is_neither_a_dict_nor_a_list_of_pairs_is_refused(params):
    with pytest.raises(TypeError, match="params must be a dict"):
        gp.xgboost.train(params, dmatrix(), 1, loss=LOSS)


@pytest.mark.parametrize("several", [False, True])
def test_a_callable_among_the_names_of_metrics_is_refused(several):
    metric = gp.xgboost.metric(LOSS)
    asked = ["auc", metric] if several else metric
    with pytest.raises(TypeError, match="pass a callable as custom_metric="):
        gp.xgboost.train({"eval_metric": asked}, dmatrix(), 1, loss=LOSS)
    with pytest.raises(TypeError, match="pass a callable as custom_metric="):
        gp.xgboost.cv({}, dmatrix(), 1, loss=LOSS, metrics=asked)


@pytest.mark.filterwarnings("ignore:.*are not used:UserWarning")  # before XGBoost 3.4
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_dropout_of_nothing_is_no_dropout():
    params = {"rate_drop": "0", "one_drop": False, "booster": "gbtree"}
    booster = gp.xgboost.train({**FROZEN, **params}, dmatrix(), 1, loss=LOSS, constant=7.0)
    assert_allclose(booster.predict(dmatrix(), output_margin=True), 7.0, atol=1e-5)


def test_arguments_by_position_are_taken_in_the_hosts_order_with_its_warning():
    data, evals = dmatrix(), [(dmatrix(), "train")]
    logistic = {**FROZEN, "objective": "binary:logistic"}
    messages = []
    for train, cv, params, more in (
        (xgb.train, xgb.cv, logistic, {}),
        (gp.xgboost.train, gp.xgboost.cv, FROZEN, {"loss": LOSS}),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            booster = train(params, data, 2, evals, None, verbose_eval=False, **more)
            result = cv(params, data, 2, 4, True, **more)
        messages.append([(warning.category, str(warning.message)) for warning in caught])
        assert booster.num_boosted_rounds() == len(result) == 2
    assert messages[0] == messages[1]
    assert messages[0][0] == (FutureWarning, "Pass `evals, obj` as keyword args.")
    assert caught[0].filename == __file__


def test_arguments_by_position_are_checked():
    data = dmatrix()
    count = len(inspect.signature(xgb.train).parameters)
    with pytest.raises(TypeError, match="positional arguments but"):
        gp.xgboost.train(FROZEN, data, 1, *[None] * (count - 2), loss=LOSS)
    with pytest.raises(TypeError, match="takes from 2 to 3 positional arguments"):
        gp.xgboost.train(FROZEN, data, 1, [], evals=[], loss=LOSS)
    with (
        pytest.warns(FutureWarning, match="Pass `evals, obj` as"),
        pytest.raises(ValueError, match="obj= has no place beside loss="),
    ):
        gp.xgboost.train(FROZEN, data, 1, [], gp.xgboost.objective(LOSS), loss=LOSS)
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'loss'"):
        gp.xgboost.train(FROZEN, data, 1)


def test_iterators_are_read_once_and_lists_left_alone():
    data, valid, log = dmatrix(), dmatrix(**OFFSETS), {"kept": 1}
    stop = xgb.callback.EarlyStopping(rounds=3)
    booster = gp.xgboost.train(
        XGBOOST.params, data, 6, loss=LOSS, evals=iter([(data, "a"), (valid, "b"), (data, "c")]),
        callbacks=iter([stop]), evals_result=log, verbose_eval=False,
    )  # fmt: skip
    assert list(log) == ["kept", "a", "b", "c"]
    assert log["a"] == log["c"] != log["b"]
    assert booster.best_iteration == 5
    callbacks, evals = [xgb.callback.EarlyStopping(rounds=3)], [(valid, "b")]
    gp.xgboost.train(
        XGBOOST.params, data, 2, loss=LOSS, evals=evals, callbacks=callbacks, verbose_eval=False
    )
    assert len(callbacks) == 1
    assert evals == [(valid, "b")]


def test_labels_in_one_column_train_and_in_two_do_not():
    column = xgb.DMatrix(DATA.x, label=DATA.y[:, None], base_margin=DATA.offset[:, None])
    expected = gp.xgboost.train(XGBOOST.params, dmatrix(**OFFSETS), 4, loss=LOSS)
    booster = gp.xgboost.train(XGBOOST.params, column, 4, loss=LOSS)
    assert_array_equal(booster.predict(column), expected.predict(column))
    two = xgb.DMatrix(DATA.x, label=np.column_stack([DATA.y, DATA.y]))
    with pytest.raises(ValueError, match=r"the label of dtrain must have shape"):
        gp.xgboost.train(XGBOOST.params, two, 4, loss=LOSS)
    with pytest.raises(ValueError, match=r"the label of dtrain must have shape"):
        gp.xgboost.train(XGBOOST.params, xgb.DMatrix(DATA.x), 4, loss=LOSS)


def test_a_model_of_no_rounds_predicts_the_start():
    booster = gp.xgboost.train({}, dmatrix(), 0, loss=LOSS)
    start = gp.optimal_constant(LOSS, DATA.y)
    assert_allclose(booster.predict(dmatrix()), gp.sigmoid(start), atol=1e-6)


def test_feature_weights_count_as_they_do_in_the_host():
    params = {**XGBOOST.params, "colsample_bynode": 0.1, "seed": 5}
    start = float(gp.sigmoid(gp.optimal_constant(LOSS, DATA.y)))
    weights = np.arange(DATA.x.shape[1]) % 3
    data = dmatrix(feature_weights=weights)
    native = {**params, "objective": "binary:logistic", "scale_pos_weight": 7.3}
    expected = xgb.train({**native, "base_score": start}, data, 6)
    ours = gp.xgboost.train(params, data, 6, loss=LOSS)
    assert XGBOOST.structures(ours) == XGBOOST.structures(expected)


def test_the_parameters_that_a_preparation_returns_are_left_alone():
    handed = []

    def prepare(train, test, params):
        handed.append({**params, "max_depth": 2})
        return train, test, handed[-1]

    gp.xgboost.cv(XGBOOST.params, dmatrix(), 2, loss=LOSS, fpreproc=prepare)
    assert len(handed) == 3
    assert not any("base_score" in params for params in handed)
