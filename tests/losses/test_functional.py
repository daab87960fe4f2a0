"""The number contract of the mathematics, against mpmath."""

import inspect

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gradpair as gp
from gradpair import functional
from helpers.contract import ALLOWED, HARD, MARGINS, SOFT, errors_in_eps, grid
from helpers.table import CASES, DIGITS, LOSSES


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
def test_links_are_within_the_contract_of_mpmath(dtype):
    z = grid(dtype)[1][: 2 * len(MARGINS[dtype])]
    references = {
        functional.sigmoid: lambda z: 1 / (1 + mp.exp(-z)),
        functional.log_sigmoid: lambda z: -mp.log(1 + mp.exp(-z)),
        functional.softplus: lambda z: mp.log(1 + mp.exp(z)),
    }
    for function, reference in references.items():
        with mp.workdps(DIGITS):
            terms = [[reference(mp.mpf(float(z_i)))] for z_i in z]
        assert errors_in_eps(function(z), terms, dtype) <= ALLOWED[dtype]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logit_is_within_the_contract_of_mpmath(dtype):
    p = np.array([1e-37, 1e-9, 0.01, 0.24, 0.26, 0.49999, 0.5, 0.500001, 0.7, 0.76, 0.999], dtype)
    with mp.workdps(DIGITS):
        terms = [[mp.log(mp.mpf(x) / (1 - mp.mpf(x)))] for x in map(float, p)]
    assert errors_in_eps(functional.logit(p), terms, dtype) <= ALLOWED[dtype]


def test_logit_inverts_sigmoid_over_the_whole_float64_range():
    z = np.array([-700.0, -30.0, -1.0, 0.0, 1e-9, 2.0, 20.0])
    np.testing.assert_allclose(functional.logit(functional.sigmoid(z)), z, rtol=1e-7, atol=1e-15)


def test_logit_is_nan_outside_the_unit_interval():
    assert np.isnan(gp.logit([-0.1, 1.1, np.nan])).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_limits_at_infinity_are_exact_and_raise_no_warning(loss, dtype):
    y = np.array([1, 1, 0, 0, 0.25, 0.25], dtype)
    z = np.array([np.inf, -np.inf] * 3, dtype)
    far = np.where(np.isinf(z), np.sign(z) * 3000, z).astype(dtype)
    with np.errstate(all="raise"):
        value, (gradient, hessian) = loss.loss(y, z), loss.gradient_hessian(y, z)
        finite = loss.loss(y, far)
        gradient_far, hessian_far = loss.gradient_hessian(y, far)
    assert_array_equal(value, [0, np.inf, np.inf, 0, np.inf, np.inf])
    assert_array_equal(hessian, np.zeros(6))
    assert_array_equal(gradient, gradient_far)
    assert_array_equal(hessian_far, np.zeros(6))
    assert_array_equal(finite[[0, 3]], [0, 0])
    assert np.isfinite(finite).all()
    assert_array_equal(gradient[[0, 3]], [0, 0])


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_nan_margins_give_nan(loss):
    y, z = np.array([0.0, 1.0, 0.3]), np.full(3, np.nan)
    for values in (loss.loss(y, z), *loss.gradient_hessian(y, z), gp.sigmoid(z), gp.softplus(z)):
        assert np.isnan(values).all()


def test_links_have_exact_limits_without_a_warning():
    z = np.array([-np.inf, -1e4, 1e4, np.inf], np.float32)
    with np.errstate(all="raise"):
        assert_array_equal(gp.sigmoid(z), [0, 0, 1, 1])
        assert_array_equal(gp.log_sigmoid(z), [-np.inf, -1e4, 0, 0])
        assert_array_equal(gp.softplus(z), [0, 0, 1e4, np.inf])
        assert_array_equal(gp.logit(np.array([0.0, 1.0])), [-np.inf, np.inf])


FUNCTIONS = {
    name: function
    for name, function in inspect.getmembers(functional, inspect.isfunction)
    if name in functional.__all__
}
OF_LABELS = {
    name: f for name, f in FUNCTIONS.items() if "y_true" in inspect.signature(f).parameters
}


