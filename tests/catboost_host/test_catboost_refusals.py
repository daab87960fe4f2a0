"""What CatBoost's face refuses, by name and with the way out."""

import numpy as np
import pytest

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.catboost_rows import (
    BCE,
    FOCAL,
    NO_FILES,
    PARAMS,
    TEST,
    TRAIN,
    WCE,
    cb,
    pool,
)  # fmt: skip

REFUSED = {
    "scale_pos_weight": (7.3, r"WeightedCrossEntropy\(alpha=7.3\)"),
    "class_weights": ([1.0, 7.3], "WeightedCrossEntropy"),
    "auto_class_weights": ("Balanced", r"WeightedCrossEntropy\.balanced"),
    "target_border": (0.3, "labels are 0 and 1"),
    "class_names": (["no", "yes"], "labels are 0 and 1"),
    "classes_count": (3, "labels are 0 and 1"),
    "loss_function": ("RMSE", "objective must be 'Logloss' or absent"),
    "objective": ("CrossEntropy", "objective must be 'Logloss' or absent"),
    "task_type": ("GPU", r"no custom objective on a GPU.*native"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_parameter_without_effect_is_refused_with_the_way_out(name):
    value, message = REFUSED[name]
    for train in (gp.catboost.train, gp.catboost.cv):
        with pytest.raises(ValueError, match=message):
            train({**PARAMS, name: value}, pool(), 2, loss=FOCAL)
    model = BoostingClassifier(cb.CatBoostClassifier(**PARAMS, **{name: value}), FOCAL)
    with pytest.raises(ValueError, match=message):
        model.fit(TRAIN.x, TRAIN.y)


def test_neutral_values_of_them_are_taken():
    neutral = {"scale_pos_weight": 1, "class_names": [0, 1], "auto_class_weights": "None"}
    neutral |= {"classes_count": 0}  # as get_all_params tells it
    gp.catboost.train({**PARAMS, **neutral, "loss_function": "Logloss"}, pool(), 2, loss=FOCAL)


def test_the_hosts_class_weights_have_no_effect_beside_a_callable_which_is_why():
    def fit(**params):
        made = {"loss_function": gp.catboost.objective(BCE), "eval_metric": "AUC", **params}
        return cb.CatBoost({**PARAMS, **NO_FILES, **made}).fit(pool()).predict(TEST.x)

    assert np.array_equal(fit(), fit(class_weights=[1, 7.3]))
    assert np.array_equal(fit(), fit(auto_class_weights="Balanced"))


@pytest.mark.parametrize("name", ["langevin", "model_shrink_rate", "posterior_sampling"])
def test_what_catboost_drops_beside_a_baseline_is_refused_with_metrics_by_name(name):
    params = {**PARAMS, "eval_metric": "AUC", name: 0.3 if name == "model_shrink_rate" else True}
    with pytest.raises(ValueError, match=f"{name} has no effect beside a baseline"):
        gp.catboost.train(params, pool(), 2, loss=FOCAL)
    del params["eval_metric"]
    gp.catboost.train(params, pool(), 2, loss=FOCAL)


CALLS = {
    "a loss as the objective": (
        lambda: gp.catboost.train({"loss_function": FOCAL}, pool(), loss=FOCAL),
        "loss_function is .*, but here it is made of loss=",
    ),
    "an objective of ours": (
        lambda: gp.catboost.train({"objective": gp.catboost.objective(BCE)}, pool(), loss=FOCAL),
        "here it is made of loss=",
    ),
    "no labels": (
        lambda: gp.catboost.train({}, cb.Pool(TRAIN.x), loss=BCE), "pool has no label; build it"
    ),
    "one class": (
        lambda: gp.catboost.train({}, pool(y=np.ones(TRAIN.y.size)), loss=BCE), "no row of class 0"
    ),
    "labels beyond 1": (
        lambda: gp.catboost.train({}, pool(y=3 * TRAIN.y), loss=BCE), r"must lie in \[0, 1\]"
    ),
    "a start for a continued model": (
        lambda: gp.catboost.train({}, pool(), loss=BCE, constant=0.3, init_model=fitted()),
        "a continued model keeps its own start",
    ),
    "another objective to continue": (
        lambda: gp.catboost.train({}, pool(), loss=BCE, init_model=fitted("RMSE")),
        "init_model has objective 'RMSE'",
    ),
    "a baseline beside a continued model": (
        lambda: gp.catboost.train({}, pool(offset=TRAIN.offset), loss=BCE, init_model=fitted()),
        "beside which CatBoost continues no model",
    ),
    "two names of one argument": (
        lambda: gp.catboost.train({}, pool(), loss=BCE, eval_set=pool(TEST), evals=pool(TEST)),
        "evals and eval_set are two names of one argument",
    ),
    "to calibrate another objective": (
        lambda: gp.catboost.recalibrate(fitted("RMSE"), pool(TEST)), "predicts no probabilities"
    ),
    "to make another objective native": (
        lambda: gp.catboost.to_native(fitted("RMSE"), BCE, constant=0.0), "are no log-odds"
    ),
    "a model that is not fitted": (
        lambda: gp.catboost.recalibrate(cb.CatBoost(), pool(TEST)), "the model is not fitted"
    ),
}  # fmt: skip
TYPES = {
    "arrays in place of a pool": (
        lambda: gp.catboost.train({}, TRAIN.x, loss=BCE), r"pool must be a catboost\.Pool; got a"
    ),
    "a name in place of a loss": (
        lambda: gp.catboost.train({}, pool(), loss="focal"), "loss must be a gradpair.Loss"
    ),
    "an array to evaluate on": (
        lambda: gp.catboost.train({}, pool(), loss=BCE, eval_set=TEST.x), "eval_set must be a"
    ),
    "words as labels": (
        lambda: gp.catboost.train({}, pool(y=np.where(TRAIN.y == 1, "yes", "no")), loss=BCE),
        "y_true must hold numbers",
    ),
    "an unknown keyword": (
        lambda: gp.catboost.train({}, pool(), loss=BCE, verbos=3), "unexpected keyword argument"
    ),
    "a booster of another host": (
        lambda: gp.catboost.recalibrate(3, pool(TEST)), r"model must be a catboost\.CatBoost; got"
    ),
}  # fmt: skip


def fitted(loss="Logloss"):
    params = {**PARAMS, **NO_FILES, "loss_function": loss, "iterations": 2}
    return cb.CatBoost(params).fit(pool())


@pytest.mark.parametrize("name", CALLS)
def test_wrong_values_are_refused(name):
    call, message = CALLS[name]
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", TYPES)
def test_wrong_types_are_refused(name):
    call, message = TYPES[name]
    with pytest.raises(TypeError, match=message):
        call()


def test_boost_from_average_is_what_is_done_or_says_to_start_at_zero():
    data = pool()
    starts = [
        gp.catboost.train({**PARAMS, **given, "learning_rate": 1e-6}, data, 1, loss=WCE, **constant)
        for given, constant in (
            ({}, {}),
            ({"boost_from_average": True}, {}),
            ({"boost_from_average": False}, {}),
            ({}, {"constant": 0.3}),
        )
    ]
    found = [model.predict(TEST.x, prediction_type="RawFormulaVal")[0] for model in starts]
    best = gp.optimal_constant(WCE, TRAIN.y)
    np.testing.assert_allclose(found, [best, best, 0, 0.3], atol=1e-4)
