"""What is particular to the asymmetric loss: two gammas, and a margin below which 0s are free."""

import math
import re

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.contract import errors_in_eps
from helpers.estimators import DATA
from helpers.hosts import HOST
from helpers.table import DIGITS, asymmetric

Z = np.linspace(-12, 12, 241)
SHIFTED = pytest.mark.parametrize(
    "loss",
    [
        gp.AsymmetricLoss(0.0, 4.0, 0.05),
        gp.AsymmetricLoss(0.3, 1.2, 0.2),
        gp.AsymmetricLoss(2.0, 2.5, 0.7),
        gp.AsymmetricLoss(0.0, 20.0, 1e-6),
    ],
    ids=repr,
)


def kink(loss):
    return float(gp.logit(loss.margin))


@pytest.mark.parametrize("margin", [0.0, 0.05, 0.6])
def test_it_is_the_papers_loss(margin):
    p, loss = 1 / (1 + np.exp(-Z)), gp.AsymmetricLoss(0.7, 3.3, margin)
    shifted = np.maximum(p - margin, 0)
    assert_allclose(loss.loss(1, Z), -((1 - p) ** 0.7) * np.log(p), rtol=1e-9)
    expected = -(shifted**3.3) * np.log(1 - shifted)
    assert_allclose(loss.loss(0, Z), expected, rtol=1e-6, atol=1e-15)
    assert_array_equal(loss.loss(0, Z)[shifted == 0], 0)


@pytest.mark.parametrize("gamma", [0.3, 2.0, 5.5])
def test_with_equal_gammas_it_is_the_focal_loss(gamma):
    asymmetric, focal = gp.AsymmetricLoss(gamma, gamma), gp.FocalLoss(gamma)
    for y in (np.resize([0.0, 1.0], Z.size), np.resize([0.0, 1.0, 0.3], Z.size)):
        assert_array_equal(asymmetric.loss(y, Z), focal.loss(y, Z))
        for hessian in ("_gradient_hessian", "_gradient_positive_hessian"):
            assert_array_equal(getattr(asymmetric, hessian)(y, Z), getattr(focal, hessian)(y, Z))
    assert_array_equal(asymmetric.calibrated_probability(Z), focal.calibrated_probability(Z))
    assert asymmetric._kernel == focal._kernel
    assert gp.AsymmetricLoss(gamma + 1, gamma + 1, 0.05)._kernel is None


def test_with_gammas_of_zero_it_is_cross_entropy():
    loss, bce = gp.AsymmetricLoss(0.0, 0.0), gp.BinaryCrossEntropy()
    y = np.resize([0.0, 1.0, 0.3], Z.size)
    assert_allclose(loss.loss(y, Z), bce.loss(y, Z), rtol=1e-14)
    assert_allclose(loss.gradient(y, Z), bce.gradient(y, Z), rtol=1e-13, atol=1e-15)
    assert_allclose(loss.hessian(y, Z), bce.hessian(y, Z), rtol=1e-14)
    for trait in ("convex", "self_concordant", "scale_pos_weight", "calibration_shift", "_kernel"):
        assert getattr(loss, trait) == getattr(bce, trait)


def test_each_class_has_its_own_gamma():
    loss = gp.AsymmetricLoss(0.7, 3.3)
    for y, gamma in ((1, 0.7), (0, 3.3)):
        assert_array_equal(loss.gradient(y, Z), gp.FocalLoss(gamma).gradient(y, Z))
        assert_array_equal(loss.hessian(y, Z), gp.FocalLoss(gamma).hessian(y, Z))


@pytest.mark.parametrize("margin", [0.05, 0.2, 0.5, 0.93, 1e-9])
@pytest.mark.parametrize("gamma", [1.3, 4.0])
def test_just_above_the_margin_nothing_cancels(gamma, margin):
    case = asymmetric(0.0, gamma, margin)
    with mp.workdps(DIGITS):
        exact = mp.log(mp.mpf(margin) / (1 - mp.mpf(margin)))
    nearest = float(exact)
    steps = np.array([1, 2, 5, 1e2, 1e5, 1e9]) * np.spacing(abs(nearest) or 2.0**-54)
    z = np.concatenate([nearest + steps, nearest + np.array([1e-4, 0.03])])
    z = z[z > exact]
    assert z.size >= 7
    y = np.zeros(z.size)
    terms = [case.terms(0.0, float(z_i)) for z_i in z]
    values = case.loss.loss(y, z), *case.loss.gradient_hessian(y, z)
    for order, actual in enumerate(values):
        error = errors_in_eps(actual, [t[order] for t in terms], np.float64)
        assert error <= 6 * case.conditioning


