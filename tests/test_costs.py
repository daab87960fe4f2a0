"""Costs as sample weights."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp


def test_each_row_weighs_what_getting_it_wrong_costs():
    weights = gp.cost_weights([1, 0, 0.25], false_negative=[90.0, 1.0, 8.0], false_positive=5.0)
    assert_array_equal(weights, [90.0, 5.0, 0.25 * 8 + 0.75 * 5])
    assert weights.dtype == np.float64


def test_constant_costs_are_weighted_cross_entropy():
    rng = np.random.default_rng(0)
    y, z = rng.integers(0, 2, 50), rng.normal(0, 2, 50)
    weights = gp.cost_weights(y, false_negative=7.3, false_positive=1.0)
    assert_allclose(
        gp.BinaryCrossEntropy().gradient(y, z, weights),
        gp.WeightedCrossEntropy(7.3).gradient(y, z),
        rtol=1e-15,
    )


def test_the_sign_of_the_best_margin_is_the_cheaper_decision():
    # 10 % positives that cost 20 if missed, against 1 for an alarm: alarms are the cheaper choice.
    y = np.repeat([1, 0], [10, 90])
    weights = gp.cost_weights(y, false_negative=20.0, false_positive=1.0)
    constant = gp.optimal_constant(gp.BinaryCrossEntropy(), y, sample_weight=weights)
    assert_allclose(constant, np.log(10 * 20 / 90))
