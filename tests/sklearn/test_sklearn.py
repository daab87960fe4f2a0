"""BoostingClassifier: scikit-learn's way over either host."""

import dataclasses
import inspect
import pickle
import re
import subprocess
import sys

import joblib
import lightgbm as lgb
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import sklearn
import xgboost as xgb
from lightgbm import LGBMClassifier
from numpy.testing import assert_allclose, assert_array_equal
from packaging.version import Version
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.metrics import average_precision_score, log_loss, make_scorer, roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    KFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks
from xgboost import XGBClassifier

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.hosts import HOSTS, digits

DATA = digits(0.3)
LOSS = gp.WeightedCrossEntropy(3.0)
FOCAL = gp.FocalLoss(1.7, 3.0)


def host_estimator(host, rounds=15, **params):
    if host == "xgboost":
        return XGBClassifier(n_estimators=rounds, max_depth=3, n_jobs=1, **params)
    return LGBMClassifier(n_estimators=rounds, num_leaves=7, n_jobs=1, verbose=-1, **params)


def early_stopping(host, rounds):
    """The estimator and the arguments of fit that stop early."""
    if host == "xgboost":
        return host_estimator(host, 200, early_stopping_rounds=rounds), {"verbose": False}
    return host_estimator(host, 200), {"callbacks": [lgb.early_stopping(rounds, verbose=False)]}


hosts = pytest.mark.parametrize("host", ["xgboost", "lightgbm"])


# scikit-learn's own checks


def for_checks(host):
    if host == "xgboost":
        return XGBClassifier(n_estimators=10, n_jobs=1)
    return host_estimator(host, 5, min_child_samples=1)


# Weights and repeated rows give other histograms in the hosts, or other last digits.
HOSTS_FAIL = {f"check_sample_weight_equivalence_on_{kind}_data" for kind in ("dense", "sparse")}


@parametrize_with_checks([BoostingClassifier(for_checks(host)) for host in ("xgboost", "lightgbm")])
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks_pass(estimator, check):
    try:
        check(estimator)
    except AssertionError:
        if check.func.__name__ not in HOSTS_FAIL:
            raise
        pytest.xfail("the bare host fails it, as the next test shows")


@hosts
@pytest.mark.filterwarnings("ignore")
def test_a_check_is_expected_to_fail_only_where_the_bare_host_fails_it(host):
    results = check_estimator(for_checks(host), on_fail=None)
    assert {r["check_name"] for r in results if r["status"] == "failed"} >= HOSTS_FAIL


# what is fitted


@hosts
def test_cross_entropy_is_the_bare_host_classifier(host):
    start = gp.optimal_constant(gp.BinaryCrossEntropy(), DATA.train.y)
    same_start = {"base_score": float(gp.sigmoid(start))} if host == "xgboost" else {}
    bare = host_estimator(host, 50, **same_start).fit(DATA.train.x, DATA.train.y)
    ours = BoostingClassifier(host_estimator(host, 50)).fit(DATA.train.x, DATA.train.y)
    assert ours.constant_ == start
    expected = bare.predict_proba(DATA.test.x)
    assert_allclose(ours.predict_proba(DATA.test.x), expected, atol=1e-6)
    assert_array_equal(ours.predict(DATA.test.x), bare.predict(DATA.test.x))
    assert_allclose(ours.feature_importances_, bare.feature_importances_, rtol=1e-4)


@pytest.mark.parametrize("face", HOSTS, ids=lambda face: face.name)
@pytest.mark.parametrize("loss", [LOSS, FOCAL], ids=lambda loss: loss.name)
def test_the_model_is_the_one_that_train_makes(face, loss):
    rows = DATA.train
    estimator = face.classifier(None, 20, learning_rate=0.3)
    estimator.set_params(objective="binary:logistic" if face.name == "xgboost" else "binary")
    ours = BoostingClassifier(estimator, loss).fit(rows.x, rows.y, rows.weight)
    booster = face.train(face.data(rows.x, rows.y, rows.weight), 20, loss=loss)
    assert_allclose(
        ours.decision_function(DATA.test.x), face.margin(booster, DATA.test.x), atol=2e-5
    )
    assert face.structures(ours.booster_) == face.structures(booster)


@hosts
@pytest.mark.parametrize("loss", [LOSS, FOCAL], ids=lambda loss: loss.name)
@pytest.mark.parametrize("calibrated", [False, True])
def test_predictions_agree_with_each_other_and_with_the_loss(host, loss, calibrated):
    model = BoostingClassifier(host_estimator(host), loss, calibrated=calibrated)
    model.fit(DATA.train.x, DATA.train.y)
    raw = BoostingClassifier(host_estimator(host), loss).fit(DATA.train.x, DATA.train.y)
    margin = raw.decision_function(DATA.test.x)
    expected = loss.calibrated_probability(margin) if calibrated else gp.sigmoid(margin)
    probability = model.predict_proba(DATA.test.x)
    assert probability.shape == (len(margin), 2)
    assert_allclose(probability[:, 1], expected, atol=1e-6)
    assert_allclose(probability.sum(axis=1), 1, atol=1e-6)
    log_odds = model.decision_function(DATA.test.x)
    assert_allclose(gp.sigmoid(log_odds), probability[:, 1], atol=1e-6)
    assert_array_equal(model.predict(DATA.test.x), (log_odds > 0).astype(float))
    assert model.score(DATA.test.x, DATA.test.y) == np.mean((log_odds > 0) == DATA.test.y)