@SHIFTED
def test_at_the_margin_and_below_a_zero_costs_nothing_and_derivatives_are_continuous(loss):
    below = kink(loss) - np.array([1e-9, 0.1, 5.0, 500.0, np.inf])
    assert_array_equal(loss.loss(0, below), 0)
    for hessian in (loss._gradient_hessian, loss._gradient_positive_hessian):
        with np.errstate(all="ignore"):
            assert_array_equal(hessian(np.zeros(5), below), np.zeros((2, 5)))
    above = kink(loss) + np.array([1e-6, 1e-9, 1e-12])
    _, hessian = loss.gradient_hessian(0, above)
    assert (np.diff(hessian) <= 0).all()
    assert hessian[-1] <= 1e-12 ** (loss.gamma_negative - 1) * 2
    assert (loss.gradient(1, below) < 0)[:3].all()


@SHIFTED
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_positive_hessian_is_positive_above_the_margin_and_never_below_the_exact_one(
    loss, dtype
):
    z = (kink(loss) + np.geomspace(0.01, 30, 2001)).astype(dtype)
    exact = loss.hessian(0, z)
    gradient, positive = loss._gradient_positive_hessian(dtype(0), z)
    assert positive.dtype == gradient.dtype == dtype
    normal = positive >= np.finfo(dtype).tiny
    assert normal[1800:].all()
    assert (positive >= exact).all()
    assert_array_equal(gradient, loss.gradient(0, z))
    assert (exact[-100:] < 0).all()  # of badly wrong rows
    assert not loss.convex


@SHIFTED
def test_badly_wrong_zeros_cost_what_the_margin_allows_and_are_let_go(loss):
    m, gamma = loss.margin, loss.gamma_negative
    assert loss.loss(0, 1e6) == pytest.approx(-((1 - m) ** gamma) * math.log(m), rel=1e-14)
    pull = loss.gradient(0, [30.0, 60.0])
    assert loss.gradient(0, Z).max() > 1e3 * pull[0] > 0
    assert pull[0] / pull[1] == pytest.approx(math.exp(30), rel=1e-5)


@SHIFTED
def test_calibrated_margins_are_the_numerical_population_minimisers(loss):
    for eta in (0.01, 0.2, 0.5):

        def expected(z, eta=eta):
            return float(loss.loss([1, 0], [z, z], [eta, 1 - eta]).sum())

        found = minimize_scalar(
            expected, bounds=(kink(loss), 30), method="bounded", options={"xatol": 1e-9}
        )
        assert loss.calibrated_raw_prediction(eta) == pytest.approx(found.x, abs=1e-5)


@SHIFTED
def test_calibrated_probabilities_rise_from_zero_at_the_margin(loss):
    lowest, highest = loss.calibration_range
    assert lowest == pytest.approx(kink(loss), rel=1e-15)
    assert highest == np.inf
    z = np.concatenate([[lowest], kink(loss) + np.geomspace(1e-3, 1e3, 1001), [np.inf]])
    p = loss.calibrated_probability(z)
    assert p[0] == 0
    assert (np.diff(p) >= 0).all()
    assert (np.diff(p[:300]) > 0).all()
    assert (p[-1] == 1) == (loss.gamma_positive > 0)
    with pytest.raises(ValueError, match=r"lie in \[.*, inf\], where AsymmetricLoss.* recalibrate"):
        loss.calibrated_probability([0.0, kink(loss) - 0.01])


def test_above_the_largest_calibrated_probability_there_is_no_margin_and_no_constant():
    loss = gp.AsymmetricLoss(0.0, 4.0, 0.05)
    top = float(loss.calibrated_probability(np.inf))
    # -g(1, z) is q, and g(0, z) is p q times the slope of the shifted term in p, at p = 1.
    slope = 4 * 0.95**3 * -math.log(0.05) + 0.95**4 / 0.05
    assert top == pytest.approx(slope / (1 + slope), rel=1e-14)
    with pytest.raises(ValueError, match=r"no margin for a probability of 0\.97: there the expe"):
        loss.calibrated_raw_prediction([0.5, 0.97])
    y = np.repeat([1, 0], [97, 3])
    with pytest.raises(ValueError, match=r"no optimal constant here.*the mean label, 0.97\."):
        gp.optimal_constant(loss, y)
    offset = np.where(y == 1, 4.0, -3.0)
    constant = gp.optimal_constant(loss, y, offset=offset)
    gradient = loss.gradient(y, offset + constant)
    assert abs(gradient.sum()) <= 1e-10 * np.abs(gradient).sum()


