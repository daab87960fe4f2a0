"""scikit-learn around it: pipelines, clones, searches, calibrators, importances."""

import pickle

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    KFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.estimators import DATA, FOCAL, LOSS, cancer_frame
from helpers.hosts import HOST, HOSTS


@HOST
def test_a_pipeline_and_a_column_transformer(host):
    frame = cancer_frame().iloc[:, :5].assign(text=np.where(np.arange(569) % 3, "a", "b"))
    y = load_breast_cancer().target
    columns = ColumnTransformer(
        [
            ("number", StandardScaler(), list(frame.columns[:5])),
            ("text", OrdinalEncoder(), ["text"]),
        ]
    ).set_output(transform="pandas")
    pipeline = Pipeline([("columns", columns), ("model", BoostingClassifier(host.estimator()))])
    pipeline.set_params(model__loss=LOSS, model__loss__alpha=2.0, model__estimator__n_estimators=7)
    pipeline.fit(frame, y, model__sample_weight=np.ones(569))
    model = pipeline["model"]
    assert model.loss_ == gp.WeightedCrossEntropy(2.0)
    assert list(model.feature_names_in_) == [
        *(f"number__{c}" for c in frame.columns[:5]),
        "text__text",
    ]
    assert pipeline.score(frame, y) > 0.9
    assert host.rounds(model.booster_) == 7


@HOST
def test_clones_and_pickles_predict_the_same(host):
    model = BoostingClassifier(host.estimator(), LOSS, calibrated=True, hessian="exact")
    model.fit(DATA.train.x, DATA.train.y)
    expected = model.predict_proba(DATA.test.x)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(DATA.test.x), expected)
    again = clone(model).fit(DATA.train.x, DATA.train.y)
    assert_array_equal(again.predict_proba(DATA.test.x), expected)
    assert again.hessian == "exact"


def test_processes_fit_the_same_models():
    models = [BoostingClassifier(host.estimator(), LOSS) for host in HOSTS]
    there = joblib.Parallel(n_jobs=2, backend="loky")(
        joblib.delayed(model.fit)(DATA.train.x, DATA.train.y) for model in models
    )
    for model, fitted in zip(models, there, strict=True):
        here = model.fit(DATA.train.x, DATA.train.y)
        assert_array_equal(fitted.predict_proba(DATA.test.x), here.predict_proba(DATA.test.x))


@HOST
def test_searches_vary_the_loss_its_parameters_and_the_estimator(host):
    grid = [
        {"loss": [gp.BinaryCrossEntropy(), gp.FocalLoss(2.0), gp.WeightedCrossEntropy.balanced]},
        {"loss": [gp.WeightedCrossEntropy(1.0)], "loss__alpha": [0.2, 30.0]},
        {"estimator__max_depth": [1, 3]},
    ]
    search = GridSearchCV(
        BoostingClassifier(host.estimator(10)), grid, scoring="neg_log_loss", cv=3
    ).fit(DATA.train.x, DATA.train.y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    cross_entropy, focal, balanced, low, high, stump, _ = scores
    assert len({cross_entropy, focal, balanced, low, high, stump}) == 6
    assert set(search.best_params_) <= {"loss", "loss__alpha", "estimator__max_depth"}
    assert search.best_score_ == scores.max()
    assert search.score(DATA.test.x, DATA.test.y) > -0.3


@HOST
def test_jobs_and_threads_change_nothing(host):
    grid = {"loss__alpha": [0.5, 9.0], "estimator__n_jobs": [1, 2]}
    one, two = (
        GridSearchCV(BoostingClassifier(host.estimator(5), LOSS), grid, cv=2, n_jobs=jobs).fit(
            DATA.train.x, DATA.train.y
        )
        for jobs in (1, 2)
    )
    scores = one.cv_results_["mean_test_score"]
    assert_array_equal(scores, two.cv_results_["mean_test_score"])
    assert_array_equal(scores[:2], scores[2:])


@HOST
def test_a_halving_search_raises_the_rounds_and_draws_the_loss(host):
    search = HalvingRandomSearchCV(
        BoostingClassifier(host.estimator(), FOCAL),
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


@HOST
def test_cross_validated_predictions(host):
    model = BoostingClassifier(host.estimator(), LOSS)
    folds = KFold(3)
    p = cross_val_predict(model, DATA.x, DATA.y, cv=folds, method="predict_proba")
    train, test = next(folds.split(DATA.x))
    first = model.fit(DATA.x[train], DATA.y[train]).predict_proba(DATA.x[test])
    assert_allclose(p[test], first, rtol=1e-6)
    assert average_precision_score(DATA.y, p[:, 1]) > 0.85


@HOST
def test_calibrators_and_threshold_tuners(host):
    model = BoostingClassifier(host.estimator(), gp.WeightedCrossEntropy(20.0))
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


@HOST
def test_importances(host):
    data = load_breast_cancer()
    model = BoostingClassifier(host.estimator()).fit(data.data, data.target)
    result = permutation_importance(model, data.data, data.target, n_repeats=2, random_state=0)
    assert result.importances_mean.max() > 0.005
    assert model.feature_importances_[result.importances_mean.argmax()] > 0


@HOST
@pytest.mark.parametrize("calibrated", [False, True])
def test_shap_values_of_the_booster_sum_to_the_margin(host, calibrated):
    shap = pytest.importorskip("shap")
    model = BoostingClassifier(host.estimator(), LOSS, calibrated=calibrated)
    model.fit(DATA.train.x, DATA.train.y)
    explained = shap.TreeExplainer(model.booster_)(DATA.test.x[:20])
    sums = explained.values.sum(axis=1) + explained.base_values
    assert_allclose(sums, model.decision_function(DATA.test.x[:20]), atol=1e-4)
