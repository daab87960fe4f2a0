"""The optimal constant: closed forms, optimality on any offsets, and its corner cases."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar

import gradpair as gp
from helpers.table import LOSSES

LOSS = pytest.mark.parametrize("loss", LOSSES, ids=repr)
BCE = gp.BinaryCrossEntropy()


def relative_gradient(loss, y, offset, constant, weight=None):
    """|Σ w g| / Σ w|g| at a constant."""
    gradient = loss.gradient(y, np.asarray(offset, np.float64) + constant, weight)
    return abs(gradient.sum()) / np.abs(gradient).sum()


def test_scenario_a_has_the_published_constant():
    y = np.repeat([1, 0], [108, 892])
    assert gp.optimal_constant(BCE, y) == pytest.approx(-2.1113349054557897, abs=1e-12)


def test_scenario_a_with_offsets_has_the_published_constant():
    legacy = np.random.RandomState(0)
    y, offset = legacy.binomial(1, 0.1, 1000), legacy.normal(0, 1, 1000)
    constant = gp.optimal_constant(BCE, y, offset=offset)
    assert constant == pytest.approx(-2.481084411309477, abs=1e-9)


@LOSS
def test_without_offsets_it_is_the_calibrated_margin_of_the_weighted_mean(loss):
    rng = np.random.default_rng(3)
    y, w = rng.random(200), rng.uniform(0, 3, 200)
    constant = gp.optimal_constant(loss, y, sample_weight=w)
    expected = loss.calibrated_raw_prediction(np.average(y, weights=w))
    assert constant == pytest.approx(float(expected), abs=1e-12)
    assert type(constant) is float


@LOSS
def test_a_constant_offset_is_taken_off_again(loss):
    y = np.repeat([1, 0], [3, 8])
    shifted = gp.optimal_constant(loss, y, offset=np.full(11, 2.5))
    assert shifted == pytest.approx(gp.optimal_constant(loss, y) - 2.5, abs=1e-12)


@LOSS
@pytest.mark.parametrize("scale", [1e-3, 0.7, 9.0, 80.0, 1e3])
@pytest.mark.parametrize("separation", [0.0, 0.6, -0.6])
def test_the_gradient_sum_vanishes_for_offsets_up_to_a_thousand(loss, scale, separation):
    rng = np.random.default_rng(11)
    if not loss.convex:  # a scan takes its time; one over thousands has its own test below
        scale = min(scale, 200.0)
    n = 3000 if loss.convex else 300
    y, w = (rng.random(n) < 0.07).astype(float), rng.uniform(0, 2, n)
    y[: n // 10] = rng.random(n // 10)  # soft labels too
    offset = scale * np.clip(rng.normal(separation * (2 * y - 1), 0.4), -1, 1)
    constant = gp.optimal_constant(loss, y, offset=offset, sample_weight=w)
    assert relative_gradient(loss, y, offset, constant, w) <= 1e-10


@LOSS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_minimises_the_loss_that_a_scalar_minimiser_sees(loss, dtype):
    rng = np.random.default_rng(5)
    y, offset = rng.random(400) < 0.2, rng.normal(1, 2, 400).astype(dtype)

    def total(constant):
        return loss.loss(y, offset.astype(np.float64) + constant).sum()

    constant = gp.optimal_constant(loss, y, offset=offset)
    brute = minimize_scalar(total, bracket=(constant - 1, constant + 2), tol=1e-12)
    assert constant == pytest.approx(brute.x, abs=1e-5)
    assert total(constant) <= brute.fun * (1 + 1e-14)


@pytest.mark.parametrize("alpha", [0.01, 1.0, 7.3])
@pytest.mark.parametrize(("ones", "zeros"), [(5, 5), (3, 40)])
def test_separated_classes_balance_the_logarithms_of_their_gradients(alpha, ones, zeros):
    # Every gradient underflows near the root: alpha·ones·exp(-(900 + c)) = zeros·exp(c - 900).
    y = np.repeat([1, 0], [ones, zeros])
    offset = np.where(y == 1, 900.0, -900.0)
    constant = gp.optimal_constant(gp.WeightedCrossEntropy(alpha), y, offset=offset)
    assert constant == pytest.approx(0.5 * np.log(alpha * ones / zeros), abs=1e-12)


def test_separated_classes_with_spread_offsets_balance_their_closest_rows():
    y = np.array([1, 1, 0, 0])
    constant = gp.optimal_constant(BCE, y, offset=[700.0, 900.0, -800.0, -1000.0])
    assert constant == pytest.approx(50.0, abs=1e-12)


def test_wrongly_separated_classes_meet_in_the_middle_of_the_plateau():
    # From -600 to 400 the gradient sum is 0 to rounding; the exact root is the middle.
    y, offset = np.array([1, 1, 0, 0]), [-400.0, -700.0, 600.0, 650.0]
    assert gp.optimal_constant(BCE, y, offset=offset) == pytest.approx(-100.0, abs=1e-6)


@dataclasses.dataclass(frozen=True)
class SquaredHinge(gp.Loss):
    """max(0, 1 - z)² and max(0, 1 + z)²: flat where every row is right."""

    def _loss(self, y_true, raw_prediction):
        right, left = 1 - raw_prediction, 1 + raw_prediction
        return y_true * np.maximum(right, 0) ** 2 + (1 - y_true) * np.maximum(left, 0) ** 2

    def _gradient_hessian(self, y_true, raw_prediction):
        right, left = np.maximum(1 - raw_prediction, 0), np.maximum(1 + raw_prediction, 0)
        hessian = 2 * (y_true * (right > 0) + (1 - y_true) * (left > 0))
        return 2 * ((1 - y_true) * left - y_true * right), hessian.astype(raw_prediction.dtype)


def test_a_flat_interval_gives_its_midpoint():
    # Flat from -11 + 3 to 19 - 1: ones need 12 + c > 1, zeros need -20 + c < -1.
    constant = gp.optimal_constant(SquaredHinge(), [1, 1, 0], offset=[12.0, 15.0, -20.0])
    assert constant == pytest.approx((-11 + 19) / 2, abs=1e-9)


def test_a_weight_of_k_equals_k_rows():
    rng = np.random.default_rng(1)
    y, offset, k = rng.integers(0, 2, 60), rng.normal(0, 2, 60), rng.integers(0, 4, 60)
    loss = gp.WeightedCrossEntropy(0.3)
    weighted = gp.optimal_constant(loss, y, offset=offset, sample_weight=k)
    repeated = gp.optimal_constant(loss, np.repeat(y, k), offset=np.repeat(offset, k))
    assert weighted == pytest.approx(repeated, abs=1e-12)


def test_weights_of_any_scale_give_the_same_constant():
    rng = np.random.default_rng(2)
    y, offset, w = rng.integers(0, 2, 60), rng.normal(0, 2, 60), rng.random(60)
    constants = [
        gp.optimal_constant(BCE, y, offset=offset, sample_weight=w * scale)
        for scale in (1e-200, 1.0, 1e200)
    ]
    assert_allclose(constants, constants[1], rtol=1e-12)


def test_extremely_rare_positives_have_an_exact_constant():
    y, w = np.array([1, 0]), np.array([1e-30, 1e30])
    expected = -60 * np.log(10)
    assert gp.optimal_constant(BCE, y, sample_weight=w) == pytest.approx(expected, rel=1e-15)


def test_sums_over_ten_million_float32_rows_are_accurate():
    y = np.zeros(10_000_000, np.float32)
    y[::1000] = 1
    w = np.full(y.size, 0.1, np.float32)
    expected = np.log(10_000 / 9_990_000)
    assert gp.optimal_constant(BCE, y, sample_weight=w) == pytest.approx(expected, abs=1e-13)
    offset = np.tile(np.float32([-1, 1]), y.size // 2)
    constant = gp.optimal_constant(BCE, y, offset=offset, sample_weight=w)
    # The ones all have offset -1: p(-1 + c) and p(1 + c) over equal halves must average 1e-3.
    p = [float(gp.sigmoid(constant + shift)) for shift in (-1, 1)]
    assert np.mean(p) == pytest.approx(1e-3, rel=1e-12)


def test_arguments_are_not_changed():
    y, offset, w = np.array([0.0, 1.0]), np.array([0.5, -0.5]), np.array([1.0, 2.0])
    for array in (y, offset, w):
        array.flags.writeable = False
    gp.optimal_constant(BCE, y, offset=offset, sample_weight=w)


def scanned(loss, y, offset, w):
    """Total losses over the constants at which no row is undecided any more at either end."""
    constants = np.arange(-offset.max() - 40, 40 - offset.min(), 0.05)
    z = offset + constants[:, None]
    return (w * loss.loss(np.broadcast_to(y, z.shape), z)).sum(axis=1)


@pytest.mark.parametrize("gamma", [0.3, 2.0, 5.5, 20.0])
@pytest.mark.parametrize("alpha", [0.01, 1.0, 7.3])
def test_a_non_convex_loss_gets_a_minimum_no_higher_than_any_point_of_a_scan(gamma, alpha):
    rng, loss = np.random.default_rng(8), gp.FocalLoss(gamma, alpha)
    for spread in (0.5, 3.0, 12.0):
        for side in (0.0, 5.0, -5.0):
            y, w = np.append(rng.integers(0, 2, 12), [1, 0]), rng.uniform(0.1, 3, 14)
            offset = rng.normal(0, spread, 14) + side * (2 * y - 1)
            constant = gp.optimal_constant(loss, y, offset=offset, sample_weight=w)
            total = loss.loss(y, offset + constant, w).sum()
            assert total <= scanned(loss, y, offset, w).min() * (1 + 1e-12)
            assert relative_gradient(loss, y, offset, constant, w) <= 1e-10
            assert loss.hessian(y, offset + constant, w).sum() > 0


@pytest.mark.parametrize("heavy", [0, 1])
@pytest.mark.parametrize("copies", [1, 20_000])
def test_of_two_minima_it_is_the_lower_one_for_few_rows_and_for_many(heavy, copies):
    # Wrongly separated classes: one of them must stay wrong, and the lighter one should.
    loss, y, offset = gp.FocalLoss(2.0), np.array([1, 0]), np.array([-12.0, 12.0])
    w = np.where(y == heavy, 1.001, 1.0)
    totals = scanned(loss, y, offset, w)
    minima = (totals[1:-1] < totals[:-2]) & (totals[1:-1] < totals[2:])
    assert minima.sum() == 2
    single = gp.optimal_constant(loss, y, offset=offset, sample_weight=w)
    assert np.sign(single) == (1 if heavy else -1)
    rows = (np.tile(column, copies) for column in (y, offset, w))
    constant = gp.optimal_constant(loss, next(rows), offset=next(rows), sample_weight=next(rows))
    assert constant == pytest.approx(single, abs=1e-9)


def test_many_rows_of_any_offset_and_label_get_the_constant_that_all_of_them_want():
    rng, loss = np.random.default_rng(6), gp.FocalLoss(2.0, 7.3)
    y, w = rng.random(60_000), rng.uniform(0, 2, 60_000)
    y[::2] = y[::2] < 0.1
    for scale in (3.0, 3000.0):
        offset = np.float32(scale) * np.float32(rng.random(60_000) - 0.5)
        constant = gp.optimal_constant(loss, y, offset=offset, sample_weight=w)
        assert relative_gradient(loss, y, offset, constant, w) <= 1e-10
        at = offset.astype(np.float64) + constant
        assert loss.hessian(y, at, w).sum() > 0
        total = loss.loss(y, at, w).sum()
        assert all(total <= loss.loss(y, at + by, w).sum() for by in (-9, -1, -0.1, 0.1, 1, 9))


@pytest.mark.parametrize("copies", [1, 1000])
@pytest.mark.parametrize("scale", [300.0, 2000.0])
def test_separated_classes_of_a_non_convex_loss_balance_the_logarithms_too(scale, copies):
    # Near the root -g(1, z) is alpha (1 + gamma) exp(-(gamma + 1) z), and so mirrored for 0.
    y, gamma, alpha = np.repeat([1, 0], [3 * copies, 40 * copies]), 2.0, 7.3
    offset = np.where(y == 1, scale, -scale)
    constant = gp.optimal_constant(gp.FocalLoss(gamma, alpha), y, offset=offset)
    assert constant == pytest.approx(0.5 * np.log(alpha * 3 / 40) / (gamma + 1), abs=1e-12)


@dataclasses.dataclass(frozen=True)
class Brier(gp.Loss):
    """(p - y)², which is bounded."""

    convex = False

    def _loss(self, y_true, raw_prediction):
        return (gp.sigmoid(raw_prediction) - y_true) ** 2

    def _gradient_hessian(self, y_true, raw_prediction):
        p, q = gp.sigmoid(raw_prediction), gp.sigmoid(-raw_prediction)
        residual = (1 - y_true) * p - y_true * q
        return 2 * residual * p * q, 2 * p * q * (p * q + residual * (q - p))


def test_a_bounded_loss_has_a_constant_where_it_has_a_minimum():
    constant = gp.optimal_constant(Brier(), [1, 1, 0], offset=[0.5, -0.5, 0.0])
    assert relative_gradient(Brier(), [1, 1, 0], [0.5, -0.5, 0.0], constant) <= 1e-10
    with pytest.raises(ValueError, match=r"Brier\(\) has no minimum for constants from -40.69"):
        gp.optimal_constant(Brier(), [1, 1, 0], offset=[-2000.0, -2000.0, 0.0])


def test_a_constant_that_does_not_exist_is_an_error():
    y = np.array([0, 1, 1])
    far = np.array([-1.7e308, 1.7e308, 0.0])
    with pytest.raises(ValueError, match=r"offset spans from -1.7e\+308 to 1.7e\+308"):
        gp.optimal_constant(gp.BinaryCrossEntropy(), y, offset=far)
    with pytest.raises(ValueError, match="weights add up to more than a float can hold"):
        gp.optimal_constant(gp.BinaryCrossEntropy(), y, sample_weight=[1e308] * 3)

    class SquaredError(gp.Loss):
        def _loss(self, y_true, raw_prediction):
            return (raw_prediction - y_true) ** 2 / 2

        def _gradient_hessian(self, y_true, raw_prediction):
            return raw_prediction - y_true, np.ones_like(raw_prediction)

    for offset in (None, [0.1, 0.2, 0.3]):
        with pytest.raises(ValueError, match=r"has no optimal constant here; its gradient must be"):
            gp.optimal_constant(SquaredError(), y, offset=offset)
