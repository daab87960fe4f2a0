"""The number contract of the links, against mpmath, and their limits."""

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gradpair as gp
from gradpair import functional
from helpers.contract import ALLOWED, MARGINS, errors_in_eps, grid
from helpers.table import DIGITS


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


def test_links_have_exact_limits_without_a_warning():
    z = np.array([-np.inf, -1e4, 1e4, np.inf], np.float32)
    with np.errstate(all="raise"):
        assert_array_equal(gp.sigmoid(z), [0, 0, 1, 1])
        assert_array_equal(gp.log_sigmoid(z), [-np.inf, -1e4, 0, 0])
        assert_array_equal(gp.softplus(z), [0, 0, 1e4, np.inf])
        assert_array_equal(gp.logit(np.array([0.0, 1.0])), [-np.inf, np.inf])
