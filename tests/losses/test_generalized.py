"""What is particular to generalized cross-entropy: its two limits, its bound, its link."""

import math
import re

import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp

Z = np.linspace(-12, 12, 241)
Q = pytest.mark.parametrize("q", [0.05, 0.3, 0.7, 0.97])


@Q
def test_it_is_the_papers_loss(q):
    p, loss = 1 / (1 + np.exp(-Z)), gp.GeneralizedCrossEntropy(q)
    assert_allclose(loss.loss(1, Z), (1 - p**q) / q, rtol=1e-9)
    assert_allclose(loss.loss(0, Z), (1 - (1 - p) ** q) / q, rtol=1e-9)


@pytest.mark.parametrize("q", [1e-9, 1e-290])
def test_near_zero_it_is_cross_entropy_also_where_q_times_that_underflows(q):
    loss, bce, z = gp.GeneralizedCrossEntropy(q), gp.BinaryCrossEntropy(), np.linspace(-99, 700, 80)
    for y in (0.0, 0.3, 1.0):
        assert_allclose(loss.loss(y, z), bce.loss(y, z), rtol=1e-6)
        assert_allclose(loss.gradient(y, z), bce.gradient(y, z), rtol=1e-6)
        assert_allclose(loss.hessian(y, z), bce.hessian(y, z), rtol=1e-6, atol=1e-8)


def test_the_pull_of_a_wrong_row_fades_with_the_power_and_not_with_the_probability():
    loss, z = gp.GeneralizedCrossEntropy(0.01), np.array([-700.0, -740.0, -800.0, -3000.0])
    assert_allclose(loss.gradient(1, z), -np.exp(0.01 * z), rtol=1e-13)
    assert_allclose(loss.hessian(0, -z), -0.01 * np.exp(0.01 * z), rtol=1e-13)


def test_near_one_it_is_the_absolute_error_of_the_probability():
    loss, q = gp.GeneralizedCrossEntropy(1 - 1e-9), gp.sigmoid(-Z)
    assert_allclose(loss.loss(1, Z), q, rtol=1e-7)
    assert_allclose(loss.gradient(1, Z), -q * gp.sigmoid(Z), rtol=1e-7)


@Q
def test_a_wrong_row_costs_one_over_q_at_most_and_then_pulls_no_more(q):
    loss = gp.GeneralizedCrossEntropy(q)
    assert_array_equal(loss.loss([1, 0], [-1e6, 1e6]), [1 / q, 1 / q])
    assert_array_equal(loss.gradient([1, 0], [-1e6, 1e6]), [0, 0])
    hardest = math.log(q)  # where p = q (1 - p) and the hessian changes its sign
    assert_allclose(loss.hessian(1, hardest), 0, atol=1e-16)
    assert loss.hessian(1, hardest - 0.1) < 0 < loss.hessian(1, hardest + 0.1)
    pull = -loss.gradient(1, Z)
    assert Z[np.argmax(pull)] == pytest.approx(hardest, abs=0.051)


@Q
def test_margins_are_the_log_odds_divided_by_one_minus_q(q):
    loss = gp.GeneralizedCrossEntropy(q)
    eta = np.array([1e-300, 1e-9, 0.2, 0.5, 1 - 1e-9])
    assert_allclose(loss.calibrated_raw_prediction(eta), gp.logit(eta) / (1 - q), rtol=1e-15)
    assert_allclose(loss.calibrated_probability(Z), gp.sigmoid((1 - q) * Z), rtol=1e-15)
    y, w = [1, 0, 0], [2.0, 3.0, 0.5]
    constant = gp.optimal_constant(loss, y, sample_weight=w)
    assert constant == pytest.approx(math.log(2 / 3.5) / (1 - q), rel=1e-14)


