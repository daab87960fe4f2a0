"""What is particular to the focal loss: its alpha, its two hessians, its inverse."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar

import gradpair as gp
from gradpair import functional
from helpers.contract import ALLOWED, HARD, SOFT, errors_in_eps, grid
from helpers.table import CASES

GAMMA = pytest.mark.parametrize("gamma", [0.1, 0.3, 1.0, 2.0, 5.5, 20.0])
Z = np.linspace(-12, 12, 241)


def hessians(y, z, gamma, alpha=1.0):
    """The exact and the positive hessian."""
    exact = functional.focal_loss_hessian(y, z, gamma, alpha)
    positive = functional.focal_loss_gradient_positive_hessian(y, z, gamma, alpha)[1]
    return exact, positive


@GAMMA
def test_it_is_the_papers_loss_up_to_the_weight_of_the_negatives(gamma):
    a, p = 0.25, gp.sigmoid(Z)  # alpha_t = a for a 1 and 1 - a for a 0
    loss = gp.FocalLoss(gamma, alpha=a / (1 - a))
    assert_allclose((1 - a) * loss.loss(1, Z), -a * (1 - p) ** gamma * np.log(p), rtol=1e-8)
    assert_allclose((1 - a) * loss.loss(0, Z), -(1 - a) * p**gamma * np.log(1 - p), rtol=1e-8)


def test_gamma_zero_is_weighted_cross_entropy():
    focal, weighted = gp.FocalLoss(0.0, 7.3), gp.WeightedCrossEntropy(7.3)
    y = np.resize([0.0, 1.0, 0.3], Z.size)
    assert_allclose(focal.loss(y, Z), weighted.loss(y, Z), rtol=1e-14)
    assert_allclose(focal.gradient(y, Z), weighted.gradient(y, Z), rtol=1e-13, atol=1e-15)
    assert_allclose(focal.hessian(y, Z), weighted.hessian(y, Z), rtol=1e-14)
    eta = np.array([1e-9, 0.2, 0.999])
    expected = weighted.calibrated_raw_prediction(eta)
    assert_array_equal(focal.calibrated_raw_prediction(eta), expected)
    assert focal.calibration_shift == weighted.calibration_shift


@GAMMA
@pytest.mark.parametrize("y", [0.0, 1.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_positive_hessian_is_positive_and_never_below_the_exact_one(gamma, y, dtype):
    furthest = {np.float32: 87, np.float64: 700}[dtype]
    right = 0.98 * furthest / (gamma + 1)  # beyond, q**(gamma + 1) is no normal number
    z = np.linspace(-furthest, right, 5001).astype(dtype) * (1 if y else -1)
    exact, positive = hessians(y, z, gamma, 7.3)
    assert positive.dtype == dtype
    assert (positive > 0).all()
    assert (positive >= exact).all()


@pytest.mark.parametrize("labels", [HARD, SOFT], ids=["hard", "soft"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_positive_hessian_is_the_exact_one_without_its_negative_terms(case, dtype, labels):
    y, z = grid(dtype, labels)
    gradient, hessian = case.loss._gradient_positive_hessian(y, z)
    assert_array_equal(gradient, case.loss.gradient(y, z))
    terms = [case.terms(float(y_i), float(z_i))[2] for y_i, z_i in zip(y, z, strict=True)]
    kept = [[term for term in summands if term >= 0] for summands in terms]
    assert errors_in_eps(hessian, kept, dtype) <= ALLOWED[dtype] * case.conditioning


@GAMMA
def test_the_positive_hessian_tends_to_the_exact_one_as_a_row_comes_right(gamma):
    z = np.array([0.0, 2.0, 5.0, 10.0, 20.0])
    for y in (0, 1):
        exact, positive = hessians(y, z if y else -z, gamma)
        gap = 1 - exact / positive
        assert (np.diff(gap) < 0).all()
        assert (gap <= np.exp(-z)).all()


@pytest.mark.parametrize("y", [0.0, 0.3, 1.0])
def test_both_hessians_are_one_at_gamma_zero(y):
    assert_array_equal(*hessians(y, np.linspace(-60, 60, 501), 0.0, 7.3))


def test_a_hard_label_gives_what_the_limit_of_soft_labels_gives():
    y = np.array([0.0, 1.0])
    z = np.array([-1.3, 0.7])
    soft = np.append(y, 0.5), np.append(z, 0.0)  # the third row takes the way of soft labels
    for function in (functional.focal_loss, functional.focal_loss_gradient, hessians):
        hard = function(y, z, 2.3, 7.3)
        assert_allclose(np.asarray(function(*soft, 2.3, 7.3))[..., :2], hard, rtol=1e-15)


@GAMMA
def test_float32_has_its_limits_ten_thousand_away(gamma):
    y, z = np.array([1, 1, 0, 0]), np.float32([1e4, -1e4, 1e4, -1e4])
    loss = gp.FocalLoss(gamma, 7.3)
    assert_array_equal(loss.loss(y, z), np.float32([0, 7.3e4, 1e4, 0]))
    assert_array_equal(loss.gradient(y, z), np.float32([0, -7.3, 1, 0]))
    for hessian in hessians(y, z, gamma, 7.3):
        assert_array_equal(hessian, np.zeros(4))


def test_the_hessians_of_the_textbooks_are_other_functions():
    # What published objectives use: cross-entropy's, the gradient's modulus times p, and the factor
    # q**gamma taken for a constant. None of them comes near ours in the middle.
    gamma, p, q = 2.0, gp.sigmoid(Z), gp.sigmoid(-Z)
    gradient = functional.focal_loss_gradient(1, Z, gamma)
    middle = np.abs(Z) < 4
    for textbook in (p * q, np.abs(gradient) * p, q**gamma * p * q, np.abs(gradient)):
        for ours in hessians(1, Z, gamma):
            assert np.max(np.abs(textbook / ours - 1)[middle]) > 0.3


@GAMMA
@pytest.mark.parametrize("alpha", [0.3, 7.3])
def test_the_calibrated_margin_is_the_numerical_population_minimiser(gamma, alpha):
    loss = gp.FocalLoss(gamma, alpha)
    for eta in (1e-3, 0.2, 0.5, 0.9):

        def expected(z, eta=eta):
            return float(loss.loss([1, 0], [z, z], [eta, 1 - eta]).sum())

        found = minimize_scalar(
            expected, bounds=(-30, 30), method="bounded", options={"xatol": 1e-9}
        )
        assert loss.calibrated_raw_prediction(eta) == pytest.approx(found.x, abs=1e-5)


@GAMMA
def test_calibration_has_the_symmetry_of_the_loss(gamma):
    loss = gp.FocalLoss(gamma)
    assert loss.calibrated_probability(0.0) == 0.5
    assert_allclose(gp.FocalLoss(gamma, 7.3).calibrated_probability(0.0), 1 / 8.3, rtol=1e-14)
    p, q = loss.calibrated_probability(Z), loss.calibrated_probability(-Z)
    assert_allclose(p + q, 1, rtol=1e-14)
    assert (p[Z > 0] > gp.sigmoid(Z[Z > 0])).all()  # the margin is closer to 0 than the log-odds


def test_its_parameters_are_plain_floats_with_defaults():
    loss = gp.FocalLoss()
    assert loss == gp.FocalLoss(2, alpha=1)
    assert [type(value) for value in (loss.gamma, gp.FocalLoss(np.float32(1)).alpha)] == [float] * 2


@pytest.mark.parametrize("a", [0.25, 0.1, 0.75])
def test_the_papers_weight_is_alpha_t(a):
    loss = gp.FocalLoss(2.3, alpha_t=a)
    assert loss == gp.FocalLoss(2.3, a / (1 - a))
    assert loss.alpha_t == pytest.approx(a, rel=1e-15)


@pytest.mark.parametrize("alpha", [1e-6, 0.25, 1 / 3, 0.9999, 1.0, 7.3, 1e9])
def test_the_repr_says_the_weight_of_lin_et_al_where_alpha_could_be_it(alpha):
    loss = gp.FocalLoss(2.0, alpha)
    assert eval(repr(loss), {"FocalLoss": gp.FocalLoss}) == loss
    assert ("alpha_t" in repr(loss)) == (alpha < 1)
    assert repr(gp.FocalLoss(alpha=0.25)) == "FocalLoss(gamma=2.0, alpha=0.25, alpha_t=0.2)"
    assert repr(gp.FocalLoss(alpha=7.3)) == "FocalLoss(gamma=2.0, alpha=7.3)"


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"alpha_t": 1.0}, ValueError, "alpha_t must lie between 0 and 1; got 1.0. A factor of"),
        ({"alpha_t": 0.0}, ValueError, "alpha_t must lie between 0 and 1"),
        ({"alpha_t": "0.25"}, TypeError, "alpha_t must be a number; got '0.25' of type str."),
        ({"alpha_t": np.nan}, ValueError, "alpha_t must be finite"),
        (
            {"alpha": 0.25, "alpha_t": 0.25},
            ValueError,
            "alpha_t=0.25 is alpha=0.3333333333333333, not 0.25; pass one of the two.",
        ),
    ],
)
def test_another_alpha_t_is_refused(arguments, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        gp.FocalLoss(**arguments)