@hosts
def test_the_model_predicts_the_same_without_gradpair(host, tmp_path):
    model = BoostingClassifier(host_estimator(host), LOSS, calibrated=True)
    model.fit(DATA.train.x, DATA.train.y)
    expected = model.predict_proba(DATA.test.x)
    assert_allclose(model.estimator_.predict_proba(DATA.test.x), expected, atol=1e-6)
    assert b"gradpair" not in pickle.dumps(model.estimator_)
    data = xgb.DMatrix(DATA.test.x) if host == "xgboost" else DATA.test.x
    assert_allclose(model.booster_.predict(data), expected[:, 1], atol=1e-6)
    joblib.dump(model.estimator_, tmp_path / "model.joblib")
    np.save(tmp_path / "x.npy", DATA.test.x)
    code = (
        "import sys; sys.modules['gradpair'] = None\n"
        "import joblib, numpy as np\n"
        f"model = joblib.load({str(tmp_path / 'model.joblib')!r})\n"
        f"p = model.predict_proba(np.load({str(tmp_path / 'x.npy')!r}))\n"
        f"np.save({str(tmp_path / 'p.npy')!r}, p)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    assert_allclose(np.load(tmp_path / "p.npy"), expected, atol=1e-6)


@hosts
def test_the_host_estimator_keeps_the_users_parameters(host):
    estimator = host_estimator(host, learning_rate=0.25)
    before = estimator.get_params()
    model = BoostingClassifier(estimator, LOSS).fit(DATA.train.x, DATA.train.y)
    assert repr(estimator.get_params()) == repr(before)
    assert model.estimator_.get_params() == pytest.approx(before, nan_ok=True)
    if host == "lightgbm":
        assert model.estimator_.objective_ == "binary"
    with pytest.raises(NotFittedError):
        estimator.predict(DATA.test.x)
    assert model.n_features_in_ == 64


@hosts
@pytest.mark.parametrize(
    "labels", [["no", "yes"], [-1, 1], [False, True], [3, 7], [2.0, 5.0]], ids=str
)
def test_any_two_classes_are_encoded_in_their_order(host, labels):
    encoded = BoostingClassifier(host_estimator(host), LOSS).fit(DATA.train.x, DATA.train.y)
    y = np.array(labels)[DATA.train.y.astype(int)]
    model = BoostingClassifier(host_estimator(host), LOSS)
    valid = np.array(labels)[DATA.test.y.astype(int)]
    model.fit(DATA.train.x, y, eval_set=[(DATA.test.x, valid)], **QUIET[host])
    assert model.classes_.tolist() == labels
    predicted = encoded.predict(DATA.test.x).astype(int)
    assert model.predict(DATA.test.x).tolist() == [labels[i] for i in predicted]
    told = next(iter(next(iter(model.evals_result_.values())).values()))[-1]
    margin = encoded.decision_function(DATA.test.x).astype(float)
    assert told == pytest.approx(LOSS.loss(DATA.test.y, margin).mean(), abs=2e-6)
    assert set(np.unique(model.predict(DATA.test.x))) == set(labels)


def test_without_an_estimator_the_installed_host_is_taken():
    model = BoostingClassifier().fit(DATA.train.x, DATA.train.y)
    assert isinstance(model.estimator_, XGBClassifier)
    assert model.loss_ == gp.BinaryCrossEntropy()
    code = (
        "import sys; sys.modules['xgboost'] = None\n"
        "import numpy as np\nfrom gradpair.sklearn import BoostingClassifier\n"
        "X = np.arange(80.0).reshape(-1, 1)\n"
        "print(type(BoostingClassifier().fit(X, X[:, 0] > 50).estimator_).__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.split()[-1] == "LGBMClassifier"


def test_without_any_host_the_error_says_what_to_install():
    code = (
        "import sys; sys.modules['xgboost'] = sys.modules['lightgbm'] = None\n"
        "from gradpair.sklearn import BoostingClassifier\n"
        "try:\n    BoostingClassifier().fit([[1], [2]], [0, 1])\n"
        "except ModuleNotFoundError as e:\n    print(e)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert "pip install 'gradpair[xgboost]'" in done.stdout


# the loss


@hosts
def test_a_callable_loss_is_resolved_on_the_training_rows(host):
    rows = DATA.train
    labels = np.where(rows.y == 1, "yes", "no")
    model = BoostingClassifier(host_estimator(host), gp.WeightedCrossEntropy.balanced)
    model.fit(rows.x, labels, rows.weight)
    assert model.loss_ == gp.WeightedCrossEntropy.balanced(rows.y, rows.weight)
    assert model.constant_ == pytest.approx(0, abs=1e-12)
    assert model.loss == gp.WeightedCrossEntropy.balanced


def test_parameters_of_the_loss_are_got_and_set_as_nested_ones():
    model = BoostingClassifier(XGBClassifier(), FOCAL)
    assert model.get_params()["loss__gamma"] == 1.7
    assert "loss__gamma" not in model.get_params(deep=False)
    assert model.set_params(loss__gamma=0.4, estimator__max_depth=2) is model
    assert model.loss == gp.FocalLoss(0.4, 3.0)
    assert gp.FocalLoss(1.7, 3.0) == FOCAL
    assert model.estimator.max_depth == 2
    model.set_params(loss=gp.WeightedCrossEntropy(2.0), loss__alpha=5.0)
    assert model.loss == gp.WeightedCrossEntropy(5.0)
    assert clone(model).get_params(deep=False).keys() == model.get_params(deep=False).keys()
    assert clone(model).loss == model.loss


def test_only_fields_that_can_be_set_are_parameters():
    @dataclasses.dataclass(frozen=True)
    class Derived(gp.Loss):
        k: float
        square: float = dataclasses.field(init=False, default=0.0)
        _loss = _gradient_hessian = gp.BinaryCrossEntropy._loss

    model = BoostingClassifier(None, Derived(3.0))
    assert [name for name in model.get_params() if "__" in name] == ["loss__k"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"loss__gama": 2.0}, r"Invalid parameter 'gama' for loss FocalLoss.*'gamma', 'alpha'"),
        ({"loss__gamma": -2.0}, "gamma must be at least 0"),
        ({"loss": None, "loss__gamma": 2.0}, "Invalid parameter 'gamma' for loss None"),
        ({"estimator__max_depth": 2}, "estimator is None"),
        ({"objective": "binary"}, "Invalid parameter 'objective'"),
    ],
)
def test_an_invalid_parameter_is_refused_and_nothing_is_changed(params, message):
    model = BoostingClassifier(None, FOCAL)
    with pytest.raises(ValueError, match=message):
        model.set_params(calibrated=True, **params)
    assert model.loss == FOCAL
    assert model.calibrated is False


