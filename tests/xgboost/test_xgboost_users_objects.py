"""Callbacks and metrics reach the training of BoostingClassifier as the user's own objects."""

import pickle
import threading

import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.hosts import digits

DATA = digits()
TRAIN, TEST = DATA.train, DATA.test
LOSS = gp.WeightedCrossEntropy(7.3)
CASES = pytest.mark.parametrize("offsets", [False, True], ids=["intercept", "offsets"])


def estimator(kind=xgb.XGBClassifier, **params):
    return kind(**{"n_estimators": 12, "max_depth": 3, "n_jobs": 1, **params})


def fit(classifier, offsets=False, **params):
    own = {}
    if offsets:
        own = {"offset": TRAIN.offset, "base_margin_eval_set": [TEST.offset]}
    model = BoostingClassifier(classifier, LOSS, **params)
    return model.fit(TRAIN.x, TRAIN.y, eval_set=[(TEST.x, TEST.y)], verbose=False, **own)


class Locked(xgb.callback.TrainingCallback):
    """Counts rounds, and cannot be copied."""

    def __init__(self):
        super().__init__()
        self.lock, self.rounds, self.margins = threading.Lock(), [], []

    def after_iteration(self, model, epoch, evals_log):
        with self.lock:
            self.rounds.append(epoch)
            self.margins.append(model.predict(xgb.DMatrix(TEST.x), output_margin=True))
        return False


@CASES
def test_the_users_callback_sees_every_round_and_the_model(offsets):
    spy = Locked()
    wrapped = estimator(callbacks=[spy])
    model = fit(wrapped, offsets)
    assert spy.rounds == list(range(12))
    assert wrapped.callbacks == [spy]
    assert not wrapped.__sklearn_is_fitted__()
    for rounds, margins in enumerate(spy.margins, 1):
        cut = model.booster_[:rounds].predict(xgb.DMatrix(TEST.x), output_margin=True)
        assert_allclose(margins, cut, rtol=0, atol=2e-6)
    assert model.estimator_.callbacks == [spy]


class TrialPrunedError(Exception):
    """Stands for what Optuna raises."""


class Pruning(xgb.callback.TrainingCallback):
    """What Optuna's pruning callback does: it reports each round, and stops a bad trial."""

    def __init__(self, trial, observation_key):
        super().__init__()
        self.trial, self.key, self.lock = trial, observation_key, threading.Lock()

    def after_iteration(self, model, epoch, evals_log):
        data, metric = self.key.split("-", 1)
        value = evals_log[data][metric][-1]
        self.trial.append(value)
        if epoch > 3 and value > 0.3:
            raise TrialPrunedError(f"Trial was pruned at iteration {epoch}.")
        return False


@CASES
def test_a_pruning_callback_prunes(offsets):
    def trial(name, asked, rate):
        reported = []
        callbacks = [Pruning(reported, f"validation_0-{name}")]
        params = {"learning_rate": rate, "callbacks": callbacks, "eval_metric": asked}
        return fit(estimator(**params), offsets), reported

    ours = gp.xgboost.metric(LOSS).name
    for name, asked in ((ours, None), ("logloss", "logloss")):
        with pytest.raises(TrialPrunedError, match="pruned at iteration 4"):
            trial(name, asked, 1e-6)
    model, reported = trial("error", "error", 0.3)
    assert reported == model.evals_result_["validation_0"]["error"]


def test_a_callable_metric_is_the_users_object_and_sees_probabilities():
    class Brier:
        __name__ = "brier"

        def __init__(self):
            self.lock, self.values = threading.Lock(), []

        def __call__(self, y_true, y_pred):
            self.values.append(float(np.mean((y_pred - y_true) ** 2)))
            return self.values[-1]

    metric = Brier()
    model = fit(estimator(eval_metric=metric), offsets=True)
    assert len(metric.values) == 12
    p = model.predict_proba(TEST.x, offset=TEST.offset)[:, 1]
    assert metric.values[-1] == pytest.approx(np.mean((p - TEST.y) ** 2), abs=1e-6)
    assert model.estimator_.eval_metric is metric


