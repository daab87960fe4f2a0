"""mlflow's autologgers around our training: metrics of every round, and the model of its end."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.hosts import HOST, XGBOOST, digits

mlflow = pytest.importorskip("mlflow")

pytestmark = pytest.mark.filterwarnings("default")  # its own are not ours
DATA = digits()
LOSS = gp.WeightedCrossEntropy(7.3)
# The start is XGBoost's intercept, or in the first tree.
STARTS = {"intercept": {}, "tree": {"constant": -14.5}}


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A store of runs in a folder, and what trains within a run and returns both."""
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'runs.db'}")
    mlflow.set_experiment("autologged")
    yield _run
    for flavour in (mlflow.xgboost, mlflow.lightgbm):
        flavour.autolog(disable=True)


def _run(train):
    with mlflow.start_run() as run:
        trained = train()
    return trained, mlflow.get_run(run.info.run_id)


def history(run, name):
    """What was logged of a metric, by round."""
    told = mlflow.MlflowClient().get_metric_history(run.info.run_id, name)
    return [metric.value for metric in sorted(told, key=lambda metric: metric.step)]


def logged_model(host, run):
    """The model that was logged, loaded."""
    (model,) = mlflow.search_logged_models(
        filter_string=f"source_run_id = '{run.info.run_id}'", output_format="list"
    )
    return getattr(mlflow, host.name).load_model(model.model_uri)


@HOST
@pytest.mark.parametrize("start", STARTS)
def test_the_metrics_of_every_round_and_the_returned_model_are_logged(host, start, runs):
    getattr(mlflow, host.name).autolog(silent=True)
    log, callbacks = {}, []
    train, test = DATA.train, DATA.test
    data = host.data(train.x, train.y, train.weight)
    kwargs = {"reference": data} if host.name == "lightgbm" else {}
    valid = host.data(test.x, test.y, test.weight, **kwargs)
    booster, run = runs(
        lambda: host.train(
            data, 8, valid=valid, loss=LOSS, evals_result=log, callbacks=callbacks, **STARTS[start]
        )
    )
    assert callbacks == []
    assert history(run, "valid-weighted_cross_entropy") == log["valid"][LOSS.name]
    margin = host.margin(booster, test.x)
    expected = np.average(LOSS.loss(test.y, margin), weights=test.weight)
    assert log["valid"][LOSS.name][-1] == pytest.approx(expected, rel=1e-5)
    loaded = logged_model(host, run)
    assert_allclose(host.margin(loaded, test.x), margin, rtol=0, atol=1e-5)
    told = host.probability(loaded, test.x)
    assert_allclose(told, host.probability(booster, test.x), rtol=1e-5)
    assert_allclose(told, gp.sigmoid(margin), rtol=1e-5)


@HOST
def test_early_stopping_is_logged_with_the_best_round(host, runs):
    getattr(mlflow, host.name).autolog(silent=True)
    train, test = DATA.train, DATA.test
    data = host.data(train.x, train.y)
    kwargs = {"reference": data} if host.name == "lightgbm" else {}
    valid = host.data(test.x, test.y, **kwargs)
    booster, run = runs(
        lambda: host.train(data, 300, valid=valid, loss=LOSS, early_stopping_rounds=3)
    )
    assert run.data.metrics["best_iteration"] == booster.best_iteration < 290
    best = booster.best_iteration - host.first_round
    rounds = booster[: best + 1] if host.name == "xgboost" else booster
    margin = host.margin(rounds, test.x)
    told = history(run, "valid-weighted_cross_entropy")
    assert told[best] == pytest.approx(LOSS.loss(test.y, margin).mean(), rel=1e-5)
    loaded = logged_model(host, run)
    expected = host.margin(booster, test.x)
    assert_allclose(host.margin(loaded, test.x), expected, rtol=0, atol=1e-5)


def test_offsets_of_xgboost_leave_a_logged_model_that_takes_them(runs):
    mlflow.xgboost.autolog(silent=True)
    data = XGBOOST.data(DATA.x, DATA.y, None, DATA.offset)
    booster, run = runs(lambda: XGBOOST.train(data, 8, loss=LOSS))
    expected = XGBOOST.margin(booster, DATA.x, DATA.offset)
    logged = XGBOOST.margin(logged_model(XGBOOST, run), DATA.x, DATA.offset)
    assert_allclose(logged, expected, rtol=0, atol=1e-5)


@HOST
def test_a_classifier_logs_its_rounds_and_its_booster_is_logged_as_a_model(host, runs):
    """As the page on trackers says: the autologger sees the estimator inside of it."""
    flavour = getattr(mlflow, host.name)
    flavour.autolog(log_models=False, silent=True)
    train, test = DATA.train, DATA.test

    def fit():
        model = BoostingClassifier(host.estimator(8), LOSS)
        model.fit(train.x, train.y, eval_set=[(test.x, test.y)], **host.quiet)
        flavour.log_model(model.booster_, name="model")
        return model

    model, run = runs(fit)
    ((name, told),) = model.evals_result_.items()
    assert history(run, f"{name}-{LOSS.name}") == told[LOSS.name]
    expected = model.predict_proba(test.x)[:, 1]
    assert_allclose(host.probability(logged_model(host, run), test.x), expected, rtol=1e-5)