@hosts
def test_the_hessian_policy_reaches_training(host):
    fits = {
        policy: BoostingClassifier(host_estimator(host), gp.FocalLoss(2.0), hessian=policy)
        .fit(DATA.train.x, DATA.train.y)
        .decision_function(DATA.test.x)
        for policy in (None, "positive", "exact")
    }
    assert_array_equal(fits[None], fits["positive"])
    assert np.abs(fits["exact"] - fits["positive"]).max() > 0.01


@hosts
def test_soft_labels_are_probabilities_of_both_classes(host):
    rows, rng = DATA.train, np.random.default_rng(1)
    soft = np.where(rng.random(rows.y.size) < 0.5, rows.y, np.abs(rows.y - 0.2))
    model = BoostingClassifier(host_estimator(host), LOSS)
    model.fit(rows.x, np.column_stack([1 - soft, soft]), rows.weight)
    assert model.constant_ == pytest.approx(
        gp.optimal_constant(LOSS, soft, sample_weight=rows.weight)
    )
    assert model.classes_.tolist() == [0, 1]
    offset = {"offset": rows.offset}
    model.fit(rows.x, np.column_stack([1 - soft, soft]), rows.weight, **offset)
    assert model.constant_ == pytest.approx(
        gp.optimal_constant(LOSS, soft, sample_weight=rows.weight, **offset)
    )
    model.fit(rows.x, np.column_stack([1 - soft, soft]), rows.weight)
    twice = BoostingClassifier(host_estimator(host), LOSS)
    source = np.repeat(np.arange(soft.size), 2)
    weight = np.column_stack([1 - soft, soft]).ravel() * np.repeat(rows.weight, 2)
    kept = weight > 0
    twice.fit(rows.x[source][kept], np.tile([0, 1], soft.size)[kept], weight[kept])
    assert_allclose(
        model.decision_function(DATA.test.x), twice.decision_function(DATA.test.x), atol=1e-6
    )


@hosts
def test_a_student_learns_the_probabilities_of_a_teacher(host):
    teacher = BoostingClassifier(host_estimator(host, 40)).fit(DATA.train.x, DATA.train.y)
    probability = teacher.predict_proba(DATA.train.x)
    student = BoostingClassifier(host_estimator(host, 40))
    student.fit(DATA.train.x, probability, eval_set=[(DATA.train.x, probability)], **QUIET[host])
    assert np.abs(student.predict_proba(DATA.train.x) - probability).mean() < 0.03
    history = next(iter(student.evals_result_.values()))["binary_cross_entropy"]
    ours = gp.BinaryCrossEntropy().loss(
        probability[:, 1].astype(float), student.decision_function(DATA.train.x).astype(float)
    )
    assert history[-1] == pytest.approx(ours.mean(), abs=2e-6)


@hosts
def test_sets_with_hard_and_with_soft_labels_are_evaluated_side_by_side(host):
    rows, new = DATA.train, DATA.test
    soft = np.column_stack([0.9 - 0.8 * new.y, 0.1 + 0.8 * new.y])
    model = BoostingClassifier(host_estimator(host), LOSS)
    model.fit(rows.x, rows.y, eval_set=[(new.x, new.y), (new.x, soft)], **QUIET[host])
    histories = [next(iter(metrics.values()))[-1] for metrics in model.evals_result_.values()]
    margin = model.decision_function(new.x).astype(float)
    expected = [LOSS.loss(y, margin).mean() for y in (new.y, soft[:, 1])]
    assert_allclose(histories, expected, atol=2e-6)


QUIET = {"xgboost": {"verbose": False}, "lightgbm": {}}


# weights, offsets, early stopping


@hosts
def test_offsets_are_fitted_on_top_of_and_needed_again(host):
    rows, new = DATA.train, DATA.test
    model = BoostingClassifier(host_estimator(host), LOSS)
    model.fit(rows.x, rows.y, rows.weight, offset=rows.offset)
    assert model.constant_ == gp.optimal_constant(
        LOSS, rows.y, offset=rows.offset, sample_weight=rows.weight
    )
    moved = model.decision_function(new.x, offset=new.offset + 0.5)
    assert_allclose(moved - model.decision_function(new.x, offset=new.offset), 0.5, atol=1e-5)
    face = HOSTS[host == "lightgbm"]
    params = {"max_depth": 3} if host == "xgboost" else {"num_leaves": 7, "learning_rate": 0.1}
    data = face.data(rows.x, rows.y, rows.weight, rows.offset)
    booster = face.train(data, 15, loss=LOSS, params=params)
    expected = (
        booster.predict(xgb.DMatrix(new.x, base_margin=new.offset), output_margin=True)
        if host == "xgboost"
        else booster.predict(new.x, raw_score=True) + new.offset
    )
    assert_allclose(model.decision_function(new.x, offset=new.offset), expected, atol=1e-5)
    for predict in (model.decision_function, model.predict_proba, model.predict):
        with pytest.raises(ValueError, match=r"fitted with offset=; pass the offset="):
            predict(new.x)
    with pytest.raises(ValueError, match=r"offset must have shape \(\d+,\)"):
        model.predict(new.x, offset=new.offset[1:])
    with pytest.raises(ValueError, match=r"fitted without offset="):
        model.fit(rows.x, rows.y).predict(new.x, offset=new.offset)


@hosts
@pytest.mark.parametrize("with_offset", [False, True])
def test_early_stopping_watches_the_weighted_loss(host, with_offset):
    estimator, fit_params = early_stopping(host, 3)
    rows, new = DATA.train, DATA.test
    module = sys.modules[f"gradpair.{host}._estimator"]
    fit_params[module.EVAL_WEIGHT] = [new.weight]
    offsets = {"offset": rows.offset} if with_offset else {}
    if with_offset:
        fit_params[module.EVAL_OFFSET] = [new.offset]
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
    assert list(history) == ["weighted_cross_entropy(alpha=3)"]
    values = history["weighted_cross_entropy(alpha=3)"]
    best = int(np.argmin(values))
    assert model.best_iteration_ == best + (host == "lightgbm")
    assert model.booster_.best_iteration == model.best_iteration_
    rounds = "num_boosted_rounds" if host == "xgboost" else "num_trees"
    assert getattr(model.booster_, rounds)() == best + 1
    assert best + 4 == len(values) < 200
    margin = model.decision_function(new.x, **({"offset": new.offset} if with_offset else {}))
    loss = LOSS.loss(new.y, margin.astype(float), new.weight)
    assert values[best] == pytest.approx(loss.sum() / new.weight.sum(), rel=1e-5)


