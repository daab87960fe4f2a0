"""The number contract of the losses, against mpmath, and their limits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from helpers.contract import ALLOWED, HARD, SOFT, errors_in_eps, grid
from helpers.table import CASES, LOSSES


@pytest.mark.parametrize("labels", [HARD, SOFT], ids=["hard", "soft"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_loss_and_derivatives_are_within_the_contract_of_mpmath(case, dtype, labels):
    y, z = grid(dtype, labels)
    value = case.loss.loss(y, z)
    gradient, hessian = case.loss.gradient_hessian(y, z)
    assert value.dtype == gradient.dtype == hessian.dtype == dtype
    terms = [case.terms(float(y_i), float(z_i)) for y_i, z_i in zip(y, z, strict=True)]
    for actual, which in ((value, 0), (gradient, 1), (hessian, 2)):
        error = errors_in_eps(actual, [t[which] for t in terms], dtype)
        assert error <= ALLOWED[dtype] * case.conditioning


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_limits_at_infinity_are_exact_and_raise_no_warning(case, dtype):
    loss, (of_one, of_zero) = case.loss, case.limits
    y = np.array([1, 1, 0, 0, 0.25, 0.25], dtype)
    z = np.array([np.inf, -np.inf] * 3, dtype)
    far = np.where(np.isinf(z), np.sign(z) * 3000, z).astype(dtype)
    with np.errstate(all="raise"):
        value, (gradient, hessian) = loss.loss(y, z), loss.gradient_hessian(y, z)
        finite = loss.loss(y, far)
        gradient_far, hessian_far = loss.gradient_hessian(y, far)
    share, limit = np.where(z > 0, 1 - case.share(y), case.share(y)), np.tile([of_zero, of_one], 3)
    expected = np.multiply(share, limit, where=share > 0, out=np.zeros(6))
    assert_allclose(value, expected, rtol=6 * np.finfo(dtype).eps)
    assert_array_equal(hessian, np.zeros(6))
    assert_array_equal(gradient, gradient_far)
    assert_array_equal(hessian_far, np.zeros(6))
    assert_array_equal(finite[share == 0], 0)
    assert np.isfinite(finite).all()
    assert_array_equal(gradient[share == 0], 0)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_nan_margins_give_nan(loss):
    y, z = np.array([0.0, 1.0, 0.3]), np.full(3, np.nan)
    for values in (loss.loss(y, z), *loss.gradient_hessian(y, z), gp.sigmoid(z), gp.softplus(z)):
        assert np.isnan(values).all()
