"""What holds for every function of the mathematics: types, shapes, arguments, textbook forms."""

import inspect

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gradpair import functional
from helpers.contract import grid

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