def test_without_early_stopping_there_is_no_best_iteration():
    for host in ("xgboost", "lightgbm"):
        model = BoostingClassifier(host_estimator(host)).fit(DATA.train.x, DATA.train.y)
        assert model.best_iteration_ is None
        assert model.evals_result_ == {}


@hosts
def test_the_users_metrics_see_probabilities_and_replace_the_loss(host):
    seen = []

    def spread(y_true, y_pred, sample_weight=None):
        seen.append((y_pred.min(), y_pred.max(), sample_weight))
        value = average_precision_score(y_true, y_pred, sample_weight=sample_weight)
        return value if host == "xgboost" else ("spread", value, True)

    metric = {"eval_metric": spread}
    own, passed = (metric, {}) if host == "xgboost" else ({}, metric)
    module = sys.modules[f"gradpair.{host}._estimator"]
    passed |= {module.EVAL_WEIGHT: [DATA.test.weight], **QUIET[host]}
    model = BoostingClassifier(host_estimator(host, **own), LOSS)
    model.fit(DATA.train.x, DATA.train.y, eval_set=[(DATA.test.x, DATA.test.y)], **passed)
    (history,) = model.evals_result_.values()
    assert list(history) == ["spread"]
    p = model.predict_proba(DATA.test.x)[:, 1]
    expected = average_precision_score(DATA.test.y, p, sample_weight=DATA.test.weight)
    assert history["spread"][-1] == pytest.approx(expected, abs=1e-5)
    assert_allclose([seen[-1][0], seen[-1][1]], [p.min(), p.max()], rtol=1e-5)
    assert_allclose(seen[-1][2], DATA.test.weight, rtol=1e-6)


@hosts
@pytest.mark.parametrize("kind", ["raw", "probability"])
def test_gradpairs_metrics_see_what_they_ask_for(host, kind):
    metric = sys.modules[f"gradpair.{host}"].metric(FOCAL, input=kind, name="focal")
    metric = {"eval_metric": metric}
    own, passed = (metric, {}) if host == "xgboost" else ({}, metric)
    model = BoostingClassifier(host_estimator(host, **own), gp.WeightedCrossEntropy(1e7))
    valid = [(DATA.test.x, DATA.test.y)]
    model.fit(DATA.train.x, DATA.train.y, eval_set=valid, **passed, **QUIET[host])
    (history,) = model.evals_result_.values()
    expected = FOCAL.loss(DATA.test.y, model.decision_function(DATA.test.x).astype(float)).mean()
    assert history["focal"][-1] == pytest.approx(expected, rel=2e-3)  # float32 probabilities


@hosts
def test_what_is_fitted_outlives_other_parameters(host):
    model = BoostingClassifier(host_estimator(host), FOCAL, calibrated=True)
    expected = model.fit(DATA.train.x, DATA.train.y).predict_proba(DATA.test.x)
    model.set_params(calibrated=False, loss=LOSS)
    assert_array_equal(model.predict_proba(DATA.test.x), expected)


def brier(y_true, y_pred):
    return float(np.mean((y_pred - y_true) ** 2))


def lightgbm_brier(y_true, y_pred):
    return "brier", brier(y_true, y_pred), False


@hosts
def test_names_and_functions_may_be_mixed(host):
    if host == "xgboost" and Version(xgb.__version__) < Version("3.0"):
        pytest.skip("this XGBoost takes names or one function")
    metrics = {"eval_metric": ["auc", brier if host == "xgboost" else lightgbm_brier]}
    own, passed = (metrics, {}) if host == "xgboost" else ({}, metrics)
    valid = [(DATA.test.x, DATA.test.y)]
    model = BoostingClassifier(host_estimator(host, **own), LOSS)
    model.fit(DATA.train.x, DATA.train.y, eval_set=valid, **passed, **QUIET[host])
    (history,) = model.evals_result_.values()
    p = model.predict_proba(DATA.test.x)[:, 1]
    assert history["auc"][-1] == pytest.approx(roc_auc_score(DATA.test.y, p), abs=1e-5)
    assert history["brier"][-1] == pytest.approx(brier(DATA.test.y, p), abs=1e-5)
    if host == "xgboost":
        only = BoostingClassifier(host_estimator(host, eval_metric=[brier]), LOSS)
        only.fit(DATA.train.x, DATA.train.y, eval_set=valid, **QUIET[host])
        (alone,) = only.evals_result_.values()
        assert alone == {"brier": history["brier"]}
        own["eval_metric"] = ["auc", gp.xgboost.metric(LOSS)]
        model = BoostingClassifier(host_estimator(host, **own), LOSS)
        offsets = {"offset": DATA.train.offset, "base_margin_eval_set": [DATA.test.offset]}
        model.fit(DATA.train.x, DATA.train.y, eval_set=valid, verbose=False, **offsets)
        margin = model.decision_function(DATA.test.x, offset=DATA.test.offset)
        told = model.evals_result_["validation_0"]["weighted_cross_entropy(alpha=3)"][-1]
        assert told == pytest.approx(LOSS.loss(DATA.test.y, margin).mean(), abs=1e-5)


def test_lightgbm_does_not_stop_on_its_training_set():
    estimator = host_estimator("lightgbm", 200, metric="auc", early_stopping_round=5)
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
    model = BoostingClassifier(host_estimator("lightgbm", metric="None"))
    model.fit(DATA.x, DATA.y, eval_set=(DATA.test.x, DATA.test.y), eval_metric=nothing)
    assert list(model.evals_result_["valid_0"]) == ["binary_cross_entropy"]