class Tuned(xgb.XGBClassifier):
    """A user's subclass, with a parameter of its own and the host's by keyword."""

    def __init__(self, *, note="none", **kwargs):
        super().__init__(**kwargs)
        self.note = note

    def get_xgb_params(self):
        return {name: value for name, value in super().get_xgb_params().items() if name != "note"}


@CASES
def test_subclasses_and_further_keywords_are_kept(offsets):
    note = {"lock": threading.Lock()}
    wrapped = estimator(Tuned, note=note, max_bin=16, eta=0.2)
    model = fit(wrapped, offsets)
    assert type(model.estimator_) is Tuned
    assert model.estimator_.note is note
    assert wrapped.kwargs == {"eta": 0.2} == model.estimator_.kwargs
    plain = fit(estimator(max_bin=16, learning_rate=0.2), offsets)
    assert_array_equal(
        model.booster_.predict(xgb.DMatrix(TEST.x)), plain.booster_.predict(xgb.DMatrix(TEST.x))
    )


@CASES
def test_a_fitted_estimator_stays_as_it_was(offsets):
    wrapped = estimator().fit(TRAIN.x, 1 - TRAIN.y)
    before = wrapped.get_booster().save_raw("json"), str(wrapped.get_params())
    model = fit(wrapped, offsets)
    assert (wrapped.get_booster().save_raw("json"), str(wrapped.get_params())) == before
    fresh = fit(estimator(), offsets)
    assert model.booster_.save_raw("json") == fresh.booster_.save_raw("json")


@CASES
def test_an_interrupted_fit_leaves_the_estimator_alone(offsets):
    class Interrupt(xgb.callback.TrainingCallback):
        def after_iteration(self, model, epoch, evals_log):
            raise KeyboardInterrupt

    callback = Interrupt()
    wrapped = estimator(callbacks=[callback])
    with pytest.raises(KeyboardInterrupt):
        fit(wrapped, offsets)
    assert wrapped.callbacks == [callback]
    assert not wrapped.__sklearn_is_fitted__()
    wrapped.set_params(callbacks=None)
    expected = fit(estimator(), offsets).booster_.save_raw("json")
    assert fit(wrapped, offsets).booster_.save_raw("json") == expected


@CASES
def test_the_classifier_is_pickled_with_callbacks_that_can_be(offsets):
    stop = xgb.callback.EarlyStopping(rounds=3, save_best=True)
    model = fit(estimator(callbacks=[stop], n_estimators=200, learning_rate=1.0), offsets)
    assert 1 < model.best_iteration_ < 190
    assert model.booster_.num_boosted_rounds() == model.best_iteration_ + 1
    twin = pickle.loads(pickle.dumps(model))
    data = xgb.DMatrix(TEST.x, base_margin=TEST.offset)
    assert_array_equal(twin.booster_.predict(data), model.booster_.predict(data))


@pytest.mark.filterwarnings("ignore:.*is deprecated:FutureWarning")  # since XGBoost 3.4
@pytest.mark.filterwarnings("ignore:.*is deprecated:UserWarning")
@CASES
def test_a_random_forest_is_that_of_the_host(offsets):
    def forest(**params):
        return estimator(xgb.XGBRFClassifier, random_state=3, eval_metric="logloss", **params)

    start = gp.optimal_constant(LOSS, TRAIN.y, offset=TRAIN.offset if offsets else None)
    native = forest(scale_pos_weight=7.3, base_score=0.5 if offsets else float(gp.sigmoid(start)))
    margins = {}
    if offsets:
        margins["base_margin"] = TRAIN.offset + start
        margins["base_margin_eval_set"] = [TEST.offset + start]
    valid = [(TEST.x, TEST.y)]
    native.fit(TRAIN.x, TRAIN.y, eval_set=valid, verbose=False, **margins)
    model = fit(forest(), offsets)
    assert type(model.estimator_) is xgb.XGBRFClassifier
    assert model.booster_.num_boosted_rounds() == 1
    expected = native.predict(TEST.x, output_margin=True)
    ours = model.booster_.predict(xgb.DMatrix(TEST.x), output_margin=True)
    assert_allclose(ours - (start if offsets else 0), expected, rtol=0, atol=1e-5)
    log = native.evals_result()["validation_0"]["logloss"]
    assert_allclose(model.evals_result_["validation_0"]["logloss"], log, rtol=0, atol=1e-6)
