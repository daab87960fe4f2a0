"""What holds for every loss of the table, and what is particular to one."""

import copy
import dataclasses
import pickle
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from helpers.table import CASES, LOSSES, GenericCrossEntropy

CASE = pytest.mark.parametrize("case", CASES, ids=str)
LOSS = pytest.mark.parametrize("loss", LOSSES, ids=repr)
RNG = np.random.default_rng(7)
Y = np.concatenate([RNG.integers(0, 2, 60), RNG.random(40)])
Z = RNG.normal(0, 4, 100)
W = RNG.uniform(0.1, 5, 100)


@LOSS
def test_gradient_is_the_numerical_derivative_of_the_loss(loss):
    step = 1e-5
    numerical = (loss.loss(Y, Z + step) - loss.loss(Y, Z - step)) / (2 * step)
    scale = np.abs(loss.loss(Y, Z)).max()
    assert_allclose(loss.gradient(Y, Z), numerical, rtol=1e-8, atol=1e-9 * scale)


@LOSS
def test_hessian_is_the_numerical_derivative_of_the_gradient(loss):
    step = 1e-5
    numerical = (loss.gradient(Y, Z + step) - loss.gradient(Y, Z - step)) / (2 * step)
    scale = np.abs(loss.gradient(Y, Z)).max()
    assert_allclose(loss.hessian(Y, Z), numerical, rtol=1e-8, atol=1e-9 * scale)


@LOSS
def test_a_soft_label_is_a_mixture_of_both_classes(loss):
    for of in (loss.loss, loss.gradient, loss.hessian):
        assert_allclose(of(Y, Z), Y * of(1, Z) + (1 - Y) * of(0, Z), rtol=1e-9, atol=1e-13)


@LOSS
def test_a_weight_multiplies_its_row(loss):
    for of in (loss.loss, loss.gradient, loss.hessian):
        assert_allclose(of(Y, Z, W), W * of(Y, Z), rtol=1e-15)
        assert_array_equal(of(Y, Z, 2), 2 * of(Y, Z))
    gradient, hessian = loss.gradient_hessian(Y, Z, W)
    assert_array_equal(gradient, loss.gradient(Y, Z, W))
    assert_array_equal(hessian, loss.hessian(Y, Z, W))


@LOSS
def test_a_row_of_weight_zero_has_no_loss_however_wrong_it_is(loss):
    assert_array_equal(loss.loss([1, 0], [-np.inf, np.inf], [0, 0]), [0, 0])
    assert np.isnan(loss.loss([1], [np.nan], [0]))


@LOSS
def test_float32_margins_keep_every_result_float32(loss):
    z = Z.astype(np.float32)
    results = (loss.loss(Y, z, W), *loss.gradient_hessian(Y, z, W), loss.inverse_link(z))
    inside = np.clip(z, *loss.calibration_range)
    links = (loss.calibrated_probability(inside), loss.calibrated_raw_prediction(np.float32([0.3])))
    for result in (*results, *links):
        assert result.dtype == np.float32


@LOSS
def test_losses_are_equal_hashable_and_survive_copies(loss):
    for twin in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss)), dataclasses.replace(loss)):
        assert twin == loss
        assert hash(twin) == hash(loss)
        assert repr(twin) == repr(loss)
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.alpha = 3.0
    assert len(set(LOSSES)) == len(LOSSES)


@LOSS
def test_declared_convexity_is_true(loss):
    z = np.linspace(-60, 60, 2001)
    lowest = min(loss.hessian(y, z).min() for y in (0.0, 0.3, 1.0))
    assert (lowest >= 0) == loss.convex


ETA = np.concatenate([np.geomspace(1e-9, 0.5, 40), 1 - np.geomspace(1e-9, 0.4, 40)])


@CASE
def test_calibrated_links_are_inverse_and_increasing(case):
    loss, eta = case.loss, ETA[case.highest > ETA]
    margin = loss.calibrated_raw_prediction(eta)
    lowest, highest = loss.calibration_range
    if np.isneginf(lowest):
        assert (np.diff(margin[np.argsort(eta)]) > 0).all()
        assert_allclose(loss.calibrated_probability(margin), eta, rtol=1e-12)
    else:  # beside the ends of the range two numbers may be many probabilities apart
        assert (np.diff(margin[np.argsort(eta)]) >= 0).all()
        step = 4 * np.spacing(np.abs(margin))
        around = [np.clip(margin + by, lowest, highest) for by in (-step, step)]
        below, above = map(loss.calibrated_probability, around)
        assert (below <= eta * (1 + 1e-12)).all()
        assert (above >= eta * (1 - 1e-12)).all()