def test_rows_too_few_to_split_give_lightgbm_the_rate():
    estimator = host_estimator("lightgbm")
    x, y = DATA.x[:30], (np.arange(30) % 3 == 0).astype(float)
    model = BoostingClassifier(estimator).fit(x, y)
    assert_allclose(model.predict_proba(x)[:, 1], 1 / 3, rtol=1e-12)
    assert_allclose(model.predict_proba(x), clone(estimator).fit(x, y).predict_proba(x))
    params, loss = {"verbosity": -1}, gp.BinaryCrossEntropy()
    booster = gp.lightgbm.train(params, lgb.Dataset(x, y), 3, loss=loss)
    assert_allclose(booster.predict(x), 1 / 3, rtol=1e-12)
    flat = np.ones((300, 2))
    with pytest.raises(ValueError, match="no feature to split on"):
        BoostingClassifier(estimator).fit(flat, DATA.y[-300:])
    with pytest.raises(ValueError, match="no feature to split on"):
        gp.lightgbm.train(params, lgb.Dataset(flat, DATA.y[-300:]), 3, loss=loss)


@hosts
def test_built_in_metrics_that_are_asked_for_are_right(host):
    names = ["logloss", "auc"] if host == "xgboost" else ["auc", "average_precision"]
    own, passed = (
        ({"eval_metric": names}, {}) if host == "xgboost" else ({}, {"eval_metric": names})
    )
    model = BoostingClassifier(host_estimator(host, **own), LOSS)
    valid = [(DATA.test.x, DATA.test.y)]
    model.fit(DATA.train.x, DATA.train.y, eval_set=valid, **passed, **QUIET[host])
    (history,) = model.evals_result_.values()
    assert sorted(history) == sorted(names)
    p = model.predict_proba(DATA.test.x)[:, 1]
    assert history["auc"][-1] == pytest.approx(roc_auc_score(DATA.test.y, p), abs=1e-5)
    if host == "xgboost":
        assert history["logloss"][-1] == pytest.approx(log_loss(DATA.test.y, p), abs=1e-5)


def test_class_weight_of_lightgbm_goes_into_the_rows_and_the_start():
    labels = np.where(DATA.train.y == 1, "yes", "no")
    for class_weight in ("balanced", {"no": 0.5, "yes": 4.0}):
        estimator = host_estimator("lightgbm", class_weight=class_weight)
        ours = BoostingClassifier(estimator).fit(DATA.train.x, labels, DATA.train.weight)
        bare = clone(estimator).fit(DATA.train.x, labels, DATA.train.weight)
        assert_allclose(ours.predict_proba(DATA.test.x), bare.predict_proba(DATA.test.x), atol=1e-6)


def test_base_score_and_boost_from_average_set_the_start():
    for given in (0.2, [0.2], "0.2"):
        model = BoostingClassifier(host_estimator("xgboost", base_score=given)).fit(DATA.x, DATA.y)
        assert model.constant_ == pytest.approx(float(gp.logit(0.2)))
    model = BoostingClassifier(host_estimator("lightgbm", boost_from_average=False))
    assert model.fit(DATA.x, DATA.y).constant_ == 0


def test_a_start_beyond_the_intercept_of_xgboost_is_kept():
    estimator = host_estimator("xgboost", 3, learning_rate=1e-4)
    model = BoostingClassifier(estimator, gp.WeightedCrossEntropy(1e9))
    model.fit(DATA.train.x, DATA.train.y)
    assert model.constant_ > 13.8
    margins = model.decision_function(DATA.train.x)
    assert_allclose(margins, model.constant_, atol=0.2)


@hosts
def test_random_forests_and_other_boosters(host):
    if host == "lightgbm":
        model = BoostingClassifier(host_estimator(host, boosting_type="rf"))
        with pytest.raises(ValueError, match="random forests take no custom objective"):
            model.fit(DATA.x, DATA.y)
        model = BoostingClassifier(host_estimator(host, boosting_type="goss")).fit(DATA.x, DATA.y)
    else:
        forest = host_estimator(
            host, 1, num_parallel_tree=20, subsample=0.7, colsample_bynode=0.5, learning_rate=1.0
        )
        model = BoostingClassifier(forest, LOSS, calibrated=True).fit(DATA.train.x, DATA.train.y)
    assert model.score(DATA.test.x, DATA.test.y) > 0.8


# what is refused


@pytest.mark.parametrize(
    ("host", "params", "message"),
    [
        ("xgboost", {"scale_pos_weight": 9.0}, r"scale_pos_weight .*alpha=9.0"),
        ("xgboost", {"objective": gp.xgboost.objective(LOSS)}, "objective is a callable"),
        ("xgboost", {"objective": "reg:squarederror"}, "objective must be 'binary:logistic'"),
        ("xgboost", {"base_score": 1.5}, "base_score must be a probability"),
        ("lightgbm", {"scale_pos_weight": 9.0}, r"scale_pos_weight .*alpha=9.0"),
        ("lightgbm", {"is_unbalance": True}, r"is_unbalance .*balanced"),
        ("lightgbm", {"unbalance": True}, r"unbalance .*balanced"),
        ("lightgbm", {"pos_bagging_fraction": 0.5}, "pos_bagging_fraction has no effect"),
        ("lightgbm", {"neg_bagging_fraction": 0.5}, "neg_bagging_fraction has no effect"),
        ("lightgbm", {"objective": gp.lightgbm.objective(LOSS)}, "objective is a callable"),
        ("lightgbm", {"objective": "cross_entropy"}, "objective must be 'binary'"),
        ("lightgbm", {"metric": "binary_logloss"}, "computed from raw scores"),
    ],
)
def test_parameters_that_would_be_ignored_are_refused(host, params, message):
    model = BoostingClassifier(host_estimator(host, **params), LOSS)
    with pytest.raises(ValueError, match=message):
        model.fit(DATA.x, DATA.y)
    with pytest.raises(NotFittedError):
        model.predict(DATA.x)


