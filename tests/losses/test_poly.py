"""What is particular to PolyLoss: cross-entropy at 0, squares at -1, where it is convex."""

import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp

Z = np.linspace(-12, 12, 241)
EPSILON = pytest.mark.parametrize("epsilon", [-1.0, -0.6, 0.3, 1.0, 7.3, 1e6])


@EPSILON
def test_it_is_cross_entropy_plus_the_probability_of_the_wrong_class(epsilon):
    p, loss = 1 / (1 + np.exp(-Z)), gp.PolyLoss(epsilon)
    assert_allclose(loss.loss(1, Z), -np.log(p) + epsilon * (1 - p), rtol=1e-9, atol=1e-11)
    assert_allclose(loss.loss(0, Z), -np.log(1 - p) + epsilon * p, rtol=1e-9, atol=1e-11)


def test_at_zero_it_is_cross_entropy():
    poly, bce = gp.PolyLoss(0.0), gp.BinaryCrossEntropy()
    y = np.resize([0.0, 1.0, 0.3], Z.size)
    assert_array_equal(poly.loss(y, Z), bce.loss(y, Z))
    assert_array_equal(poly.gradient(y, Z), bce.gradient(y, Z))
    assert_allclose(poly.hessian(y, Z), bce.hessian(y, Z), rtol=4e-16)
    assert poly.scale_pos_weight == bce.scale_pos_weight
    assert poly.calibration_shift == bce.calibration_shift
    assert poly._kernel == bce._kernel
    params, weight = gp.xgboost.native(poly, [1, 0, 0])
    assert (params, weight) == gp.xgboost.native(bce, [1, 0, 0])


def test_at_minus_one_the_gradient_is_a_square_and_the_log_odds_are_twice_the_margin():
    loss = gp.PolyLoss(-1.0)
    z = np.linspace(-300, 300, 121)
    assert_allclose(loss.gradient(1, z), -(gp.sigmoid(-z) ** 2), rtol=1e-15)
    assert_allclose(loss.calibrated_probability(z), gp.sigmoid(2 * z), rtol=1e-13)
    eta = np.array([1e-300, 0.2, 0.5, 1 - 1e-9])
    assert_allclose(loss.calibrated_raw_prediction(eta), gp.logit(eta) / 2, rtol=1e-14)


@EPSILON
def test_the_calibrated_margin_inverts_the_odds_for_any_probability(epsilon):
    loss = gp.PolyLoss(epsilon)
    eta = np.array([1e-300, 1e-9, 0.2, 0.5, 0.9, 1 - 1e-12])
    z = loss.calibrated_raw_prediction(eta)
    p, q = gp.sigmoid(z), gp.sigmoid(-z)
    of_zero, of_one = p * (p + (1 + epsilon) * q), q * (q + (1 + epsilon) * p)
    assert_allclose(of_zero * (1 - eta), of_one * eta, rtol=1e-12)
    assert loss.calibrated_raw_prediction(np.float32(0.2)).dtype == np.float32


@pytest.mark.parametrize("epsilon", [1.0, 1.001])
def test_it_is_convex_up_to_one_and_no_further(epsilon):
    loss, z = gp.PolyLoss(epsilon), np.linspace(-40, 40, 2001)
    assert (loss.hessian(1, z).min() >= 0) == (loss.hessian(0, z).min() >= 0) == (epsilon <= 1)
    assert loss.convex == (epsilon <= 1)


@pytest.mark.parametrize("epsilon", [-0.51, -0.5, 0.5, 0.51])
def test_the_third_derivative_is_within_the_second_from_minus_to_plus_a_half(epsilon):
    # With d = p - q the third is p q (-d - epsilon d² + epsilon (1 - d²) / 2).
    loss, d = gp.PolyLoss(epsilon), np.linspace(-1, 1, 100_001)[1:-1]
    third = -d - epsilon * d**2 + epsilon * (1 - d**2) / 2
    within = (np.abs(third) <= (1 + epsilon * d) * (1 + 1e-12)).all()
    assert within == loss.self_concordant == (abs(epsilon) <= 0.5)


@pytest.mark.parametrize(("epsilon", "power"), [(-1.0, 2), (-0.6, 1), (7.3, 1)])
def test_separated_classes_balance_the_logarithms_of_their_gradients(epsilon, power):
    # Near the root every gradient underflows; -g(1, z) falls as exp(-z), or exp(-2 z) at -1.
    y = np.repeat([1, 0], [3, 40])
    offset = np.where(y == 1, 900.0, -900.0)
    constant = gp.optimal_constant(gp.PolyLoss(epsilon), y, offset=offset)
    assert constant == pytest.approx(math.log(3 / 40) / (2 * power), abs=1e-12)


@pytest.mark.parametrize(
    ("epsilon", "kind", "message"),
    [
        (
            -1.0001,
            ValueError,
            "epsilon must be at least -1, where the gradient keeps its sign; got",
        ),
        (1e31, ValueError, "epsilon must be at most 1e+30; got 1e+31."),
        (np.nan, ValueError, "epsilon must be finite; got nan."),
        (1e400, ValueError, "epsilon must be finite; got inf."),
        (10**400, ValueError, "epsilon must be finite; got a number too large for a float."),
        (True, TypeError, "epsilon must be a number; got True of type bool."),
        ("1", TypeError, "epsilon must be a number; got '1' of type str."),
        (np.array([1.0, 2.0]), TypeError, "epsilon must be a number; got ndarray of shape (2,)"),
    ],
    ids=range(8),
)
def test_another_epsilon_is_refused(epsilon, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        gp.PolyLoss(epsilon)


def test_epsilon_becomes_a_plain_float():
    assert type(gp.PolyLoss(np.float32(0.5)).epsilon) is float
    assert repr(gp.PolyLoss()) == "PolyLoss(epsilon=1.0)"