@SHIFTED
def test_with_offsets_the_constant_is_no_higher_than_any_point_of_a_scan(loss):
    rng = np.random.default_rng(8)
    for spread in (0.5, 3.0):
        for side in (0.0, 2.0, -0.5):
            y, w = np.resize([0.0, 1.0, 0.0], 30), rng.uniform(0.1, 3, 30)
            offset = rng.normal(0, spread, 30) + side * (2 * y - 1)
            constant = gp.optimal_constant(loss, y, offset=offset, sample_weight=w)
            gradient = loss.gradient(y, offset + constant, w)
            assert abs(gradient.sum()) <= 1e-10 * np.abs(gradient).sum()
            z = offset + np.linspace(-50, 50, 2001)[:, None]
            scanned = (w * loss.loss(np.broadcast_to(y, z.shape), z)).sum(axis=1).min()
            assert loss.loss(y, offset + constant, w).sum() <= scanned * (1 + 1e-12)


@pytest.mark.parametrize(("of_one", "of_zero"), [(2.0, 0.7), (0.0, 4.0)])
def test_separated_classes_balance_the_logarithms_of_their_gradients(of_one, of_zero):
    # Near the root -g(1, z) is (1 + gamma) exp(-(1 + gamma) z), and so mirrored for 0.
    y, distance = np.repeat([1, 0], [3, 40]), 900.0
    offset = np.where(y == 1, distance, -distance)
    constant = gp.optimal_constant(gp.AsymmetricLoss(of_one, of_zero), y, offset=offset)
    one, zero = 1 + of_one, 1 + of_zero
    excess = math.log(3 * one / (40 * zero)) + (zero - one) * distance
    assert constant == pytest.approx(excess / (one + zero), abs=1e-9)


def test_far_above_the_margin_gradients_are_known_as_logarithms():
    # There g(0, z) is a multiple of exp(-z) and -g(1, z) is (1 + gamma) exp(-(1 + gamma) z).
    loss, z = gp.AsymmetricLoss(0.7, 2.0, 0.1), np.array([800.0, 5000.0])
    with np.errstate(all="ignore"):
        of_one, of_zero = loss._log_gradients(z)
    slope = 2 * 0.9 * -math.log(0.1) + 0.9**2 / 0.1
    assert_allclose(of_zero, math.log(slope) - z, rtol=1e-14)
    assert_allclose(of_one, math.log(1.7) - 1.7 * z, rtol=1e-14)


@HOST
def test_a_model_is_calibrated_on_held_out_rows_and_not_by_the_formula(host):
    rows, new = DATA.train, DATA.test
    model = BoostingClassifier(
        host.estimator(30), gp.AsymmetricLoss(0.0, 3.0, 0.1), calibrated=True
    )
    with pytest.raises(ValueError, match=r"only at those from -2\.19722 to inf; .*recalibrate"):
        model.fit(rows.x, rows.y)
    model.set_params(calibrated=False).fit(rows.x, rows.y, rows.weight)
    assert model.score(new.x, new.y) > 0.85
    p = model.recalibrate(new.x, new.y).predict_proba(new.x)[:, 1]
    assert p.mean() == pytest.approx(new.y.mean(), abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((-0.1,), ValueError, "gamma_positive must be at least 0; got -0.1."),
        ((0.0, np.inf), ValueError, "gamma_negative must be finite; got inf."),
        ((0.0, 10**400), ValueError, "gamma_negative must be finite; got a number too large"),
        (("1",), TypeError, "gamma_positive must be a number; got '1' of type str."),
        ((0.0, 2.0, 1.0), ValueError, "margin is a probability, at least 0 and below 1; got 1.0."),
        (
            (0.0, 2.0, -0.05),
            ValueError,
            "margin is a probability, at least 0 and below 1; got -0.0",
        ),
        ((0.0, 2.0, True), TypeError, "margin must be a number; got True of type bool."),
        ((0.0, 2.0, np.nan), ValueError, "margin must be finite; got nan."),
        (
            (0.0, 1.0, 0.05),
            ValueError,
            "margin=0.05 needs gamma_negative above 1, as the second derivative jumps at the",
        ),
    ],
    ids=range(9),
)
def test_other_parameters_are_refused(arguments, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        gp.AsymmetricLoss(*arguments)


def test_parameters_become_plain_floats():
    loss = gp.AsymmetricLoss(np.float32(1), np.int64(2), np.float64(0.25))
    assert [type(value) for value in vars(loss).values()] == [float] * 3
    assert repr(loss) == "AsymmetricLoss(gamma_positive=1.0, gamma_negative=2.0, margin=0.25)"
    assert gp.AsymmetricLoss() == gp.AsymmetricLoss(0.0, 2.0, 0.0)