@pytest.mark.parametrize(
    ("host", "fit_params", "message"),
    [
        ("xgboost", {"base_margin": DATA.offset}, "pass it as offset="),
        ("lightgbm", {"init_score": DATA.offset}, "pass it as offset="),
        ("xgboost", {"xgb_model": "model.json"}, r"gradpair.xgboost.train\(xgb_model=\)"),
        ("lightgbm", {"init_model": "model.txt"}, r"gradpair.lightgbm.train\(init_model=\)"),
        ("lightgbm", {"eval_class_weight": ["balanced"]}, "eval_sample_weight="),
        ("lightgbm", {"eval_metric": "binary_logloss"}, "computed from raw scores"),
        ("lightgbm", {"eval_X": (DATA.x,), "eval_y": (DATA.y,)}, "pass evaluation sets as eval_s"),
        ("lightgbm", {"eval_set": [(DATA.x, DATA.y)], "eval_names": "new"}, "list of 1 names"),
        ("xgboost", {"eval_set": [DATA.x, DATA.y]}, "list of pairs .* got a ndarray in it"),
        ("xgboost", {"offset": DATA.offset, "eval_set": [(DATA.x, DATA.y)]}, "base_margin_eval"),
        ("lightgbm", {"offset": DATA.offset, "eval_set": [(DATA.x, DATA.y)]}, "eval_init_score"),
        ("xgboost", {"eval_set": [(DATA.x, DATA.y + 5)]}, r"labels of eval_set are \[5.0, 6.0\]"),
        ("lightgbm", {"eval_set": [(DATA.x, DATA.y)], "eval_sample_weight": []}, "one entry for"),
        ("xgboost", {"eval_set": [(DATA.x[:, 1:], DATA.y)]}, "64 features"),
    ],
)
def test_arguments_of_fit_that_cannot_be_honoured_are_refused(host, fit_params, message):
    with pytest.raises(ValueError, match=message):
        BoostingClassifier(host_estimator(host), LOSS).fit(DATA.x, DATA.y, **fit_params)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (DATA.y * 0.7, r"Unknown label type: continuous.*np.column_stack\(\[1 - y, y\]\)"),
        (DATA.y * 0, r"y has 1 class: \[0.0\]"),
        (np.arange(DATA.y.size) % 3, "y has 3 classes"),
        (np.column_stack([DATA.y, DATA.y]), "each row must sum to 1"),
        (np.column_stack([DATA.y - 1, 2 - DATA.y]), r"y_true must lie in \[0, 1\]"),
        (DATA.y[1:], "inconsistent numbers of samples"),
        (np.where(DATA.y == 1, "a", None), "labels of one type, none of them missing"),
    ],
)
@hosts
def test_labels_of_other_than_two_classes_are_refused(host, y, message):
    with pytest.raises(ValueError, match=message):
        BoostingClassifier(host_estimator(host)).fit(DATA.x, y)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((make_pipeline(XGBClassifier()),), "BoostingClassifier goes inside of it"),
        ((XGBClassifier,), "estimator must be an xgboost.XGBClassifier"),
        ((type("Mine", (LGBMClassifier,), {})(),), "is a Mine; .* not its subclasses"),
        ((LGBMClassifier(metric=len),), "metric must be a name or a list of names"),
        ((xgb.XGBRegressor(),), "estimator must be an xgboost.XGBClassifier"),
        ((None, "focal"), "loss must be a gradpair.Loss"),
        ((None, gp.WeightedCrossEntropy), "loss must be an instance, not the class"),
        ((None, lambda _y, _w: 3.0), "loss must be a gradpair.Loss.*got 3.0"),
    ],
    ids=str,
)
def test_what_is_not_an_estimator_or_a_loss_is_refused(args, message):
    with pytest.raises(TypeError, match=message):
        BoostingClassifier(*args).fit(DATA.x, DATA.y)


def test_calibrated_must_be_a_truth_value_and_hessian_a_policy():
    with pytest.raises(TypeError, match="calibrated must be True or False"):
        BoostingClassifier(calibrated="sigmoid").fit(DATA.x, DATA.y)
    with pytest.raises(ValueError, match="hessian must be"):
        BoostingClassifier(hessian="Exact").fit(DATA.x, DATA.y)


def test_class_weight_and_soft_labels_exclude_each_other():
    model = BoostingClassifier(host_estimator("lightgbm", class_weight="balanced"))
    with pytest.raises(ValueError, match="class_weight needs hard labels"):
        model.fit(DATA.x, np.column_stack([1 - 0.9 * DATA.y, 0.9 * DATA.y]))


@hosts
def test_what_is_not_fitted_says_so(host):
    model = BoostingClassifier(host_estimator(host))
    for use in (model.predict, model.predict_proba, model.decision_function):
        with pytest.raises(NotFittedError):
            use(DATA.x)
    assert not hasattr(model, "booster_")
    assert not hasattr(model, "feature_importances_")


# scikit-learn around it


@hosts
def test_a_pipeline_and_a_column_transformer(host):
    frame = cancer_frame().iloc[:, :5].assign(text=np.where(np.arange(569) % 3, "a", "b"))
    y = load_breast_cancer().target
    columns = ColumnTransformer(
        [
            ("number", StandardScaler(), list(frame.columns[:5])),
            ("text", OrdinalEncoder(), ["text"]),
        ]
    ).set_output(transform="pandas")
    pipeline = Pipeline([("columns", columns), ("model", BoostingClassifier(host_estimator(host)))])
    pipeline.set_params(model__loss=LOSS, model__loss__alpha=2.0, model__estimator__n_estimators=7)
    pipeline.fit(frame, y, model__sample_weight=np.ones(569))
    model = pipeline["model"]
    assert model.loss_ == gp.WeightedCrossEntropy(2.0)
    assert list(model.feature_names_in_) == [
        *(f"number__{c}" for c in frame.columns[:5]),
        "text__text",
    ]
    assert pipeline.score(frame, y) > 0.9
    trees = (
        model.booster_.num_trees() if host == "lightgbm" else model.booster_.num_boosted_rounds()
    )
    assert trees == 7


