"""Each loss within each that takes another: what it is, what it calibrates, where it starts."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gradpair as gp
from helpers.table import TRAINABLE, GenericCrossEntropy

WRAPPERS = {
    "smoothed": lambda loss: gp.LabelSmoothing(loss, 0.2),
    "shifted": lambda loss: gp.MarginShift(loss, 0.4, 0.1),
    "shifted far": lambda loss: gp.MarginShift(loss, 9.0, 5.0),
    "shifted alike": lambda loss: gp.MarginShift(loss, 2.3, -2.3),
    "both": lambda loss: gp.LabelSmoothing(gp.MarginShift(loss, 0.7, -0.1), 0.1),
    "both, turned around": lambda loss: gp.MarginShift(gp.LabelSmoothing(loss, 0.1), 0.7, -0.1),
}
OF_KIND = {type(loss): loss for loss in TRAINABLE if "inner" not in vars(loss)}
INNER = [*OF_KIND.values(), GenericCrossEntropy(7.3)]
WRAPPED = pytest.mark.parametrize(
    "loss",
    [wrap(inner) for wrap in WRAPPERS.values() for inner in INNER],
    ids=[f"{name}: {inner!r}" for name in WRAPPERS for inner in INNER],
)
RNG = np.random.default_rng(3)
Y, Z = np.concatenate([RNG.integers(0, 2, 40), RNG.random(40)]), RNG.normal(0, 4, 80)
GRID = np.arange(-60, 60, 0.02)


@WRAPPED
def test_derivatives_are_those_of_its_value(loss):
    for of, derivative in (("loss", "gradient"), ("gradient", "hessian")):
        numerical = (getattr(loss, of)(Y, Z + 1e-5) - getattr(loss, of)(Y, Z - 1e-5)) / 2e-5
        scale = np.abs(numerical).max()
        assert_allclose(getattr(loss, derivative)(Y, Z), numerical, rtol=1e-7, atol=1e-8 * scale)


@WRAPPED
def test_what_pulls_up_and_down_adds_up_to_the_gradient(loss):
    with np.errstate(all="ignore"):  # of what does not pull the logarithm is -inf
        up, down = map(np.exp, loss._log_pulls(Y, Z))
    assert_allclose(down - up, loss.gradient(Y, Z), rtol=1e-10, atol=1e-12 * (up + down).max())


@WRAPPED
def test_convexity_and_the_bound_of_the_hessian_are_as_declared(loss):
    for y in (0.0, 0.3, 1.0):
        exact = loss.hessian(y, GRID)
        if loss.convex:
            assert (exact >= 0).all()
        gradient, positive = loss._gradient_positive_hessian(np.float64(y), GRID)
        assert_allclose(gradient, loss.gradient(y, GRID), rtol=1e-14)
        assert (positive >= np.maximum(exact, 0)).all()


def scanned(loss, eta, offset=(0.0, 0.0)):
    """The expected loss over constants, and whether it falls all the way to one side."""
    totals = eta * loss.loss(1, GRID + offset[0]) + (1 - eta) * loss.loss(0, GRID + offset[1])
    return totals.min(), min(totals[0], totals[-1]) <= totals.min() * (1 + 1e-9)


@WRAPPED
@pytest.mark.parametrize("offset", [None, (0.3, -0.2)], ids=["without offsets", "with offsets"])
def test_it_starts_at_the_lowest_point_of_a_scan(loss, offset):
    at = offset or (0.0, 0.0)
    for eta in (0.02, 0.7):
        lowest, falls = scanned(loss, eta, at)
        if falls:
            continue
        w = [eta, 1 - eta]
        constant = gp.optimal_constant(loss, [1, 0], offset=offset, sample_weight=w)
        assert loss.loss([1, 0], constant + np.array(at), w).sum() <= lowest * (1 + 1e-9)


@WRAPPED
def test_its_calibrated_margins_are_the_lowest_points_of_a_scan(loss):
    if loss.calibration_range is None:
        with pytest.raises(ValueError, match="no margin that rises"):
            loss.calibrated_raw_prediction([0.5])
        return
    for eta in (0.02, 0.3, 0.7):
        lowest, falls = scanned(loss, eta)
        if falls:
            continue
        margin = float(loss.calibrated_raw_prediction(eta))
        assert loss.loss([1, 0], [margin] * 2, [eta, 1 - eta]).sum() <= lowest * (1 + 1e-9)
        assert_allclose(loss.calibrated_probability(margin), eta, rtol=1e-9)


@WRAPPED
def test_it_is_a_record_like_any_other(loss):
    twin = pickle.loads(pickle.dumps(loss))
    assert twin == loss
    assert hash(twin) == hash(loss)
    assert len({loss, twin}) == 1


@pytest.mark.parametrize("wrap", [name for name in WRAPPERS if name != "shifted far"])
@pytest.mark.parametrize("inner", INNER, ids=repr)
def test_the_audit_finds_nothing_that_it_does_not_find_in_the_loss_inside(wrap, inner):
    known = {found.code for found in gp.check_objective(inner).findings}
    found = gp.check_objective(WRAPPERS[wrap](inner)).findings
    assert {finding.code for finding in found} <= known, found