@CASE
def test_calibrated_raw_prediction_minimises_the_expected_loss(case):
    loss = case.loss
    for eta in (1e-4, 0.03, 0.5, 0.8):
        z = loss.calibrated_raw_prediction(eta)
        gradient = loss.gradient([1, 0], [z, z], [eta, 1 - eta])
        scale, _ = case.scales(np.array([1.0, 0.0]), np.array([z, z]))
        assert abs(gradient.sum()) <= 1e-13 * ([eta, 1 - eta] @ scale)
        assert loss.hessian(eta, z) > 0


@CASE
def test_calibrated_links_have_exact_limits(case):
    loss, ends = case.loss, case.loss.calibration_range
    assert_array_equal(loss.calibrated_raw_prediction([0.0, 1.0]), ends)
    for end, expected in zip(ends, (0.0, case.highest), strict=True):
        atol = 4e-16 if np.isfinite(end) else 0.0  # of an end that has been rounded
        assert_allclose(loss.calibrated_probability(end), expected, rtol=1e-15, atol=atol)


@LOSS
def test_inverse_link_is_the_sigmoid_that_the_hosts_report(loss):
    assert_array_equal(loss.inverse_link(Z), gp.sigmoid(Z))


def test_calibration_of_weighted_cross_entropy_is_a_shift_by_log_alpha():
    loss = gp.WeightedCrossEntropy(7.3)
    assert_allclose(loss.calibrated_probability(Z), gp.sigmoid(Z - np.log(7.3)), rtol=1e-15)
    assert loss.calibration_shift == -np.log(7.3)
    assert gp.BinaryCrossEntropy().calibration_shift == 0.0


def test_binary_cross_entropy_is_weighted_cross_entropy_of_alpha_one():
    bce, wce = gp.BinaryCrossEntropy(), gp.WeightedCrossEntropy(1)
    for of in ("loss", "gradient", "hessian", "calibrated_probability"):
        args = (Z,) if of == "calibrated_probability" else (Y, Z, W)
        assert_array_equal(getattr(bce, of)(*args), getattr(wce, of)(*args))


def test_alpha_above_one_punishes_false_negatives_more():
    loss, bce = gp.WeightedCrossEntropy(7.3), gp.BinaryCrossEntropy()
    assert_allclose(loss.loss(1, -2.0), 7.3 * bce.loss(1, -2.0), rtol=1e-15)
    assert loss.loss(0, 2.0) == bce.loss(0, 2.0)


def test_alpha_becomes_a_plain_float():
    loss = gp.WeightedCrossEntropy(np.float32(0.5))
    assert type(loss.alpha) is float
    assert repr(loss) == "WeightedCrossEntropy(alpha=0.5)"


def test_balanced_gives_both_classes_the_same_weight():
    y, w = np.array([1, 0, 0, 0, 0.5]), np.array([2.0, 1.0, 1.0, 0.0, 4.0])
    assert gp.WeightedCrossEntropy.balanced([1, 0, 0]).alpha == 2.0
    loss = gp.WeightedCrossEntropy.balanced(y, w)
    assert loss.alpha == (1 + 1 + 0 + 2) / (2 + 2)
    assert gp.optimal_constant(loss, y, sample_weight=w) == pytest.approx(0.0, abs=1e-15)


def test_a_users_own_loss_gets_everything_that_ours_have():
    loss, ours = GenericCrossEntropy(7.3), gp.WeightedCrossEntropy(7.3)
    assert loss.name == "generic_cross_entropy"
    assert_allclose(loss.gradient(Y, Z, W), ours.gradient(Y, Z, W), rtol=1e-13, atol=1e-14)
    assert_allclose(loss.calibrated_probability(Z), ours.calibrated_probability(Z), rtol=1e-13)
    assert_allclose(
        loss.calibrated_raw_prediction(ETA), ours.calibrated_raw_prediction(ETA), rtol=1e-12
    )
    assert loss.calibrated_raw_prediction(0.2).shape == ()
    assert_array_equal(
        loss.calibrated_raw_prediction([0.0, 1.0, np.nan]), [-np.inf, np.inf, np.nan]
    )


def kind(loss):
    """The words of a class, and those of the loss inside."""
    words = re.findall("[A-Z][a-z]+", type(loss).__name__)
    inside = [kind(loss.inner)] if hasattr(loss, "inner") else []
    return "_".join([*map(str.lower, words), *inside])


def test_a_kind_of_losses_has_one_name_whatever_its_parameters():
    assert [loss.name for loss in LOSSES] == [kind(loss) for loss in LOSSES]
    assert {"weighted_cross_entropy", "focal_loss"} < {loss.name for loss in LOSSES}


def test_a_loss_must_define_its_value_and_its_derivatives():
    with pytest.raises(TypeError, match="abstract"):
        gp.Loss()


def test_the_table_covers_every_public_loss():
    public = {getattr(gp, name) for name in gp.__all__}
    losses = {c for c in public if isinstance(c, type) and issubclass(c, gp.Loss)} - {gp.Loss}
    assert losses == {type(case.loss) for case in CASES}