@hosts
def test_clones_and_pickles_predict_the_same(host):
    model = BoostingClassifier(host_estimator(host), LOSS, calibrated=True, hessian="exact")
    model.fit(DATA.train.x, DATA.train.y)
    expected = model.predict_proba(DATA.test.x)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(DATA.test.x), expected)
    again = clone(model).fit(DATA.train.x, DATA.train.y)
    assert_array_equal(again.predict_proba(DATA.test.x), expected)
    assert again.hessian == "exact"


def test_processes_fit_the_same_models():
    models = [BoostingClassifier(host_estimator(h), LOSS) for h in ("xgboost", "lightgbm")]
    there = joblib.Parallel(n_jobs=2, backend="loky")(
        joblib.delayed(model.fit)(DATA.train.x, DATA.train.y) for model in models
    )
    for model, fitted in zip(models, there, strict=True):
        here = model.fit(DATA.train.x, DATA.train.y)
        assert_array_equal(fitted.predict_proba(DATA.test.x), here.predict_proba(DATA.test.x))


@hosts
def test_searches_vary_the_loss_its_parameters_and_the_estimator(host):
    grid = [
        {"loss": [gp.BinaryCrossEntropy(), gp.FocalLoss(2.0), gp.WeightedCrossEntropy.balanced]},
        {"loss": [gp.WeightedCrossEntropy(1.0)], "loss__alpha": [0.2, 30.0]},
        {"estimator__max_depth": [1, 3]},
    ]
    search = GridSearchCV(
        BoostingClassifier(host_estimator(host, 10)), grid, scoring="neg_log_loss", cv=3
    ).fit(DATA.train.x, DATA.train.y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    cross_entropy, focal, balanced, low, high, stump, _ = scores
    assert len({cross_entropy, focal, balanced, low, high, stump}) == 6
    assert set(search.best_params_) <= {"loss", "loss__alpha", "estimator__max_depth"}
    assert search.best_score_ == scores.max()
    assert search.score(DATA.test.x, DATA.test.y) > -0.3


@hosts
def test_jobs_and_threads_change_nothing(host):
    grid = {"loss__alpha": [0.5, 9.0], "estimator__n_jobs": [1, 2]}
    one, two = (
        GridSearchCV(
            BoostingClassifier(host_estimator(host, 5), LOSS), grid, cv=2, n_jobs=jobs
        ).fit(DATA.train.x, DATA.train.y)
        for jobs in (1, 2)
    )
    scores = one.cv_results_["mean_test_score"]
    assert_array_equal(scores, two.cv_results_["mean_test_score"])
    assert_array_equal(scores[:2], scores[2:])


@hosts
def test_a_halving_search_raises_the_rounds_and_draws_the_loss(host):
    search = HalvingRandomSearchCV(
        BoostingClassifier(host_estimator(host), FOCAL),
        {"loss__gamma": [0.0, 0.5, 1.0, 2.0], "loss__alpha": [0.5, 1.0, 3.0]},
        resource="estimator__n_estimators",
        min_resources=3,
        max_resources=12,
        factor=2,
        scoring="average_precision",
        cv=2,
        random_state=0,
    ).fit(DATA.train.x, DATA.train.y)
    assert search.best_estimator_.loss_ == gp.FocalLoss(
        search.best_params_["loss__gamma"], search.best_params_["loss__alpha"]
    )
    assert len(set(search.cv_results_["mean_test_score"])) > 3


@hosts
def test_cross_validated_predictions(host):
    model = BoostingClassifier(host_estimator(host), LOSS)
    folds = KFold(3)
    p = cross_val_predict(model, DATA.x, DATA.y, cv=folds, method="predict_proba")
    train, test = next(folds.split(DATA.x))
    first = model.fit(DATA.x[train], DATA.y[train]).predict_proba(DATA.x[test])
    assert_allclose(p[test], first, rtol=1e-6)
    assert average_precision_score(DATA.y, p[:, 1]) > 0.85


@hosts
def test_calibrators_and_threshold_tuners(host):
    model = BoostingClassifier(host_estimator(host), gp.WeightedCrossEntropy(20.0))
    calibrated = CalibratedClassifierCV(model, cv=3).fit(DATA.train.x, DATA.train.y)
    plain = model.fit(DATA.train.x, DATA.train.y)
    better, worse = (
        log_loss(DATA.test.y, m.predict_proba(DATA.test.x)) for m in (calibrated, plain)
    )
    assert better < worse
    tuned = TunedThresholdClassifierCV(model, scoring="balanced_accuracy", cv=3)
    tuned.fit(DATA.train.x, DATA.train.y)
    assert 0 < tuned.best_threshold_ < 1
    assert tuned.score(DATA.test.x, DATA.test.y) > plain.score(DATA.test.x, DATA.test.y)


@hosts
def test_importances(host):
    data = load_breast_cancer()
    model = BoostingClassifier(host_estimator(host)).fit(data.data, data.target)
    result = permutation_importance(model, data.data, data.target, n_repeats=2, random_state=0)
    assert result.importances_mean.max() > 0.005
    assert model.feature_importances_[result.importances_mean.argmax()] > 0


@hosts
@pytest.mark.parametrize("calibrated", [False, True])
def test_shap_values_of_the_booster_sum_to_the_margin(host, calibrated):
    shap = pytest.importorskip("shap")
    model = BoostingClassifier(host_estimator(host), LOSS, calibrated=calibrated)
    model.fit(DATA.train.x, DATA.train.y)
    explained = shap.TreeExplainer(model.booster_)(DATA.test.x[:20])
    sums = explained.values.sum(axis=1) + explained.base_values
    assert_allclose(sums, model.decision_function(DATA.test.x[:20]), atol=1e-4)


# containers


def cancer_frame():
    return load_breast_cancer(as_frame=True).data


def frames(host, frame):
    """The same data in each container with columns that the host's estimator takes."""
    yield frame
    if host == "xgboost" or Version(lgb.__version__) >= Version("4.7"):
        yield pl.DataFrame({name: frame[name].to_numpy() for name in frame})


@hosts
def test_data_frames_give_the_models_of_arrays(host):
    frame, y = cancer_frame(), load_breast_cancer().target
    frame.columns = [name.replace(" ", "_") for name in frame.columns]
    expected = BoostingClassifier(host_estimator(host)).fit(frame.to_numpy(), y)
    expected = expected.predict_proba(frame.to_numpy())
    for data in frames(host, frame):
        model = BoostingClassifier(host_estimator(host)).fit(data, y)
        assert_allclose(model.predict_proba(data), expected, atol=1e-6)
        assert list(model.feature_names_in_) == list(frame.columns)
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(data[list(frame.columns)[::-1]])
    labels = pd.Series(np.where(y == 1, "b", "m"), index=frame.index[::-1])
    weight = pd.Series(np.ones(len(y)), index=frame.index[::-1])
    model = BoostingClassifier(host_estimator(host)).fit(frame, labels, weight)
    assert model.classes_.tolist() == ["b", "m"]
    assert_allclose(model.predict_proba(frame)[:, 0], expected[:, 1], atol=2e-3)


@hosts
def test_categories_and_missing_values_go_to_the_host(host):
    frame = cancer_frame().iloc[:, :4].copy()
    y = load_breast_cancer().target
    frame["kind"] = pd.Categorical(np.where(y ^ (np.arange(569) % 5 == 0), "p", "q"))
    frame.loc[::7, "mean radius"] = np.nan
    categorical = {"enable_categorical": True} if host == "xgboost" else {}
    model = BoostingClassifier(host_estimator(host, **categorical)).fit(frame, y)
    assert model.feature_importances_[list(frame.columns).index("kind")] > 0
    start = {"base_score": float(np.mean(y))} if host == "xgboost" else {}
    bare = host_estimator(host, **categorical, **start).fit(frame, y)
    assert_allclose(model.predict_proba(frame), bare.predict_proba(frame), atol=1e-5)


@hosts
def test_sparse_matrices_and_soft_labels_of_every_container(host):
    soft = 0.1 + 0.8 * DATA.train.y
    soft = np.column_stack([1 - soft, soft])
    dense = BoostingClassifier(host_estimator(host)).fit(DATA.train.x, soft)
    frame = pd.DataFrame(DATA.train.x, columns=[f"f{i}" for i in range(64)])
    for labels in (soft.tolist(), pd.DataFrame(soft), pl.DataFrame(soft)):
        model = BoostingClassifier(host_estimator(host)).fit(DATA.train.x, labels)
        assert model.constant_ == dense.constant_
    for data in (*frames(host, frame), scipy.sparse.csr_matrix(frame)):
        model = BoostingClassifier(host_estimator(host)).fit(data, soft)
        assert model.constant_ == dense.constant_
        assert model.predict_proba(data).shape == soft.shape
        if not scipy.sparse.issparse(data):
            assert_allclose(model.predict_proba(data), dense.predict_proba(DATA.train.x), atol=1e-6)


@hosts
def test_labels_of_pandas_types_keep_their_kind(host):
    y = pd.Series(DATA.y.astype(int)) + 1
    for dtype, classes in (("Int64", [1, 2]), ("category", [1, 2]), ("string", ["1", "2"])):
        model = BoostingClassifier(host_estimator(host, 2)).fit(DATA.x, y.astype(dtype))
        assert model.classes_.tolist() == classes
        assert [type(label) for label in model.classes_.tolist()] == [type(c) for c in classes]


def test_a_column_of_labels_warns_as_scikit_learn_does():
    with pytest.warns(DataConversionWarning):
        BoostingClassifier(host_estimator("lightgbm")).fit(DATA.x, DATA.y[:, None])


# metadata routing


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@hosts
@pytest.mark.usefixtures("routing")
def test_weights_and_offsets_are_routed_through_pipelines_and_searches(host):
    rows = DATA.train
    model = (
        BoostingClassifier(host_estimator(host), LOSS)
        .set_fit_request(sample_weight=True, offset=True)
        .set_predict_proba_request(offset=True)
        .set_predict_request(offset=True)
        .set_score_request(sample_weight=True, offset=True)
    )
    direct = clone(model).fit(rows.x, rows.y, rows.weight, offset=rows.offset)
    pipeline = Pipeline([("model", model)])
    pipeline.fit(rows.x, rows.y, sample_weight=rows.weight, offset=rows.offset)
    assert_array_equal(
        pipeline.predict_proba(rows.x, offset=rows.offset),
        direct.predict_proba(rows.x, offset=rows.offset),
    )
    search = GridSearchCV(model, {"loss__alpha": [1.0, 40.0]}, cv=2)
    search.fit(rows.x, rows.y, sample_weight=rows.weight, offset=rows.offset)
    assert len(set(search.cv_results_["mean_test_score"])) == 2
    assert search.best_estimator_.constant_ == gp.optimal_constant(
        search.best_estimator_.loss_, rows.y, offset=rows.offset, sample_weight=rows.weight
    )


@hosts
@pytest.mark.usefixtures("routing")
def test_weights_are_routed_to_training_and_scoring_apart(host):
    rows = DATA.train
    model = BoostingClassifier(host_estimator(host), LOSS).set_fit_request(sample_weight=True)
    scorer = make_scorer(log_loss, response_method="predict_proba", greater_is_better=False)
    folds = KFold(2)
    result = cross_validate(
        model, rows.x, rows.y, scoring=scorer.set_score_request(sample_weight=True), cv=folds,
        params={"sample_weight": rows.weight}, return_estimator=True,
    )  # fmt: skip
    for (train, test), fitted, score in zip(
        folds.split(rows.x), result["estimator"], result["test_score"], strict=True
    ):
        assert fitted.constant_ == gp.optimal_constant(
            LOSS, rows.y[train], sample_weight=rows.weight[train]
        )
        p = fitted.predict_proba(rows.x[test])
        assert score == pytest.approx(-log_loss(rows.y[test], p, sample_weight=rows.weight[test]))


def test_the_module_uses_public_names_of_the_hosts_alone():
    for host in ("xgboost", "lightgbm"):
        module = sys.modules[f"gradpair.{host}._estimator"]
        private = re.findall(
            r"\b(?:lgb|xgb|trainer|fitted|estimator|booster_?|basic)\._\w+",
            inspect.getsource(module),
        )
        assert private == []
