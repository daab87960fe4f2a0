"""Metadata routing of weights and offsets."""

import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.metrics import log_loss, make_scorer
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import Pipeline

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.estimators import DATA, LOSS
from helpers.hosts import HOST


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@HOST
@pytest.mark.usefixtures("routing")
def test_weights_and_offsets_are_routed_through_pipelines_and_searches(host):
    rows = DATA.train
    model = (
        BoostingClassifier(host.estimator(), LOSS)
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


@HOST
@pytest.mark.usefixtures("routing")
def test_weights_are_routed_to_training_and_scoring_apart(host):
    rows = DATA.train
    model = BoostingClassifier(host.estimator(), LOSS).set_fit_request(sample_weight=True)
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
