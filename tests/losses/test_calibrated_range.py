"""Losses whose expected value has its minimum at some margins only, or several minima."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.hosts import HOST, XGBOOST, digits

DATA = digits()


@dataclasses.dataclass(frozen=True)
class SquaredError(gp.Loss):
    """(z - y)² / 2, whose gradients have the other sign outside [0, 1]."""

    calibration_range = 0.0, 1.0

    def _loss(self, y_true, raw_prediction):
        of_one, of_zero = (raw_prediction - 1) ** 2, raw_prediction**2
        return (y_true * of_one + (1 - y_true) * of_zero) / 2

    def _gradient_hessian(self, y_true, raw_prediction):
        return raw_prediction - y_true, np.ones_like(raw_prediction)

    def _log_gradients(self, raw_prediction):
        return np.log(np.maximum(1 - raw_prediction, 0)), np.log(np.maximum(raw_prediction, 0))


@dataclasses.dataclass(frozen=True)
class TwoMinima(gp.Loss):
    """The focal loss of a 1 at z - 9 and of a 0 at z + 9: one class or the other is wrong."""

    convex = False
    calibration_range = None
    _reach = 49.0

    def _shifted(self, of, y_true, raw_prediction):
        of_one, of_zero = of(1, raw_prediction - 9), of(0, raw_prediction + 9)
        return y_true * of_one + (1 - y_true) * of_zero

    def _loss(self, y_true, raw_prediction):
        return self._shifted(gp.FocalLoss(2.0).loss, y_true, raw_prediction)

    def _gradient_hessian(self, y_true, raw_prediction):
        return tuple(
            self._shifted(of, y_true, raw_prediction)
            for of in (gp.FocalLoss(2.0).gradient, gp.FocalLoss(2.0).hessian)
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_links_reach_to_the_ends_of_the_range_and_back(dtype):
    p = np.array([0.0, 0.3, 1.0, np.nan], dtype)
    margin = SquaredError().calibrated_raw_prediction(p)
    assert margin.dtype == dtype
    assert_allclose(margin, p, rtol=1e-6)
    assert_allclose(SquaredError().calibrated_probability(margin), p, rtol=1e-6)
    eps = np.finfo(dtype).eps
    assert SquaredError().calibrated_probability(dtype(1 + 4 * eps)) == 1  # as a rounded margin


@pytest.mark.parametrize("margin", [-0.01, 1.01, np.inf, -np.inf])
def test_a_margin_out_of_range_has_no_probability(margin):
    with pytest.raises(ValueError, match=r"lie in \[0, 1\], where SquaredError\(\) .* recalibrate"):
        SquaredError().calibrated_probability([0.5, margin])


def test_the_constant_of_such_a_loss_is_found_with_and_without_offsets():
    y, w, offset = DATA.y, DATA.weight, DATA.offset
    mean = np.average(y, weights=w)
    loss = SquaredError()
    assert gp.optimal_constant(loss, y, sample_weight=w) == pytest.approx(mean, rel=1e-12)
    expected = np.average(y - offset, weights=w)
    found = gp.optimal_constant(loss, y, offset=offset, sample_weight=w)
    assert found == pytest.approx(expected, rel=1e-12)


@HOST
def test_the_classifier_refuses_to_calibrate_by_formula_and_calibrates_held_out_rows(host):
    train, new = DATA.train, DATA.test
    model = BoostingClassifier(host.estimator(10), SquaredError())
    with pytest.raises(ValueError, match=r"one only at those from 0 to 1; .*model\.recalibrate"):
        model.set_params(calibrated=True).fit(train.x, train.y)
    model.set_params(calibrated=False).fit(train.x, train.y)
    mended = model.recalibrate(new.x, new.y)
    assert mended.threshold_ == 0  # at a margin of 0 no label pulls up
    assert abs(mended.predict_proba(new.x)[:, 1].mean() - new.y.mean()) < 0.01


@pytest.mark.parametrize("ones", [0.3, 0.499, 0.51, 0.8])
@pytest.mark.parametrize("offset", [False, True])
def test_of_several_minima_the_constant_is_the_lowest(ones, offset):
    y, w, loss = np.array([1, 0]), np.array([ones, 1 - ones]), TwoMinima()

    def total(z):
        return loss.loss(y, [z, z], w).sum()

    where = min(np.arange(-30, 30, 0.1), key=total)
    best = minimize_scalar(total, bounds=(where - 1, where + 1), options={"xatol": 1e-10})
    given = {"offset": [0.25, 0.25]} if offset else {}
    found = gp.optimal_constant(loss, y, sample_weight=w, **given)
    assert found + (0.25 if offset else 0) == pytest.approx(best.x, abs=1e-5)


def test_a_loss_of_several_minima_has_no_formula_for_probabilities():
    for link in (TwoMinima().calibrated_probability, TwoMinima().calibrated_raw_prediction):
        with pytest.raises(
            ValueError, match=r"TwoMinima\(\) has no margin that rises .* recalibrate"
        ):
            link([0.5])
    model = BoostingClassifier(None, TwoMinima(), calibrated=True)
    with pytest.raises(ValueError, match="one at none; a trained model"):
        model.set_params(estimator=XGBOOST.estimator()).fit(DATA.x, DATA.y)
