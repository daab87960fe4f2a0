"""What predict decides, calibrated or not, and models recalibrated on held-out rows."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.hosts import HOST, digits

# Few rounds are far from where the closed formula holds.
pytestmark = pytest.mark.filterwarnings("ignore:calibrated=True:UserWarning")

DATA = digits()
TRAIN, HELD_OUT = DATA.train, DATA.test
LOSSES = [gp.WeightedCrossEntropy(7.3), gp.WeightedCrossEntropy(0.3), gp.FocalLoss(2.0, 7.3)]
LOSS = pytest.mark.parametrize("loss", LOSSES, ids=repr)


def fitted(host, loss, **kwargs):
    return BoostingClassifier(host.estimator(20), loss, **kwargs).fit(TRAIN.x, TRAIN.y)


@HOST
@LOSS
def test_the_same_rows_are_positive_calibrated_or_not(host, loss):
    raw, calibrated = fitted(host, loss), fitted(host, loss, calibrated=True)
    assert_array_equal(raw.predict(HELD_OUT.x), calibrated.predict(HELD_OUT.x))
    assert raw.threshold_ == 0.5
    assert_allclose(calibrated.threshold_, 1 / (1 + loss.alpha), rtol=1e-12)
    by_hand = calibrated.predict_proba(HELD_OUT.x)[:, 1] > 1 / (1 + loss.alpha)
    assert_array_equal(by_hand, calibrated.predict(HELD_OUT.x))
    assert not np.array_equal(by_hand, calibrated.predict_proba(HELD_OUT.x)[:, 1] > 0.5)


@HOST
@LOSS
@pytest.mark.parametrize("calibrated", [False, True])
@pytest.mark.parametrize("method", ["platt", "shift"])
def test_recalibrated_probabilities_are_those_of_one_native_model(host, loss, calibrated, method):
    model = fitted(host, loss, calibrated=calibrated)
    half = np.arange(HELD_OUT.y.size) % 2 == 0
    mended = model.recalibrate(HELD_OUT.x[half], HELD_OUT.y[half], method=method)
    probability = mended.predict_proba(DATA.x)[:, 1]
    assert_allclose(probability, host.probability(mended.booster_, DATA.x), atol=1e-6)
    expected = host.module.recalibrate(
        model.booster_,
        *(
            [(HELD_OUT.x[half], HELD_OUT.y[half])]
            if host.name == "lightgbm"
            else [host.data(HELD_OUT.x[half], HELD_OUT.y[half])]
        ),
        method=method,
    )
    assert_allclose(probability, host.probability(expected, DATA.x), atol=1e-6)
    assert_allclose(mended.threshold_, 1 / (1 + loss.alpha), rtol=1e-12)
    assert_array_equal(mended.predict(DATA.x), probability > mended.threshold_)


@HOST
def test_what_was_recalibrated_stays_as_it_was(host):
    model = fitted(host, LOSSES[0])
    before, attributes = model.predict_proba(DATA.x), dict(vars(model))
    mended = model.recalibrate(HELD_OUT.x, HELD_OUT.y)
    assert vars(model) == attributes
    assert_array_equal(model.predict_proba(DATA.x), before)
    assert mended is not model
    assert mended.get_params(deep=False) == model.get_params(deep=False)
    assert clone(mended).fit(TRAIN.x, TRAIN.y).threshold_ == 0.5
    again = pickle.loads(pickle.dumps(mended))
    assert_array_equal(again.predict_proba(DATA.x), mended.predict_proba(DATA.x))


@HOST
def test_ranges_of_rounds_are_on_the_same_line(host):
    model = fitted(host, LOSSES[0], calibrated=True)
    mended = model.recalibrate(HELD_OUT.x, HELD_OUT.y, HELD_OUT.weight)
    ranges = {
        "xgboost": ({"iteration_range": (0, 7)}, {"iteration_range": (3, 9)}),
        "lightgbm": ({"num_iteration": 7}, {"start_iteration": 3, "num_iteration": 6}),
    }[host.name]
    line = np.polyfit(model.decision_function(DATA.x), mended.decision_function(DATA.x), 1)
    for rounds in ranges:
        before, after = (m.decision_function(DATA.x, **rounds) for m in (model, mended))
        assert_allclose(after, np.polyval(line, before), atol=1e-4)


@HOST
def test_labels_of_text_weights_and_offsets(host):
    text = np.where(TRAIN.y == 1, "yes", "no")
    model = BoostingClassifier(host.estimator(20), LOSSES[0])
    model.fit(TRAIN.x, text, offset=TRAIN.offset)
    held_out = (HELD_OUT.x, np.where(HELD_OUT.y == 1, "yes", "no"), HELD_OUT.weight)
    mended = model.recalibrate(*held_out, method="shift", offset=HELD_OUT.offset)
    probability = mended.predict_proba(HELD_OUT.x, offset=HELD_OUT.offset)[:, 1]
    expected = np.average(HELD_OUT.y, weights=HELD_OUT.weight)
    assert_allclose(np.average(probability, weights=HELD_OUT.weight), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="offsets are no part of the model"):
        model.recalibrate(*held_out, offset=HELD_OUT.offset)
    with pytest.raises(ValueError, match="fitted with offset="):
        model.recalibrate(*held_out)
    with pytest.raises(NotFittedError):
        clone(model).recalibrate(*held_out)


@HOST
def test_recalibration_on_held_out_rows_beats_the_closed_formula(host):
    """Which is exact at the population optimum only, far from where training stops."""
    half = np.arange(HELD_OUT.y.size) % 2 == 0
    loss = gp.WeightedCrossEntropy(40.0)
    by_formula = fitted(host, loss, calibrated=True)
    mended = fitted(host, loss).recalibrate(HELD_OUT.x[half], HELD_OUT.y[half])
    losses = [
        log_loss(HELD_OUT.y[~half], model.predict_proba(HELD_OUT.x[~half]))
        for model in (by_formula, mended)
    ]
    assert losses[1] < losses[0]


@HOST
def test_scikit_learns_thresholds_and_calibrators_take_it(host):
    model = fitted(host, LOSSES[0]).recalibrate(HELD_OUT.x, HELD_OUT.y)
    fixed = FixedThresholdClassifier(FrozenEstimator(model), threshold=model.threshold_)
    fixed.fit(HELD_OUT.x, HELD_OUT.y)
    assert_array_equal(fixed.predict(DATA.x), model.predict(DATA.x))
    unfitted = BoostingClassifier(host.estimator(10), LOSSES[0])
    tuned = TunedThresholdClassifierCV(unfitted, cv=3, scoring="balanced_accuracy")
    assert 0 < tuned.fit(TRAIN.x, TRAIN.y).best_threshold_ < 1
    calibrator = CalibratedClassifierCV(unfitted, cv=3).fit(TRAIN.x, TRAIN.y)
    assert log_loss(HELD_OUT.y, calibrator.predict_proba(HELD_OUT.x)) < 0.2