def call(function, y, z):
    """Call a function of one or of two arrays, with a loss's parameters where it has some."""
    names = inspect.signature(function).parameters
    parameters = {name: v for name, v in {"gamma": 1.7, "alpha": 7.3}.items() if name in names}
    first = [y] if "y_true" in names else []
    result = function(*first, z, **parameters)
    return result if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (np.float32, np.float32),
        (">f4", np.float32),
        (np.float64, np.float64),
        (np.float16, np.float64),
        (np.int64, np.float64),
        (bool, np.float64),
    ],
)
def test_float32_stays_float32_and_everything_else_becomes_float64(name, given, expected):
    y, z = np.array([0, 1, 1], np.int8), np.array([0, 1, 1]).astype(given)
    for result in call(FUNCTIONS[name], y, z):
        assert result.dtype == expected
        assert result.dtype.isnative
        assert result.shape == (3,)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_scalars_lists_and_read_only_arrays_give_what_arrays_give(name):
    y, z = np.array([0.0, 1.0, 0.3]), np.array([0.2, 0.5, 0.9])
    for array in (y, z):
        array.flags.writeable = False
    expected = call(FUNCTIONS[name], y, z)
    for i in range(3):
        scalars = call(FUNCTIONS[name], y[i], float(z[i]))
        assert all(np.ndim(s) == 0 and s.dtype == np.float64 for s in scalars)
        assert_array_equal(scalars, [e[i] for e in expected])
    assert_array_equal(call(FUNCTIONS[name], list(y), list(z)), expected)
    singles = call(FUNCTIONS[name], y[0], np.float32(z[0]))
    assert all(s.dtype == np.float32 for s in singles)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_shape_and_stride_is_kept(name):
    y, z = np.linspace(0, 1, 12).reshape(3, 4), np.linspace(0.1, 0.9, 12).reshape(3, 4)
    for result, reference in zip(
        call(FUNCTIONS[name], y[:, ::2], z[:, ::2]), call(FUNCTIONS[name], y, z), strict=True
    ):
        assert_array_equal(result, reference[:, ::2])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_are_not_changed(name):
    y, z = np.array([0.0, 1.0, 0.3]), np.array([0.2, 0.5, 0.9])
    call(FUNCTIONS[name], y, z)
    assert_array_equal(y, [0.0, 1.0, 0.3])
    assert_array_equal(z, [0.2, 0.5, 0.9])


@pytest.mark.parametrize("name", OF_LABELS)
def test_a_scalar_label_stands_for_every_row(name):
    z = np.array([-1.5, 0.3, 4.0])
    assert_array_equal(call(OF_LABELS[name], 1, z), call(OF_LABELS[name], np.ones(3), z))


def test_the_separate_derivatives_equal_the_fused_ones():
    y, z = grid(np.float64)
    gradient, hessian = functional.weighted_cross_entropy_gradient_hessian(y, z, 7.3)
    assert_array_equal(functional.weighted_cross_entropy_gradient(y, z, 7.3), gradient)
    assert_array_equal(functional.weighted_cross_entropy_hessian(y, z, 7.3), hessian)
    gradient, hessian = functional.binary_cross_entropy_gradient_hessian(y, z)
    assert_array_equal(functional.binary_cross_entropy_gradient(y, z), gradient)
    assert_array_equal(functional.binary_cross_entropy_hessian(y, z), hessian)


def test_derivatives_equal_the_textbook_forms_in_the_middle():
    y, z, alpha = *np.random.default_rng(0).uniform([[0], [-3]], [[1], [3]], (2, 500)), 7.3
    p = 1 / (1 + np.exp(-z))
    gradient, hessian = functional.weighted_cross_entropy_gradient_hessian(y, z, alpha)
    np.testing.assert_allclose(gradient, y * p * (alpha - 1) + p - alpha * y, rtol=0, atol=1e-14)
    np.testing.assert_allclose(hessian, (y * (alpha - 1) + 1) * p * (1 - p), rtol=1e-13)