@Q
def test_with_offsets_the_constant_is_no_higher_than_any_point_of_a_scan(q):
    rng, loss = np.random.default_rng(8), gp.GeneralizedCrossEntropy(q)
    for spread in (0.5, 3.0, 12.0):
        for side in (0.0, 2.0, -2.0):
            y, w = np.append(rng.integers(0, 2, 12), [1, 0]), rng.uniform(0.1, 3, 14)
            offset = rng.normal(0, spread, 14) + side * (2 * y - 1)
            constant = gp.optimal_constant(loss, y, offset=offset, sample_weight=w)
            gradient = loss.gradient(y, offset + constant, w)
            assert abs(gradient.sum()) <= 1e-10 * np.abs(gradient).sum()
            z = offset + np.linspace(-60 / (1 - q), 60 / (1 - q), 2001)[:, None]
            scanned = (w * loss.loss(np.broadcast_to(y, z.shape), z)).sum(axis=1).min()
            assert loss.loss(y, offset + constant, w).sum() <= scanned * (1 + 1e-12)


@Q
def test_separated_classes_balance_the_logarithms_of_their_gradients(q):
    # Near the root every gradient underflows; -g(1, z) falls as exp(-z).
    y = np.repeat([1, 0], [3, 40])
    offset = np.where(y == 1, 900.0, -900.0)
    constant = gp.optimal_constant(gp.GeneralizedCrossEntropy(q), y, offset=offset)
    assert constant == pytest.approx(math.log(3 / 40) / 2, abs=1e-12)


@Q
def test_gradients_are_known_as_logarithms_at_any_distance(q):
    z = np.array([-5000.0, -800.0, 800.0, 5000.0])
    of_one, of_zero = gp.GeneralizedCrossEntropy(q)._log_gradients(z)
    assert_allclose(of_one, np.where(z < 0, q * z, -z), rtol=1e-14)
    assert_allclose(of_zero, np.where(z > 0, -q * z, z), rtol=1e-14)


def test_offsets_that_give_a_class_up_leave_no_constant():
    with pytest.raises(ValueError, match=r"GeneralizedCrossEntropy\(q=0\.7\) has no minimum for"):
        gp.optimal_constant(gp.GeneralizedCrossEntropy(), [1, 1, 0], offset=[-2e3, -2e3, 0.0])


@pytest.mark.parametrize(
    ("q", "kind", "message"),
    [
        (
            0.0,
            ValueError,
            "q must lie between 0 and 1; got 0.0. At 0 the loss is BinaryCrossEntropy",
        ),
        (1.0, ValueError, "q must lie between 0 and 1; got 1.0."),
        (-0.7, ValueError, "q must lie between 0 and 1; got -0.7."),
        (np.nan, ValueError, "q must be finite; got nan."),
        (10**400, ValueError, "q must be finite; got a number too large for a float."),
        (True, TypeError, "q must be a number; got True of type bool."),
        ("0.7", TypeError, "q must be a number; got '0.7' of type str."),
        (np.array([0.7]), TypeError, "q must be a number; got ndarray of shape (1,)"),
    ],
    ids=range(8),
)
def test_another_q_is_refused(q, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        gp.GeneralizedCrossEntropy(q)


def test_q_becomes_a_plain_float():
    assert type(gp.GeneralizedCrossEntropy(np.float32(0.5)).q) is float
    assert repr(gp.GeneralizedCrossEntropy()) == "GeneralizedCrossEntropy(q=0.7)"


def test_rare_positives_have_hessians_that_xgboost_s_defaults_stop_at():
    y = (np.arange(20_000) % 100 == 0).astype(float)
    x = np.random.default_rng(0).normal(size=(y.size, 2)) + y[:, None]
    loss, q = gp.GeneralizedCrossEntropy(0.7), 0.7
    start = gp.optimal_constant(loss, y)
    hessians = gp.xgboost.objective(loss)(np.full(y.size, start), xgb.DMatrix(x, label=y))[1]
    assert_allclose(np.mean(hessians), (0.01 / 0.99) ** (1 / (1 - q)), rtol=0.02)
    moved = []
    for params in ({}, {"min_child_weight": 0}, {"min_child_weight": 0, "lambda": 1e-3}):
        rows = xgb.DMatrix(x, label=y)
        booster = gp.xgboost.train({**params, "nthread": 1}, rows, 10, loss=loss)
        moved.append(np.ptp(booster.predict(rows, output_margin=True)))
    assert moved[0] == 0
    assert 0 < moved[1] < 0.1
    assert moved[2] > 5
